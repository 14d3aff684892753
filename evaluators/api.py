"""A run from its config to its folder: what the command does, as a call."""

import shlex
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ..envs.faults import Fault, caught
from ..policies.base import Policy, World
from ..tasks.base import Origin, Suite, Task, Trial
from .config import WHAT_IS_PLAYED, RunConfig
from .errors import FolderError, Mismatch, UnknownName, UserError
from .folder import RunFolder, read_info, read_records, safe
from .ground import Ground, PolicyLike, prepare
from .matching import match
from .metrics import Clocks, Score, Scores, clocks, scores
from .pool import Seat, close_all, open_local, open_workers
from .progress import Silent, Watcher
from .provenance import commit, machine, packages
from .records import EpisodeRecord, RunInfo, Sitting
from .runner import pending, play
from .stats import Rate


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
    def scores(self) -> Scores:
        return scores(self.records, self.info.tasks, self.info.trials)

    @property
    def clocks(self) -> Clocks:
        return clocks(self.records)


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
    config = RunConfig(policy=_name_of(policy), suite=suite if isinstance(suite, str) else suite.name, **settings)
    ground = prepare(config, policy, suite)
    return start(ground, Path(out) if out is not None else default_folder(config), watcher or Silent())


def start(ground: Ground, out: Path, watcher: Watcher) -> Run:
    """A new run in a folder of its own."""
    with _opened(ground) as (seats, policy, world):
        folder = RunFolder(out)
        info = _info(ground, policy, world, out)
        folder.create(info)
        return _played(ground, folder, info, seats, policy, world, watcher, retry_errors=False)


def resume(path: Path, changes: dict[str, Any], retry_errors: bool, watcher: Watcher) -> Run:
    """Goes on with a run. `changes`: how it is played may change, what is played may not."""
    info = read_info(path)
    for name in WHAT_IS_PLAYED:
        if name in changes and changes[name] != getattr(info.config, name):
            raise Mismatch(
                f"{path} was started with {name}={getattr(info.config, name)!r}, not {changes[name]!r}; "
                "a run keeps what it plays. Start another one with --out"
            )
    ground = prepare(replace(info.config, **changes))
    if (ground.suite.name, ground.suite.version) != (info.suite, info.suite_version):
        raise Mismatch(
            f"{path} was played on {info.suite}-v{info.suite_version}; this version has "
            f"{ground.suite.name}-v{ground.suite.version}. Its trials are others: start a new run"
        )
    with _opened(ground) as (seats, policy, world):
        if (policy.spec.name, policy.spec.version) != (info.policy, info.policy_version):
            raise Mismatch(
                f"{path} was played by {info.policy} {info.policy_version}; this is {policy.spec.name} "
                f"{policy.spec.version}. Start a new run"
            )
        return _played(ground, RunFolder(path), info, seats, policy, world, watcher, retry_errors)


def load(path: Path) -> Run:
    """A run from its folder, finished or not."""
    info = read_info(path)
    return Run(path, info, tuple(read_records(path)))


def default_folder(config: RunConfig) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    base = Path("runs") / f"{stamp}-{safe(config.suite)}-{safe(config.policy)}"
    numbered = (base.with_name(f"{base.name}-{number}") for number in range(2, 1000))
    return next(path for path in (base, *numbered) if not path.exists())


def scores_json(run: Run) -> bytes:
    """`results` follows from the trials and the policy alone; `clocks` differs between any two runs."""
    info = run.info
    body = {
        "schema": 1,
        "results": {
            "suite": info.suite,
            "suite_version": info.suite_version,
            "domain": info.config.seed_domain,
            "policy": info.policy,
            "policy_version": info.policy_version,
            "privileged": info.privileged,
            "planned": run.scores.planned,
            "played": run.scores.played,
            "tasks": [_plain(row) for row in run.scores.tasks],
            "all": _plain(run.scores.overall),
        },
        "clocks": asdict(run.clocks),
    }
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


@contextmanager
def _opened(ground: Ground) -> Generator[tuple[Sequence[Seat], Policy, World]]:
    """Worlds and policy, compared with each other, closed in the end."""
    with ExitStack() as stack:
        workers = min(ground.config.workers, max(1, len(ground.trials)))
        seats, world = open_workers(ground.source, workers) if workers else open_local(ground.source, 1)
        stack.callback(close_all, seats)
        policy = caught(Origin.POLICY, _built, ground, world)
        if isinstance(policy, Fault):
            raise UserError(f"policy '{ground.config.policy}' could not be built: {policy} ({policy.where})")
        stack.callback(policy.close)
        match(policy.spec, world)
        yield seats, policy, world


def _built(ground: Ground, world: World) -> Policy:
    return ground.make_policy(world, **ground.policy_arguments)


def _played(
    ground: Ground,
    folder: RunFolder,
    info: RunInfo,
    seats: Sequence[Seat],
    policy: Policy,
    world: World,
    watcher: Watcher,
    retry_errors: bool,
) -> Run:
    """Plays what is left. However it ends, every finished trial is on the disk and run.json says how it ended."""
    with folder.opened() as records:
        _check_records(records, ground.trials, folder.path)
        sitting = Sitting(start=_now(), command=shlex.join(sys.argv))
        info = replace(info, config=ground.config, sittings=(*info.sittings, sitting))
        folder.write_info(info)
        try:
            _play_rest(ground, folder, records, seats, policy, world, watcher, retry_errors)
        except KeyboardInterrupt:
            _ended(folder, info, records, "interrupted")
            raise Interrupted(folder.path) from None
        except BaseException:
            with suppress(FolderError):
                _ended(folder, info, records, "failed")
            raise
        return _ended(folder, info, records, "done")


def _play_rest(
    ground: Ground,
    folder: RunFolder,
    records: list[EpisodeRecord],
    seats: Sequence[Seat],
    policy: Policy,
    world: World,
    watcher: Watcher,
    retry_errors: bool,
) -> None:
    """Appends to `records` what it appends to the folder."""
    config = ground.config
    todo = pending(ground.trials, records, retry_errors)
    allowed = {task.name: _allowed(task, config) for task in ground.tasks}
    watcher.start(ground.trials, records)
    try:
        for take in play(todo, seats, policy, world, execute=config.execute, batch=config.batch, allowed=allowed):
            records.append(folder.append(take.record, take.steps, take.fault))
            watcher.finished(take.record)
    finally:
        watcher.stop()


def _ended(folder: RunFolder, info: RunInfo, records: Sequence[EpisodeRecord], how: str) -> Run:
    last = replace(info.sittings[-1], end=_now(), how=how)
    info = replace(info, sittings=(*info.sittings[:-1], last))
    run = Run(folder.path, info, tuple(records))
    folder.write_info(info)
    folder.write("scores.json", scores_json(run))
    return run


def _info(ground: Ground, policy: Policy, world: World, out: Path) -> RunInfo:
    revision, dirty = commit()
    spec = policy.spec
    return RunInfo(
        config=ground.config,
        folder=out.name,
        suite=ground.suite.name,
        suite_version=ground.suite.version,
        tasks=tuple(task.name for task in ground.tasks),
        env=ground.suite.env,
        policy=spec.name,
        policy_version=spec.version,
        privileged=spec.privileged,
        deterministic=spec.deterministic,
        state=world.observation.state,
        action=world.action.names,
        rate=world.action.rate,
        trials=len(ground.trials),
        commit=revision,
        dirty=dirty,
        packages=packages(),
        machine=machine(),
        renderer="",
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
    return policy if isinstance(policy, str) else getattr(policy, "__qualname__", type(policy).__name__)


def _plain(value: Any) -> Any:
    if isinstance(value, Rate):
        return {"k": value.k, "n": value.n, "value": value.value, "interval": value.interval}
    if isinstance(value, Score):
        return {name: _plain(getattr(value, name)) for name in Score.__dataclass_fields__}
    return value


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
