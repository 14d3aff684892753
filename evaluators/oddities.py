"""What was odd on the way: hard hits, and what the policy itself found odd about its plans."""

from collections.abc import Sequence
from dataclasses import dataclass

from .records import EpisodeRecord
from .stats import Rate


@dataclass(frozen=True, slots=True)
class Collisions:
    """Hard hits on what is not to be grasped."""

    count: int
    trials: Rate
    """Those with one at least, of all that count."""


@dataclass(frozen=True, slots=True)
class Flag:
    name: str
    count: int
    """How often it was raised; a plan may raise it once or more."""
    plans: int
    """Plans of all trials that count."""
    trials: Rate
    """Those in which it was raised."""


def collisions_of(records: Sequence[EpisodeRecord]) -> Collisions | None:
    if not records:
        return None
    hits = [sum(event.kind == "collided" for event in record.result.events) for record in records]
    return Collisions(sum(hits), Rate(sum(hit > 0 for hit in hits), len(hits)))


def flags_of(records: Sequence[EpisodeRecord]) -> tuple[Flag, ...]:
    names = sorted({name for record in records for name in record.result.flags})
    return tuple(_flag(name, records) for name in names)


def _flag(name: str, records: Sequence[EpisodeRecord]) -> Flag:
    raised = [record.result.flags.get(name, 0) for record in records]
    trials = Rate(sum(number > 0 for number in raised), len(raised))
    return Flag(name, sum(raised), sum(record.result.plans for record in records), trials)
