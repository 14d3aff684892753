"""Worlds in a process of their own: starting a worker, talking to it, and a world's face over it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..tasks.base import Origin, Trial
from . import wire
from .base import Image, LifecycleError, Observation, Played, Size, Start, Step, Vector, Verdict
from .faults import Fault
from .worker import BOOTSTRAP, EnvSource, Opened

ROOT = Path(__file__).parent.parent
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class WorkerError(RuntimeError):
    """A worker died, stopped answering, or could not build its world."""


class Worker:
    """A process that serves one world. Requests and replies alternate; `submit` and `receive` can be apart."""

    def __init__(self, interpreter: str | None = None, environ: Mapping[str, str] | None = None) -> None:
        """`interpreter`: another Python, with another set of packages. `environ`: variables on top of ours."""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 -- lives as long as the worker
        self._process = subprocess.Popen(
            [interpreter or sys.executable, "-c", BOOTSTRAP, str(ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            process_group=0,  # Ctrl-C is for us: we end the workers when what they finished is kept
            env=_environment(interpreter) | dict(environ or {}),
        )
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

    def receive(self) -> Any:
        """The reply: the method's value, or a `Fault`."""
        try:
            return wire.read(self._replies)
        except wire.StreamEnded:
            return Fault(Origin.WORKER, "WorkerDied", self._obituary(), self.log())

    def call(self, method: str, *arguments: Any) -> Any:
        self.submit(method, *arguments)
        reply = self.receive()
        if isinstance(reply, Fault):
            raise LifecycleError(reply.message) if reply.kind == LifecycleError.__name__ else WorkerError(str(reply))
        return reply

    def log(self) -> str:
        """The last 8 kB of what the worker wrote to standard error."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), 8192, max(0, size - 8192)).decode(errors="replace")

    def stop(self) -> None:
        """Lets the world close itself, for as long as that takes a second."""
        if not self._requests.closed:
            with contextlib.suppress(BrokenPipeError):
                self._requests.close()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self.kill()
        self._replies.close()
        self._log.close()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _obituary(self) -> str:
        status = self._process.wait()
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        lines = self.log().strip().splitlines()
        return f"the worker process ended with {how}" + (f": {lines[-1]}" if lines else "")


class RemoteEnv:
    """A world in a worker, with the face of a world here: for Gymnasium, for tests, for a guest interpreter."""

    def __init__(self, source: EnvSource, interpreter: str | None = None) -> None:
        self._worker = Worker(interpreter, source.environ)
        self._open = True
        try:
            opened: Opened = self._worker.call("open", source)
        except WorkerError:
            self.close()
            raise
        self.observation_spec, self.action_spec = opened.observation, opened.action

    def reset(self, trial: Trial) -> Start:
        return self._worker.call("reset", trial)

    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        return self._worker.call("observe", dict(cameras), privileged)

    def step(self, action: Vector) -> Step:
        return self._worker.call("step", action)

    def verdict(self, played: Played) -> Verdict:
        return self._worker.call("verdict", played)

    def frame(self) -> Image:
        return self._worker.call("frame")

    def close(self) -> None:
        if self._open:
            self._open = False
            self._worker.stop()


def _widened(pipe: BinaryIO) -> None:
    """Room for two pictures at once: an exchange takes a quarter of the time. Where none is granted it still works."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, 1 << 20)


def _environment(interpreter: str | None) -> dict[str, str]:
    """One thread a worker: processes that share cores slow each other down. Our own path, for our own Python."""
    path = {} if interpreter else {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    return dict(os.environ) | dict.fromkeys(_ONE_THREAD, "1") | path
