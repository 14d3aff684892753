"""How another Python is kept from what would show it packages that are not its own: ours, the caller's, or those that
lie in the folder in which the command is called."""

from __future__ import annotations

from collections.abc import Mapping

_OF_ONE_PYTHON = ("PYTHONPATH", "PYTHONHOME")
_ELSEWHERE = "import sys; sys.path[:] = [place for place in sys.path if place]\n"
"""`python -c` looks in the folder where it is called before it looks anywhere else. Its own option against that, -P,
came with Python 3.11."""


def apart(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables for it."""
    return {name: value for name, value in environ.items() if name not in _OF_ONE_PYTHON}


def elsewhere(program: str) -> str:
    """The same text for `python -c`, which imports nothing from the folder where it is called."""
    return _ELSEWHERE + program
