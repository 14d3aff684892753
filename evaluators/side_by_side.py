"""One film of a trial as several runs played it: each replays in a world of its own, and their frames share a page.

Wide pictures stand above each other, others beside each other: a strip of them would be too flat to be seen."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path

import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw

from ..envs.base import Image
from ..envs.faults import Fault, caught
from ..envs.remote import RemoteEnv, WorkerError
from ..envs.worker import EnvSource
from ..tasks.base import Origin
from .errors import UserError
from .folder import RunFolder
from .ground import prepare
from .paired import LETTERS
from .played import Run
from .records import EpisodeRecord
from .takes import last_takes
from .video import AT_MOST, FILM_SECONDS, Film, encode, frames, why

TITLE = 16
"""Pixels above each picture, for the name of its side."""
GAP = 4
"""Pixels between two pictures."""
FLAT = 2
"""A picture so many times as wide as it is high has others below it."""


def film_together(runs: Sequence[Run], trials: Sequence[str], out: Path) -> Iterator[Film]:
    """One film a trial, under `out`/videos, each given as it is done; at most 12."""
    takes = [{take.id: take for take in last_takes(run.records)} for run in runs]
    chosen = [[_recorded(run, each, trial) for run, each in zip(runs, takes)] for trial in trials[:AT_MOST]]
    sources = [prepare(run.info.config).source for run in runs] if chosen else []
    for records in chosen:
        path = out / "videos" / f"{records[0].id}.mp4"
        done = caught(Origin.WORLD, _film, runs, records, sources, path)
        yield Film(records[0].id, path, why(done) if isinstance(done, Fault) else "")


def _recorded(run: Run, takes: dict[str, EpisodeRecord], trial: str) -> EpisodeRecord:
    if trial not in takes:
        raise UserError(f"{run.folder} has no trial '{trial}'; those that it has stand in its records.jsonl")
    return takes[trial]


def _film(runs: Sequence[Run], records: Sequence[EpisodeRecord], sources: Sequence[EnvSource], path: Path) -> None:
    """A world each, for this film alone: their frames come in step."""
    with ExitStack() as stack:
        played: list[Iterator[Image]] = []
        for run, record, source in zip(runs, records, sources):
            env = _world(source)
            stack.callback(env.close)
            actions = RunFolder(run.folder).read_steps(record)["action"].astype(np.float64)
            played.append(frames(env, record, actions))
        titles = [f"{letter}: {run.info.policy}" for letter, run in zip(LETTERS, runs)]
        encode(path, _pages(played, titles))


def _world(source: EnvSource) -> RemoteEnv:
    try:
        return RemoteEnv(source, answers_by=time.monotonic() + FILM_SECONDS)
    except WorkerError as error:
        raise UserError(f"the world could not start: {error}") from None


def _pages(played: Sequence[Iterator[Image]], titles: Sequence[str]) -> Iterator[Image]:
    """Who has finished stands still until the last one has."""
    last: list[Image] = []
    for moment in zip_longest(*played):
        last = [before if now is None else now for now, before in zip_longest(moment, last)]
        flat = any(picture.shape[1] > FLAT * picture.shape[0] for picture in last)
        yield np.concatenate([_titled(picture, title) for picture, title in zip(last, titles)], axis=0 if flat else 1)


def _titled(picture: Image, title: str) -> Image:
    height, width = picture.shape[:2]
    page = Pictures.new("RGB", (width + GAP, height + TITLE), (250, 250, 248))
    page.paste(Pictures.fromarray(picture), (0, TITLE))
    ImageDraw.Draw(page).text((4, 2), title, fill=(0, 0, 0))
    return np.asarray(page)
