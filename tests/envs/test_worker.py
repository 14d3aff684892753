"""A world in a process of its own behaves as it does here, and its end is never mistaken for an answer."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE
from typing import Any

import numpy as np
import pytest

from armtrial.envs.base import LifecycleError, Observation, Played, Step, Vector
from armtrial.envs.faults import Fault
from armtrial.envs.line import LineEnv
from armtrial.envs.remote import ROOT, RemoteEnv, Worker, WorkerError
from armtrial.envs.worker import BOOTSTRAP, EnvSource
from armtrial.tasks.base import End, Origin, Task, Trial
from armtrial.tasks.toy import TOY

LINE = "armtrial.envs.line:LineEnv"
TRIALS = TOY.trials(per_task=1)


class Diverges(LineEnv):
    def step(self, action: Vector) -> Step:
        raise ArithmeticError("the solver\ndiverged")


class Prints(LineEnv):
    def step(self, action: Vector) -> Step:
        print("loading assets ...")
        print("deprecated!", file=sys.stderr)
        os.write(1, b"from C, past Python\n")
        return super().step(action)


class Leaves(LineEnv):
    def step(self, action: Vector) -> Step:
        print("out of memory", flush=True)
        os._exit(3)


class IsKilled(LineEnv):
    def step(self, action: Vector) -> Step:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")


class CannotBeBuilt(LineEnv):
    def __init__(self, tasks: Sequence[Task]) -> None:
        raise FileNotFoundError("scene.xml is missing")


class Tells(LineEnv):
    """Says in its instruction what its process is like."""

    def observe(self, *_: Any, **__: Any) -> Observation:
        threads = [os.environ[f"{library}_NUM_THREADS"] for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")]
        reads = os.read(0, 10)
        return replace(super().observe({}), instruction=repr((threads, reads)))


Starter = Callable[[type[LineEnv]], Worker]
Remote = Callable[..., RemoteEnv]


@pytest.fixture
def start() -> Iterator[Starter]:
    """Starts a worker that serves a world of this file, in its first trial; stops them all at the end."""
    with ExitStack() as stack:

        def started(world: type[LineEnv]) -> Worker:
            worker = Worker()
            stack.callback(worker.stop)
            worker.call("open", EnvSource(f"{__file__}:{world.__name__}", TOY.tasks, {}))
            worker.call("reset", TRIALS[0])
            return worker

        yield started


@pytest.fixture
def remote() -> Iterator[Remote]:
    """Builds a line world in a worker; closes them all at the end."""
    with ExitStack() as stack:
        yield lambda **arguments: stack.enter_context(closing(RemoteEnv(EnvSource(LINE, TOY.tasks, arguments))))


def answer(worker: Worker, method: str, *arguments: Any) -> Any:
    worker.submit(method, *arguments)
    return worker.receive()


def modules_of_a_worker(*opened: str) -> set[str]:
    """What a bare worker has imported once it has opened these worlds."""
    script = f"import sys; sys.argv = ['', {str(ROOT)!r}]\n{BOOTSTRAP.replace('; main()', '')}\n"
    script += "from armtrial.envs.worker import EnvSource\n"
    script += "".join(f"EnvSource({place!r}, (), {{}}).build()\n" for place in opened)
    done = subprocess.run([sys.executable, "-c", script + "print(*sys.modules)"], capture_output=True, check=True)
    return set(done.stdout.decode().split())


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.task)
def test_a_remote_world_is_the_same_world_step_by_step(trial: Trial, remote: Remote) -> None:
    here, there = LineEnv(TOY.tasks), remote()
    assert (here.observation_spec, here.action_spec) == (there.observation_spec, there.action_spec)
    assert here.reset(trial).hash == there.reset(trial).hash
    stream = np.random.default_rng(0)
    for _ in range(100):
        action = stream.uniform(here.action_spec.low, here.action_spec.high)
        one, two = here.step(action), there.step(action)
        assert one.state.tobytes() == two.state.tobytes()
        assert replace(one, state=two.state) == two
    one, two = (env.observe({"front": (32, 24)}, privileged=True) for env in (here, there))
    assert np.array_equal(one.images["front"], two.images["front"])
    assert np.array_equal(here.frame(), there.frame())
    played = Played(False, End.TIMEOUT, "timeout", 0.0, 100)
    assert here.verdict(played) == there.verdict(played)


def test_arguments_reach_the_world(remote: Remote) -> None:
    slow = remote(speed=0.3)
    slow.reset(TRIALS[0])
    x = slow.observe({}).state[0]
    assert x - slow.step(np.array([-1.0, 0.0])).state[0] == pytest.approx(0.01)


def test_a_world_that_raises_is_a_fault_with_its_words(start: Starter) -> None:
    fault = answer(start(Diverges), "step", np.zeros(2))
    assert isinstance(fault, Fault)
    assert (fault.origin, str(fault)) == (Origin.WORLD, "ArithmeticError: the solver diverged")
    assert "test_worker.py" in fault.trace


def test_a_worker_outlives_the_exceptions_of_its_world(start: Starter) -> None:
    worker = start(Diverges)
    assert isinstance(answer(worker, "step", np.zeros(2)), Fault)
    assert isinstance(answer(worker, "observe", {}), Observation)


def test_what_a_world_prints_does_not_break_the_protocol(start: Starter) -> None:
    worker = start(Prints)
    assert all(isinstance(answer(worker, "step", np.zeros(2)), Step) for _ in range(3))
    assert {"loading assets ...", "deprecated!", "from C, past Python"} <= set(worker.log().splitlines())


def test_a_worker_that_leaves_is_a_fault_with_its_exit_status_and_last_words(start: Starter) -> None:
    fault = answer(start(Leaves), "step", np.zeros(2))
    assert (fault.origin, fault.kind) == (Origin.WORKER, "WorkerDied")
    assert fault.message == "the worker process ended with exit status 3: out of memory"


def test_a_worker_that_is_killed_is_a_fault_with_the_signal(start: Starter) -> None:
    fault = answer(start(IsKilled), "step", np.zeros(2))
    assert fault == Fault(Origin.WORKER, "WorkerDied", "the worker process ended with signal 9", fault.trace)


def test_a_dead_worker_stays_dead(start: Starter) -> None:
    worker = start(Leaves)
    assert [answer(worker, "step", np.zeros(2)).kind for _ in range(3)] == ["WorkerDied"] * 3


def test_each_worker_has_one_thread_and_no_standard_input(start: Starter) -> None:
    assert start(Tells).call("observe").instruction == repr((["1", "1", "1", "1"], b""))


def test_a_worker_imports_no_torch_and_no_policy() -> None:
    modules = modules_of_a_worker(LINE)
    assert "armtrial.envs.line" in modules
    assert not [name for name in modules if name.split(".")[0] in {"torch", "gymnasium", "msgspec", "scipy", "mujoco"}]
    assert not [name for name in modules if name.startswith(("armtrial.policies", "armtrial.evaluators"))]


def test_a_worker_ends_with_the_stream_of_its_parent() -> None:
    worker = subprocess.Popen([sys.executable, "-c", BOOTSTRAP, str(ROOT)], stdin=PIPE, stdout=PIPE, cwd="/")
    said, _ = worker.communicate(timeout=60)
    assert (worker.returncode, said) == (0, b"")


def test_a_world_that_cannot_be_built_says_why_and_leaves_no_process() -> None:
    with pytest.raises(WorkerError, match=r"^FileNotFoundError: scene\.xml is missing$"):
        RemoteEnv(EnvSource(f"{__file__}:CannotBeBuilt", TOY.tasks, {}))


def test_a_remote_world_out_of_order_raises_what_a_local_one_does(remote: Remote) -> None:
    with pytest.raises(LifecycleError, match="stepped outside a trial; call reset first"):
        remote().step(np.zeros(2))


@pytest.mark.parametrize(
    ("method", "message"),
    [("reset", "'reset' came before 'open'"), ("build", "'build' came before 'open'")],
)
def test_a_request_before_open_is_a_fault_of_the_worker(method: str, message: str) -> None:
    with ExitStack() as stack:
        worker = Worker()
        stack.callback(worker.stop)
        fault = answer(worker, method)
    assert fault == Fault(Origin.WORKER, "ProtocolError", message)


def test_only_the_methods_of_worlds_can_be_called(start: Starter) -> None:
    fault = answer(start(LineEnv), "__init__")
    assert fault == Fault(Origin.WORKER, "ProtocolError", "no method is called '__init__'")


def test_a_worker_starts_in_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remote: Remote) -> None:
    monkeypatch.chdir(tmp_path)
    assert remote().reset(TRIALS[0]).hash


def test_another_python_is_not_led_to_our_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os; os._exit(3)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with closing(RemoteEnv(EnvSource(LINE, TOY.tasks, {}, interpreter=sys.executable))) as env:
        assert env.alive
