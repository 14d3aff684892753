"""How long plans took, and whether they came in time for a robot that does not wait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .quantiles import quantiles
from .records import EpisodeRecord
from .stats import ClusteredRate, Quantile, Rate, clustered
from .takes import counting


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
    cuts its last plan short. None where no steps are kept."""
    trials_late: Rate | None
    """Trials with a late plan, of those whose steps are kept."""


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
    )


def late_plans(record: EpisodeRecord, executed: Sequence[int], rate: float) -> tuple[int, int]:
    """How many, and of how many."""
    judged = list(zip(record.clock.plan_ms, executed[:-1]))
    return sum(took > 1000 * actions / rate for took, actions in judged), len(judged)
