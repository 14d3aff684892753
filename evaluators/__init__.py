"""Trials in, records and figures out. `from armtrial.evaluators import evaluate` does what the command does."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import evaluate
    from .played import Run

__all__ = ["Run", "evaluate"]


def __getattr__(name: str) -> Any:
    """Loaded when asked for, so that `--help` does not wait for what it does not need."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import cli, played

    return {"Run": played.Run, "evaluate": cli.evaluate}[name]
