"""A fixed list of trials, played whole: seats are refilled the moment an episode ends, queries go in batches.

The list is never cut at "the first N that finish": episodes that end early would be over-counted.
"""

import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from ..envs.base import Verdict
from ..envs.faults import Fault, caught
from ..envs.player import Closing, Leg, Opening
from ..envs.rig import KeepsLog
from ..policies.base import Plan, Policy, Query, World
from ..tasks.base import Origin, Outcome, Trial
from .errors import UserError
from .pace import WAITS, Pace
from .pool import LocalSeat, Seat, ready
from .records import EpisodeRecord
from .rollout import Rollout, Take

INTERRUPTED = "interrupted"
RETRIED = (Origin.TRANSPORT, Origin.WORKER)
"""Errors that say nothing of the policy or the world: their trial is played once more at once."""


@dataclass(slots=True)
class _Slot:
    index: int
    seat: Seat
    rollout: Rollout | None = None
    fault: Fault | None = None
    allowed: float = 0.0
    """Wall seconds that the world has left for this trial."""
    dead: bool = False
    """Its worker is gone; it is restarted before the next trial, when everything finished has been kept."""
    waiting: bool = False
    """For the world; a slot that waits for the policy is in `Runner.queries`."""


class Runner:
    """Plays lists of trials in its seats, one list after another: a seat whose world is gone gets another one."""

    def __init__(
        self,
        seats: Sequence[Seat],
        policy: Policy,
        world: World,
        *,
        execute: int,
        batch: int | None,
        allowed: dict[str, float],
        pace: Pace = WAITS,
    ) -> None:
        """Where time is measured every query is asked alone: a robot does not wait for another one's answer."""
        self._slots = [_Slot(index, seat) for index, seat in enumerate(seats)]
        self._policy = policy
        self._world = world
        self._execute = execute
        self._batch = 1 if pace.measured else batch or len(seats)
        self._pace = pace
        self._allowed = allowed
        self._queries: deque[tuple[_Slot, Query]] = deque()
        self._done: deque[Take] = deque()
        self._lost: UserError | None = None
        """Why a seat was given up, the last time one was."""

    def play(self, todo: deque[tuple[Trial, int]]) -> Iterator[Take]:
        while True:
            self._fill(todo)
            if not any(slot.rollout for slot in self._slots) and not self._done:
                if todo:
                    raise UserError(f"no world is left to play in, {len(todo)} trials are open: {self._lost}")
                return
            self._hear()
            self._go_ahead(todo)
            while self._done:
                yield self._done.popleft()
            if self._queries:
                self._ask_policy()

    def broken_off(self) -> Iterator[Take]:
        """What has ended and was not given yet; and of trials on a rig, which cannot be had again, what was played."""
        while self._done:
            yield self._done.popleft()
        for slot in self._slots:
            if slot.rollout is None or not isinstance(slot.seat, LocalSeat) or not isinstance(slot.seat.env, KeepsLog):
                continue
            slot.seat.submit("finish", False, allowed=0.0)
            closing = slot.seat.receive()
            if isinstance(closing, Closing):
                yield slot.rollout.finished(_void(closing), None, slot.seat.name)
            slot.rollout = None

    def _fill(self, todo: deque[tuple[Trial, int]]) -> None:
        for slot in tuple(self._slots):
            if slot.dead and todo:
                self._revive(slot)
            if not slot.dead and slot.rollout is None and todo:
                self._begin(slot, *todo.popleft())

    def _go_ahead(self, todo: deque[tuple[Trial, int]]) -> None:
        """Lets other processes set up their next trials while this one keeps what has been played."""
        for take in reversed(self._done):
            if played_again_at_once(take.record):
                todo.appendleft((take.record.trial, take.record.take + 1))
        for slot in self._slots:
            if slot.seat.apart and not slot.dead and slot.rollout is None and todo:
                self._begin(slot, *todo.popleft())

    def _revive(self, slot: _Slot) -> None:
        """A world that does not start again costs its seat and no trial: the others play on."""
        try:
            slot.seat.restart()
            slot.dead = False
        except UserError as error:
            self._lost = error
            self._slots.remove(slot)
            sys.stderr.write(f"armtrial: {slot.seat.name} is given up: {error}\n")

    def _begin(self, slot: _Slot, trial: Trial, take: int) -> None:
        slot.rollout = Rollout(trial, take, slot.index, self._policy.spec, self._world, self._execute, self._pace)
        slot.fault, slot.allowed = None, self._allowed[trial.task]
        self._ask_world(slot, "begin", trial, slot.rollout.look)

    def _hear(self) -> None:
        """Takes the worlds' answers: those that are there, or the next one if the policy has nothing to do."""
        waiting = {id(slot.seat): slot for slot in self._slots if slot.waiting}
        for seat in ready([slot.seat for slot in waiting.values()], block=not self._queries and not self._done):
            slot = waiting[id(seat)]
            slot.waiting = False
            self._heard(slot, seat.receive())

    def _heard(self, slot: _Slot, answer: Any) -> None:
        rollout = _rollout_of(slot)
        if isinstance(answer, Fault):
            self._world_failed(slot, answer)
        elif isinstance(answer, Opening):
            slot.allowed -= answer.seconds
            self._ask_anew(slot, rollout.trial, rollout.opened(answer))
        elif isinstance(answer, Leg):
            self._moved(slot, rollout, answer)
        else:
            self._end(slot, cast(Closing, answer), slot.fault)

    def _moved(self, slot: _Slot, rollout: Rollout, leg: Leg) -> None:
        slot.allowed -= leg.seconds
        query = rollout.advanced(leg)
        if query is None:
            self._ask_world(slot, "finish", True)
        elif leg.new_stage:
            self._ask_anew(slot, rollout.trial, query)
        else:
            self._queries.append((slot, query))

    def _ask_anew(self, slot: _Slot, trial: Trial, query: Query) -> None:
        """At the start of a trial and of every stage of a chain the policy forgets what was before."""
        reset = caught(Origin.POLICY, self._policy.reset, slot.index, trial.id, trial.seed)
        if isinstance(reset, Fault):
            self._break_off(slot, reset)
        else:
            self._queries.append((slot, query))

    def _ask_policy(self) -> None:
        """One call for all that wait. If it fails each is asked alone, so that only the guilty trial pays."""
        batch = [self._queries.popleft() for _ in range(min(self._batch, len(self._queries)))]
        began = time.perf_counter()
        answer = caught(Origin.POLICY, self._planned, [query for _, query in batch])
        milliseconds = 1000 * (time.perf_counter() - began)
        if not isinstance(answer, Fault):
            for (slot, _), plan in zip(batch, answer, strict=True):
                self._execute_plan(slot, plan, milliseconds)
        elif len(batch) == 1:
            self._break_off(batch[0][0], answer)
        else:
            for entry in reversed(batch):
                self._queries.appendleft(entry)
            self._ask_each(len(batch))

    def _ask_each(self, number: int) -> None:
        whole, self._batch = self._batch, 1
        for _ in range(number):
            self._ask_policy()
        self._batch = whole

    def _planned(self, queries: list[Query]) -> Sequence[Plan]:
        plans = self._policy.plan(queries)
        if not hasattr(plans, "__len__") or len(plans) != len(queries):
            given = f"{len(plans)} plans" if hasattr(plans, "__len__") else f"a {type(plans).__name__}"
            raise ValueError(f"the policy answered {len(queries)} queries with {given}; it owes one Plan for each")
        return plans

    def _execute_plan(self, slot: _Slot, plan: Plan, milliseconds: float) -> None:
        actions = caught(Origin.POLICY, _rollout_of(slot).planned, plan, milliseconds)
        if isinstance(actions, Fault):
            self._break_off(slot, actions)
        else:
            rest = (_rollout_of(slot).rest,) if self._pace.measured else ()
            self._ask_world(slot, "advance", actions, *rest)

    def _ask_world(self, slot: _Slot, method: str, *arguments: Any) -> None:
        slot.waiting = True
        slot.seat.submit(method, *arguments, allowed=max(slot.allowed, 0.1))

    def _break_off(self, slot: _Slot, fault: Fault) -> None:
        """Ends a trial whose policy failed; the world still gives what was played."""
        slot.fault = fault
        self._ask_world(slot, "finish", False)

    def _world_failed(self, slot: _Slot, fault: Fault) -> None:
        if fault.origin is Origin.WORKER:
            slot.dead = True
            self._end(slot, None, fault)
        elif slot.fault is None:
            self._break_off(slot, fault)
        else:
            self._end(slot, None, slot.fault)

    def _end(self, slot: _Slot, closing: Closing | None, fault: Fault | None) -> None:
        self._done.append(_rollout_of(slot).finished(closing, fault, slot.seat.name))
        slot.rollout = None


def _void(closing: Closing) -> Closing:
    """Of a trial that was interrupted: it comes again."""
    log = None if closing.log is None else replace(closing.log, void_reason=INTERRUPTED)
    verdict = Verdict(Outcome.VOID, f"void_{INTERRUPTED}", "", by=INTERRUPTED)
    return replace(closing, verdict=verdict, log=log)


def _rollout_of(slot: _Slot) -> Rollout:
    assert slot.rollout is not None, "this slot plays no trial"
    return slot.rollout


def play(
    todo: Sequence[tuple[Trial, int]],
    seats: Sequence[Seat],
    policy: Policy,
    world: World,
    *,
    execute: int,
    batch: int | None,
    allowed: dict[str, float],
    pace: Pace = WAITS,
) -> Iterator[Take]:
    """Plays every (trial, take) and gives each as it ends. `allowed`: wall seconds for a world, by task."""
    return Runner(seats, policy, world, execute=execute, batch=batch, allowed=allowed, pace=pace).play(deque(todo))


def pending(
    trials: Sequence[Trial], records: Sequence[EpisodeRecord], retry_errors: bool = False
) -> list[tuple[Trial, int]]:
    """What is left to play, with the number of the take."""
    last = {record.id: record for record in records}
    todo: list[tuple[Trial, int]] = []
    for trial in trials:
        record = last.get(trial.id)
        if record is None:
            todo.append((trial, 1))
        elif _counts_not(record, retry_errors) or played_again_at_once(record):
            todo.append((trial, record.take + 1))
    return todo


def _counts_not(record: EpisodeRecord, retry_errors: bool) -> bool:
    """A void trial has not been played; one that broke has, unless it is to be tried again."""
    outcome = record.result.outcome
    return outcome is Outcome.VOID or (retry_errors and outcome is Outcome.ERROR)


def played_again_at_once(record: EpisodeRecord) -> bool:
    error = record.result.error
    return error is not None and error.origin in RETRIED and record.take == 1
