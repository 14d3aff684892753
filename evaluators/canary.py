"""Trials that are played again, action by action, to see whether the world still answers alike.

A score moves when the policy gets worse, and when the ground under it moves: another renderer, another CPU, another
version of the physics. Only the second shows in actions that are given, for which no policy is asked.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from ..envs.base import Image, LifecycleError, Played, Size, Vector
from ..envs.remote import RemoteEnv, WorkerError
from ..envs.worker import EnvSource
from ..tasks.base import End, Outcome, Trial
from .baseline import Canary
from .errors import UserError
from .records import EpisodeRecord
from .takes import last_takes

TRIAL_SECONDS = 600.0
"""Wall time that a replay may take; a world that is silent for longer is ended."""


@dataclass(frozen=True, slots=True)
class Song:
    """What is to be played."""

    trial: Trial
    actions: Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of it."""

    start: str = ""
    pictures: Mapping[str, str]
    end: str = ""
    fault: str = ""
    """Why the replay stopped before its end."""


def replayable(records: Sequence[EpisodeRecord]) -> list[EpisodeRecord]:
    """In the order of the list, in which tasks take turns: the first of them are spread over all tasks."""
    ended = (Outcome.SUCCESS, Outcome.FAILURE)
    return [
        record
        for record in last_takes(records)
        if (result := record.result).outcome in ended and result.steps_sha256 and result.start_hash and result.end_hash
    ]


def replay(source: EnvSource, songs: Sequence[Song], cameras: Mapping[str, Size], workers: int) -> list[Heard]:
    """In worlds of their own processes, in the order in which they are given."""
    number = max(1, min(workers, len(songs)))
    with ExitStack() as stack:
        worlds = [_world(source, stack) for _ in range(number)]
        threads = stack.enter_context(ThreadPoolExecutor(number))
        shares = threads.map(_share, worlds, [songs[first::number] for first in range(number)], [cameras] * number)
        heard = list(shares)
    return [heard[place % number][place // number] for place in range(len(songs))]


def _world(source: EnvSource, stack: ExitStack) -> RemoteEnv:
    try:
        env = RemoteEnv(source, answers_by=time.monotonic() + TRIAL_SECONDS)
    except WorkerError as error:
        raise UserError(f"the world in which trials are replayed could not start: {error}") from None
    stack.callback(env.close)
    return env


def _share(env: RemoteEnv, songs: Sequence[Song], cameras: Mapping[str, Size]) -> list[Heard]:
    return [_played(env, song, cameras) for song in songs]


def _played(env: RemoteEnv, song: Song, cameras: Mapping[str, Size]) -> Heard:
    """A world that cannot play it has moved as well; how far it came says where."""
    env.answers_by = time.monotonic() + TRIAL_SECONDS
    start, pictures = "", dict[str, str]()
    try:
        start = env.reset(song.trial).hash
        pictures = {name: picture_hash(picture) for name, picture in env.observe(cameras).images.items()}
        for action in song.actions:
            env.step(action)
        end = env.verdict(Played(False, End.TIMEOUT, "", 0.0, len(song.actions))).end_hash
    except (WorkerError, LifecycleError) as error:
        return Heard(start=start, pictures=pictures, fault=str(error))
    return Heard(start=start, pictures=pictures, end=end)


def picture_hash(picture: Image) -> str:
    return hashlib.sha256(str(picture.shape).encode() + picture.tobytes()).hexdigest()


def moved(canary: Canary, heard: Heard) -> tuple[str, ...]:
    """What is not as it was: start, picture, physics; the first of them may have brought the others about."""
    start = ["start"] if heard.start != canary.start else []
    pictures = [
        f"picture of {name}" for name, known in canary.pictures.items() if heard.pictures.get(name, "") != known
    ]
    physics = ["physics"] if heard.end != canary.end else []
    return (*start, *pictures, *physics)
