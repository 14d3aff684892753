"""scores.json: the figures of a run for other programs. `scores_schema.py` says what they are."""

import math
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import msgspec

from .metrics import Average, Clocks, Score, Scores
from .records import RunInfo
from .stats import Interval, Rate

SCHEMA = 2
DIGITS = 9
"""Of fractions and their intervals, so that they do not hang on the last bits of a special function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What follows from the trials and the policy alone: equal to the byte after a run was killed and resumed."""

    suite: str
    suite_version: int
    domain: str
    """Where the seeds come from; figures of others than `eval` are no evaluation."""
    policy: str
    policy_version: str
    privileged: bool
    """The policy was shown what no camera could see."""
    planned: int
    """Trials of the list."""
    played: int
    retaken: int
    """Trials with more than one take; the last one counts."""
    tasks: tuple[Score, ...]
    all: Score
    """All trials pooled."""
    average: Average | None
    """The unweighted mean over the tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """scores.json. None (null) is no data, never 0; intervals are 95 %, shares run from 0 to 1."""

    schema: int = SCHEMA
    results: Results
    clocks: Clocks
    """How long it took: differs between any two runs."""


@dataclass(frozen=True, slots=True)
class Written:
    """k of n with its intervals: a `Rate` as it is written."""

    k: int
    n: int
    value: float | None
    """k / n."""
    interval: Interval | None
    """Clopper and Pearson's: exact."""
    wilson: Interval | None
    """Wilson's: narrower, and less certain than it says where n is small."""


def scores_json(info: RunInfo, scores: Scores, clocks: Clocks) -> bytes:
    body = _plain(Summary(results=_results(info, scores), clocks=clocks))
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def _results(info: RunInfo, scores: Scores) -> Results:
    return Results(
        suite=info.suite,
        suite_version=info.suite_version,
        domain=info.config.seed_domain,
        policy=info.policy,
        policy_version=info.policy_version,
        privileged=info.privileged,
        planned=scores.planned,
        played=scores.played,
        retaken=scores.retaken,
        tasks=scores.tasks,
        all=scores.overall,
        average=scores.average,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Rate):
        value = Written(value.k, value.n, value.value, value.interval, value.wilson)
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType] -- of whatever type
    if isinstance(value, float):
        return round(value, DIGITS) if math.isfinite(value) else None
    return value
