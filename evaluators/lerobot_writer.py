# pyright: basic
"""A collection as a LeRobotDataset v3. The only module here that imports lerobot."""

import json
import os
import shutil
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset

from ..envs.base import Observation, Size, Vector
from .errors import FolderError, UserError
from .folder import RunFolder
from .records import EpisodeRecord, RunInfo

ARM = "so100_follower"
"""LeRobot's name of a real one."""
MANIFEST = "armtrial.json"
"""Beside the dataset's own files: which trial each episode is, and how it was drawn."""


class Pictures(Protocol):
    """Where the pictures of a recorded trial come from: a world that replays it, or its films."""

    @property
    def cameras(self) -> tuple[str, ...]: ...

    def looks(self, folder: RunFolder, record: EpisodeRecord, cameras: Mapping[str, Size]) -> Iterator[Observation]:
        """What was to be seen before each action."""
        ...


def features(info: RunInfo, cameras: Mapping[str, Size]) -> dict[str, Any]:
    """Under the names that LeRobot's recorder gives an arm's."""
    pictures = {
        f"observation.images.{name}": {
            "dtype": "video",
            "shape": (height, width, 3),
            "names": ["height", "width", "channels"],
        }
        for name, (width, height) in cameras.items()
    }
    return {
        "observation.state": _motors(info.state),
        "action": _motors(info.action),
        **pictures,
    }


def write(
    root: Path,
    folder: RunFolder,
    info: RunInfo,
    records: Iterable[EpisodeRecord],
    pictures: Pictures,
    size: Size,
    longest: int,
) -> Path:
    """Writes `root`: whole or not at all. `longest`: ticks of the longest episode."""
    partial = root.with_name(f"{root.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    cameras = dict.fromkeys(pictures.cameras, size)
    dataset = _created(partial, info, cameras, longest)
    written: list[str] = []
    for record in records:
        actions = folder.read_steps(record)["action"]
        for seen, action in zip(pictures.looks(folder, record, cameras), actions, strict=True):
            dataset.add_frame(_frame(seen, action))
        with _hushed():
            dataset.save_episode()
        written.append(record.id)
    dataset.finalize()
    (partial / MANIFEST).write_text(json.dumps(manifest(written, size, info), indent=2) + "\n")
    partial.rename(root)
    return root


def manifest(trials: Sequence[str], size: Size, info: RunInfo) -> dict[str, Any]:
    """`seeds`: what learns from those of an evaluation cannot be evaluated on them."""
    return {"size": list(size), "seeds": info.config.seed_domain, "episodes": list(trials)}


def written(root: Path, trials: Sequence[str], size: Size, info: RunInfo) -> bool:
    """Whether the dataset is there already. Another one in its place is left alone."""
    if not root.exists():
        return False
    try:
        there = json.loads((root / MANIFEST).read_text())
    except (OSError, ValueError):
        there = None
    if there != manifest(trials, size, info):
        raise FolderError(f"{root} holds another dataset, of other episodes or another size; move it away first")
    return True


def _created(root: Path, info: RunInfo, cameras: Mapping[str, Size], longest: int) -> LeRobotDataset:
    """Frames go straight to the encoders. Their queues hold a whole episode, since LeRobot drops what finds one full:
    right for a camera that cannot wait, wrong here."""
    if abs(info.rate - round(info.rate)) > 1e-6:
        raise UserError(f"LeRobot's datasets have whole frames per second; this world acts {info.rate:g} times")
    os.environ.setdefault("SVT_LOG", "1")  # errors only; the encoder reads it whenever it starts
    return LeRobotDataset.create(
        repo_id=f"armtrial/{info.suite}",
        fps=round(info.rate),
        features=features(info, cameras),
        root=root,
        robot_type=ARM if info.env == "real" else info.env,
        video_backend="pyav",  # reads nothing here; LeRobot complains at length where it finds no other by itself
        streaming_encoding=True,
        encoder_queue_maxsize=longest + 1,
    )


@contextmanager
def _hushed() -> Generator[None]:
    """Bars and remarks of libraries, some of them written by C code. What fails raises."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _frame(seen: Observation, action: Vector) -> dict[str, Any]:
    return {
        "observation.state": seen.state.astype(np.float32),
        "action": action.astype(np.float32),
        "task": seen.instruction,
        **{f"observation.images.{name}": picture for name, picture in seen.images.items()},
    }


def _motors(names: Sequence[str]) -> dict[str, Any]:
    return {"dtype": "float32", "shape": (len(names),), "names": [f"{name}.pos" for name in names]}
