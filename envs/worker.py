"""Serves one world over standard input and output: for another process, another interpreter or another machine.

A request is `[method, arguments]`, a reply the method's value or a `Fault`; one request is under way at a time.
`open` builds the world; then come the methods of `Player` (whole plans) and of `Env` (single calls).
Guest interpreters import this file: it stays valid on Python 3.10 and needs numpy and msgpack only.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from ..tasks.base import Origin, Task
from . import wire
from .base import ActionSpec, BrokenContract, Env, ObservationSpec
from .faults import Fault, caught
from .locate import locate
from .player import LocalPlayer

BOOTSTRAP = (
    "import sys, types; package = types.ModuleType('armtrial'); package.__path__ = [sys.argv[1]]; "
    "sys.modules['armtrial'] = package; from armtrial.envs.worker import main; main()"
)
"""Makes the package by its path, so that a worker starts alike from a checkout, a wheel and under another Python."""

WITH_PARENT = "with-parent"
"""A second argument of the bootstrap, behind the folder: the worker dies with the thread that starts it."""
_PR_SET_PDEATHSIG = 1

_PLAYER = ("begin", "advance", "finish")
_ENV = ("reset", "observe", "step", "verdict", "frame", "close")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a worker says of the world it has built."""

    observation: ObservationSpec
    action: ActionSpec


@dataclass(frozen=True, slots=True)
class EnvSource:
    """A world that can be built anywhere: where its class is, and what to call it with."""

    place: str
    """For `locate`."""
    tasks: tuple[Task, ...]
    arguments: Mapping[str, Any]
    environ: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables that its process needs on top of ours."""
    interpreter: str = ""
    """Another Python for its process, with packages of its own; empty: ours."""
    moves: bool = False
    """Something real, which only the process that plays may open: a trial that is replayed would move it."""

    def build(self) -> Env:
        env = locate(self.place)(self.tasks, **self.arguments)
        for name, kind in (("observation_spec", ObservationSpec), ("action_spec", ActionSpec)):
            if not isinstance(getattr(env, name, None), kind):
                raise BrokenContract(f"the {name} of {self.place} is no {kind.__name__}")
        return env


class _Server:
    def __init__(self) -> None:
        self._env: Env | None = None

    def open(self, source: EnvSource) -> Opened:
        self._env = env = source.build()
        self._player = LocalPlayer(env, source.tasks)
        return Opened(env.observation_spec, env.action_spec)

    def answer(self, request: Sequence[Any]) -> Any:
        method, arguments = request
        if method == "open":
            return caught(Origin.WORLD, self.open, *arguments)
        if self._env is None:
            return Fault(Origin.WORKER, "ProtocolError", f"'{method}' came before 'open'")
        if method not in _PLAYER + _ENV:
            return Fault(Origin.WORKER, "ProtocolError", f"no method is called '{method}'")
        target: Callable[..., Any] = getattr(self._player if method in _PLAYER else self._env, method)
        return caught(Origin.WORLD, target, *arguments)

    def close(self) -> None:
        if self._env is not None:
            self._env.close()


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answers until the stream ends: a parent that dies takes its workers with it."""
    server = _Server()
    while True:
        try:
            request = wire.read(requests)
        except wire.StreamEnded:
            server.close()
            return
        wire.write(replies, server.answer(request))


def main() -> None:
    """Keeps standard output for the protocol: whatever a library prints goes to standard error."""
    if WITH_PARENT in sys.argv[2:]:
        _die_with_parent()
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    serve(requests, replies)


def _die_with_parent() -> None:
    """Also out of a step that never returns, where the end of the stream is not read. Elsewhere than on Linux that is
    all there is. A parent that dies before this is known by its closed end of the stream, whatever adopts its child.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    stream = select.poll()
    stream.register(0, select.POLLHUP)
    if stream.poll(0):
        os._exit(0)
