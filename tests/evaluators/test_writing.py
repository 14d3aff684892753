"""What is written beside the run is written in order, whole, and its errors are heard."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from armtrial.evaluators.writing import Writing


@pytest.fixture
def writing() -> Iterator[Writing]:
    with closing(Writing()) as writing:
        yield writing


def fails() -> None:
    raise OSError("the disk is full")


def test_one_thing_is_written_after_another(writing: Writing) -> None:
    written: list[int] = []
    for number in range(20):
        writing.begin(lambda number=number: (time.sleep(0.001), written.append(number))[1])
    writing.settle()
    assert written == list(range(20))


def test_the_last_one_is_not_waited_for_and_the_one_before_is(writing: Writing) -> None:
    disk, written = threading.Event(), list[str]()
    writing.begin(lambda: written.append("first"))
    writing.begin(lambda: (disk.wait(10), written.append("second"))[1])
    assert written == ["first"]
    disk.set()
    writing.settle()
    assert written == ["first", "second"]


def test_an_error_is_raised_once_by_whoever_waits_next(writing: Writing) -> None:
    writing.begin(fails)
    with pytest.raises(OSError, match=r"^the disk is full$"):
        writing.begin(fails)
    writing.settle()
    assert writing.failed


def test_an_interrupt_while_one_waits_hides_no_error(writing: Writing, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    writing.begin(fails)
    with monkeypatch.context() as patched:
        patched.setattr("armtrial.evaluators.writing.wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            writing.begin(lambda: None)
    with pytest.raises(OSError, match=r"^the disk is full$"):
        writing.settle()


def test_closing_waits_for_what_was_begun() -> None:
    writing, written = Writing(), list[str]()
    writing.begin(lambda: (time.sleep(0.05), written.append("it"))[1])
    writing.close()
    assert written == ["it"]
