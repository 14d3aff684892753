"""`armtrial baseline`: what a run leaves for later runs to be held against."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ..envs.base import Size
from ..envs.digests import digest
from ..envs.faults import Fault, caught
from ..envs.remote import RemoteEnv, WorkerError
from ..envs.worker import EnvSource
from ..policies.base import Policy, PolicySpec, World
from ..policies.resized import Resized
from ..tasks.base import Origin
from .baseline import LARGEST, Author, Baseline, Canary, Kept, without_doubt, write
from .canary import Heard, Song, replay, replayable
from .config import WHAT_IS_PLAYED, RunConfig
from .errors import Mismatch, UserError
from .flags import PLAYED, Parser
from .folder import RunFolder
from .ground import Ground, prepare
from .output import show, tell
from .packed_actions import Packed
from .paired import played
from .played import Run, load
from .provenance import provenance
from .records import EpisodeRecord, Provenance
from .sides import scores_of

REPLAYS = 20
SIZE: Size = (128, 128)
"""Of the pictures of all cameras, where the policy looks at none."""

EXAMPLES = f"""\
examples:
  %(prog)s runs/x --out gate/single.json               the file to commit; armtrial gate holds later runs against it
  %(prog)s runs/x --out gate/single.json --replays 8   with the actions of fewer trials, where it grows too large

The file has how every trial ended and, of up to {REPLAYS} trials, the actions and the hashes of start, first pictures
and end, by which the gate tells a policy that got worse from a ground that moved. It has at most {LARGEST / 1e6:g} MB.

exit status: 0 written; 2 something you can mend, said in one line
"""


def run(words: Sequence[str]) -> int:
    parser = Parser("armtrial baseline", "Keeps what a run came to, for later runs to be held against.", EXAMPLES)
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the file that is written")
    parser.add_argument("--force", action="store_true", help="replace the file that is there")
    parser.add_argument(
        "--replays", metavar="N", type=int, default=REPLAYS, help=f"trials to replay (default: {REPLAYS})"
    )
    parser.add_argument("--workers", metavar="N", type=int, default=1, help="worlds that replay (default: 1)")
    flags = parser.parse_args(words)
    _check_file(flags.out, flags.force)
    run = load(flags.run)
    baseline = baseline_of(run, flags.replays, flags.workers)
    size = write(baseline, flags.out)
    for warning in without_doubt(baseline, scores_of(run.info)[0]):
        tell(f"armtrial: {warning}")
    show(told(baseline, flags.out, size))
    return PLAYED


def _check_file(file: Path, force: bool) -> None:
    """Before anything is replayed, which takes longer."""
    if file.is_dir():
        raise UserError(f"--out {file} is a folder; name the file in it, as {file / 'baseline.json'}")
    if not file.parent.is_dir():
        raise UserError(f"--out {file}: there is no folder {file.parent}. Make it: mkdir -p {file.parent}")
    if file.exists() and not force:
        raise UserError(
            f"{file} is there already, and later runs are held against it. Replace it by --force, or name another file"
        )


def told(baseline: Baseline, file: Path, size: int) -> str:
    cameras = ", ".join(f"{name} {width}x{height}" for name, (width, height) in baseline.cameras.items())
    pictures = f"first pictures of {cameras}" if cameras else "no pictures"
    trials = f"{len(baseline.results)} trials, {len(baseline.canaries)} with actions to replay, {pictures}"
    return f"{file}: {trials}; {size / 1000:.0f} kB"


def baseline_of(run: Run, replays: int = REPLAYS, workers: int = 1) -> Baseline:
    """Of a whole run, which must replay here as it was played: what moves later has moved since now."""
    takes = _whole(run)
    ground = without_policy(run.info.config)
    check_version(ground, run.info.suite, run.info.suite_version, str(run.folder))
    chosen = _chosen(run, takes, replays)
    cameras = _cameras(run.info.config, ground)
    return Baseline(
        suite=run.info.suite,
        version=run.info.suite_version,
        domain=run.info.config.seed_domain,
        env=run.info.env,
        tasks=run.info.tasks,
        policy=_author(run),
        config=_repeatable(run.info.config),
        provenance=provenance_of(ground),
        cameras=cameras,
        results=tuple(map(Kept.of, takes)),
        canaries=_canaries(run, chosen, ground.source, cameras, workers),
    )


def without_policy(config: RunConfig) -> Ground:
    """The world of a run. Nobody is asked what to do in it, so it takes no checkpoint and no server."""
    return prepare(replace(config, policy="hold", policy_arg=(), checkpoint="", device="", url=(), workers=1))


def check_version(ground: Ground, suite: str, version: int, whose: str) -> None:
    there = ground.suite.name, ground.suite.version
    if there != (suite, version):
        raise Mismatch(
            f"{whose} is of {suite}-v{version}; here there is {there[0]}-v{there[1]}, whose trials are others. Play "
            "the suite as it is now, and make a baseline of that"
        )


def provenance_of(ground: Ground) -> Provenance:
    """Without what names a machine or its folders: the file is for others to read."""
    given = ground.source.arguments.values()
    found = provenance(str(ground.renderer or ""), (ground.source.place,), given, ground.upstream)
    machine = {name: value for name, value in found.machine.items() if name != "host"}
    return replace(found, machine=machine, files={Path(name).name: known for name, known in found.files.items()})


def _whole(run: Run) -> list[EpisodeRecord]:
    takes = played(run)
    if len(takes) < run.info.trials:
        raise UserError(
            f"{run.folder} has played {len(takes)} of its {run.info.trials} trials; a baseline is one of a whole run. "
            f"Play the rest by --resume {run.folder}"
        )
    return takes


def _chosen(run: Run, takes: Sequence[EpisodeRecord], replays: int) -> list[EpisodeRecord]:
    if replays < 1:
        raise UserError(f"--replays {replays}: without actions to replay a moved ground looks like a worse policy")
    there = replayable(takes)
    if not there:
        raise UserError(
            f"{run.folder} has no trial that can be replayed, of {len(takes)}: that takes one which did not end in "
            "ERROR, in a world that gives its last state a hash, as a simulation does"
        )
    return there[:replays]


def _canaries(
    run: Run, chosen: Sequence[EpisodeRecord], source: EnvSource, cameras: Mapping[str, Size], workers: int
) -> tuple[Canary, ...]:
    folder = RunFolder(run.folder)
    songs = [Song(record.trial, folder.read_steps(record)["action"].astype("float64")) for record in chosen]
    heard = replay(source, songs, cameras, workers)
    return tuple(_canary(record, song, each) for record, song, each in zip(chosen, songs, heard))


def _canary(record: EpisodeRecord, song: Song, heard: Heard) -> Canary:
    result = record.result
    if (heard.start, heard.end) != (result.start_hash, result.end_hash):
        how = "starts otherwise" if heard.start != result.start_hash else "ends in another state"
        raise Mismatch(
            f"{record.id} does not replay here as it was played: {heard.fault or f'it {how}'}. A baseline is made with "
            "the machine and the versions that played the run: play it anew here"
        )
    return Canary(
        trial=record.id,
        start=heard.start,
        end=heard.end,
        pictures=dict(heard.pictures),
        actions=Packed.of(song.actions),
    )


def _cameras(config: RunConfig, ground: Ground) -> dict[str, Size]:
    """Those that the policy looks at, as it looks at them; else all there are."""
    if ground.renderer is not None and ground.renderer.backend == "disabled":
        return {}
    try:
        env = RemoteEnv(ground.source)
    except WorkerError as error:
        raise UserError(f"the world could not start: {error}") from None
    try:
        world = World(env.observation_spec, env.action_spec)
    finally:
        env.close()
    spec = caught(Origin.POLICY, partial(_spec, config, world))
    if isinstance(spec, Fault):
        tell(f"armtrial: the policy cannot say what it looks at, so all cameras are looked at: {spec}")
        return dict.fromkeys(world.observation.cameras, SIZE)
    return dict(spec.cameras) or dict.fromkeys(world.observation.cameras, SIZE)


def _spec(config: RunConfig, world: World) -> PolicySpec:
    ground = prepare(config)
    policy: Policy = ground.make_policy(world, **ground.policy_arguments)
    try:
        return policy.spec if config.size is None else Resized(policy, config.size).spec
    finally:
        policy.close()


def _author(run: Run) -> Author:
    info = run.info
    return Author(name=info.policy, version=info.policy_version, digest=policy_digest(run), privileged=info.privileged)


def policy_digest(run: Run) -> str:
    config = run.info.config
    of_checkpoint = digest(Path(config.checkpoint)) if config.checkpoint else ""
    return of_checkpoint or run.info.provenance.files.get(config.policy.rpartition(":")[0], "")


def _repeatable(config: RunConfig) -> RunConfig:
    """What is played, not how; nothing of the folder it was played from."""
    return RunConfig(**{name: _from_here(getattr(config, name)) for name in WHAT_IS_PLAYED})


def _from_here(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(f"{Path.cwd()}/", "./")
    if isinstance(value, tuple):
        return tuple(_from_here(each) for each in value)  # pyright: ignore[reportUnknownVariableType] -- texts or sizes
    return value
