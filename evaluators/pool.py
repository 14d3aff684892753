"""Seats: the places where trials are played side by side, in processes of their own or in this one."""

import os
import select
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from ..envs.base import Env
from ..envs.faults import Fault, caught
from ..envs.player import LocalPlayer
from ..envs.remote import HUNG, Worker
from ..envs.worker import EnvSource, Opened
from ..policies.base import World
from ..tasks.base import Origin, Task
from .errors import UserError

START_SECONDS = 120.0
"""Until a world that is still being built counts as hung: its imports and assets may come from a cold disk."""
CLOSING_SECONDS = 1.0
"""For all worlds together; they close themselves side by side."""


class Seat(Protocol):
    """One world. A request is submitted, and its reply received when the seat is ready."""

    name: str
    apart: bool
    """Whether it is in another process, which goes on while this one does something else."""

    def submit(self, method: str, *arguments: Any, allowed: float) -> None:
        """`allowed`: wall seconds until a silent world counts as hung."""
        ...

    def receive(self) -> Any:
        """The method's value, or a `Fault`."""
        ...

    def restart(self) -> None:
        """Another world in place of one that is gone; a `UserError` where it does not start."""
        ...

    def dismiss(self) -> None:
        """Begins to close."""
        ...

    def close(self, seconds: float) -> None:
        """Whatever has not closed itself by then is ended."""
        ...


class LocalSeat:
    """A world in this process: for debugging, and for policies and worlds that cost next to nothing."""

    apart = False

    def __init__(self, name: str, env: Env, tasks: Sequence[Task]) -> None:
        self.name, self.env = name, env
        self._env = env
        self._player = LocalPlayer(env, tasks)
        self._reply: Any = None

    def submit(self, method: str, *arguments: Any, allowed: float) -> None:
        call: Callable[..., Any] = getattr(self._player, method)
        self._reply = caught(Origin.WORLD, call, *arguments)

    def receive(self) -> Any:
        return self._reply

    def restart(self) -> None:
        """A world in this process never dies alone."""

    def dismiss(self) -> None:
        """Everything has been played: a world that cannot close itself costs nothing."""
        caught(Origin.WORLD, self._env.close)

    def close(self, seconds: float) -> None:
        """Has been done when it was dismissed."""


class WorkerSeat:
    """A world in a process of its own."""

    apart = True

    def __init__(self, name: str, source: EnvSource, start_seconds: float = START_SECONDS) -> None:
        self.name = name
        self._source = source
        self._start_seconds = start_seconds
        self._hung: Fault | None = None
        self._start()

    def _start(self) -> None:
        self._worker = Worker(self._source.interpreter or None, self._source.environ)
        self._worker.submit("open", self._source)
        self._started = time.monotonic()
        self._deadline = float("inf")

    def opened(self) -> Opened:
        """What the world says of itself, once it is built."""
        reply = self._worker.receive(self._started + self._start_seconds - time.monotonic())
        if isinstance(reply, Fault) and reply.kind == HUNG:
            said = reply.trace.strip().splitlines()
            raise UserError(
                f"the world did not start within {self._start_seconds:g} s in {self.name}; "
                + (f"the last it said: {said[-1]}" if said else "it said nothing")
            )
        if isinstance(reply, Fault):
            raise UserError(f"the world could not start in {self.name}: {reply}")
        return reply

    def fileno(self) -> int:
        return self._worker.fileno()

    @property
    def deadline(self) -> float:
        """On the monotonic clock."""
        return self._deadline

    def submit(self, method: str, *arguments: Any, allowed: float) -> None:
        self._hung = None
        self._deadline = time.monotonic() + allowed
        self._worker.submit(method, *arguments)

    def give_up(self) -> None:
        """Ends a world that does not answer; its reply is then a fault."""
        self._worker.kill()
        message = "the world gave no answer within the trial's wall time (--trial-timeout)"
        self._hung = Fault(Origin.WORKER, HUNG, message, self._worker.log())

    def receive(self) -> Any:
        self._deadline = float("inf")
        return self._hung or self._worker.receive()

    def restart(self) -> None:
        self._worker.stop(0.0)
        self._start()
        self.opened()

    def dismiss(self) -> None:
        self._worker.dismiss()

    def close(self, seconds: float) -> None:
        self._worker.stop(seconds)


def open_workers(source: EnvSource, number: int, start_seconds: float | None = None) -> tuple[list[WorkerSeat], World]:
    """Starts all at once, then waits for each. `start_seconds`: for a world that takes longer than most."""
    limit = START_SECONDS if start_seconds is None else start_seconds
    source = replace(source, environ=_drawing(number) | dict(source.environ))
    seats: list[WorkerSeat] = []
    try:
        for index in range(number):
            seats.append(WorkerSeat(f"worker-{index}", source, limit))
        worlds = [seat.opened() for seat in seats]
    except BaseException:
        close_all(seats)
        raise
    return seats, World(worlds[0].observation, worlds[0].action)


def _drawing(workers: int) -> dict[str, str]:
    """Mesa's software GL draws with a thread per core in every process, which is too many as soon as there are two.

    Where a worker's share is one core, it draws in the thread that asks. The pictures are the same to the bit.
    """
    if workers == 1 or "LP_NUM_THREADS" in os.environ:
        return {}
    share = (os.cpu_count() or 1) // workers
    return {"LP_NUM_THREADS": str(share if share > 1 else 0)}


def open_local(source: EnvSource, number: int) -> tuple[list[LocalSeat], World]:
    """`number` worlds in this process, played in turn."""
    env = caught(Origin.WORLD, source.build)
    if isinstance(env, Fault):
        raise UserError(f"the world could not start: {env}")
    envs = [env, *(source.build() for _ in range(number - 1))]
    seats = [LocalSeat(f"local-{index}", env, source.tasks) for index, env in enumerate(envs)]
    return seats, World(env.observation_spec, env.action_spec)


def ready(seats: Sequence[Seat], block: bool) -> list[Seat]:
    """The seats whose reply can be received now; waits for at least one if asked to."""
    here = [seat for seat in seats if not isinstance(seat, WorkerSeat)]
    workers = [seat for seat in seats if isinstance(seat, WorkerSeat)]
    if not workers:
        return here
    poll = select.poll()
    by_number = {seat.fileno(): seat for seat in workers}
    for number in by_number:
        poll.register(number, select.POLLIN | select.POLLHUP)
    patience = min(seat.deadline for seat in workers) - time.monotonic()
    wait_ms = min(max(patience, 0.0), 3600.0) * 1000 + 1 if block and not here else 0
    answered: list[Seat] = [by_number[number] for number, _ in poll.poll(wait_ms)]
    for seat in workers:
        if seat not in answered and seat.deadline < time.monotonic():
            seat.give_up()
            answered.append(seat)
    return [*here, *answered]


def close_all(seats: Sequence[Seat]) -> None:
    """Interrupted while it waits, it still leaves none."""
    until = time.monotonic() + CLOSING_SECONDS
    try:
        for seat in seats:
            seat.dismiss()
        for seat in seats:
            seat.close(max(0.0, until - time.monotonic()))
    finally:
        for seat in seats:
            seat.close(0.0)
