"""What a later run is held against: one file with the results of a run, and with the proof that the ground under it
is still the same.

It is kept in a repository and replaced by a commit that somebody reads. So its lines are trials, its size is bounded,
and no host and no folder of the machine that wrote it stands in it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import cast

import msgspec

from ..envs.base import Size
from ..tasks.base import Origin, Outcome, Score, Trial
from .attempts import at_first_attempt
from .config import RunConfig
from .contradictions import check_sense
from .errors import FolderError
from .folder import RunFolder
from .packed_actions import Packed
from .records import Clock, EpisodeRecord, ErrorNote, Provenance, Result

SCHEMA = 1
KIND = "armtrial baseline"
LARGEST = 1_000_000
"""Bytes of the file."""
_NO_CLOCK = Clock(started="", wall_seconds=0, world_seconds=0, plan_ms=(), worker="", host="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How one trial ended."""

    task: str
    index: int
    outcome: Outcome
    label: str
    """Why it failed."""
    first_attempt: bool
    """Succeeded, and no attempt failed (SR@1)."""
    attempts: int
    stages: tuple[str, ...]
    progress: float | None
    error: Origin | None
    """Who was to blame for an ERROR."""
    start: str
    """Hash of the sampled start."""
    end: str
    """Hash of the last state; empty where the trial was broken off or the world has none."""

    @classmethod
    def of(cls, record: EpisodeRecord) -> "Kept":
        result = record.result
        return cls(
            task=record.trial.task,
            index=record.trial.index,
            outcome=result.outcome,
            label=result.label,
            first_attempt=at_first_attempt(record),
            attempts=len(result.attempts),
            stages=result.stages,
            progress=result.progress,
            error=result.error.origin if result.error else None,
            start=result.start_hash,
            end=result.end_hash,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A trial that can be played again, action by action, to see whether the world still answers alike."""

    trial: str
    """Its id."""
    start: str
    end: str
    pictures: dict[str, str]
    """sha256 of the first picture of each camera."""
    actions: Packed


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """The policy that played."""

    name: str
    version: str
    digest: str
    """sha256 of its checkpoint, or of the file it is written in; empty for a policy of the package."""
    privileged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    schema: int = SCHEMA
    kind: str = KIND
    suite: str
    version: int
    domain: str
    env: str
    tasks: tuple[str, ...]
    policy: Author
    config: RunConfig
    """What makes the run repeatable; paths below the working folder are relative to it."""
    provenance: Provenance
    """Of the process that drew the pictures and replayed the actions. Without the host; files by their names."""
    cameras: dict[str, Size]
    """Whose first pictures the canaries have, and their size."""
    results: tuple[Kept, ...]
    canaries: tuple[Canary, ...] = field(default=())

    def trial(self, kept: Kept) -> Trial:
        return Trial(self.domain, self.suite, self.version, kept.task, kept.index)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self.trial(kept).id for kept in self.results)

    @property
    def records(self) -> tuple[EpisodeRecord, ...]:
        """As far as they are kept: enough to be paired with another run's."""
        return tuple(_record(self.trial(kept), kept) for kept in self.results)

    @property
    def played(self) -> tuple[str, ...]:
        """Tasks that have trials."""
        return tuple(task for task in self.tasks if any(kept.task == task for kept in self.results))

    def nothing_to_lose(self, scores: Mapping[str, Score]) -> tuple[str, ...]:
        """Tasks that cannot do worse. `scores`: by what each is judged; success where it is not said."""

        def worth(kept: Kept) -> bool:
            by_progress = scores.get(kept.task) is Score.PROGRESS
            return bool(kept.progress) if by_progress else kept.outcome is Outcome.SUCCESS

        return tuple(task for task in self.played if not any(worth(kept) for kept in self.results if kept.task == task))

    @property
    def trials(self) -> dict[str, Trial]:
        """By id."""
        return {trial.id: trial for trial in map(self.trial, self.results)}


def _record(trial: Trial, kept: Kept) -> EpisodeRecord:
    result = Result(
        outcome=kept.outcome,
        label=kept.label,
        progress=kept.progress,
        steps=0,
        seconds=0.0,
        plans=0,
        attempts=(),
        stages=kept.stages,
        events=(),
        flags={},
        path=(),
        start_hash=kept.start,
        end_hash=kept.end,
        error=ErrorNote(origin=kept.error, kind="", message="") if kept.error else None,
    )
    return EpisodeRecord(id=trial.id, seed=trial.seed, take=1, trial=trial, result=result, clock=_NO_CLOCK)


def without_doubt(baseline: Baseline, scores: Mapping[str, Score]) -> list[str]:
    """A gate that cannot fail is worse than none, since somebody relies on it."""
    tasks = baseline.nothing_to_lose(scores)
    if not tasks:
        return []
    where = "any task" if set(tasks) == set(baseline.played) else ", ".join(tasks)
    kinds = {scores.get(task) is Score.PROGRESS for task in tasks}
    did = " or ".join(_DID[by_progress][0] for by_progress in sorted(kinds))
    does = " or ".join(_DID[by_progress][1] for by_progress in sorted(kinds))
    return [
        f"NO DROP CAN BE FOUND in {where}: no trial of it {did} in the baseline, so there is nothing to lose. Make "
        f"a baseline of a policy that {does}."
    ]


_DID = {False: ("succeeded", "solves some"), True: ("made any progress", "gets somewhere")}
"""By whether progress is what counts: what no trial did, and what a policy should do."""


def write(baseline: Baseline, file: Path) -> int:
    """Gives its size. A file that is there is replaced."""
    body = as_text(baseline)
    if len(body) > LARGEST:
        raise FolderError(_too_large(baseline, file, len(body)))
    RunFolder(file.parent).write(file.name, body)
    return len(body)


def _too_large(baseline: Baseline, file: Path, size: int) -> str:
    room, fitting = LARGEST - (size - sum(map(_size, baseline.canaries))), 0
    for canary in baseline.canaries:
        room -= _size(canary)
        fitting += room >= 0
    way_out = f"Keep fewer of them: --replays {fitting}" if fitting else "Its trials are too many: play fewer of a task"
    return (
        f"{file} would have {size / 1e6:.1f} MB with the actions of {len(baseline.canaries)} trials; a baseline has at "
        f"most {LARGEST / 1e6:g} MB, so that a repository can keep it. {way_out}"
    )


def _size(canary: Canary) -> int:
    return len(msgspec.json.encode(canary)) + 2


def as_text(baseline: Baseline) -> bytes:
    """JSON; a line for each part, and for each trial, so that a change of it can be read."""
    parts = [f'"{part.name}": {_lines(getattr(baseline, part.name))}' for part in fields(baseline)]
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def _lines(value: object) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], Kept | Canary):
        trials = cast("tuple[Kept | Canary, ...]", value)
        return "[\n" + ",\n".join(msgspec.json.encode(each).decode() for each in trials) + "\n]"
    return msgspec.json.encode(value).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """What every schema of a baseline has."""

    kind: str = ""
    schema: int = 0


def read(file: Path) -> Baseline:
    if file.is_dir():
        raise FolderError(f"{file} is a folder; a baseline is one file, which armtrial baseline RUN --out FILE writes")
    try:
        body = file.read_bytes()
        _check_head(file, msgspec.json.decode(body, type=_Head))
        baseline = msgspec.json.decode(body, type=Baseline)
    except OSError as error:
        raise FolderError(
            f"{file} cannot be read: {error.strerror}. Write one: armtrial baseline RUN --out {file}"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FolderError(
            f"{file} is damaged: {error}. Take it from the repository again, or write it anew: armtrial baseline RUN "
            f"--out {file} --force"
        ) from None
    _check(file, baseline)
    return baseline


def _check_head(file: Path, head: _Head) -> None:
    if head.kind != KIND:
        raise FolderError(f"{file} is no baseline: its kind is '{head.kind}', not '{KIND}'. See armtrial baseline")
    if head.schema != SCHEMA:
        raise FolderError(
            f"{file} has schema {head.schema}; this version reads {SCHEMA}. Write it anew: armtrial baseline RUN "
            f"--out {file} --force"
        )


def _check(file: Path, baseline: Baseline) -> None:
    if not baseline.results:
        raise FolderError(f"{file} has no trial: nothing can be held against it. Write it anew from a run that has")
    if not baseline.canaries:
        raise FolderError(
            f"{file} has no actions to replay, so it cannot show that its ground is the same. Write it anew"
        )
    twice = _twice(baseline.ids) or _twice([canary.trial for canary in baseline.canaries])
    if twice:
        raise FolderError(f"{file} has {twice} more than once; a trial has one line. Write it anew from its run")
    strange = [canary.trial for canary in baseline.canaries if canary.trial not in baseline.trials]
    if strange:
        raise FolderError(f"{file} has actions of {strange[0]}, but not its result. Write it anew from its run")
    check_sense(file, zip(baseline.ids, baseline.results), baseline.canaries)


def _twice(names: Sequence[str]) -> str:
    return next((name for name, times in Counter(names).items() if times > 1), "")
