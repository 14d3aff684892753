"""Logs of an SO-100: what its servos were told and where its joints were. Read from a run's folder, a CSV file or a
LeRobotDataset, all of which become pieces without a gap, in LeRobot's units.
"""

import csv
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..envs.base import Vector
from ..envs.extras import install
from ..envs.so100.units import GRIPPER, JOINTS
from .errors import UserError
from .folder import RunFolder, read_info, read_records
from .metrics import last_takes
from .names import literals

HEADER = ("time", *(f"{joint}.{what}" for what in ("goal", "present") for joint in JOINTS))
SLOWEST = 15.0
"""Rows a second. With fewer, where the joints were between two of them is anybody's guess."""
LONGEST_GAP = 0.1
"""Seconds between two rows, over which a line is drawn. Where nothing was logged for longer, a new piece begins."""
SHORTEST_PIECE = 2.0
SHORTEST_LOG = 10.0
"""Seconds."""
FORMS = (
    "a log is the folder of a run or a collection, a CSV file with the columns time, <joint>.goal and <joint>.present, "
    "or the folder of a LeRobotDataset"
)


class LogError(UserError):
    """A log that nothing can be learned from; the message has the figure, the rule and the way out."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a log without a gap."""

    times: Vector
    """(T,) seconds, rising."""
    goals: Vector
    """(T, 6): what was sent at each time, in LeRobot's units."""
    states: Vector
    """(T, 6): what was measured just before, in LeRobot's units."""

    @property
    def seconds(self) -> float:
        return float(self.times[-1] - self.times[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmLog:
    path: Path
    pieces: tuple[Piece, ...]
    calibration: str = ""
    """The file that says what its units are; empty: those of the model."""

    @property
    def seconds(self) -> float:
        return sum(piece.seconds for piece in self.pieces)

    def __str__(self) -> str:
        gaps = np.concatenate([np.diff(piece.times) for piece in self.pieces])
        pieces = "1 piece" if len(self.pieces) == 1 else f"{len(self.pieces)} pieces"
        rows = f"{1 / np.median(gaps):.1f} rows a second, {1000 * gaps.min():.0f} to {1000 * gaps.max():.0f} ms apart"
        return f"{self.path}: {self.seconds:.1f} s in {pieces}; {rows}"


def read(path: Path) -> ArmLog:
    """Pieces are long enough, and together they are; else a `LogError` says what is missing."""
    if (path / "run.json").exists():
        return _run(path)
    if (path / "meta" / "info.json").exists():
        return _log(path, _episodes(path))
    if path.is_file():
        return _log(path, [_table(path)])
    there = "is a folder without run.json and meta/info.json" if path.is_dir() else "is not there"
    raise LogError(f"{path} {there}; {FORMS}")


def _run(path: Path) -> ArmLog:
    """The steps of every trial that was played. A run on a real arm, or the twin's own, has its rate to the tick."""
    info, folder = read_info(path), RunFolder(path)
    if info.state != JOINTS or info.action != JOINTS:
        raise LogError(f"{path} was played in the world '{info.env}', which is no SO-100; {FORMS}")
    pieces: list[Piece] = []
    for record in last_takes(read_records(path)):
        if record.result.steps_sha256:
            steps = folder.read_steps(record)
            goals, states = steps["action"].astype(np.float64), steps["state"].astype(np.float64)
            pieces.append(Piece(np.arange(len(goals)) / info.rate, goals, states[: len(goals)]))
    arguments = literals(info.config.env_arg, "--env-arg")
    return _log(path, pieces, str(arguments.get("calibration", "")))


def _episodes(path: Path) -> list[Piece]:
    try:
        from . import lerobot_reader
    except ImportError as error:
        raise LogError(
            f"{path} is a LeRobotDataset, which needs pyarrow to be read ({error}): {install('lerobot')}"
        ) from None
    return [Piece(*columns) for columns in lerobot_reader.motions(path, JOINTS)]


def _table(path: Path) -> Piece:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [[cell.strip() for cell in row] for row in csv.reader(file) if any(row)]
    except (OSError, ValueError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else f"it is no CSV ({error})"
        raise LogError(f"{path} cannot be read: {why}; {FORMS}") from None
    if not rows:
        raise LogError(f"{path} is empty; {FORMS}")
    columns = _columns(path, rows[0])
    table = np.array([_numbers(path, number, row, columns) for number, row in enumerate(rows[1:], start=2)])
    table = table.reshape(-1, len(HEADER))
    return Piece(table[:, 0], table[:, 1:7], table[:, 7:])


def _columns(path: Path, header: Sequence[str]) -> list[int]:
    """Where the columns that count are; others may stand beside them."""
    missing = [name for name in HEADER if name not in header]
    if missing:
        some = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
        raise LogError(f"{path} has no column {some}; its first line is {','.join(HEADER[:2])},... (seconds, degrees)")
    return [header.index(name) for name in HEADER]


def _numbers(path: Path, line: int, row: Sequence[str], columns: Sequence[int]) -> list[float]:
    try:
        return [float(row[column]) for column in columns]
    except (ValueError, IndexError):
        raise LogError(f"{path}: row {line} is not {len(columns)} numbers: {','.join(row)[:60]}; mend it") from None


def _log(path: Path, pieces: Sequence[Piece], calibration: str = "") -> ArmLog:
    rows = sum(len(piece.times) for piece in pieces)
    if not rows:
        raise LogError(f"{path} is empty: nothing was logged; {FORMS}")
    for piece in pieces:
        _check(path, piece)
    seconds = sum(piece.seconds for piece in pieces)
    kept = [part for piece in pieces for part in _without_gaps(piece) if part.seconds >= SHORTEST_PIECE]
    log = ArmLog(path=path, pieces=tuple(kept), calibration=calibration)
    if log.seconds < SHORTEST_LOG:
        raise LogError(
            f"{path} has {rows} rows over {seconds:.1f} s, of which {log.seconds:.1f} s are in stretches of "
            f"{SHORTEST_PIECE:g} s and more without a gap over {LONGEST_GAP:g} s; a fit needs {SHORTEST_LOG:g} s of "
            "motion: log longer, and every tick"
        )
    return log


def _check(path: Path, piece: Piece) -> None:
    for what, values in (("time", piece.times[:, None]), ("goal", piece.goals), ("present", piece.states)):
        if not np.isfinite(values).all():
            row, column = (int(index[0]) for index in np.nonzero(~np.isfinite(values)))
            name = what if what == "time" else f"{JOINTS[column]}.{what}"
            raise LogError(f"{path}: {name} is {values[row, column]} in row {row + 1}; a log has finite numbers alone")
    gaps = np.diff(piece.times)
    if len(gaps) and gaps.min() <= 0:
        row = int(np.argmin(gaps)) + 1
        raise LogError(
            f"{path}: time goes from {piece.times[row - 1]:g} to {piece.times[row]:g} s at row {row + 1}; it is to rise"
        )
    if len(gaps) and 1 / np.median(gaps) < SLOWEST:
        raise LogError(
            f"{path} has {1 / np.median(gaps):.1f} rows a second; at least {SLOWEST:g} tell how the servos move, "
            "best are the 30 of the control loop. Times are in seconds"
        )
    largest = float(np.abs(np.concatenate([piece.goals, piece.states])[:, :GRIPPER]).max())
    if largest < math.pi:
        raise LogError(f"{path}: no angle is over {largest:.2f}: radians, or nothing moves; a log is in degrees")


def _without_gaps(piece: Piece) -> Iterator[Piece]:
    breaks = np.flatnonzero(np.diff(piece.times) > LONGEST_GAP) + 1
    ends = [0, *breaks.tolist(), len(piece.times)]
    for first, end in itertools.pairwise(ends):
        yield Piece(piece.times[first:end], piece.goals[first:end], piece.states[first:end])
