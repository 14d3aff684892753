"""Ctrl-C, SIGTERM, a terminal that is gone: the first ends the run cleanly, further ones only end what still runs."""

import os
import signal
import threading
import time
from typing import Any

from ..envs.living import kill_all

INTERRUPTED = 130
CLEANING_SECONDS = 5.0
"""A clean end that takes longer is stuck, in a third party's code: the next signal ends the process as it is."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CUT_SHORT = b"\nStopped at once. Everything finished is kept: --resume DIR goes on.\n"


class Stopped(KeyboardInterrupt):
    """Interrupted, with the words that say how to go on."""


class Interrupts:
    """While this is entered, a signal ends all workers: their trials are lost anyway, and a world may hang.

    Only the first one raises, so that no second one can break into the cleaning up.
    """

    def __init__(self) -> None:
        self._first: float | None = None
        self._before: dict[signal.Signals, Any] = {}
        self.words = "\nStopped."
        """What there is to say once one has ended what was entered."""

    @property
    def heard(self) -> bool:
        return self._first is not None

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.getsignal(number) for number in _SIGNALS}
            for number in self._mine():
                signal.signal(number, self._hear)
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        """Takes all that is raised after an interrupt for its consequence: an import cut short is an ImportError.

        The process is on its way out then, where a further signal could only leave a traceback.
        """
        for number in self._mine():
            signal.signal(number, signal.SIG_IGN if self.heard else self._before[number])
        if isinstance(error, Stopped):
            self.words = str(error)
        return isinstance(error, KeyboardInterrupt) or (self.heard and error is not None)

    def _mine(self) -> list[signal.Signals]:
        """`nohup` and a shell's background jobs have some ignored, which is to stay so."""
        return [number for number, before in self._before.items() if before not in (signal.SIG_IGN, None)]

    def _hear(self, *_: object) -> None:
        kill_all()
        now = time.monotonic()
        if self._first is None:
            self._first = now
            raise KeyboardInterrupt
        if now - self._first > CLEANING_SECONDS:
            os.write(2, _CUT_SHORT)
            os._exit(INTERRUPTED)
