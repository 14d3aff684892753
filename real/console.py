"""The terminal that a person sits at: one key at a time, also over SSH, whatever standard input and output are."""

from __future__ import annotations

import os
import select
import signal
import termios
import threading
import time
import tty
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from .reading import ArmError

STOP_KEYS = (" ", "\x03")
"""Space and Ctrl-C."""
INTERRUPT = "\x03"
REST_OF_KEY = 0.01
"""Seconds within which the further bytes of a key come."""


class Console(Protocol):
    gone: bool
    """Nobody is there any more, and every key is Ctrl-C."""

    def say(self, text: str) -> None: ...

    def flush(self) -> None:
        """Drops what was typed before anything was asked."""
        ...

    def key(self, seconds: float | None = None) -> str:
        """The next key; empty where none comes in time. None: for as long as it takes."""
        ...

    def close(self) -> None: ...


class Terminal:
    """Keys come at once, unechoed; Ctrl-C is a key among others, so that it can stop an arm before it ends a run."""

    def __init__(self, path: str = "/dev/tty") -> None:
        try:
            self._file = os.open(path, os.O_RDWR | os.O_NOCTTY)
            self._before = termios.tcgetattr(self._file)
        except (OSError, termios.error) as error:
            raise ArmError(
                f"{path} is no terminal to ask a person at ({error.args[-1]}). Start from one, over SSH by ssh -t, or "
                "name one by --console; a rehearsal by --port twin --yes needs none"
            ) from None
        self.gone = False
        self._kept = b""
        """A byte that was read with a key, and is none of it."""
        tty.setcbreak(self._file)
        mode = termios.tcgetattr(self._file)
        mode[3] &= ~termios.ISIG
        termios.tcsetattr(self._file, termios.TCSANOW, mode)

    def say(self, text: str) -> None:
        with suppress(OSError):  # of a terminal that is gone the keys tell
            os.write(self._file, (text + "\n").encode())

    def flush(self) -> None:
        self._kept = b""
        with suppress(OSError, termios.error):  # as in say
            termios.tcflush(self._file, termios.TCIFLUSH)

    def key(self, seconds: float | None = None) -> str:
        whole = self._byte(seconds)
        following = sum(whole[:1] >= least for least in (b"\xc0", b"\xe0", b"\xf0"))  # UTF-8 says so itself
        for _ in range(following):
            byte = self._byte(REST_OF_KEY)
            if not b"\x80" <= byte < b"\xc0":
                self._kept = byte  # a key of its own, and perhaps the one that stops the arm
                break
            whole += byte
        return INTERRUPT if self.gone else whole.decode(errors="replace")

    def _byte(self, seconds: float | None) -> bytes:
        """Empty where none comes in time, or the terminal is gone, and with it whoever could stop the arm."""
        kept, self._kept = self._kept, b""
        if kept or not select.select([self._file], [], [], seconds)[0]:
            return kept
        with suppress(OSError):
            kept = os.read(self._file, 1)
        self.gone = not kept
        return kept

    def close(self) -> None:
        with suppress(OSError, termios.error):
            termios.tcsetattr(self._file, termios.TCSANOW, self._before)
        os.close(self._file)


class Keyboard:
    """Listens while the arm moves: a stop is acted on within a tick, all else waits to be asked for."""

    def __init__(
        self,
        console: Console,
        on_stop: Callable[[], None],
        on_interrupt: Callable[[], None],
        news: Callable[[], str] = str,
    ) -> None:
        """`on_interrupt`: for a second Ctrl-C, and for a terminal that is gone. `news`: what there is to tell
        meanwhile."""
        self._console, self._on_stop, self._on_interrupt, self._news = console, on_stop, on_interrupt, news
        self._keys = deque[tuple[float, str]]()
        self._over = threading.Event()
        self._interrupts = 0
        self._thread = threading.Thread(target=self._listen, name="keyboard", daemon=True)
        self._thread.start()

    def taken(self) -> list[tuple[float, str]]:
        """Keys that came since the last time, with when they did."""
        return [self._keys.popleft() for _ in range(len(self._keys))]

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _listen(self) -> None:
        while not self._over.is_set():
            key = self._console.key(0.02)
            if key in STOP_KEYS:
                self._on_stop()
                self._interrupts += key == INTERRUPT
                if self._interrupts > 1 or self._console.gone:
                    self._on_interrupt()
            if self._console.gone:
                return
            if key:
                self._keys.append((time.perf_counter(), key))
            if news := self._news():
                self._console.say(news)


def interrupt() -> None:
    """What Ctrl-C does where it is no key among others."""
    os.kill(os.getpid(), signal.SIGINT)


def line(console: Console, prompt: str) -> str:
    """What is typed until Enter."""
    console.say(prompt)
    typed = ""
    while True:
        key = console.key()
        if key == INTERRUPT:
            raise KeyboardInterrupt
        if key in ("\r", "\n", ""):
            return typed.strip()
        typed = typed[:-1] if key in ("\x7f", "\b") else typed + key
