"""`armtrial check-policy`: the same observations through a policy here and through its server, compared."""

import argparse
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from PIL import Image as Pictures

from ..envs.base import Image, Observation, Size
from ..envs.faults import Fault, caught
from ..envs.remote import RemoteEnv
from ..policies.base import Policy, PolicySpec, World
from ..policies.golden import Finding, asking, compared
from ..tasks.base import Origin, Trial
from .config import RunConfig
from .errors import UserError
from .flags import Parser, Repeatable, policy_flags, world_flags, world_of
from .ground import Ground, prepare
from .matching import match
from .opening import policy_of
from .output import show

EXAMPLES = """\
examples:
  %(prog)s --policy rynnvla --url ws://localhost:8000
                                  the default policy here, and what listens there: one and the same?
  %(prog)s --policy pi0 --checkpoint DIR --url ws://gpu:8000 --remote-arg map=mine.toml
  %(prog)s --policy toy --suite toy --url ws://localhost:8000 --save seen.npz
  %(prog)s --policy toy --suite toy --url ws://localhost:8000 --observation seen.npz

exit status: 0 both plans agree; 1 they differ; 2 something you can mend, said in one line
"""
AGREE, DIFFER = 0, 1
STARTS, MOST = 3, 100
"""Trials whose first observation is looked at: what one of them does not show another may."""
TOLERANCE = 1e-3
"""Of an action's range: single precision on the way costs less."""
_PICTURE = "image_"
"""What the name of a picture begins with in a file."""


@dataclass(frozen=True, slots=True)
class _Side:
    name: str
    policy: Policy


def run(argv: Sequence[str]) -> int:
    flags = _parser().parse_args(argv)
    if not 0 < flags.tolerance < 1:
        raise UserError(f"--tolerance {flags.tolerance:g}: a share of an action's range, above 0 and below 1")
    if flags.index < 0:
        raise UserError(f"--index {flags.index}: a task's trials are counted from 0")
    if not 1 <= flags.starts <= MOST:
        raise UserError(f"--starts {flags.starts}: 1 to {MOST} of a task's starts are looked at")
    here, there = _grounds(flags)
    with ExitStack() as stack:
        env = RemoteEnv(here.source)
        stack.callback(env.close)
        world = World(env.observation_spec, env.action_spec)
        sides = [_opened(ground, world, stack) for ground in (here, there)]
        of_task = [trial for trial in here.trials if trial.task == here.tasks[0].name]
        trials = of_task[flags.index :][: 1 if flags.observation else flags.starts]
        ours, theirs = ([_seen(flags.observation, env, trial, side.policy.spec) for trial in trials] for side in sides)
        if flags.save is not None:
            _save(flags.save, ours[0])
        asks = [asking(side.policy) for side in sides]
        moments = list(zip(ours, theirs, strict=True))
        found = caught(Origin.POLICY, compared, *asks, moments, world, flags.tolerance)
    if isinstance(found, Fault):
        raise UserError(f"a plan could not be had: {found}")
    names = [str(flags.observation)] if flags.observation else [trial.id for trial in trials]
    show(_told(found, sides, names, flags.tolerance))
    return AGREE if found.agree else DIFFER


def _grounds(flags: argparse.Namespace) -> tuple[Ground, Ground]:
    """Of the policy here, and of the way to its server."""
    said = {name: value for name in ("policy_arg", "checkpoint", "device") if (value := getattr(flags, name))}
    played: dict[str, Any] = {"suite": flags.suite, "episodes": flags.index + flags.starts, **world_of(flags)}
    if flags.task:
        played["task"] = (flags.task,)
    if not flags.url:
        raise UserError("--url is missing: where does the server listen? --url ws://localhost:8000")
    here = RunConfig(policy=flags.policy, **said, **played)
    there = RunConfig(policy=flags.remote, policy_arg=flags.remote_arg or (), url=flags.url, **played)
    return prepare(here), prepare(there)


def _opened(ground: Ground, world: World, stack: ExitStack) -> _Side:
    policy = policy_of(ground, world)
    stack.callback(policy.close)
    match(policy.spec, world, ground.suite.name)
    return _Side(policy.spec.name, policy)


def _seen(file: Path | None, env: RemoteEnv, trial: Trial, spec: PolicySpec) -> Observation:
    """At the sizes that this side asks for."""
    if file is not None:
        return _read(file, spec)
    env.reset(trial)
    return env.observe(spec.cameras, spec.privileged)


def _read(file: Path, spec: PolicySpec) -> Observation:
    try:
        with np.load(file, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
    except (OSError, ValueError, BadZipFile) as error:
        raise UserError(f"--observation {file} cannot be read: {error}") from None
    missing = [name for name in (*(_PICTURE + camera for camera in spec.cameras), "state") if name not in arrays]
    if missing:
        raise UserError(
            f"--observation {file} lacks {', '.join(missing)} and has {', '.join(arrays) or 'nothing'}; "
            "--save FILE writes one from a trial's start"
        )
    images = {camera: _resized(arrays[_PICTURE + camera], size) for camera, size in spec.cameras.items()}
    return Observation(images, arrays["state"].astype(np.float64), str(arrays.get("instruction", "")), 0.0)


def _resized(picture: Any, size: Size) -> Image:
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise UserError(f"a picture is uint8 (height, width, 3); this one is {picture.dtype} {picture.shape}")
    if picture.shape[1::-1] == size:
        return picture
    return np.asarray(Pictures.fromarray(picture).resize(size, Pictures.Resampling.BILINEAR))


def _save(file: Path, seen: Observation) -> None:
    pictures: dict[str, Any] = {_PICTURE + camera: picture for camera, picture in seen.images.items()}
    try:
        with file.open("wb") as stream:
            np.savez(stream, state=seen.state, instruction=np.array(seen.instruction), **pictures)
    except OSError as error:
        raise UserError(f"--save {file}: {error.strerror}") from None


def _told(found: Finding, sides: Sequence[_Side], seen: Sequence[str], tolerance: float) -> str:
    here, there = sides
    what = "the same observation" if len(seen) == 1 else f"the same {len(seen)} observations"
    lines = [f"{here.name} here, {there.name} behind its server; {what}: {', '.join(seen)}"]
    looks = [side.policy.spec.cameras for side in sides]
    if looks[0] != looks[1]:
        lines.append(f"they look at other pictures: {_sizes(looks[0])} here, {_sizes(looks[1])} there")
    if found.lengths[0] != found.lengths[1]:
        lines.append(f"plans of {found.lengths[0]} and {found.lengths[1]} actions: what both have is compared")
    if found.spread > tolerance:
        lines.append(f"the policy draws at random: twice here, and its plans differ by {found.spread:.2g} of a range")
    apart = found.difference
    if found.agree:
        lines.append(f"they agree: at most {apart.share:.2g} of a range apart ({tolerance:g} is allowed)")
    else:
        lines.append(
            f"they differ by {apart.share:.2g} of a range: action {apart.action}, '{apart.name}': "
            f"{apart.here:.4g} here, {apart.there:.4g} there"
        )
        lines += _explained(found)
    if found.hidden:
        these = "this observation" if len(seen) == 1 else f"these {len(seen)} observations"
        lines.append(f"{these} would not show whether")
        lines += [f"  {name}" for name in shortened([mistake.name for mistake in found.hidden])]
    return "\n".join(lines)


def shortened(names: Sequence[str]) -> list[str]:
    """Of several that are alike before a colon only how many they are."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(name.partition(":")[0], []).append(name)
    return [kept[0] if len(kept) == 1 else f"{head} ({len(kept)} orders)" for head, kept in alike.items()]


def _explained(found: Finding) -> list[str]:
    if not found.named:
        return ["no known mistake explains it: are checkpoint, version and instruction the same on both sides?"]
    lines = ["both agree if, on the way or at the server,"]
    for mistake in found.named:
        mend = f"; mend it there, or by {mistake.mend} in a map (--policy-arg map=FILE)" if mistake.mend else ""
        lines.append(f"  {mistake.name}{mend}")
    return lines


def _sizes(cameras: Any) -> str:
    return ", ".join(f"{name} {width}x{height}" for name, (width, height) in cameras.items()) or "none"


def _parser() -> Parser:
    parser = Parser("armtrial check-policy", "Asks a policy here and behind its server for the same plan.", EXAMPLES)
    add: Callable[..., Any] = parser.add_argument
    add("--policy", metavar="P", required=True, help="the policy here: a name from --list, ./file.py:Class, ...")
    policy_flags(parser)
    add("--remote", metavar="P", default="openpi", help="the way to the server, a policy too (default: openpi)")
    add("--remote-arg", metavar="K=V", action=Repeatable, help="handed to that one; repeatable")
    add("--suite", metavar="S", default="single", help="whose world and starts (default: single)")
    add("--task", metavar="T", default="", help="of the suite (default: its first)")
    add("--index", metavar="N", type=int, default=0, help="which of the task's trials first (default: 0)")
    add("--starts", metavar="N", type=int, default=STARTS, help=f"of so many trials in turn (default: {STARTS})")
    world_flags(parser)
    add("--observation", metavar="FILE", type=Path, help="a recorded one, in place of a trial's start")
    add("--save", metavar="FILE", type=Path, help="write the observation to FILE (.npz)")
    add("--tolerance", metavar="X", type=float, default=TOLERANCE, help=f"of a range (default: {TOLERANCE:g})")
    return parser
