"""A recorded trial played again, to look at it: exactly, or not at all.

Physics costs next to nothing and pictures nearly everything. So several worlds replay the same trial side by side,
and each draws every n-th of its pictures: any number of cores is busy with one trial, whose pictures come in order.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import numpy as np

from ..envs.base import Observation, Played, Size, Vector
from ..envs.remote import RemoteEnv, WorkerError
from ..envs.worker import EnvSource
from ..tasks.base import End, Outcome
from .errors import Mismatch, UserError
from .folder import RunFolder
from .records import EpisodeRecord

AHEAD = 3
"""Pictures that each world may draw before they are asked for."""


class _World:
    """One of the worlds: knows what was recorded, and at which tick it is."""

    def __init__(self, source: EnvSource) -> None:
        self.env = RemoteEnv(source)
        self.thread = ThreadPoolExecutor(1)

    def close(self) -> None:
        self.thread.shutdown(cancel_futures=True)
        self.env.close()

    def begin(self, record: EpisodeRecord, actions: Vector, states: Vector) -> None:
        self._record, self._actions, self._states, self._tick = record, actions, states, 0
        if self.env.reset(record.trial).hash != record.result.start_hash:
            raise _differs(record, "it starts otherwise")
        self._compare(self.env.observe({}).state)

    def look(self, tick: int, cameras: Mapping[str, Size], privileged: bool) -> Observation:
        self._play_to(tick)
        return self.env.observe(cameras, privileged)

    def end(self) -> None:
        """The last tick, and what only the world knows of its state."""
        self._play_to(len(self._actions))
        result = self._record.result
        success = result.outcome is Outcome.SUCCESS
        end = End.SUCCESS if success else End.TIMEOUT
        played = Played(success, end, result.label, result.progress or 0.0, result.steps)
        if self.env.verdict(played).end_hash != result.end_hash:
            raise _differs(self._record, "it ends in another state")

    def _play_to(self, tick: int) -> None:
        while self._tick < tick:
            step = self.env.step(self._actions[self._tick])
            self._tick += 1
            self._compare(step.state)

    def _compare(self, state: Vector) -> None:
        if not np.array_equal(state, self._states[self._tick]):
            measured, recorded = state.round(6).tolist(), self._states[self._tick].round(6).tolist()
            raise _differs(self._record, f"at tick {self._tick} it measures {measured}, recorded was {recorded}")


class Replay:
    """Worlds that replay one trial after another. Open it by `replaying`."""

    def __init__(self, worlds: Sequence[_World]) -> None:
        self._worlds = worlds

    @property
    def cameras(self) -> tuple[str, ...]:
        return tuple(self._worlds[0].env.observation_spec.cameras)

    def looks(
        self,
        folder: RunFolder,
        record: EpisodeRecord,
        cameras: Mapping[str, Size],
        ticks: Iterable[int] | None = None,
        privileged: bool = False,
    ) -> Iterator[Observation]:
        """What was to be seen before each action, or before those at some rising `ticks`.

        A `Mismatch` where the trial does not go as it was recorded, to its last tick.
        """
        steps = folder.read_steps(record)
        actions, states = steps["action"].astype(np.float64), steps["state"].astype(np.float64)
        for world in self._worlds:
            world.begin(record, actions, states)
        waiting: deque[Future[Observation]] = deque()
        for number, tick in enumerate(range(len(actions)) if ticks is None else ticks):
            world = self._worlds[number % len(self._worlds)]
            waiting.append(world.thread.submit(world.look, tick, cameras, privileged))
            if len(waiting) > AHEAD * len(self._worlds):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
        self._worlds[0].end()


@contextmanager
def replaying(source: EnvSource, workers: int) -> Generator[Replay]:
    """At least one process: drawing here would leave its GL behind."""
    try:
        with ExitStack() as stack:
            worlds: list[_World] = []
            for _ in range(max(1, workers)):
                worlds.append(_World(source))
                stack.callback(worlds[-1].close)
            yield Replay(worlds)
    except WorkerError as error:
        raise UserError(f"the trials cannot be replayed: {error}") from None


def _differs(record: EpisodeRecord, how: str) -> Mismatch:
    return Mismatch(
        f"{record.id} does not replay as it was played: {how}. Its pictures would show what never happened. "
        "Render with the machine and the versions that played it (run.json names them), or collect anew"
    )
