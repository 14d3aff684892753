"""The command that plays a run once more."""

from pathlib import Path
from typing import Any, cast

from ..evaluators.config import WHAT_IS_PLAYED, RunConfig
from ..evaluators.records import RunInfo


def again(info: RunInfo) -> list[str]:
    """Its words: all that says what is played, and nothing of how or where."""
    config, usual = info.config, RunConfig(policy="", suite="")
    names = [name for name in WHAT_IS_PLAYED if getattr(config, name) != getattr(usual, name)]
    if config.latency is not None:
        names.remove("realtime")  # which it means
    return ["armtrial", *(word for name in names for word in _flag(name, getattr(config, name)))]


def _flag(name: str, value: Any) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [flag]
    if name == "size":
        return [flag, "{}x{}".format(*value)]
    values = cast("tuple[str, ...]", value) if isinstance(value, tuple) else (str(value),)
    return [word for each in values for word in (flag, _from_here(each))]


def _from_here(text: str) -> str:
    """Files below the working folder as one types them."""
    return text.replace(f"{Path.cwd()}/", "./")
