"""The worker processes that live, so that a signal can end them all, whatever is being waited for.

Needs nothing but the standard library: the command loads it before all else, to hear Ctrl-C while the rest is loaded.
"""

from __future__ import annotations

from subprocess import Popen
from weakref import WeakSet

_LIVING: WeakSet[Popen[bytes]] = WeakSet()


def enlist(process: Popen[bytes]) -> None:
    """One that has ended, or is no longer referred to, leaves by itself."""
    _LIVING.add(process)


def kill_all() -> None:
    """At once and without waiting, since a signal's handler calls this."""
    for process in list(_LIVING):
        process.kill()
