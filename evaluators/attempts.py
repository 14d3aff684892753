"""How many attempts a success took."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..tasks.rubric import Grasp
from .records import EpisodeRecord
from .resampling import mean_of
from .stats import Mean, Rate
from .takes import rate, start, succeeded, telling

LIMIT = 6
"""Attempts that are told apart: five failures in a row, and the one after them."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """Over the trials that count, whether they succeeded or not, but for those of tasks in which nothing is grasped."""

    succeeded_by: tuple[Rate, ...]
    """Success by attempt 1, 2, ... `LIMIT`; the first is SR@1. A success that took more is in none of them."""
    restricted_mean: Mean
    """Attempts to success, where a trial that failed or took more counts as `LIMIT`. A mean over successes alone
    would favour whoever gives up."""


def attempts_of(records: Sequence[EpisodeRecord]) -> Attempts | None:
    """None where nothing was grasped or placed in any trial."""
    records = telling(records, lambda record: bool(record.result.attempts or _placed(record)))
    if not records:
        return None
    taken = [needed(record) for record in records]
    capped = [float(LIMIT if number is None else min(number, LIMIT)) for number in taken]
    return Attempts(
        tuple(Rate(sum(n is not None and n <= j for n in taken), len(taken)) for j in range(1, LIMIT + 1)),
        mean_of(capped, [start(record) for record in records]),
    )


def needed(record: EpisodeRecord) -> int | None:
    """Attempts that the success took; None for a trial that did not succeed.

    One for all things that were each placed by an attempt of their own; every other attempt is one more. What was
    pushed to its place was not placed at the first attempt."""
    if not succeeded(record):
        return None
    if at_first_attempt(record):
        return 1
    held = {attempt.object for attempt in record.result.attempts if attempt.outcome is Grasp.HELD}
    return max(2, 1 + len(record.result.attempts) - len(held))


def at_first_attempt(record: EpisodeRecord) -> bool:
    """Every attempt held, none had to be made twice, and what was placed was placed by one: pushed things are not.

    Where the world tells of nothing placed, nothing had to be grasped."""
    attempts = record.result.attempts
    grasped = {attempt.object for attempt in attempts}
    clean = len(grasped) == len(attempts) and all(attempt.outcome is Grasp.HELD for attempt in attempts)
    return succeeded(record) and clean and _placed(record) <= grasped


def took_another(record: EpisodeRecord) -> bool:
    return any(attempt.outcome is Grasp.WRONG_OBJECT for attempt in record.result.attempts)


def wrong_object(records: Sequence[EpisodeRecord]) -> Rate:
    return rate(records, took_another)


def _placed(record: EpisodeRecord) -> set[str]:
    return {event.object for event in record.result.events if event.kind == "placed"}
