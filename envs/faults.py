"""What goes wrong in a world or a policy becomes a value here: the one place that catches every exception.

A trial must end as an ERROR with its reason whatever a third party's code raises, in this process or in
a worker, so the catching stands where both can reach it. Guest interpreters import this file.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..tasks.base import Origin

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    """An exception as data, so that it can cross a process border and land in a record."""

    origin: Origin
    kind: str
    """Name of the exception's class."""
    message: str
    trace: str = ""
    """The traceback; kept beside the record, since it differs between machines."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"

    @property
    def where(self) -> str:
        """`file.py:12`, the innermost line of the traceback; empty without one."""
        lines = re.findall(r'File "([^"]+)", line (\d+)', self.trace)
        return f"{Path(lines[-1][0]).name}:{lines[-1][1]}" if lines else ""


def caught(origin: Origin, call: Callable[..., T], *arguments: object) -> T | Fault:
    """The call's value, or its exception as a `Fault`. An exception that has an `origin` of its own keeps it."""
    try:
        return call(*arguments)
    except Exception as error:  # noqa: BLE001 -- the one place, see above
        message = " ".join(str(error).split()) or "(no message)"
        blamed = getattr(error, "origin", origin)
        return Fault(blamed, type(error).__name__, message, traceback.format_exc())
