"""Keys of a terminal: at once, whatever they are, and a stop within a tick."""

import fcntl
import os
import pty
import select
import sys
import termios
import threading
from collections.abc import Iterator

import pytest

from armtrial.real.console import Keyboard, Terminal, line
from armtrial.real.reading import ArmError
from armtrial.tests.waiting import until


@pytest.fixture
def ends() -> Iterator[tuple[int, Terminal]]:
    """What a person types into, and the terminal that hears it."""
    master, slave = pty.openpty()
    terminal = Terminal(os.ttyname(slave))
    os.close(slave)
    yield master, terminal
    terminal.close()


def test_a_key_comes_without_enter_and_an_umlaut_whole(ends: tuple[int, Terminal]) -> None:
    os.write(ends[0], "aü".encode())
    assert [ends[1].key(10.0), ends[1].key(10.0), ends[1].key(0.01)] == ["a", "ü", ""]


def test_control_c_is_a_key(ends: tuple[int, Terminal]) -> None:
    os.write(ends[0], b"\x03")
    assert ends[1].key(10.0) == "\x03"


def test_a_terminal_that_is_gone_says_control_c_for_ever(ends: tuple[int, Terminal]) -> None:
    """As when a connection breaks: nobody is left who could stop the arm."""
    os.close(ends[0])
    assert [ends[1].key(10.0), ends[1].key()] == ["\x03", "\x03"]
    ends[1].say("nobody hears this")


@pytest.mark.parametrize("key", [b" ", b"\x03"])
def test_a_stop_needs_no_enter(ends: tuple[int, Terminal], key: bytes) -> None:
    stopped = threading.Event()
    keyboard = Keyboard(ends[1], stopped.set, lambda: None)
    os.write(ends[0], key)
    assert stopped.wait(10.0)
    keyboard.close()


class Overheard:
    """A console that notes what is asked of it, and for how long."""

    gone = False

    def __init__(self, keys: str) -> None:
        self._keys = iter(keys)
        self.heard: list[str | float] = []

    def say(self, text: str) -> None:
        self.heard.append(text)

    def flush(self) -> None: ...

    def key(self, seconds: float | None = None) -> str:
        self.heard.append(seconds or 0.0)
        return next(self._keys, "")

    def close(self) -> None: ...


def test_a_stop_is_acted_on_within_a_tick_and_before_anything_is_told() -> None:
    console = Overheard("a ")
    keyboard = Keyboard(console, lambda: console.heard.append("stop"), lambda: None, lambda: "news")
    until(lambda: len(console.heard) > 6)
    keyboard.close()
    waits = [entry for entry in console.heard if isinstance(entry, float)]
    assert [entry for entry in console.heard[:5] if entry not in waits] == ["news", "stop", "news"]
    assert 0 < max(waits) < 1 / 30


def test_the_second_control_c_ends_the_run_and_no_number_of_spaces_does(ends: tuple[int, Terminal]) -> None:
    interrupted = threading.Event()
    keyboard = Keyboard(ends[1], lambda: None, interrupted.set)
    os.write(ends[0], b"   \x03")
    heard: list[object] = []
    until(lambda: (heard.extend(keyboard.taken()), len(heard) == 4)[1])
    assert not interrupted.is_set()
    os.write(ends[0], b"\x03")
    assert interrupted.wait(10.0)
    keyboard.close()


def test_a_note_can_be_mended_while_it_is_typed(ends: tuple[int, Terminal]) -> None:
    os.write(ends[0], b"a wxll\x7f\x7f\x7fell lit table\r")
    assert line(ends[1], "note:") == "a well lit table"


def test_what_is_no_terminal_is_refused_with_the_ways_out() -> None:
    with pytest.raises(ArmError, match=r"/dev/null is no terminal to ask a person at .*--console; .*--port twin --yes"):
        Terminal("/dev/null")


@pytest.mark.parametrize("lead", [b"\xc3", b"\xe2", b"\xf0\x9f"])
def test_a_stop_after_half_a_letter_is_a_stop(ends: tuple[int, Terminal], lead: bytes) -> None:
    os.write(ends[0], lead + b" ")
    assert [ends[1].key(10.0)[:1], ends[1].key(10.0)] == ["\ufffd", " "]


def test_half_a_letter_keeps_nobody_waiting(ends: tuple[int, Terminal]) -> None:
    stopped = threading.Event()
    keyboard = Keyboard(ends[1], stopped.set, lambda: None)
    os.write(ends[0], b"\xc3")
    until(lambda: keyboard.taken() != [])
    os.write(ends[0], b" ")
    assert stopped.wait(10.0)
    keyboard.close()


def unread(terminal: Terminal) -> int:
    """Bytes that have come and were not read."""
    told = fcntl.ioctl(terminal._file, termios.FIONREAD, bytes(4))
    return int.from_bytes(told, sys.byteorder)


def test_what_was_typed_ahead_can_be_dropped(ends: tuple[int, Terminal]) -> None:
    os.write(ends[0], b"\n\n\xc3")
    until(lambda: unread(ends[1]) == 3)
    ends[1].flush()
    assert ends[1].key(0.05) == ""


def test_a_terminal_that_is_gone_stops_the_arm_and_the_run_once(ends: tuple[int, Terminal]) -> None:
    heard: list[str] = []
    keyboard = Keyboard(ends[1], lambda: heard.append("stop"), lambda: heard.append("end"))
    os.close(ends[0])
    until(lambda: not keyboard._thread.is_alive())
    assert heard == ["stop", "end"]


def test_news_is_told_while_it_listens(ends: tuple[int, Terminal]) -> None:
    news = iter(["STOPPED: overload"])
    keyboard = Keyboard(ends[1], lambda: None, lambda: None, lambda: next(news, ""))
    assert select.select([ends[0]], [], [], 10)[0], "it told nothing"
    keyboard.close()
    assert b"STOPPED: overload" in os.read(ends[0], 100)
