"""Keys of a terminal: at once, whatever they are, and a stop within a tick."""

import os
import pty
import threading
import time
from collections.abc import Iterator

import pytest

from armtrial.real.console import Keyboard, Terminal, line
from armtrial.real.reading import ArmError


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
    assert [ends[1].key(1.0), ends[1].key(1.0), ends[1].key(0.01)] == ["a", "ü", ""]


def test_control_c_is_a_key(ends: tuple[int, Terminal]) -> None:
    os.write(ends[0], b"\x03")
    assert ends[1].key(1.0) == "\x03"


def test_a_terminal_that_is_gone_says_control_c_for_ever(ends: tuple[int, Terminal]) -> None:
    """As when a connection breaks: nobody is left who could stop the arm."""
    os.close(ends[0])
    assert [ends[1].key(1.0), ends[1].key()] == ["\x03", "\x03"]
    ends[1].say("nobody hears this")


@pytest.mark.parametrize("key", [b" ", b"\x03"])
def test_a_stop_is_acted_on_within_a_tick(ends: tuple[int, Terminal], key: bytes) -> None:
    stopped = threading.Event()
    keyboard = Keyboard(ends[1], stopped.set, lambda: None)
    began = time.perf_counter()
    os.write(ends[0], key)
    assert stopped.wait(2.0)
    assert time.perf_counter() - began < 0.5, "33 ms on a machine with nothing else to do"
    keyboard.close()


def test_the_second_control_c_ends_the_run_and_no_number_of_spaces_does(ends: tuple[int, Terminal]) -> None:
    interrupted = threading.Event()
    keyboard = Keyboard(ends[1], lambda: None, interrupted.set)
    os.write(ends[0], b"   \x03")
    assert not interrupted.wait(0.2)
    os.write(ends[0], b"\x03")
    assert interrupted.wait(2.0)
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
    assert [ends[1].key(1.0)[:1], ends[1].key(1.0)] == ["\ufffd", " "]


def test_half_a_letter_keeps_nobody_waiting(ends: tuple[int, Terminal]) -> None:
    stopped = threading.Event()
    keyboard = Keyboard(ends[1], stopped.set, lambda: None)
    os.write(ends[0], b"\xc3")
    time.sleep(0.1)
    os.write(ends[0], b" ")
    assert stopped.wait(2.0)
    keyboard.close()


def test_what_was_typed_ahead_can_be_dropped(ends: tuple[int, Terminal]) -> None:
    os.write(ends[0], b"\n\n\xc3")
    time.sleep(0.05)
    ends[1].flush()
    assert ends[1].key(0.05) == ""


def test_a_terminal_that_is_gone_stops_the_arm_and_the_run_once(ends: tuple[int, Terminal]) -> None:
    heard: list[str] = []
    keyboard = Keyboard(ends[1], lambda: heard.append("stop"), lambda: heard.append("end"))
    os.close(ends[0])
    time.sleep(0.3)
    keyboard.close()
    assert heard == ["stop", "end"]


def test_news_is_told_while_it_listens(ends: tuple[int, Terminal]) -> None:
    news = iter(["STOPPED: overload"])
    keyboard = Keyboard(ends[1], lambda: None, lambda: None, lambda: next(news, ""))
    time.sleep(0.2)
    keyboard.close()
    assert b"STOPPED: overload" in os.read(ends[0], 100)
