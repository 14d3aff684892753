"""One take of one trial: from its first look to its record. Knows neither processes nor files."""

import math
import socket
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..envs.base import ActionError, Observation, Vector
from ..envs.faults import Fault
from ..envs.player import Closing, Leg, Look, Opening
from ..policies.base import Plan, PolicySpec, Query, World
from ..tasks.base import Outcome, Trial, derived_seed
from .folder import steps_of
from .pace import WAITS, Pace
from .records import Clock, EpisodeRecord, ErrorNote, Paced, Result
from .timeline import Timeline


@dataclass(frozen=True, slots=True)
class Take:
    """A finished take, ready to be kept."""

    record: EpisodeRecord
    steps: dict[str, NDArray[np.generic]] | None
    fault: Fault | None


class Rollout:
    """Fed with the world's and the policy's answers in turn; says what to ask next."""

    def __init__(
        self,
        trial: Trial,
        take: int,
        slot: int,
        policy: PolicySpec,
        world: World,
        execute: int,
        pace: Pace = WAITS,
    ) -> None:
        self.trial = trial
        self._seed = trial.seed
        self.take = take
        self.slot = slot
        self.look = Look(dict(policy.cameras), policy.privileged)
        self._rate = world.action.rate
        self._pace = pace
        self._timeline = Timeline(world, execute, pace)
        self._seen: Observation | None = None
        """What the plan that is being asked for is about."""
        self._plans = 0
        self._flags: Counter[str] = Counter()
        self._start_hash = ""
        self._plan_ms: list[float] = []
        self._parts_ms: list[dict[str, float]] = []
        self._world_seconds = 0.0
        self._started = datetime.now(UTC)
        self._began = time.perf_counter()

    def opened(self, opening: Opening) -> Query:
        self._start_hash = opening.start_hash
        self._world_seconds += opening.seconds
        return self._query(opening.observation)

    def planned(self, plan: Plan, milliseconds: float) -> Vector:
        """What to execute until the next look, or an `ActionError` if the world would not take it."""
        assert self._seen is not None, "a plan answers a query"
        self._plan_ms.append(round(milliseconds, 3))
        self._parts_ms.append({})
        self._plans += 1
        if not isinstance(plan, Plan):  # pyright: ignore[reportUnnecessaryIsInstance] -- a third party's answer
            raise ActionError(f"the policy answered with a {type(plan).__name__}; it owes a Plan for every query")
        if type(plan.flags) is not tuple or not all(type(flag) is str for flag in plan.flags):
            raise ActionError(f"the flags of a plan are a tuple of texts; these are {plan.flags!r}")
        self._flags.update(plan.flags)
        self._parts_ms[-1] = _parts(plan.timings)
        return self._timeline.leg(plan, self._seen, milliseconds)

    @property
    def rest(self) -> Vector:
        """What a world that does not wait goes on with after that, until it is told more."""
        return self._timeline.rest

    def advanced(self, leg: Leg) -> Query | None:
        """The next question to the policy, or None where the trial is over."""
        self._world_seconds += leg.seconds
        if leg.observation is None or self._seen is None:
            return None
        self._timeline.went_on(round((leg.observation.time - self._seen.time) * self._rate), leg.new_stage)
        return self._query(leg.observation)

    def finished(self, closing: Closing | None, fault: Fault | None, worker: str) -> Take:
        """The record. Without a verdict the trial is an ERROR, with whatever was played until then."""
        clock = Clock(
            started=self._started.isoformat(timespec="milliseconds"),
            wall_seconds=round(time.perf_counter() - self._began, 6),
            world_seconds=round(self._world_seconds, 6),
            plan_ms=tuple(self._plan_ms),
            parts_ms=_by_name(self._parts_ms),
            worker=worker,
            host=socket.gethostname(),
        )
        record = EpisodeRecord(
            id=self.trial.id,
            seed=self._seed,
            take=self.take,
            trial=self.trial,
            result=self._result(closing, fault),
            clock=clock,
            rig=None if closing is None else closing.log,
        )
        steps = None if closing is None else steps_of(closing.actions, closing.states, closing.plans)
        if steps is not None and closing is not None and len(closing.unanswered):
            steps["unanswered"] = closing.unanswered
        if steps is not None and closing is not None and self._pace.realtime:
            steps["waited"] = np.array(self._timeline.waited(len(closing.plans)), dtype=np.int32)
        return Take(record, steps if steps is None or closing is None else {**steps, **closing.raw}, fault)

    def _query(self, observation: Observation) -> Query:
        self._seen = observation
        return Query(self.slot, observation, derived_seed(self._seed, "plan", self._plans))

    def _result(self, closing: Closing | None, fault: Fault | None) -> Result:
        verdict = None if closing is None else closing.verdict
        outcome = verdict.outcome if verdict is not None and fault is None else Outcome.ERROR
        steps = 0 if closing is None else len(closing.actions)
        return Result(
            outcome=outcome,
            label=verdict.label if verdict is not None and fault is None else "error",
            progress=None if closing is None else closing.progress,
            steps=steps,
            seconds=round(steps / self._rate, 6),
            plans=self._plans,
            attempts=() if closing is None else closing.attempts,
            stages=() if closing is None else closing.stages,
            events=() if closing is None else closing.events,
            flags=dict(sorted(self._flags.items())),
            path=() if closing is None else _path(closing.states),
            paced=Paced() if closing is None else self._timeline.paced(closing.plans, steps),
            start_hash=self._start_hash,
            end_hash="" if verdict is None else verdict.end_hash,
            judged_by="" if verdict is None else verdict.by,
            note="" if verdict is None else verdict.note,
            error=None if fault is None else ErrorNote(origin=fault.origin, kind=fault.kind, message=fault.message),
        )


def _path(states: Vector) -> tuple[float, ...]:
    """Rounded, so that a figure in a record reads well."""
    travelled = np.abs(np.diff(states, axis=0)).sum(axis=0)
    return tuple(round(float(value), 6) for value in travelled)


def _parts(timings: object) -> dict[str, float]:
    """Milliseconds by name, as a plan tells them."""
    if not isinstance(timings, Mapping):
        raise ActionError(f"the timings of a plan are milliseconds by name; these are a {type(timings).__name__}")
    told = cast(Mapping[object, Any], timings)
    for name, took in told.items():
        if type(name) is not str or not isinstance(took, int | float | np.integer | np.floating) or not _finite(took):
            raise ActionError(f"the timings of a plan are milliseconds by name; these have {name!r}: {took!r}")
    return {str(name): round(float(took), 3) for name, took in told.items()}


def _finite(number: Any) -> bool:
    return math.isfinite(float(number))


def _by_name(told: list[dict[str, float]]) -> dict[str, tuple[float | None, ...]]:
    names = sorted({name for parts in told for name in parts})
    return {name: tuple(parts.get(name) for parts in told) for name in names}
