"""What a run leaves behind, as typed data: one record per take of a trial, and one description of the run."""

from dataclasses import dataclass, field

import msgspec

from ..envs.rig import TrialLog
from ..tasks.base import Event, Origin, Outcome, Trial
from ..tasks.rubric import Attempt
from .config import RunConfig

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorNote:
    """Why a trial is an ERROR. The traceback lies in `errors/`, beside the records."""

    origin: Origin
    kind: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paced:
    """What a trial paid for the time that plans took, where the world did not wait; all zero where it did."""

    thinking: int = 0
    """Ticks between a look and the plan that came of it."""
    held: int = 0
    """Ticks in which the arm held still, since nothing was left of the plan before."""
    dropped: int = 0
    """Actions that came after their time."""
    judged: int = 0
    """Plans with a deadline, which is the end of the plan before."""
    missed: int = 0
    """Of these, plans that came later than that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What happened. The same trial with the same deterministic policy gives the same result, to the byte."""

    outcome: Outcome
    label: str
    """Why it failed; empty for a success."""
    progress: float | None
    """0 to 1; None where nothing was played."""
    steps: int
    seconds: float
    """In the world's time."""
    plans: int
    attempts: tuple[Attempt, ...]
    stages: tuple[str, ...]
    events: tuple[Event, ...]
    flags: dict[str, int]
    """What was odd about the policy's plans, counted."""
    path: tuple[float, ...]
    """How far each entry of the state travelled, in its unit."""
    paced: Paced = Paced()
    start_hash: str
    end_hash: str
    """Empty where the trial was broken off or the world has none."""
    judged_by: str = ""
    note: str = ""
    error: ErrorNote | None = None
    steps_sha256: str = ""
    """Of the file in `steps/`; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How long it took and where. Never equal between two runs, so it is kept apart from the result."""

    started: str
    """UTC, ISO 8601."""
    wall_seconds: float
    world_seconds: float
    """Resets, steps and pictures."""
    plan_ms: tuple[float, ...]
    """Wall time of each call of the policy that answered this trial."""
    parts_ms: dict[str, tuple[float | None, ...]] = field(default_factory=dict[str, tuple[float | None, ...]])
    """What a policy says of its own plans, by name, as `model`, `server`, `transport`; one entry for each plan, None
    where it said nothing."""
    worker: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeRecord:
    """One take of one trial: a line of records.jsonl. Where a trial has several takes the last one counts."""

    schema: int = SCHEMA
    id: str
    """The trial's id; key of every join."""
    seed: int
    take: int
    """1, or higher where an ERROR was played again."""
    trial: Trial
    result: Result
    clock: Clock
    rig: TrialLog | None = None
    """Where a person and a rig took part: who, with what, and what they saw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """With what and where records were made. They are comparable to the byte only where this is equal."""

    commit: str
    """Of the checkout; empty for an installed package."""
    dirty: bool
    packages: dict[str, str]
    machine: dict[str, str]
    renderer: str
    """The GL that draws the pictures; empty where the world needs none."""
    files: dict[str, str]
    """sha256 of the user's own files, by path: where policy, suite and world came from, and what the world was
    handed."""
    upstream: dict[str, str] = field(default_factory=dict[str, str])
    """Commits or versions of other people's code that the world is made of, by name, as `calvin_env`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """A stretch of time in which the run was played."""

    start: str
    end: str | None = None
    how: str = "running"
    """running (or killed), done, interrupted, failed."""
    command: str = ""
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """run.json: everything one needs to know to trust the records or to go on with them."""

    schema: int = SCHEMA
    config: RunConfig
    suite: str
    suite_version: int
    env: str
    policy: str
    policy_version: str
    privileged: bool
    deterministic: bool
    state: tuple[str, ...]
    action: tuple[str, ...]
    rate: float
    tasks: tuple[str, ...]
    """In the order of the tables."""
    trials: int
    chains: dict[str, int] = field(default_factory=dict[str, int])
    """Subtasks of each task that is a chain."""
    last_stages: dict[str, str] = field(default_factory=dict[str, str])
    """Of each task in which there is less to do than to release a thing where it belongs."""
    sittings: tuple[Sitting, ...]

    @property
    def provenance(self) -> Provenance:
        """Of the first sitting."""
        return self.sittings[0].provenance

    @property
    def changes(self) -> tuple[str, ...]:
        """What was not the same in every sitting: `packages`, `machine`, ..."""
        fields = Provenance.__dataclass_fields__
        others = [sitting.provenance for sitting in self.sittings[1:]]
        return tuple(
            name for name in fields if any(getattr(self.provenance, name) != getattr(other, name) for other in others)
        )


class RecordError(ValueError):
    """A record or a run.json cannot be read; the message says where and why."""


def to_line(record: EpisodeRecord) -> bytes:
    """One line of JSON, keys in the order of the fields. What could not be read back is refused."""
    line = msgspec.json.encode(record)
    if from_line(line) != record:
        raise RecordError(f"{record.id} would be read back as something else")
    return line + b"\n"


def from_line(line: bytes) -> EpisodeRecord:
    try:
        record = msgspec.json.decode(line, type=EpisodeRecord)
    except msgspec.DecodeError as error:
        raise RecordError(str(error)) from None
    if record.schema != SCHEMA:
        raise RecordError(f"its schema is {record.schema}; this version reads {SCHEMA}")
    progress = record.result.progress
    if progress is not None and not 0 <= progress <= 1:
        raise RecordError(f"its progress is {progress:g}, which lies between 0 and 1")
    return record
