"""What a person is told of a stop while its trial has not ended yet."""

from __future__ import annotations

import time
from collections.abc import Callable

from .loop import Stop

PATIENCE = 1.0
"""Seconds after a stop from which on it is told what the trial waits for."""
AT_ONCE = "STOPPED: {}. The arm holds"
WAITS = (
    "The trial ends when the policy answers, which is waited for. Ctrl-C twice ends the run without it: this trial is "
    "then void, and played again by --resume"
)


class StopNews:
    """That there is one, at once; and a moment later what is waited for."""

    def __init__(self, stopped: Callable[[], Stop | None]) -> None:
        self._stopped, self._since, self._left = stopped, 0.0, [AT_ONCE, WAITS]

    def news(self) -> str:
        """Empty where there is none."""
        stop = self._stopped()
        if stop is None or not self._left:
            return ""
        if self._left[0] is AT_ONCE:
            self._since = time.monotonic()
        elif time.monotonic() - self._since < PATIENCE:
            return ""
        return self._left.pop(0).format(said(stop))


def on_its_way(stop: Stop) -> str:
    return f"the arm stopped on its way: {said(stop)}. Look at it, then go on"


def said(stop: Stop) -> str:
    return f"{stop.reason}:{stop.joint}" if stop.joint else stop.reason
