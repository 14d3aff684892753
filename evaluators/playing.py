"""A run while it is played: its folder is open, and so are its worlds and its policy."""

import shlex
import sys
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..envs.player import judged_progress
from ..envs.rig import Amendment, Desk, HasDesk, TrialLog
from ..policies.base import Policy, World
from ..tasks.base import STAGES, Outcome, Task, Trial
from .config import RunConfig
from .errors import FolderError
from .folder import RunFolder, read_info, safe, take_name
from .going_on import check_policy, ground_again
from .ground import Ground
from .metrics import last_takes
from .opening import opened
from .pace import Pace
from .played import Run
from .pool import LocalSeat, Seat
from .provenance import provenance
from .records import EpisodeRecord, RunInfo, Sitting
from .rollout import Take
from .runner import Runner, pending
from .trying import try_out


class Interrupted(KeyboardInterrupt):
    """Ctrl-C: everything finished is kept."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.folder = folder


class Playing:
    """A run while it is played: its folder is open, and so are its worlds and its policy."""

    def __init__(
        self,
        ground: Ground,
        folder: RunFolder,
        info: RunInfo,
        records: list[EpisodeRecord],
        seats: Sequence[Seat],
        policy: Policy,
        world: World,
    ) -> None:
        self.ground, self.folder, self.info, self.records = ground, folder, info, records
        allowed = {task.name: _allowed(task, ground.config) for task in ground.tasks}
        config = ground.config
        pace = Pace(config.realtime, config.latency)
        self._runner = Runner(
            seats, policy, world, execute=config.execute, batch=config.batch, allowed=allowed, pace=pace
        )

    def play(self, trials: Sequence[Trial], retry_errors: bool = False) -> Iterator[EpisodeRecord]:
        """Those of them that are not played yet: each is kept, and given as it ends."""
        yield from self._played(pending(trials, self.records, retry_errors))
        void = {record.id for record in last_takes(self.records) if record.result.outcome is Outcome.VOID}
        yield from self._played([(trial, take) for trial, take in pending(trials, self.records) if trial.id in void])

    def _played(self, todo: Sequence[tuple[Trial, int]]) -> Iterator[EpisodeRecord]:
        try:
            for take in self._runner.play(deque(todo)):
                yield self._keep(take)
        except KeyboardInterrupt:
            for take in self._runner.broken_off():
                self._keep(take)
            raise

    def _keep(self, take: Take) -> EpisodeRecord:
        self.records.append(self.folder.append(take.record, take.steps, take.fault))
        return self.records[-1]

    def lend_desk(self, seats: Sequence[Seat]) -> None:
        """To a world with a person beside it, who keeps evidence in the run's folder and may think again."""
        desk = Desk(self.folder.path, len(self.ground.trials), self._done, self._next_take, self._amend)
        for seat in seats:
            if isinstance(seat, LocalSeat) and isinstance(seat.env, HasDesk):
                seat.env.sit_down(desk)

    def _done(self) -> int:
        return sum(record.result.outcome is not Outcome.VOID for record in last_takes(self.records))

    def _next_take(self, trial: str) -> str:
        return take_name(trial, 1 + max((record.take for record in self.records if record.id == trial), default=0))

    def _amend(self, amendment: Amendment) -> None:
        """One more take, of the same steps: what was said before stays in the log."""
        before = next(record for record in reversed(self.records) if record.id == amendment.trial)
        self.folder.settle()
        self.records.append(self.folder.append(_amended(before, amendment), self.folder.read_steps(before), None))

    @property
    def run(self) -> Run:
        """As far as it has been played."""
        return Run(self.folder.path, self.info, tuple(self.records))

    def end(self, how: str) -> None:
        last = replace(self.info.sittings[-1], end=_now(), how=how)
        self.info = replace(self.info, sittings=(*self.info.sittings[:-1], last))
        self.folder.write_info(self.info)
        self.folder.write("scores.json", self.run.summary)


@contextmanager
def begun(ground: Ground, out: Path | None) -> Generator[Playing]:
    """A new run, to be played as one likes; None as in `start`."""
    taken = out is not None and RunFolder(out).info_file.exists()
    folder: RunFolder | None = None
    try:
        try_out(ground)
        with opened(ground) as stage:
            info = _info(ground, *stage[1:])
            folder = RunFolder(out) if out is not None else _named_after(ground.config)
            folder.create(info)
            with _kept(ground, folder, info, stage) as playing:
                yield playing
    except KeyboardInterrupt:
        if folder is None or taken or not folder.info_file.exists():
            raise
        raise Interrupted(folder.path) from None


@contextmanager
def gone_on(path: Path, changes: dict[str, Any]) -> Generator[Playing]:
    """A run that is there, to be played on; `changes` as in `resume`."""
    info = read_info(path)
    try:
        ground = ground_again(path, info, changes)
        with opened(ground) as stage:
            check_policy(path, info, stage[1])
            info = replace(info, config=ground.config, sittings=(*info.sittings, _sitting(ground)))
            with _kept(ground, RunFolder(path), info, stage) as playing:
                yield playing
    except KeyboardInterrupt:
        raise Interrupted(path.absolute()) from None


@contextmanager
def _kept(
    ground: Ground, folder: RunFolder, info: RunInfo, stage: tuple[Sequence[Seat], Policy, World]
) -> Generator[Playing]:
    """However it ends, every finished trial is on the disk and run.json says how it ended."""
    with folder.opened() as records:
        _check_records(records, ground.trials, folder.path)
        folder.write_info(info)
        playing = Playing(ground, folder, info, records, *stage)
        playing.lend_desk(stage[0])
        try:
            yield playing
        except BaseException as reason:
            with suppress(FolderError):
                playing.end("interrupted" if isinstance(reason, KeyboardInterrupt) else "failed")
            raise
        playing.end("done")


def _amended(record: EpisodeRecord, amendment: Amendment) -> EpisodeRecord:
    judged, log = amendment.judgement, record.rig or TrialLog()
    result = replace(
        record.result,
        outcome=judged.outcome,
        label=judged.label,
        progress=judged_progress(judged.outcome, record.result.progress or 0.0),
        judged_by=judged.by,
        note=judged.note,
        error=None,
    )
    log = replace(log, verdicts=(*log.verdicts, judged), amended=True, void_reason=amendment.void_reason)
    return replace(record, take=record.take + 1, result=result, rig=log)


def _named_after(config: RunConfig) -> RunFolder:
    """Another number behind it where two runs start in the same second."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    suite, policy = (safe(name.rpartition(":")[2]) for name in (config.suite, config.policy))
    base = Path("runs") / f"{stamp}-{suite}-{policy}"
    for path in (base, *(base.with_name(f"{base.name}-{number}") for number in range(2, 100))):
        with suppress(FileExistsError):
            path.mkdir(parents=True)
            return RunFolder(path)
    raise FolderError(f"{base} and all its numbers are taken; choose another --out")


def _sitting(ground: Ground) -> Sitting:
    places = (ground.config.policy, ground.config.suite, ground.source.place)
    made_with = provenance(str(ground.renderer or ""), places, ground.handed, ground.upstream, ground.weights)
    return Sitting(start=_now(), command=shlex.join(sys.argv), provenance=made_with)


def _info(ground: Ground, policy: Policy, world: World) -> RunInfo:
    spec = policy.spec
    return RunInfo(
        config=ground.config,
        suite=ground.suite.name,
        suite_version=ground.suite.version,
        env="real" if ground.config.env == "real" else ground.suite.env,
        policy=spec.name,
        policy_version=spec.version,
        privileged=spec.privileged,
        deterministic=spec.deterministic,
        state=world.observation.state,
        action=world.action.names,
        rate=world.action.rate,
        tasks=tuple(task.name for task in ground.tasks),
        trials=len(ground.trials),
        chains={task.name: task.stages for task in ground.tasks if task.stages is not None},
        last_stages={task.name: task.last_stage for task in ground.tasks if task.last_stage != STAGES[-1]},
        sittings=(_sitting(ground),),
    )


def _check_records(records: Sequence[EpisodeRecord], trials: Sequence[Trial], path: Path) -> None:
    seeds = {trial.id: trial.seed for trial in trials}
    for record in records:
        if seeds.get(record.id) != record.seed:
            raise FolderError(
                f"{path} holds the trial {record.id} with seed {record.seed}, which is not of this run's list"
            )


def _allowed(task: Task, config: RunConfig) -> float:
    return config.trial_timeout if config.trial_timeout is not None else max(600.0, 10 * task.max_seconds)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
