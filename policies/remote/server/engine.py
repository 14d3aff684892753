"""The policy in a thread of its own: everything that waits is answered in one call, whoever asked."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from ....envs.faults import Fault, caught
from ....tasks.base import Origin
from ...base import Plan, Policy, Query

STATELESS = "stateless"
"""The trial's name for a policy that is asked by a client which begins none."""


@dataclass(frozen=True, slots=True)
class Answer:
    plans: Sequence[Plan] | Fault
    model_ms: float
    """Of the call that answered it, which may have answered others too."""


@dataclass(frozen=True, slots=True)
class _Reset:
    slot: int
    trial: str
    seed: int
    done: Future[Fault | None] = field(default_factory=Future[Fault | None])


@dataclass(frozen=True, slots=True)
class _Ask:
    queries: Sequence[Query]
    anew: bool
    """Each as the first of a trial."""
    done: Future[Answer] = field(default_factory=Future[Answer])


class Engine:
    """Jobs are done in the order they came in; asks that stand side by side become one call."""

    def __init__(self, build: Callable[[], Policy], batch: int | None = None) -> None:
        """`build`: called in the thread, since some libraries are bound to the thread that loads them. `batch`: at most
        so many queries in a call; None: all that wait."""
        self._build, self._batch = build, batch
        self._jobs: deque[_Reset | _Ask] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._built: Future[Policy | Fault] = Future()
        self._thread = threading.Thread(target=self._run, name="policy", daemon=True)
        self.plans, self.model_ms = 0, 0.0

    def start(self) -> Policy | Fault:
        """The policy, once it is built; it is asked by its own thread alone."""
        self._thread.start()
        return self._built.result()

    def reset(self, slot: int, trial: str, seed: int) -> Future[Fault | None]:
        job = _Reset(slot, trial, seed)
        self._submit(job)
        return job.done

    def ask(self, queries: Sequence[Query], anew: bool) -> Future[Answer]:
        job = _Ask(queries, anew)
        self._submit(job)
        return job.done

    def close(self, seconds: float) -> bool:
        """Whether the policy could end what it was doing, and itself, in that time."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _submit(self, job: _Reset | _Ask) -> None:
        with self._wake:
            self._jobs.append(job)
            self._wake.notify()

    def _run(self) -> None:
        policy = caught(Origin.POLICY, self._build)
        self._built.set_result(policy)
        if isinstance(policy, Fault):
            return
        while jobs := self._next():
            self._do(policy, jobs)
        caught(Origin.POLICY, policy.close)

    def _next(self) -> list[_Reset] | list[_Ask]:
        """One reset, or all asks in a row that a call has room for; empty where it is time to go."""
        with self._wake:
            while not self._jobs:
                if self._closing:
                    return []
                self._wake.wait()
            job = self._jobs.popleft()
            if isinstance(job, _Reset):
                return [job]
            asks, number = [job], len(job.queries)
            while self._jobs and isinstance(more := self._jobs[0], _Ask):
                number += len(more.queries)
                if self._batch is not None and number > self._batch:
                    break
                self._jobs.popleft()
                asks.append(more)
            return asks

    def _do(self, policy: Policy, jobs: list[_Reset] | list[_Ask]) -> None:
        asks: list[_Ask] = []
        for job in jobs:
            if isinstance(job, _Reset):
                fault = caught(Origin.POLICY, policy.reset, job.slot, job.trial, job.seed)
                job.done.set_result(fault if isinstance(fault, Fault) else None)
            else:
                asks.append(job)
        if asks:
            self._answer(policy, asks)

    def _answer(self, policy: Policy, asks: list[_Ask]) -> None:
        """If a call for several fails each is answered alone, so that only the guilty one pays."""
        began = time.perf_counter()
        plans = caught(Origin.POLICY, _planned, policy, asks)
        if isinstance(plans, Fault) and len(asks) > 1:
            for ask in asks:
                self._answer(policy, [ask])
            return
        took = 1000 * (time.perf_counter() - began)
        self.plans, self.model_ms = self.plans + sum(len(ask.queries) for ask in asks), self.model_ms + took
        for ask in asks:
            if isinstance(plans, Fault):
                ask.done.set_result(Answer(plans, took))
            else:
                mine, plans = plans[: len(ask.queries)], plans[len(ask.queries) :]
                ask.done.set_result(Answer(mine, took))


def _planned(policy: Policy, asks: Sequence[_Ask]) -> list[Plan]:
    for ask in asks:
        for query in ask.queries if ask.anew else ():
            policy.reset(query.slot, STATELESS, query.seed)
    queries = [query for ask in asks for query in ask.queries]
    plans = list(policy.plan(queries))
    if len(plans) != len(queries):
        raise ValueError(f"the policy answered {len(queries)} queries with {len(plans)} plans; it owes one for each")
    for plan in plans:
        if not isinstance(plan, Plan):  # pyright: ignore[reportUnnecessaryIsInstance] -- a third party's answer
            raise TypeError(f"the policy answered with a {type(plan).__name__}; it owes a Plan for every query")
    return plans
