"""Films of a run that has been played: its recorded actions are replayed in the world and its frames encoded.

Nothing is filmed while trials run, so films cost the run nothing and can be made or remade at any time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from ..envs.base import Env, Image
from ..envs.remote import RemoteEnv
from ..envs.worker import EnvSource
from ..tasks.base import Outcome
from .errors import FolderError
from .folder import RunFolder
from .metrics import last_takes
from .records import EpisodeRecord

FRAMES_PER_SECOND = 10
AT_MOST = 12
"""Films of one run, unless all are asked for."""


@dataclass(frozen=True, slots=True)
class Film:
    trial: str
    path: Path


def chosen(records: Sequence[EpisodeRecord], which: str) -> list[EpisodeRecord]:
    """`failures` takes the first few that did not succeed; a trial without recorded steps cannot be filmed."""
    filmable = [record for record in last_takes(records) if record.result.steps_sha256]
    if which == "none":
        return []
    if which == "all":
        return filmable
    return [record for record in filmable if record.result.outcome is not Outcome.SUCCESS][:AT_MOST]


def film(folder: RunFolder, records: Sequence[EpisodeRecord], source: EnvSource) -> list[Film]:
    """One film a record, under videos/<trial id>.mp4."""
    if not records:
        return []
    env = RemoteEnv(source)
    try:
        return [_filmed(folder, record, env) for record in records]
    finally:
        env.close()


def _filmed(folder: RunFolder, record: EpisodeRecord, env: Env) -> Film:
    steps = folder.steps_file(record)
    try:
        with np.load(steps) as arrays:
            actions = arrays["action"]
    except (OSError, ValueError, KeyError) as error:
        raise FolderError(f"{steps} cannot be read, so {record.id} cannot be filmed: {error}") from None
    env.reset(record.trial)
    every = max(1, round(env.action_spec.rate / FRAMES_PER_SECOND))
    frames = [env.frame()]
    for tick, action in enumerate(actions, start=1):
        env.step(action)
        if tick % every == 0:
            frames.append(env.frame())
    path = folder.path / "videos" / f"{record.id}.mp4"
    _encode(path, frames)
    return Film(record.id, path)


def _encode(path: Path, frames: Sequence[Image]) -> None:
    """H.264 in yuv420p, which every browser plays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.mp4")
    height, width = frames[0].shape[:2]
    writer = imageio_ffmpeg.write_frames(
        str(partial),
        (width, height),
        fps=FRAMES_PER_SECOND,
        codec="libx264",
        macro_block_size=2,
        ffmpeg_log_level="error",
    )
    writer.send(None)
    for frame in frames:
        writer.send(np.ascontiguousarray(frame))
    writer.close()
    partial.replace(path)
