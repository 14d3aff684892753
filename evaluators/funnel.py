"""How far trials came: from reaching for a target to success."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..tasks.base import STAGES
from .records import EpisodeRecord
from .stats import Rate
from .takes import succeeded, telling

SUCCESS = "success"
NO_STAGES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    """One of the rubric's, or `success`."""
    reached: Rate
    """Of all trials that count, but for those of tasks that do not have it."""
    of_previous: Rate
    """Of those that reached the one before it in their task, which may be left out: what is pushed is placed without
    a grasp."""


def funnel_of(records: Sequence[EpisodeRecord], last_stages: Mapping[str, str] = NO_STAGES) -> tuple[Stage, ...]:
    """Empty where the world tells of no stage. `last_stages`: of each task that ends before the rubric's last one."""
    records = telling(records, lambda record: bool(record.result.stages))
    stages: list[Stage] = []
    before = dict.fromkeys((record.id for record in records), True)
    for number, name in enumerate((*STAGES, SUCCESS)):
        there = [record for record in records if name == SUCCESS or number <= _last(record, last_stages)]
        reached = {record.id: _reached(record, name) for record in there}
        if there:
            both = sum(reached[record.id] and before[record.id] for record in there)
            of_previous = Rate(both, sum(before[record.id] for record in there))
            stages.append(Stage(name, Rate(sum(reached.values()), len(there)), of_previous))
        before |= reached
    return tuple(stages)


def _reached(record: EpisodeRecord, name: str) -> bool:
    return succeeded(record) if name == SUCCESS else name in record.result.stages


def _last(record: EpisodeRecord, last_stages: Mapping[str, str]) -> int:
    return STAGES.index(last_stages.get(record.trial.task, STAGES[-1]))
