"""Films of a run that has been played: its recorded actions are replayed in the world and its frames encoded.

Nothing is filmed while trials run, so films cost the run nothing and can be made or remade at any time. What goes
wrong costs the film of its trial and no other.
"""

import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, cast

import imageio_ffmpeg
import numpy as np

from ..envs.base import BrokenContract, Env, Image, Vector
from ..envs.faults import Fault, caught
from ..envs.remote import RemoteEnv, WorkerError
from ..envs.worker import EnvSource
from ..tasks.base import Origin, Outcome
from .errors import FolderError, UserError
from .folder import RunFolder
from .metrics import last_takes
from .records import EpisodeRecord

FRAMES_PER_SECOND = 10
AT_MOST = 12
"""Films of one run, unless all are asked for."""
FILM_SECONDS = 600.0
"""Wall time that a film may take; a world that is silent for longer is ended."""


@dataclass(frozen=True, slots=True)
class Film:
    trial: str
    path: Path
    fault: str = ""
    """Why there is none; empty where there is one."""


def chosen(records: Sequence[EpisodeRecord], which: str) -> list[EpisodeRecord]:
    """`failures` takes the first few that did not succeed; a trial without recorded steps cannot be filmed."""
    filmable = [record for record in last_takes(records) if record.result.steps_sha256]
    if which == "none":
        return []
    if which == "all":
        return filmable
    return [record for record in filmable if record.result.outcome is not Outcome.SUCCESS][:AT_MOST]


def missing(folder: RunFolder, records: Sequence[EpisodeRecord]) -> list[EpisodeRecord]:
    """Those without a film of their last take."""
    return [record for record in records if not _is_filmed(folder, record)]


def film(folder: RunFolder, records: Sequence[EpisodeRecord], source: EnvSource, workers: int = 1) -> Generator[Film]:
    """One film a record, under videos/<trial id>.mp4, each given as it is done. One that is there is replaced.

    `workers`: worlds in which there is filmed side by side."""
    waiting, made = deque(records), SimpleQueue[Film | Exception | None]()
    crews = [_Crew(folder, source, waiting, made) for _ in range(min(max(1, workers), len(records)))]
    try:
        yield from _as_made(made, len(crews))
    finally:
        waiting.clear()
        for crew in crews:
            crew.stop()


def _as_made(made: SimpleQueue[Film | Exception | None], crews: int) -> Iterator[Film]:
    while crews:
        one = made.get()
        if isinstance(one, Exception):
            raise one
        if one is None:
            crews -= 1
        else:
            yield one


class _Crew:
    """A world, and a thread that films in it what is waiting, until nothing is."""

    def __init__(
        self,
        folder: RunFolder,
        source: EnvSource,
        waiting: deque[EpisodeRecord],
        made: SimpleQueue[Film | Exception | None],
    ) -> None:
        """`made`: is given the films, why there can be no more, and None at the end."""
        self._folder, self._source, self._waiting, self._made = folder, source, waiting, made
        self._env: RemoteEnv | None = None
        self._stopped = False
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """In the midst of a film, if need be."""
        self._stopped = True
        self._close()
        self._thread.join()

    def _work(self) -> None:
        done = caught(Origin.WORLD, self._film_all)
        self._close()
        if isinstance(done, Fault):
            self._made.put(UserError(f"nothing more can be filmed: {why(done)}"))
        self._made.put(None)

    def _film_all(self) -> None:
        while (record := self._next()) is not None:
            self._made.put(self._film(record))

    def _next(self) -> EpisodeRecord | None:
        with suppress(IndexError):
            return self._waiting.popleft()
        return None

    def _film(self, record: EpisodeRecord) -> Film:
        env = self._world(by=time.monotonic() + FILM_SECONDS)
        done = caught(Origin.WORLD, _filmed, self._folder, record, env)
        return Film(record.id, _path(self._folder, record), why(done) if isinstance(done, Fault) else "")

    def _world(self, by: float) -> RemoteEnv:
        """That of the film before, unless it is gone."""
        if self._env is None or not self._env.alive:
            self._close()
            self._env = _opened(self._source, by)
        if self._stopped:  # while it was being opened
            self._close()
        self._env.answers_by = by
        return self._env

    def _close(self) -> None:
        if self._env is not None:
            self._env.close()


def _opened(source: EnvSource, by: float) -> RemoteEnv:
    try:
        return RemoteEnv(source, answers_by=by)
    except WorkerError as error:
        raise UserError(f"the world could not start: {error}") from None


def why(fault: Fault) -> str:
    """What a worker tells has the kind of its own fault in front; a folder's error is a sentence."""
    told = (WorkerError.__name__, FolderError.__name__, UserError.__name__, BrokenContract.__name__)
    return fault.message if fault.kind in told else str(fault)


def _path(folder: RunFolder, record: EpisodeRecord) -> Path:
    return folder.path / "videos" / f"{record.id}.mp4"


def _is_filmed(folder: RunFolder, record: EpisodeRecord) -> bool:
    """A film older than the steps shows an earlier take."""
    film, steps = _path(folder, record), folder.steps_file(record)
    return film.exists() and (not steps.exists() or film.stat().st_mtime >= steps.stat().st_mtime)


def _filmed(folder: RunFolder, record: EpisodeRecord, env: Env) -> None:
    actions = folder.read_steps(record)["action"].astype(np.float64)
    encode(_path(folder, record), frames(env, record, actions))


def frames(env: Env, record: EpisodeRecord, actions: Vector) -> Iterator[Image]:
    env.reset(record.trial)
    every = max(1, round(env.action_spec.rate / FRAMES_PER_SECOND))
    first = _checked(env.frame())
    yield first
    for tick, action in enumerate(actions, start=1):
        env.step(action)
        if tick % every == 0:
            yield _checked(env.frame(), first.shape)


def _checked(frame: Any, shape: tuple[int, ...] | None = None) -> Image:
    """The encoder takes bytes without asking what they are: a wrong shape is a film of noise."""
    if not isinstance(frame, np.ndarray):
        raise BrokenContract(f"frame gave a {type(frame).__name__}; it owes a picture")
    picture = cast("Image", frame)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise BrokenContract(f"frame gave {picture.shape} in {picture.dtype}; a picture is (height, width, 3) in uint8")
    if shape is not None and picture.shape != shape:
        raise BrokenContract(f"frame gave {picture.shape} after {shape}; all pictures of a film have one size")
    return picture


def encode(path: Path, frames: Iterator[Image]) -> None:
    """H.264 in yuv420p, which every browser plays; there is a whole film in the end, or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.mp4")
    try:
        sent = _written(partial, frames)
        there, _ = imageio_ffmpeg.count_frames_and_secs(str(partial))
        if there != sent:
            raise OSError(f"ffmpeg kept {there} of {sent} frames; is the disk full?")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _written(path: Path, frames: Iterator[Image]) -> int:
    first = _even(next(frames))
    height, width = first.shape[:2]
    writer = imageio_ffmpeg.write_frames(
        str(path),
        (width, height),
        fps=FRAMES_PER_SECOND,
        codec="libx264",
        macro_block_size=2,
        ffmpeg_log_level="error",
    )
    writer.send(None)
    sent = 0
    try:
        for frame in chain([first], map(_even, frames)):
            writer.send(np.ascontiguousarray(frame))
            sent += 1
    finally:
        writer.close()
    return sent


def _even(frame: Image) -> Image:
    """yuv420p has half as many colours as pixels in each direction: an odd side is continued by a pixel."""
    height, width = frame.shape[:2]
    return np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge") if height % 2 or width % 2 else frame
