"""Worlds in a process of their own: starting a worker, talking to it, and a world's face over it."""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..tasks.base import Origin, Trial
from . import wire
from .apart import apart, elsewhere
from .base import Image, LifecycleError, Observation, Played, Size, Start, Step, Vector, Verdict
from .faults import Fault
from .living import enlist
from .worker import BOOTSTRAP, WITH_PARENT, EnvSource, Opened

ROOT = Path(__file__).parent.parent
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


HUNG = "WorkerHung"
"""The kind of the fault that a silent worker is."""
_KILLED_SECONDS = 1.0
"""A process that is killed ends sooner, unless the kernel itself waits in it: then nobody waits for it."""


class WorkerError(RuntimeError):
    """A worker died, stopped answering, or could not build its world."""


class Worker:
    """A process that serves one world. Requests and replies alternate; `submit` and `receive` can be apart."""

    def __init__(self, interpreter: str | None = None, environ: Mapping[str, str] | None = None) -> None:
        """`interpreter`: another Python, with another set of packages. `environ`: variables on top of ours."""
        program = elsewhere(BOOTSTRAP) if interpreter else BOOTSTRAP
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 -- lives as long as the worker
        self._process = subprocess.Popen(
            [interpreter or sys.executable, "-c", program, str(ROOT), *_bond()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            process_group=0,  # Ctrl-C is for us: we end the workers when what they finished is kept
            env=_environment(interpreter) | dict(environ or {}),
        )
        enlist(self._process)
        self._requests = cast(BinaryIO, self._process.stdin)
        self._replies = cast(BinaryIO, self._process.stdout)
        _widened(self._replies)

    def fileno(self) -> int:
        """Readable when a reply is there, so that many workers can be waited for at once."""
        return self._replies.fileno()

    def submit(self, method: str, *arguments: Any) -> None:
        """Sends a request. A worker that is gone is noticed by `receive`."""
        try:
            wire.write(self._requests, [method, list(arguments)])
        except BrokenPipeError:
            return

    def receive(self, seconds: float = math.inf) -> Any:
        """The reply: the method's value, or a `Fault`. A worker that is silent for longer than `seconds` is ended."""
        if seconds < math.inf and not self._answers_within(seconds):
            self.kill()
            return Fault(Origin.WORKER, HUNG, f"no answer within {seconds:.3g} s{self._last_words()}", self.log())
        try:
            return wire.read(self._replies)
        except wire.StreamEnded:
            return Fault(Origin.WORKER, "WorkerDied", self._obituary(), self.log())

    def _answers_within(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        return bool(poll.poll(1000 * max(seconds, 0.0)))

    def call(self, method: str, *arguments: Any, seconds: float = math.inf) -> Any:
        self.submit(method, *arguments)
        reply = self.receive(seconds)
        if isinstance(reply, Fault):
            raise LifecycleError(reply.message) if reply.kind == LifecycleError.__name__ else WorkerError(str(reply))
        return reply

    def log(self) -> str:
        """The last 8 kB of what the worker wrote to standard error."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), 8192, max(0, size - 8192)).decode(errors="replace")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def dismiss(self) -> None:
        """Lets the world close itself; `stop` waits for it."""
        with contextlib.suppress(BrokenPipeError):
            self._requests.close()

    def stop(self, seconds: float = 1.0) -> None:
        """Lets the world close itself, and ends it if that takes longer or is interrupted."""
        self.dismiss()
        try:
            self._waited(seconds)
        finally:
            self.kill()
            self._replies.close()
            self._log.close()

    def kill(self) -> None:
        self._process.kill()
        self._waited(_KILLED_SECONDS)

    def _waited(self, seconds: float) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)

    def _obituary(self) -> str:
        status = self._waited(_KILLED_SECONDS)
        if status is None:
            self.kill()
            return f"the worker process closed its stream{self._last_words()}"
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        return f"the worker process ended with {how}{self._last_words()}"

    def _last_words(self) -> str:
        lines = self.log().strip().splitlines()
        return f": {lines[-1]}" if lines else ""


class RemoteEnv:
    """A world in a worker, with the face of a world here: for films, for tests, for a guest interpreter."""

    def __init__(self, source: EnvSource, *, answers_by: float = math.inf) -> None:
        self.answers_by = answers_by
        """On the monotonic clock: a world that is silent until then is ended."""
        if source.moves:
            raise WorkerError("it was played on a real arm, which replays nothing; what its cameras saw is in videos/")
        self._worker = Worker(source.interpreter or None, source.environ)
        try:
            opened: Opened = self._call("open", source)
        except BaseException:
            self.close()
            raise
        self.observation_spec, self.action_spec = opened.observation, opened.action

    def reset(self, trial: Trial) -> Start:
        return self._call("reset", trial)

    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        return self._call("observe", dict(cameras), privileged)

    def step(self, action: Vector) -> Step:
        return self._call("step", action)

    def verdict(self, played: Played) -> Verdict:
        return self._call("verdict", played)

    def frame(self) -> Image:
        return self._call("frame")

    @property
    def alive(self) -> bool:
        return self._worker.alive

    def close(self) -> None:
        self._worker.stop()

    def _call(self, method: str, *arguments: Any) -> Any:
        return self._worker.call(method, *arguments, seconds=self.answers_by - time.monotonic())


def _bond() -> tuple[str, ...]:
    """What the kernel binds a child to is the thread that starts it: only the first one lives as long as we do."""
    return (WITH_PARENT,) if threading.current_thread() is threading.main_thread() else ()


def _widened(pipe: BinaryIO) -> None:
    """Room for two pictures at once: an exchange takes a quarter of the time. Where none is granted it still works."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, 1 << 20)


def _environment(interpreter: str | None) -> dict[str, str]:
    """One thread a worker: processes that share cores slow each other down. Our own path, for our own Python."""
    path = {} if interpreter else {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    return (apart(os.environ) if interpreter else dict(os.environ)) | dict.fromkeys(_ONE_THREAD, "1") | path
