"""How far chains came: subtasks done in a row before the first that failed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..tasks.base import Outcome
from .records import EpisodeRecord
from .resampling import DIGITS, mean_of
from .stats import ClusteredRate, Interval, Mean, Rate
from .takes import rate, rate_of_starts, start, with_progress

FEW = 5
"""Chains; with fewer that came otherwise far than the rest, drawing them again says too little of those not seen."""


@dataclass(frozen=True, slots=True)
class InARow:
    number: int
    reached: Rate
    """So many subtasks or more, of all chains that count."""
    by_start: ClusteredRate | None
    """The same, with an interval that allows for chains that start alike; None where each has a start of its own."""

    @property
    def interval(self) -> Interval | None:
        return self.reached.interval if self.by_start is None else self.by_start.interval


@dataclass(frozen=True, slots=True)
class Chains:
    subtasks: int
    """Of a whole chain."""
    starts: int
    """Different ones, whole groups of which are drawn for the interval of the average."""
    average: Mean
    """Subtasks done in a row, the benchmark's average length. A chain that broke counts with those it had done."""
    in_a_row: tuple[InARow, ...]
    """From one to all of them."""
    broke: int = 0
    """Chains that are an ERROR, of all that count."""


def chains_of(records: Sequence[EpisodeRecord], subtasks: int | None) -> Chains | None:
    """`records`: of trials that count. None where nothing was played in any of them, or where the task is no chain."""
    if not subtasks or not with_progress(records):
        return None
    done = {record.id: solved(record, subtasks) for record in records}
    rows = tuple(_in_a_row(records, done, number) for number in range(1, subtasks + 1))
    starts = [start(record) for record in records]
    average = mean_of([done[record.id] for record in records], starts)
    if average.interval is None or _odd(done.values()) < FEW:
        average = Mean(average.value, average.n, _summed(rows))
    broke = sum(record.result.outcome is Outcome.ERROR for record in records)
    return Chains(subtasks, len(set(starts)), average, rows, broke)


def _odd(lengths: Iterable[int]) -> int:
    """Chains that came otherwise far than most."""
    counts = Counter(lengths)
    return counts.total() - max(counts.values())


def solved(record: EpisodeRecord, subtasks: int) -> int:
    return round(subtasks * (record.result.progress or 0.0))


def _in_a_row(records: Sequence[EpisodeRecord], done: dict[str, int], number: int) -> InARow:
    def reached(record: EpisodeRecord) -> bool:
        return done[record.id] >= number

    return InARow(number, rate(records, reached), rate_of_starts(records, reached))


def _summed(rows: Sequence[InARow]) -> Interval | None:
    """Of an average whose chains nearly all came equally far, or are too few to be drawn again: it is the sum of the
    rates, so the sums of their limits hold it. Wider than need be, and no certainty where there is none."""
    intervals = [row.interval for row in rows if row.interval is not None]
    if len(intervals) < len(rows):
        return None
    low, high = (sum(ends) for ends in zip(*intervals))
    return round(low, DIGITS), round(high, DIGITS)
