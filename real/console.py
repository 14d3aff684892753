"""The terminal that a person sits at: one key at a time, also over SSH, whatever standard input and output are."""

from __future__ import annotations

import os
import select
import termios
import threading
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from .reading import ArmError

STOP_KEYS = (" ", "\x03")
"""Space and Ctrl-C."""
INTERRUPT = "\x03"


class Console(Protocol):
    def say(self, text: str) -> None: ...

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
        tty.setcbreak(self._file)
        mode = termios.tcgetattr(self._file)
        mode[3] &= ~termios.ISIG
        termios.tcsetattr(self._file, termios.TCSANOW, mode)

    def say(self, text: str) -> None:
        with suppress(OSError):  # of a terminal that is gone the keys tell
            os.write(self._file, (text + "\n").encode())

    def key(self, seconds: float | None = None) -> str:
        if not select.select([self._file], [], [], seconds)[0]:
            return ""
        try:
            first = os.read(self._file, 1)
        except OSError:
            first = b""
        if not first:
            return INTERRUPT  # the terminal is gone, and with it whoever could stop the arm
        following = sum(first[0] >= least for least in (0xC0, 0xE0, 0xF0))  # UTF-8 says so itself
        return (first + (os.read(self._file, following) if following else b"")).decode(errors="replace")

    def close(self) -> None:
        with suppress(OSError, termios.error):
            termios.tcsetattr(self._file, termios.TCSANOW, self._before)
        os.close(self._file)


class Keyboard:
    """Listens while a trial runs: a stop is acted on within a tick, all else waits to be asked for."""

    def __init__(self, console: Console, on_stop: Callable[[], None], on_interrupt: Callable[[], None]) -> None:
        """`on_interrupt`: for a second Ctrl-C."""
        self._console, self._on_stop, self._on_interrupt = console, on_stop, on_interrupt
        self._keys: list[tuple[float, str]] = []
        self._over = threading.Event()
        self._interrupts = 0
        self._thread = threading.Thread(target=self._listen, name="keyboard", daemon=True)
        self._thread.start()

    def taken(self) -> list[tuple[float, str]]:
        """Keys that came since the last time, with when they did."""
        keys, self._keys = self._keys, []
        return keys

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _listen(self) -> None:
        while not self._over.is_set():
            key = self._console.key(0.02)
            if key in STOP_KEYS:
                self._on_stop()
                self._interrupts += key == INTERRUPT
                if self._interrupts > 1:
                    self._on_interrupt()
            if key:
                self._keys.append((time.perf_counter(), key))


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
