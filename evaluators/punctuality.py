"""How long plans took, and whether they came in time for a robot that does not wait."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .quantiles import quantiles
from .records import EpisodeRecord, Paced
from .stats import ClusteredRate, Quantile, Rate, clustered
from .takes import counting


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What policies say of the time within their plans."""

    name: str
    """model, server, transport, ..."""
    plans: int
    """That said it."""
    median: float
    """Milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What it cost that the world did not wait for plans; sums over trials."""

    thinking: float
    """Seconds between a look and the plan that came of it."""
    held: float
    """Seconds in which the arm held still, since nothing was left of the plan before."""
    dropped: int
    """Actions that came after their time."""
    played: float = 0.0
    """Seconds of all these trials, of which `held` is a part."""

    @property
    def share_held(self) -> float:
        return self.held / self.played if self.played else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Punctuality:
    """Of the plans of a task, or of all. A call that answers several trials counts for each of them."""

    task: str
    plans: int
    p50: Quantile
    """Milliseconds; plans of a trial are alike, so intervals go by trial."""
    p95: Quantile
    p99: Quantile
    longest: float | None
    late: ClusteredRate | None
    """Plans that took longer than the actions executed from them, of those that another plan followed: a trial's end
    cuts its last plan short. Where the world did not wait: plans that came when nothing was left of the one before, of
    those that followed one. None where no steps are kept."""
    trials_late: Rate | None
    """Trials with a late plan, of those whose steps are kept."""
    parts: tuple[Part, ...] = ()
    """By name; empty where no plan said anything."""
    paid: Paid | None = None
    """None where the world waited for every plan."""


def punctuality(
    task: str, records: Sequence[EpisodeRecord], rate: float, executed: Mapping[str, Sequence[int]]
) -> Punctuality:
    """`rate`: actions per second. `executed`: by trial, actions of each plan."""
    counted = counting(records)
    pairs = [(took, record.id) for record in counted for took in record.clock.plan_ms]
    times, owners = [took for took, _ in pairs], [owner for _, owner in pairs]
    missed = [late_plans(record, executed[record.id], rate) for record in counted if record.id in executed]
    p50, p95, p99 = quantiles(times, owners, [0.50, 0.95, 0.99])
    return Punctuality(
        task=task,
        plans=len(times),
        p50=p50,
        p95=p95,
        p99=p99,
        longest=max(times, default=None),
        late=clustered(missed) if missed else None,
        trials_late=Rate(sum(late > 0 for late, _ in missed), len(missed)) if missed else None,
        parts=_parts(counted),
        paid=_paid(counted, rate),
    )


def late_plans(record: EpisodeRecord, executed: Sequence[int], rate: float) -> tuple[int, int]:
    """How many, and of how many. Where the world did not wait it is known, else it is what would have been."""
    paced = record.result.paced
    if paced.judged:
        return paced.missed, paced.judged
    judged = list(zip(record.clock.plan_ms, executed[:-1]))
    return sum(took > 1000 * actions / rate for took, actions in judged), len(judged)


def _parts(records: Sequence[EpisodeRecord]) -> tuple[Part, ...]:
    told: dict[str, list[float]] = {}
    for record in records:
        for name, times in record.clock.parts_ms.items():
            told.setdefault(name, []).extend(time for time in times if time is not None)
    return tuple(
        Part(name=name, plans=len(times), median=round(statistics.median(times), 3))
        for name, times in sorted(told.items())
        if times
    )


def _paid(records: Sequence[EpisodeRecord], rate: float) -> Paid | None:
    paced = [record.result.paced for record in records]
    if not any(one != Paced() for one in paced):
        return None
    thinking, held = (sum(getattr(one, name) for one in paced) / rate for name in ("thinking", "held"))
    return Paid(
        thinking=round(thinking, 6),
        held=round(held, 6),
        dropped=sum(one.dropped for one in paced),
        played=round(sum(record.result.steps for record in records) / rate, 6),
    )
