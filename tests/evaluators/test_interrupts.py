"""Whenever and however often a run is interrupted, it ends at once, says how to go on, and leaves no process."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import armtrial
from armtrial.envs.remote import RemoteEnv
from armtrial.envs.worker import EnvSource
from armtrial.evaluators import evaluate, pool
from armtrial.evaluators.api import resume
from armtrial.evaluators.errors import UserError
from armtrial.evaluators.interrupts import Interrupts
from armtrial.evaluators.played import load
from armtrial.evaluators.playing import Interrupted
from armtrial.evaluators.progress import Silent
from armtrial.tests import worlds
from armtrial.tests.waiting import until

ROOT = Path(__file__).parents[2]
WORLDS = "armtrial.tests.worlds"


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """Where worlds leave the numbers of their processes."""
    (tmp_path / "marks").mkdir()
    return tmp_path / "marks"


@pytest.fixture
def start(tmp_path: Path, marks: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    begun: list[subprocess.Popen[str]] = []

    def started(suite: str, *more: str) -> "subprocess.Popen[str]":
        given = ("--episodes", "200") if suite == "SLOW" else ("--env-arg", f"marks={str(marks)!r}")
        words = ("--policy", "random", "--suite", f"{WORLDS}:{suite}", "--workers", "2", *given)
        line = [sys.executable, str(ROOT / "run_eval.py"), *words, "--out", str(tmp_path / "run"), *more]
        begun.append(subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
        return begun[-1]

    yield started
    for process in begun:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def records(run: Path) -> int:
    file = run / "records.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0


def alive(marks: Path) -> list[str]:
    return [mark.name for mark in marks.iterdir() if Path("/proc", mark.name, "cmdline").exists()]


def gone(marks: Path) -> bool:
    return len(list(marks.iterdir())) == 2 and not alive(marks)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("pause", [0.0, 0.005, 0.05])
def test_a_second_signal_changes_neither_words_nor_status(
    number: signal.Signals, pause: float, tmp_path: Path, start: Callable[..., "subprocess.Popen[str]"]
) -> None:
    process = start("SLOW")
    until(lambda: records(tmp_path / "run") >= 3)
    for _ in range(4):
        process.send_signal(number)
        time.sleep(pause)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.endswith(
        f"Stopped. Everything finished is kept; go on with\n  python run_eval.py --resume {tmp_path}/run\n"
    )
    assert "Traceback" not in said
    assert load(tmp_path / "run").info.sittings[0].how == "interrupted"


@pytest.mark.parametrize("suite", ["NEVER_STEPS", "NEVER_STARTS"])
@pytest.mark.parametrize("signals", [1, 3])
def test_a_world_that_hangs_neither_delays_the_end_nor_outlives_it(
    suite: str, signals: int, marks: Path, start: Callable[..., "subprocess.Popen[str]"]
) -> None:
    """They hang for ten minutes."""
    process = start(suite)
    until(lambda: len(alive(marks)) == 2)
    time.sleep(0.3)
    for _ in range(signals):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in said, "Stopped" in said) == (130, False, True)
    assert gone(marks)


@pytest.mark.parametrize("suite", ["NEVER_STEPS", "NEVER_STARTS"])
def test_a_world_that_hangs_dies_with_a_command_that_is_killed(
    suite: str, marks: Path, start: Callable[..., "subprocess.Popen[str]"]
) -> None:
    process = start(suite)
    until(lambda: len(alive(marks)) == 2)
    time.sleep(0.3)
    process.kill()
    process.communicate()
    until(lambda: gone(marks))


@pytest.mark.parametrize("after", [0.02, 0.05, 0.1, 0.2, 0.3, 0.5])
def test_ctrl_c_while_it_loads_gives_no_traceback(after: float, tmp_path: Path) -> None:
    words = ["--policy", "toy", "--suite", f"{WORLDS}:SLOW", "--episodes", "200", "--out", str(tmp_path / "run")]
    code = (
        "import os, signal, sys, threading\n"
        "from armtrial.evaluators import cli\n"
        "whole = cli._called\n"
        "def called(words):\n"
        f"    threading.Timer({after}, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "    return whole(words)\n"
        "cli._called = called\n"
        f"sys.exit(cli.main({words!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert "Stopped" in done.stderr


def test_a_run_interrupted_while_its_worlds_start_says_that_nothing_was_played(
    tmp_path: Path, marks: Path, start: Callable[..., "subprocess.Popen[str]"]
) -> None:
    process = start("NEVER_STARTS")
    until(lambda: len(alive(marks)) == 2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert said == "\nStopped before the first trial.\n"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("place", ["folder.RunFolder.opened", "folder.RunFolder.append", "pool.close_all"])
def test_wherever_it_is_interrupted_a_run_that_is_there_is_named(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"armtrial.evaluators.{place}", interrupted)
    with pytest.raises(Interrupted) as stop:
        evaluate("toy", "toy", episodes=1, workers=0, out=tmp_path / "run")
    assert stop.value.folder == tmp_path / "run"


def test_a_run_that_goes_on_is_named_though_it_is_interrupted_before_its_first_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate("toy", "toy", episodes=1, workers=0, out=tmp_path / "run")
    monkeypatch.setattr(pool, "open_local", lambda *_: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(Interrupted, match=re.escape(str(tmp_path / "run"))):
        resume(tmp_path / "run", {}, False, Silent())


def test_interrupted_before_there_is_a_folder_nothing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "open_local", lambda *_: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt) as stop:
        evaluate("toy", "toy", episodes=1, workers=0, out=tmp_path / "run")
    assert not isinstance(stop.value, Interrupted)


def test_ctrl_c_while_the_command_is_imported_gives_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Impatient:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "armtrial.evaluators.cli":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "armtrial.evaluators.cli")
    monkeypatch.setattr(sys, "meta_path", [Impatient(), *sys.meta_path])
    status = armtrial.main()  # pyright: ignore[reportAttributeAccessIssue] -- it takes the folder for the package
    assert (status, capsys.readouterr().err) == (130, "\nStopped.\n")


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """As under `nohup`, and in a shell's background jobs."""
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from armtrial.evaluators.interrupts import Interrupts\n"
        "with Interrupts(): print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).stdout == b"True\n"


def test_ctrl_c_at_the_terminal_reaches_the_command_and_no_worker() -> None:
    code = (
        "import os, signal\n"
        "from armtrial.envs.remote import RemoteEnv\n"
        "from armtrial.envs.worker import EnvSource\n"
        "from armtrial.tasks.toy import TOY\n"
        "env = RemoteEnv(EnvSource('armtrial.envs.line:LineEnv', TOY.tasks, {}))\n"
        "signal.signal(signal.SIGINT, lambda *_: print('heard', flush=True))\n"
        "os.killpg(0, signal.SIGINT)\n"
        "print(len(env.reset(TOY.trials()[0]).hash) > 0)\n"
    )
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, start_new_session=True)
    assert done.stdout == "heard\nTrue\n", done.stderr


def test_a_world_that_does_not_start_is_named_with_its_last_words(
    tmp_path: Path, marks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pool.WorkerSeat.opened

    def opened(seat: pool.WorkerSeat) -> Any:
        """The time runs from where both have begun: a machine may take as long as it likes to start a Python."""
        until(lambda: len(alive(marks)) == 2)
        seat._started = time.monotonic()
        return whole(seat)

    monkeypatch.setattr(pool.WorkerSeat, "opened", opened)
    monkeypatch.setattr(pool, "START_SECONDS", 0.5)
    said = r"^the world did not start within 0.5 s in worker-0; the last it said: loading the scene \.\.\.$"
    with pytest.raises(UserError, match=said):
        evaluate("toy", worlds.NEVER_STARTS, workers=2, env_arg=f"marks={str(marks)!r}", out=tmp_path / "run")
    assert gone(marks)


def test_a_world_that_may_take_long_for_a_trial_may_take_as_long_to_start(
    tmp_path: Path, marks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "START_SECONDS", 0.5)
    given: dict[str, Any] = {"env_arg": f"marks={str(marks)!r}", "out": tmp_path / "run", "workers": 1}
    with pytest.raises(UserError, match=r"^the world did not start within 1.5 s"):
        evaluate("toy", worlds.NEVER_STARTS, trial_timeout=1.5, **given)
    with pytest.raises(UserError, match=r"^the world did not start within 0.5 s"):
        evaluate("toy", worlds.NEVER_STARTS, trial_timeout=0.1, **given)


@pytest.fixture
def lame(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, marks: Path) -> str:
    """A world whose processes do not start again; the argument that says so."""
    whole = pool.WorkerSeat.restart

    def restart(seat: pool.WorkerSeat) -> None:
        seat._start_seconds = 0.5
        whole(seat)

    monkeypatch.setattr(pool.WorkerSeat, "restart", restart)
    monkeypatch.setenv("MARK_OF_FETCH", str(tmp_path / "fetched"))
    return f"marks={str(marks)!r}"


def test_a_world_that_does_not_start_again_costs_its_seat_and_no_trial(
    tmp_path: Path, lame: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = evaluate("toy", worlds.STARTS_TWICE, episodes=6, workers=2, env_arg=lame, out=tmp_path / "run")
    assert run.scores.overall.success.k == run.scores.overall.success.n == 18
    assert "is given up: the world did not start within 0.5 s in worker-" in capsys.readouterr().err


def test_when_no_world_starts_again_the_run_ends_with_one_line_and_can_go_on(
    tmp_path: Path, marks: Path, lame: str
) -> None:
    (marks / "0").touch()
    with pytest.raises(UserError, match=r"^no world is left to play in, \d+ trials are open: the world did not start"):
        evaluate("toy", worlds.STARTS_TWICE, episodes=6, workers=1, env_arg=lame, out=tmp_path / "run")
    assert load(tmp_path / "run").info.sittings[0].how == "failed"
    assert len(load(tmp_path / "run").records) > 1


@pytest.mark.parametrize("workers", [0, 2])
def test_a_world_that_cannot_close_itself_costs_nothing(workers: int, tmp_path: Path) -> None:
    run = evaluate("toy", worlds.CANNOT_CLOSE, episodes=2, workers=workers, out=tmp_path / "run")
    assert run.scores.overall.success.k == 6


def seats_of(world: str, number: int, marks: Path) -> list[pool.WorkerSeat]:
    source = EnvSource(f"{WORLDS}:{world}", worlds.TOY.tasks, {"marks": str(marks)})
    return pool.open_workers(source, number)[0]


def test_worlds_that_take_their_time_to_close_do_so_side_by_side(marks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "CLOSING_SECONDS", 20.0)
    pool.close_all(seats_of("ClosesTogether", 3, marks))
    assert len(list(marks.glob("*.closed"))) == 3


def test_worlds_that_hang_are_closed_within_a_second_altogether(marks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []
    whole = pool.WorkerSeat.close
    monkeypatch.setattr(pool.WorkerSeat, "close", lambda seat, seconds: (given.append(seconds), whole(seat, seconds)))
    seats = seats_of("NeverSteps", 2, marks)
    for seat in seats:
        seat.submit("reset", worlds.TOY.trials()[3], allowed=9)
        seat.receive()
        seat.submit("step", [0.0, 0.0], allowed=9)
    pool.close_all(seats)
    assert 0 < sum(given) <= 1
    assert gone(marks)


@pytest.fixture
def signals_restored() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals_restored")
def test_a_signal_ends_every_worker_before_anything_else_happens() -> None:
    with closing(RemoteEnv(EnvSource("armtrial.envs.line:LineEnv", worlds.TOY.tasks, {}))) as env:
        with Interrupts():
            os.kill(os.getpid(), signal.SIGINT)
        until(lambda: not env.alive, 20)


@pytest.mark.usefixtures("signals_restored")
def test_what_is_raised_after_an_interrupt_is_taken_for_its_consequence() -> None:
    """numpy makes an ImportError of a Ctrl-C while it is imported."""
    with Interrupts() as interrupts:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("numpy._core.multiarray failed to import") from None
    assert (interrupts.heard, interrupts.words) == (True, "\nStopped.")
