# pyright: basic
"""The motions in a LeRobotDataset v3. The only module here that imports pyarrow."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from ..envs.base import Vector
from .errors import FolderError

COLUMNS = ("timestamp", "action", "observation.state", "episode_index", "frame_index")


def motions(root: Path, joints: Sequence[str]) -> Iterator[tuple[Vector, Vector, Vector]]:
    """Times, actions and states of each episode, with the joints in this order."""
    features = _features(root)
    orders = [_order(root, features, key, joints) for key in ("action", "observation.state")]
    table = _table(root)
    episodes, frames = table["episode_index"], table["frame_index"]
    for episode in np.unique(episodes):
        rows = np.flatnonzero(episodes == episode)
        rows = rows[np.argsort(frames[rows], kind="stable")]
        yield (
            table["timestamp"][rows],
            table["action"][rows][:, orders[0]],
            table["observation.state"][rows][:, orders[1]],
        )


def _features(root: Path) -> dict[str, Any]:
    file = root / "meta" / "info.json"
    try:
        return json.loads(file.read_text())["features"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FolderError(f"{file} does not describe a dataset ({error}); give the root of a LeRobotDataset") from None


def _order(root: Path, features: dict[str, Any], key: str, joints: Sequence[str]) -> list[int]:
    """Where each joint stands in a row."""
    names = features.get(key, {}).get("names") or []
    if isinstance(names, dict):
        names = next(iter(names.values()), [])
    there = [str(name).removesuffix(".pos") for name in names]
    missing = [joint for joint in joints if joint not in there]
    if missing:
        raise FolderError(
            f"{root}: '{key}' has no {', '.join(missing)}; it has {', '.join(there) or 'no names'}. "
            "A dataset of an SO-100 has all six"
        )
    return [there.index(joint) for joint in joints]


def _table(root: Path) -> dict[str, Any]:
    files = sorted((root / "data").glob("chunk-*/file-*.parquet"))
    if not files:
        raise FolderError(f"{root / 'data'} has no chunk-*/file-*.parquet; datasets are read from version 3.0 on")
    try:
        tables = [pyarrow.parquet.read_table(file, columns=list(COLUMNS)) for file in files]
    except (OSError, pyarrow.ArrowException) as error:
        raise FolderError(f"{root} cannot be read: {error}; is the dataset finalized?") from None
    whole = pyarrow.concat_tables(tables)
    return {name: np.array(whole[name].to_pylist(), dtype=np.float64) for name in COLUMNS}
