"""Pictures of collections, for a training: whole episodes replayed side by side, exactly, and drawn at some ticks.

    draw([Path("data/pens")], Path("data/drawn"), size=(128, 128), every=3, workers=2)

Every worker has a world and takes one episode after another. What is drawn stays: the same call again goes on.
"""

import hashlib
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from ..envs.base import Observation, Size
from ..policies.rynnvla.training.episodes import THINGS, Episode, Sights
from ..policies.rynnvla.training.packing import VIEWS
from ..policies.rynnvla.training.store import DrawnWriter, Entry, Label, Layout, StoreError, writing
from ..policies.wrappers.takeover import TAKEN_OVER
from ..tasks.base import derived_seed
from . import demonstrations
from .errors import FolderError, Mismatch, UserError
from .flags import LARGEST
from .folder import RunFolder, read_info, read_records
from .ground import Ground, prepare
from .metrics import last_takes
from .records import EpisodeRecord
from .replay import Replay, replaying

Told = Callable[[int, int], None]
"""Hears of the episodes that are there, with those of an earlier call, and of all."""


@dataclass(frozen=True, slots=True)
class _Job:
    folder: RunFolder
    record: EpisodeRecord
    label: Label


def draw(
    collections: Sequence[Path],
    out: Path,
    size: Size,
    every: int,
    workers: int,
    tell: Told = lambda done, of: None,
    until: int | None = None,
) -> None:
    """Draws what is not there yet, into one store. `workers`: processes, each with a world of its own."""
    if every < 1:
        raise UserError(f"--every {every}: a picture is drawn every so many ticks, at least every 1")
    if until is not None and until < every:
        raise UserError(f"--until {until}: pictures are {every} ticks apart, so an episode might have none")
    if not all(1 <= edge <= LARGEST for edge in size):
        raise UserError(f"pictures of {size[0]}x{size[1]}: each side has 1 to {LARGEST} pixels, as in 640x480")
    grounds = [_ground(path) for path in collections]
    lists = _distinct([_jobs(RunFolder(path), ground) for path, ground in zip(collections, grounds)])
    with _mended(), writing(out, Layout(size=size, every=every, until=until)) as store:
        left = [[job for job in jobs if job.label.name not in store] for jobs in lists]
        total = sum(map(len, lists))
        done = total - sum(map(len, left))
        tell(done, total)
        for ground, jobs in zip(grounds, left):
            with closing(_drawn(ground, jobs, store, workers)) as entries:
                for _ in entries:
                    done += 1
                    tell(done, total)


def _ground(folder: Path) -> Ground:
    ground = prepare(replace(read_info(folder).config, workers=1))
    if ground.config.seed_domain == "eval":
        raise Mismatch(f"{folder} was played on the seeds 'eval'; nothing is trained on what it is evaluated on")
    if ground.renderer is not None and ground.renderer.backend == "disabled":
        raise UserError("a drawing needs pictures, and MUJOCO_GL=disabled draws none: unset it")
    return ground


def _jobs(folder: RunFolder, ground: Ground) -> list[_Job]:
    records = {record.id: record for record in last_takes(read_records(folder.path))}
    entries = demonstrations.read_index(folder.path)
    if unknown := [entry.id for entry in entries if entry.id not in records]:
        raise FolderError(f"{folder.path} lists {unknown[0]}, which has no record; collect into it again")
    played = [(records[entry.id], entry) for entry in entries if entry.steps]
    return [_Job(folder, record, _label(ground, record, entry)) for record, entry in played]


def _label(ground: Ground, record: EpisodeRecord, entry: demonstrations.Entry) -> Label:
    """The same trial may be drawn from several collections: played otherwise, or in another light."""
    world = [f"{name}={value}" for name, value in sorted(ground.source.arguments.items())]
    told = (record.result.start_hash, record.result.steps_sha256, entry.variation, *world)
    return Label(
        name=f"{record.id}.{hashlib.sha256(' '.join(told).encode()).hexdigest()[:8]}",
        suite=ground.suite.name,
        task=entry.task,
        variation=entry.variation,
        instruction=entry.instruction,
    )


def _distinct(lists: Sequence[list[_Job]]) -> list[list[_Job]]:
    """A collection that is named twice is drawn once."""
    seen: set[str] = set()
    return [[job for job in jobs if not (job.label.name in seen or seen.add(job.label.name))] for jobs in lists]


def _drawn(ground: Ground, jobs: Sequence[_Job], store: DrawnWriter, workers: int) -> Generator[Entry]:
    """As many episodes at a time as there are worlds, each given when it is on the disk.

    The threads end after the worlds: whatever happens here, none is left waiting for a world that goes on.
    """
    if not jobs:
        return
    number = min(max(1, workers), len(jobs))
    with ThreadPoolExecutor(number) as threads, ExitStack() as stack:
        idle = SimpleQueue[Replay]()
        for _ in range(number):
            idle.put(_checked(stack.enter_context(replaying(ground.source, 1)), ground))

        def work(job: _Job) -> Entry:
            replay = idle.get()
            try:
                return store.append(job.label, _episode(replay, job, store.layout))
            finally:
                idle.put(replay)

        waiting = iter(jobs)
        busy = {threads.submit(work, job) for job in islice(waiting, number)}
        while busy:
            done, busy = wait(busy, return_when=FIRST_COMPLETED)
            entries = [future.result() for future in done]
            busy |= {threads.submit(work, job) for job in islice(waiting, len(done))}
            yield from entries


def _episode(replay: Replay, job: _Job, layout: Layout) -> Episode:
    steps = job.folder.read_steps(job.record)
    whole, begun = job.record.result.steps, _taken_over(job.record, steps["plan"])
    last = min(whole, begun + (layout.until or whole))
    ticks = np.arange(min(begun + _first(job.record, layout.every), last - 1), last, layout.every)
    views: dict[str, Size] = dict.fromkeys(VIEWS, layout.size)
    seen = list(replay.looks(job.folder, job.record, views, ticks.tolist(), privileged=True))
    return Episode(
        instruction=job.label.instruction,
        actions=steps["action"].astype(np.float64),
        states=steps["state"].astype(np.float64),
        ticks=ticks.astype(np.int64),
        pictures={view: np.stack([look.images[view] for look in seen]) for view in VIEWS},
        sights=sights(seen),
    )


def sights(seen: Sequence[Observation]) -> Sights | None:
    """Where a world tells what is where in its pictures."""
    if not all(f"sight.{view}" in look.privileged for look in seen for view in VIEWS):
        return None
    rows = [[look.privileged[f"sight.{view}"].reshape(len(THINGS), 2) for view in VIEWS] for look in seen]
    return np.array(rows, np.float32)


def _first(record: EpisodeRecord, every: int) -> int:
    """Another tick for each trial, so that all ticks of a task are seen, if not of every episode."""
    return derived_seed(record.trial.seed, "drawing") % min(every, record.result.steps)


def _taken_over(record: EpisodeRecord, plans: NDArray[np.generic]) -> int:
    """The first tick that an expert played: what a policy did before it is not to be learned."""
    theirs = record.result.flags.get(TAKEN_OVER, 0)
    return int(plans[-theirs]) if theirs else 0


def _checked(replay: Replay, ground: Ground) -> Replay:
    if missing := [view for view in VIEWS if view not in replay.cameras]:
        raise Mismatch(
            f"the world '{ground.suite.env}' has the cameras {', '.join(replay.cameras)}; there is no '{missing[0]}'"
        )
    return replay


@contextmanager
def _mended() -> Generator[None]:
    try:
        yield
    except StoreError as error:
        raise FolderError(str(error)) from None
