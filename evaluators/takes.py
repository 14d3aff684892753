"""Which takes of a run's trials count, how they ended, and which of them belong together."""

from collections.abc import Callable, Sequence

from ..tasks.base import Outcome
from .records import EpisodeRecord
from .stats import ClusteredRate, Rate, clustered


def last_takes(records: Sequence[EpisodeRecord]) -> list[EpisodeRecord]:
    """The take that counts of every trial, in the order of the list: index first, then as recorded first."""
    last = {record.id: record for record in records}
    order = {record.id: position for position, record in reversed(list(enumerate(records)))}
    return sorted(last.values(), key=lambda record: (record.trial.index, order[record.id]))


def plays(records: Sequence[EpisodeRecord]) -> list[EpisodeRecord]:
    """Without takes in which nothing was played again."""
    return [record for record in records if record.rig is None or not record.rig.amended]


def counting(records: Sequence[EpisodeRecord]) -> list[EpisodeRecord]:
    """Without those a person declared void; by id, so that no figure depends on who finished first."""
    return sorted((r for r in records if r.result.outcome is not Outcome.VOID), key=lambda record: record.id)


def with_progress(records: Sequence[EpisodeRecord]) -> list[EpisodeRecord]:
    """Those in which something was played."""
    return [record for record in records if record.result.progress is not None]


def succeeded(record: EpisodeRecord) -> bool:
    return record.result.outcome is Outcome.SUCCESS


def start(record: EpisodeRecord) -> str:
    """What trials have in common that start alike; a trial that never started stands alone."""
    return record.result.start_hash or record.id


def telling(records: Sequence[EpisodeRecord], tells: Callable[[EpisodeRecord], bool]) -> list[EpisodeRecord]:
    """Without those of tasks that succeeded and never told of it: such a task has none to tell of. One that neither
    told nor succeeded stays, since leaving it out would flatter."""
    there = {record.trial.task for record in records if tells(record)}
    silent = {record.trial.task for record in records if succeeded(record)} - there
    return [record for record in records if record.trial.task not in silent] if there else []


def rate(records: Sequence[EpisodeRecord], test: Callable[[EpisodeRecord], bool]) -> Rate:
    return Rate(sum(map(test, records)), len(records))


def rate_of_starts(records: Sequence[EpisodeRecord], test: Callable[[EpisodeRecord], bool]) -> ClusteredRate | None:
    """The rate with an interval that allows for trials that start alike; None where each has a start of its own."""
    groups: dict[str, list[bool]] = {}
    for record in records:
        groups.setdefault(start(record), []).append(test(record))
    alone = len(groups) == len(records)
    return None if alone else clustered([(sum(group), len(group)) for group in groups.values()])
