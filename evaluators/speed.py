"""When trials succeeded. A failure is a success that never came, not one that was not waited for."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from .quantiles import quantiles
from .records import EpisodeRecord
from .stats import Quantile
from .takes import start, succeeded


@dataclass(frozen=True, slots=True)
class SuccessCurve:
    """A step function of the world's time."""

    trials: int
    """All that count: the curve ends at the success rate, not at 1."""
    steps: tuple[tuple[float, int], ...]
    """(seconds, trials that had succeeded by then), in order of time."""
    median: Quantile
    """Seconds by which half of all trials had succeeded; None where fewer than half ever did."""


def curve_of(records: Sequence[EpisodeRecord]) -> SuccessCurve | None:
    if not records:
        return None
    ends = Counter(record.result.seconds for record in records if succeeded(record))
    times = sorted(ends)
    waited = [record.result.seconds if succeeded(record) else math.inf for record in records]
    return SuccessCurve(
        len(records),
        tuple(zip(times, accumulate(ends[time] for time in times))),
        quantiles(waited, [start(record) for record in records], [0.5])[0],
    )
