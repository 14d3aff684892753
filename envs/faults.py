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
    """The call's value, or its exception as a `Fault`. An exception that has an `origin` of its own keeps it.

    A `sys.exit()` in foreign code is a fault too: it would end the run with the status of a success.
    """
    try:
        return call(*arguments)
    except (Exception, SystemExit, GeneratorExit) as error:  # noqa: BLE001 -- the one place, see above
        own = getattr(error, "origin", origin)
        return Fault(own if isinstance(own, Origin) else origin, type(error).__name__, _told(error), _trace(error))


def _told(error: BaseException) -> str:
    """The message on one line, without what a terminal would take for a command.

    Of a syntax error it is the last line: marks under the place make no sense there.
    """
    last = traceback.format_exception_only(type(error), error)[-1 if isinstance(error, SyntaxError) else 0 :]
    message = " ".join("".join(last).split()).partition(": ")[2]
    return "".join(letter if letter.isprintable() else "?" for letter in message) or "(no message)"


def _trace(error: BaseException) -> str:
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return "".join(lines).encode("utf-8", "backslashreplace").decode()
