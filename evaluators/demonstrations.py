"""The demonstrations of a collection, for whoever trains on them.

    for demonstration in demonstrations("data/pens"):
        learn(demonstration.instruction, demonstration.states[:-1], demonstration.actions)

A collection is a run's folder with one file more: `demonstrations.jsonl` says which of its trials are to be learned
from, and what their instruction was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from ..envs.base import Vector
from ..tasks.base import Outcome, Task, Trial
from .errors import FolderError
from .folder import RunFolder, read_records
from .metrics import last_takes
from .records import EpisodeRecord

INDEX = "demonstrations.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the index."""

    id: str
    """The trial's; its record and its steps are found by it."""
    task: str
    instruction: str
    variation: str
    outcome: Outcome
    steps: int
    attempts: int
    """More than there are targets where the policy erred and recovered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    trial: Trial
    instruction: str
    actions: Vector
    """(T, D), as executed, in the units of the world's action spec."""
    states: Vector
    """(T + 1, S), measured: before the first action and after each."""
    plans: tuple[int, ...]
    """The tick at which each plan began."""


def demonstrations(folder: str | Path) -> Iterator[Demonstration]:
    """One after another, in the order of the list. Steps that are not what was recorded are a `FolderError`."""
    run = RunFolder(Path(folder))
    records = {record.id: record for record in last_takes(read_records(run.path))}
    for entry in read_index(run.path):
        if entry.id not in records:
            raise FolderError(f"{run.path / INDEX} names {entry.id}, which has no record; collect into {folder} again")
        yield _read(run, records[entry.id], entry)


def usable(records: Sequence[EpisodeRecord], tasks: Sequence[str], keep_failures: bool) -> list[EpisodeRecord]:
    """The takes to learn from, in the order of the list, whichever worker was faster. What broke or was declared void
    is never among them."""
    wanted = (Outcome.SUCCESS, Outcome.FAILURE) if keep_failures else (Outcome.SUCCESS,)
    kept = [record for record in last_takes(records) if record.result.outcome in wanted and record.result.steps_sha256]
    return sorted(kept, key=lambda record: (record.trial.index, tasks.index(record.trial.task)))


def write_index(folder: RunFolder, records: Sequence[EpisodeRecord], tasks: Sequence[Task]) -> Path:
    by_name = {task.name: task for task in tasks}
    lines = [msgspec.json.encode(_entry(record, by_name[record.trial.task])) + b"\n" for record in records]
    return folder.write(INDEX, b"".join(lines))


def read_index(folder: Path) -> list[Entry]:
    file = folder / INDEX
    try:
        return [msgspec.json.decode(line, type=Entry) for line in file.read_bytes().splitlines()]
    except OSError as error:
        raise FolderError(f"{file} cannot be read: {error.strerror}; armtrial collect writes it") from None
    except msgspec.DecodeError as error:
        raise FolderError(f"{file} is damaged: {error}; armtrial collect --resume {folder} writes it anew") from None


def _entry(record: EpisodeRecord, task: Task) -> Entry:
    return Entry(
        id=record.id,
        task=task.name,
        instruction=task.instruction,
        variation=task.variation.name,
        outcome=record.result.outcome,
        steps=record.result.steps,
        attempts=len(record.result.attempts),
    )


def _read(run: RunFolder, record: EpisodeRecord, entry: Entry) -> Demonstration:
    steps = run.read_steps(record)
    return Demonstration(
        trial=record.trial,
        instruction=entry.instruction,
        actions=steps["action"].astype(np.float64),
        states=steps["state"].astype(np.float64),
        plans=tuple(int(tick) for tick in steps["plan"]),
    )
