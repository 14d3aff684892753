"""Whoever stops the arm is heard at any time, and what was played until then is kept."""

import fcntl
import os
import pty
import signal
import sys
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from armtrial.envs.so100.poses import READY, REST
from armtrial.evaluators import api
from armtrial.evaluators.api import evaluate
from armtrial.evaluators.folder import RunFolder
from armtrial.evaluators.played import load
from armtrial.evaluators.playing import Interrupted
from armtrial.evaluators.progress import Silent
from armtrial.policies.base import Plan, Query
from armtrial.real import arm, registers
from armtrial.real.arm import So100Arm
from armtrial.real.reading import ArmError, LineLost
from armtrial.tasks.base import Outcome
from armtrial.tests.real.rehearsal import QUICK, SHORT, FaultyArm, Sitter, Swing
from armtrial.tests.waiting import until

pytestmark = pytest.mark.lerobot
PATIENT = """
from armtrial import main
from armtrial.tests.real.slow_host import borne
borne()
raise SystemExit(main())
"""
"""The command, on a machine that may well stand still for a while."""
BY_THE_CLOCK = ("lockstep=False", "pictures=False", "films=False")
LAID_OUT, ACCEPT = ("Enter: it is laid out", "\n"), ("Enter: accept", "\n")


class Hangs(Swing):
    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        time.sleep(600.0)
        return super().plan(queries)


@pytest.fixture(autouse=True)
def driver() -> None:
    pytest.importorskip("scservo_sdk")


class Seat:
    """A terminal, and an arm by the clock in front of it."""

    def __init__(self) -> None:
        self._master, self._slave = pty.openpty()
        self.arm = So100Arm(
            SHORT.tasks, port="twin", console=os.ttyname(self._slave), pictures=False, films=False, operator="ada"
        )

    def press(self, keys: bytes, seconds: float) -> None:
        threading.Timer(seconds, os.write, (self._master, keys)).start()

    def press_ahead(self, keys: bytes) -> None:
        """Before anybody listens."""
        os.write(self._master, keys)
        until(lambda: self._unread() == len(keys))

    def _unread(self) -> int:
        return int.from_bytes(fcntl.ioctl(self._slave, termios.FIONREAD, bytes(4)), sys.byteorder)

    @property
    def said(self) -> str:
        return os.read(self._master, 4096).decode()

    def hang_up(self) -> None:
        os.close(self._master)
        os.close(self._slave)


@pytest.fixture
def seat() -> Iterator[Seat]:
    made = Seat()
    yield made
    made.arm.close()


def test_a_line_that_is_lost_at_the_first_reading_leaves_the_terminal_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise LineLost("no answer")

    monkeypatch.setattr(arm, "Ways", lost)
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    with pytest.raises(LineLost):
        So100Arm(SHORT.tasks, port="twin", console=os.ttyname(slave), pictures=False, films=False)
    assert termios.tcgetattr(slave) == before
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize("key", [b" ", b"\x03"])
def test_a_key_stops_the_arm_between_trials_as_in_one(seat: Seat, key: bytes) -> None:
    seat.press(key, 0.5)
    with pytest.raises(ArmError, match=r"stopped on its way: operator\. Look at it"):
        seat.arm.ways.go_to(REST)
    here = seat.arm.loop.row(seat.arm.loop.tick + 1).goal
    assert np.abs(here - seat.arm.ways._units.to_units(REST)).max() > 10
    assert np.array_equal(seat.arm.loop.row(seat.arm.loop.tick + 10).goal, here)
    seat.arm.ways.go_to(READY)


def test_a_key_that_came_before_the_way_began_stops_it_too(seat: Seat) -> None:
    seat.press_ahead(b" ")
    before = seat.arm.loop.last
    with pytest.raises(ArmError, match="operator"):
        seat.arm.ways.go_to(REST)
    assert np.abs(seat.arm.loop.last - before).max() < 6.0


def test_an_arm_that_is_stopped_on_its_way_to_rest_is_left_holding_and_that_is_said(seat: Seat) -> None:
    bus = seat.arm.soft.bus
    seat.press(b" ", 0.5)
    seat.arm.close()
    assert "operator. Look at it, then go on. The arm is left holding: hold it before you cut its power" in seat.said
    assert all(servo.get(registers.TORQUE) for servo in bus.servos)


def test_control_c_twice_on_the_way_to_rest_leaves_no_loop_and_the_arm_holding(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = seat.arm.soft.bus
    monkeypatch.setattr(seat.arm.ways, "go_to", interrupted)
    with pytest.raises(KeyboardInterrupt):
        seat.arm.close()
    thread = seat.arm.loop._thread
    assert thread is not None
    assert not thread.is_alive()
    assert "interrupted. The arm is left holding" in seat.said
    assert all(servo.get(registers.TORQUE) for servo in bus.servos)


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_nobody_at_the_terminal_any_more_and_the_arm_goes_nowhere(seat: Seat) -> None:
    seat.arm._console.gone = True  # type: ignore[union-attr]
    with pytest.raises(ArmError, match="the terminal is gone, and with it whoever could stop the arm"):
        seat.arm.ways.go_to(REST)


def test_an_arm_that_was_raised_when_its_line_was_lost_never_goes_limp(seat: Seat) -> None:
    bus, limp = seat.arm.soft.bus, threading.Event()
    seat.arm.ways.go_to(READY)
    for servo in bus.servos:
        write = servo.write
        servo.write = lambda at, said, w=write: (limp.set() if (at, said) == (40, b"\0") else None, w(at, said))[1]
    seat.arm.loop._broken(ArmError("the loop broke"))
    seat.arm.ways.revive()
    seat.arm.loop.check()
    assert not limp.is_set()


def kept(run: Path) -> tuple[Any, Any]:
    """The only record, and its steps."""
    (record,) = load(run).records
    return record, RunFolder(run).read_steps(record)


def test_a_policy_that_hangs_is_told_of_at_once_and_two_control_c_keep_the_trial_as_void(tmp_path: Path) -> None:
    person = Sitter([LAID_OUT, ACCEPT, ("GO", " "), ("STOPPED: operator", ""), ("is waited for", "\x03\x03")])
    began = time.monotonic()
    settings = dict(QUICK) | {"env_arg": BY_THE_CLOCK, "episodes": 1}
    with pytest.raises(Interrupted):
        evaluate(Hangs, SHORT, out=tmp_path / "run", console=person.console, **settings)
    assert time.monotonic() - began < 300
    assert person.left == []
    record, _ = kept(tmp_path / "run")
    assert (record.result.outcome, record.result.label) == (Outcome.VOID, "void_interrupted")
    assert record.rig.void_reason == "interrupted"
    assert [stop.object for stop in record.rig.stops] == ["operator"]


def test_control_c_at_the_verdict_keeps_the_trial_as_void_and_it_comes_again(tmp_path: Path) -> None:
    person = Sitter([LAID_OUT, ACCEPT, ("GO", " "), ("verdict of", "\x03")])
    settings = dict(QUICK) | {"task": ("block",), "episodes": 1}
    with pytest.raises(Interrupted):
        evaluate("hold", "single", out=tmp_path / "run", console=person.console, **settings)
    record, steps = kept(tmp_path / "run")
    assert (record.result.label, [stop.object for stop in record.rig.stops]) == ("void_interrupted", ["operator"])
    assert len(steps["raw_goal"]) == record.result.steps > 0
    again = Sitter([LAID_OUT, ACCEPT, ("GO", "f"), ("verdict of", "f"), (r"why\?", "2"), ("keep it", "\n")])
    run = api.resume(tmp_path / "run", {"console": again.console}, False, Silent())
    assert [entry.result.outcome for entry in run.records] == [Outcome.VOID, Outcome.FAILURE]


def test_a_connection_that_breaks_holds_the_arm_and_keeps_the_trial(tmp_path: Path) -> None:
    words = ["--policy", "hold", "--suite", "single", "--task", "block", "--episodes", "1", "--env", "real"]
    words += [
        "--port",
        "twin",
        "--env-arg",
        "pictures=False",
        "--env-arg",
        "films=False",
        "--out",
        str(tmp_path / "run"),
    ]
    child, line = pty.fork()
    if not child:
        os.execv(sys.executable, [sys.executable, "-c", PATIENT, *words])
    said = ""
    for prompt in ("it is laid out", "Enter: accept", "GO."):
        while prompt not in said:
            said += os.read(line, 4096).decode(errors="replace")
        said = said.partition(prompt)[2]
        os.write(line, b"" if prompt == "GO." else b"\n")
    time.sleep(1.0)
    os.close(line)
    status = waited(child, 120.0)
    assert os.waitstatus_to_exitcode(status) == 130
    record, steps = kept(tmp_path / "run")
    assert (record.result.label, len(steps["raw_goal"]) > 0) == ("void_interrupted", True)
    assert [stop.object for stop in record.rig.stops] in (["operator"], ["broken_off"]), "by whichever came first"
    assert load(tmp_path / "run").info.sittings[0].how == "interrupted"


def waited(child: int, seconds: float) -> int:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise AssertionError(f"it had not ended after {seconds:g} s")


def test_a_torque_that_goes_off_in_a_trial_ends_it_and_is_on_again(tmp_path: Path) -> None:
    class Limp(FaultyArm):
        def _break(self) -> None:
            for servo in self.soft.bus.servos:
                servo.put(registers.TORQUE, 0)

    arm = Limp(SHORT.tasks, port="twin", yes=True, lockstep=True, pictures=False, films=False)
    arm.reset(SHORT.trials()[0])
    for _ in range(60):
        step = arm.step(arm.loop.last)
        if step.terminated:
            break
    assert [event.object for event in step.events] == ["torque_lost:shoulder_pan"]
    arm.loop.row(arm.loop.tick)
    assert all(servo.get(registers.TORQUE) for servo in arm.soft.bus.servos)
    arm.close()


def test_a_trial_that_is_broken_off_is_held_and_says_so() -> None:
    arm = So100Arm(SHORT.tasks, port="twin", yes=True, lockstep=True, pictures=False, films=False)
    arm.reset(SHORT.trials()[0])
    arm.step(arm.loop.last)
    log, raw = arm.trial_log()
    assert [stop.object for stop in log.stops] == ["broken_off"]
    assert len(raw["raw_goal"]) == 1
    arm.close()
