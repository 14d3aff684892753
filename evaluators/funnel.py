"""How far trials came: from reaching for a target to success."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..tasks.rubric import STAGES
from .records import EpisodeRecord
from .stats import Rate
from .takes import succeeded, telling

SUCCESS = "success"


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    """One of the rubric's, or `success`."""
    reached: Rate
    """Of all trials that count, but for those of tasks that have no stages."""
    of_previous: Rate
    """Of those that reached the stage before, which may be left out: what is pushed is placed without a grasp."""


def funnel_of(records: Sequence[EpisodeRecord]) -> tuple[Stage, ...]:
    """Empty where the world tells of no stage."""
    records = telling(records, lambda record: bool(record.result.stages))
    if not records:
        return ()
    stages: list[Stage] = []
    before = [True] * len(records)
    for name in (*STAGES, SUCCESS):
        reached = [succeeded(record) if name == SUCCESS else name in record.result.stages for record in records]
        both = sum(here and there for here, there in zip(reached, before))
        stages.append(Stage(name, Rate(sum(reached), len(reached)), Rate(both, sum(before))))
        before = reached
    return tuple(stages)
