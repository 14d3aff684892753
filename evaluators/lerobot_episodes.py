# pyright: basic
"""Episodes of a LeRobotDataset v3, for a training. pyarrow reads its tables and PyAV its videos; LeRobot brings both.

LeRobot's own loader finds its way to any single frame; here an episode's video is read once, from its beginning.
"""

import functools
import hashlib
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..envs.base import Size
from ..envs.extras import install
from ..policies.rynnvla.config import SO100, Embodiment
from ..policies.rynnvla.training.episodes import Episode, Pixels, Source, Vector
from ..tasks.base import derived_seed
from .errors import FolderError, Mismatch, UserError

VERSION = "v3.0"
VIEWS = ("front", "wrist")
ACTION, STATE = "action", "observation.state"


@dataclass(frozen=True, slots=True)
class _Clip:
    """Where an episode is in a video file."""

    file: Path
    begin: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class _Entry:
    index: int
    instruction: str
    data: Path
    clips: dict[str, _Clip]


class LeRobotEpisodes(Source):
    """A source. An episode's last action is left out: what came of it was never measured."""

    def __init__(self, folder: Path, size: Size, every: int, embodiment: Embodiment = SO100) -> None:
        """Pictures are cut to the shape of `size` around their middle, and brought to it. One comes every `every`
        ticks; which is the first differs from episode to episode."""
        if every < 1:
            raise UserError(f"--every {every}: a picture is taken every so many ticks, at least every 1")
        self.folder, self._size, self._every = folder, size, every
        self._info = info = _info(folder)
        _check(folder, info, embodiment)
        self._columns = {
            ACTION: _order(folder, info, ACTION, embodiment.actions),
            STATE: _order(folder, info, STATE, embodiment.state),
        }
        self._entries = _entries(folder, info, _keys(embodiment))
        self._table = functools.lru_cache(maxsize=1)(_table)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, number: int) -> Episode:
        actions, states = self.motion(number)
        ticks, entry = self.ticks(number), self._entries[number]
        pictures = {view: self._pictures(clip, ticks) for view, clip in entry.clips.items()}
        return Episode(instruction=entry.instruction, actions=actions, states=states, ticks=ticks, pictures=pictures)

    def motion(self, number: int) -> tuple[Vector, Vector]:
        entry = self._entries[number]
        with _reading(entry.data):
            table = self._table(entry.data)
        rows = np.flatnonzero(table["episode_index"] == entry.index)
        rows = rows[np.argsort(table["frame_index"][rows])]
        actions, states = (table[key][rows][:, columns] for key, columns in self._columns.items())
        return actions[:-1], states

    def ticks(self, number: int) -> NDArray[np.int64]:
        length = len(self.motion(number)[0])
        first = derived_seed(self._entries[number].index, "drawing") % min(self._every, length)
        return np.arange(first, length, self._every, dtype=np.int64)

    def instruction(self, number: int) -> str:
        return self._entries[number].instruction

    def digest(self) -> str:
        """Of all tables, which have the pictures' statistics, and of the videos' sizes alone: they may be gigabytes."""
        digest = hashlib.sha256(f"{self._size} {self._every} {self._columns}".encode())
        files = sorted(path for path in self.folder.rglob("*") if path.suffix in (".parquet", ".json", ".mp4"))
        for path in files:
            digest.update(str(path.relative_to(self.folder)).encode())
            digest.update(str(path.stat().st_size).encode() if path.suffix == ".mp4" else path.read_bytes())
        return digest.hexdigest()

    def _pictures(self, clip: _Clip, ticks: NDArray[np.int64]) -> Pixels:
        with _reading(clip.file):
            found = [_fitted(picture, self._size) for picture in _frames(clip, ticks.tolist(), self._info["fps"])]
        if len(found) < len(ticks):
            raise FolderError(
                f"{clip.file} ends {len(ticks) - len(found)} pictures before its episode does; record it again, or "
                "take it out of the dataset"
            )
        return np.stack(found)


def _frames(clip: _Clip, ticks: Sequence[int], rate: float) -> Iterator[Image.Image]:
    """The pictures at some ticks. Reading begins at the keyframe before the first."""
    import av

    waiting = list(reversed(ticks))
    with av.open(str(clip.file)) as container:
        stream: Any = container.streams.video[0]
        stream.thread_type = "AUTO"
        container.seek(int(clip.begin / stream.time_base), stream=stream, backward=True)
        for frame in container.decode(stream):
            tick = round((frame.time - clip.begin) * rate)
            if tick == waiting[-1]:
                yield frame.to_image()
                waiting.pop()
            if not waiting:
                return


def _fitted(picture: Image.Image, size: Size) -> Pixels:
    """The largest part around the middle that has the shape of `size`."""
    scale = min(picture.width / size[0], picture.height / size[1])
    width, height = scale * size[0], scale * size[1]
    left, upper = (picture.width - width) / 2, (picture.height - height) / 2
    box = (left, upper, left + width, upper + height)
    return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BICUBIC, box))


def _info(folder: Path) -> dict[str, Any]:
    file = folder / "meta" / "info.json"
    try:
        info = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise FolderError(f"{file} does not describe a dataset ({error}); give the root of a LeRobotDataset") from None
    if info.get("codebase_version") != VERSION:
        raise FolderError(
            f"{folder} is a dataset of version {info.get('codebase_version')}; {VERSION} is read here. "
            "LeRobot converts older ones"
        )
    return info


def _check(folder: Path, info: dict[str, Any], embodiment: Embodiment) -> None:
    for key in _keys(embodiment).values():
        kind = info["features"].get(key, {}).get("dtype", "not there")
        if kind != "video":
            raise Mismatch(
                f"{folder}: '{key}' is {kind}; a training of '{embodiment.name}' needs videos of "
                f"{' and '.join(embodiment.cameras)}"
            )
    if abs(info["fps"] - embodiment.rate) > 0.5:
        raise Mismatch(
            f"{folder} has {info['fps']:g} actions per second, '{embodiment.name}' has {embodiment.rate:g}: its chunks "
            "would mean other speeds. Record at that rate, or train an embodiment of this one"
        )


def _order(folder: Path, info: dict[str, Any], key: str, wanted: Sequence[str]) -> list[int]:
    """Where each joint stands in a row."""
    names = info["features"].get(key, {}).get("names") or []
    there = [str(name).removesuffix(".pos") for name in names]
    if missing := [name for name in wanted if name not in there]:
        raise Mismatch(f"{folder}: '{key}' has no {', '.join(missing)}; it has {', '.join(there) or 'no names'}")
    return [there.index(name) for name in wanted]


def _entries(folder: Path, info: dict[str, Any], keys: Mapping[str, str]) -> list[_Entry]:
    rows = [row for file in sorted((folder / "meta" / "episodes").rglob("*.parquet")) for row in _rows(file)]
    long = sorted((row for row in rows if row["length"] > 1), key=lambda row: row["episode_index"])
    if not long:
        raise FolderError(f"{folder} has no episode of two ticks or more; there is nothing to learn from")
    return [_entry(folder, info, keys, row) for row in long]


def _entry(folder: Path, info: dict[str, Any], keys: Mapping[str, str], row: dict[str, Any]) -> _Entry:
    if len(row["tasks"]) != 1:
        raise Mismatch(
            f"{folder}: episode {row['episode_index']} has {len(row['tasks'])} instructions; a training learns an "
            "episode under one. Split it where the next begins"
        )
    data = info["data_path"].format(chunk_index=row["data/chunk_index"], file_index=row["data/file_index"])
    clips = {view: _clip(folder, info, row, key) for view, key in keys.items()}
    return _Entry(row["episode_index"], row["tasks"][0], folder / data, clips)


def _clip(folder: Path, info: dict[str, Any], row: dict[str, Any], key: str) -> _Clip:
    place = f"videos/{key}"
    chunk, file = row[f"{place}/chunk_index"], row[f"{place}/file_index"]
    path = info["video_path"].format(video_key=key, chunk_index=chunk, file_index=file)
    return _Clip(folder / path, row[f"{place}/from_timestamp"])


@contextmanager
def _reading(file: Path) -> Generator[None]:
    """PyAV's and pyarrow's errors are kinds of these."""
    try:
        yield
    except ImportError as error:
        raise UserError(f"a LeRobotDataset cannot be read here ({error}): {install('lerobot')}") from None
    except (OSError, ValueError) as error:
        raise FolderError(f"{file} cannot be read: {error}; copy the dataset again") from None


def _rows(file: Path) -> list[dict[str, Any]]:
    """Without each episode's statistics, which are most of it."""
    with _reading(file):
        from pyarrow.parquet import ParquetFile

        with ParquetFile(file) as table:
            wanted = [name for name in table.schema_arrow.names if not name.startswith("stats/")]
            return table.read(columns=wanted).to_pylist()


def _table(file: Path) -> dict[str, NDArray[Any]]:
    from pyarrow.parquet import read_table

    table = read_table(file, columns=[ACTION, STATE, "episode_index", "frame_index"])
    rows = {name: np.stack(table[name].to_numpy()).astype(np.float64) for name in (ACTION, STATE)}
    return rows | {name: table[name].to_numpy() for name in ("episode_index", "frame_index")}


def _keys(embodiment: Embodiment) -> dict[str, str]:
    """The dataset's names of the two views."""
    return {view: f"observation.images.{camera}" for view, camera in zip(VIEWS, embodiment.cameras)}
