"""A run from its config to its folder: what the command does, as a call."""

import shlex
import sys
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..envs.locate import text_of
from ..envs.rig import Amendment, Desk, HasDesk, TrialLog
from ..policies.base import Policy, World
from ..tasks.base import STAGES, Outcome, Suite, Task, Trial
from .config import REPEATABLE, WHAT_IS_PLAYED, RunConfig
from .errors import FolderError, Mismatch, UnknownName, UserError
from .folder import RunFolder, read_info, read_records, safe, take_name
from .ground import Ground, PolicyLike, portable, prepare
from .metrics import Clocks, Scores, clocks, last_takes, scores
from .opening import opened
from .pace import Pace
from .pool import LocalSeat, Seat
from .progress import Silent, Watcher
from .provenance import digest, provenance
from .records import EpisodeRecord, RunInfo, Sitting
from .rollout import Take
from .runner import Runner, pending
from .summary import scores_json
from .traces import Trace, read_traces
from .trying import try_out


class Interrupted(KeyboardInterrupt):
    """Ctrl-C: everything finished is kept."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.folder = folder


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has been played, as far as it was."""

    folder: Path
    info: RunInfo
    records: tuple[EpisodeRecord, ...]

    @property
    def traces(self) -> dict[str, Trace]:
        """What `steps/` tells of every trial."""
        return read_traces(self.folder, self.info, self.records)

    @property
    def scores(self) -> Scores:
        info = self.info
        return scores(self.records, info.tasks, info.trials, self.traces, info.chains, info.last_stages)

    @property
    def clocks(self) -> Clocks:
        return clocks(self.records, self.info.tasks, self.info.rate, self.traces)

    @property
    def broken(self) -> bool:
        """Some trial ended in ERROR, in the take that counts."""
        return any(record.result.outcome is Outcome.ERROR for record in last_takes(self.records))

    @property
    def summary(self) -> bytes:
        """scores.json"""
        return scores_json(self.info, self.scores, self.clocks)


def evaluate(
    policy: PolicyLike,
    suite: str | Suite,
    *,
    out: str | Path | None = None,
    watcher: Watcher | None = None,
    **settings: Any,
) -> Run:
    """Plays `policy` over `suite` and gives the run. `settings`: the fields of `RunConfig`, as `episodes=5, workers=2`.

    The policy is a name from the table, `./file.py:Class`, or a callable that takes the world.
    """
    unknown = [name for name in settings if name not in RunConfig.__dataclass_fields__]
    if unknown:
        raise UnknownName("setting", unknown[0], RunConfig.__dataclass_fields__)
    if not (isinstance(policy, str) or callable(policy)):
        raise UserError(f"a policy is a name or a callable that makes one, not a {type(policy).__name__}")
    for name in REPEATABLE:
        if isinstance(settings.get(name), str):
            settings[name] = (settings[name],)
    asked = suite if isinstance(suite, str) else suite.name
    ground = prepare(RunConfig(policy=_name_of(policy), suite=asked, **settings), policy, suite)
    return start(ground, Path(out) if out is not None else None, watcher or Silent())


def start(ground: Ground, out: Path | None, watcher: Watcher) -> Run:
    """A new run in a folder of its own; None: one named after the time, the suite and the policy."""
    with begun(ground, out) as playing:
        _play_all(playing, watcher, retry_errors=False)
    return playing.run


def resume(path: Path, changes: dict[str, Any], retry_errors: bool, watcher: Watcher) -> Run:
    """Goes on with a run. `changes`: how it is played may change, what is played may not."""
    with gone_on(path, changes) as playing:
        _play_all(playing, watcher, retry_errors)
    return playing.run


def _play_all(playing: "Playing", watcher: Watcher, retry_errors: bool) -> None:
    watcher.start(playing.ground.trials, playing.records)
    try:
        for record in playing.play(playing.ground.trials, retry_errors):
            watcher.finished(record)
    finally:
        watcher.stop()


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
        ground = _ground_again(path, info, changes)
        with opened(ground) as stage:
            _check_policy(path, info, stage[1])
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
        record.result, outcome=judged.outcome, label=judged.label, judged_by=judged.by, note=judged.note, error=None
    )
    log = replace(log, verdicts=(*log.verdicts, judged), void_reason=amendment.void_reason)
    return replace(record, take=record.take + 1, result=result, rig=log)


def _ground_again(path: Path, info: RunInfo, changes: dict[str, Any]) -> Ground:
    config = portable(replace(info.config, **changes))
    pairs = [(name, getattr(info.config, name), getattr(config, name)) for name in WHAT_IS_PLAYED]
    differ = [f"{name}={before!r}, not {now!r}" for name, before, now in pairs if now != before]
    if differ:
        raise Mismatch(
            f"{path} was started with {'; '.join(differ)}; a run keeps what it plays. Start another one with --out"
        )
    ground = prepare(config)
    if (ground.suite.name, ground.suite.version) != (info.suite, info.suite_version):
        raise Mismatch(
            f"{path} was played on {info.suite}-v{info.suite_version}; this version has "
            f"{ground.suite.name}-v{ground.suite.version}. Its trials are others: start a new run"
        )
    _check_files(path, info, ground)
    _check_upstream(path, info, ground)
    return ground


def _check_policy(path: Path, info: RunInfo, policy: Policy) -> None:
    spec = policy.spec
    if (spec.name, spec.version) != (info.policy, info.policy_version):
        raise Mismatch(
            f"{path} was played by {info.policy} {info.policy_version}; this is {spec.name} {spec.version}. "
            "Start a new run"
        )


def _check_files(path: Path, info: RunInfo, ground: Ground) -> None:
    """A calibration or a robot of another content is another world under the same name."""
    for value in ground.source.arguments.values():
        before = info.provenance.files.get(value) if isinstance(value, str) else None
        if before is None:
            continue
        now = digest(Path(value)) if Path(value).is_file() else ""
        if now != before:
            how = f"sha256 {before[:12]} then, {now[:12]} now" if now else "it is gone"
            raise Mismatch(
                f"{value} is not what {path} was started with ({how}); a run keeps the world it is played in. "
                "Put the file back, or start another run with --out"
            )


def _check_upstream(path: Path, info: RunInfo, ground: Ground) -> None:
    for name, before in info.provenance.upstream.items():
        now = ground.upstream.get(name, "none")
        if now != before:
            raise Mismatch(
                f"{path} was started with {name} {before}, and here it is {now}; a run keeps the world it is played "
                "in. Go back to that one, or start another run with --out"
            )


def load(path: Path) -> Run:
    """A run from its folder, finished or not."""
    info = read_info(path)
    return Run(path, info, tuple(read_records(path)))


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
    made_with = provenance(str(ground.renderer or ""), places, ground.source.arguments.values(), ground.upstream)
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


def _name_of(policy: PolicyLike) -> str:
    """So that the run can be resumed by its folder alone, wherever the policy can be imported from."""
    if isinstance(policy, str):
        return policy
    name = getattr(policy, "__qualname__", type(policy).__name__)
    known = hasattr(policy, "__module__") and "<locals>" not in name and policy.__module__ != "__main__"
    return text_of(policy) if known else name


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
