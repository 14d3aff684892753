"""What the files in `steps/` add to the records: how the arm moved, and how many actions of each plan were executed."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .folder import RunFolder
from .motion import Floats, Moved, arm_of, moved
from .records import EpisodeRecord, RunInfo
from .takes import last_takes


@dataclass(frozen=True, slots=True)
class Trace:
    """Of the take of a trial that counts."""

    moved: Moved | None
    """None where the arm did not move, or for too short a time to judge."""
    executed: tuple[int, ...]
    """Actions of each plan, in order."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What of a file in `steps/` is looked at."""

    states: Floats
    begun: list[int]
    """The tick at which each plan began."""
    ticks: int


def read_traces(folder: Path, info: RunInfo, records: Sequence[EpisodeRecord]) -> dict[str, Trace]:
    """By trial. One whose file is gone or is not the one its record names is left out: figures say how many they
    stand on."""
    arm = arm_of(info.state, info.action)
    found = ((record.id, _read(RunFolder(folder).steps_file(record), record)) for record in last_takes(records))
    return {name: _trace(steps, arm, info.rate) for name, steps in found if steps is not None}


def _read(file: Path, record: EpisodeRecord) -> Steps | None:
    expected = record.result.steps_sha256
    body = file.read_bytes() if expected and file.is_file() else b""
    if not expected or hashlib.sha256(body).hexdigest() != expected:
        return None
    with np.load(io.BytesIO(body), allow_pickle=False) as steps:
        begun = [int(tick) for tick in steps["plan"]]
        return Steps(np.asarray(steps["state"], dtype=float), begun, len(steps["action"]))


def _trace(steps: Steps, arm: Sequence[int], rate: float) -> Trace:
    ends = [*steps.begun[1:], steps.ticks]
    executed = tuple(end - begun for begun, end in zip(steps.begun, ends))
    return Trace(moved(steps.states[:, list(arm)], rate), executed)
