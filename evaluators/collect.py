"""`armtrial collect`: demonstrations to train on, from seeds that no evaluation ever uses."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from ..envs.base import Size
from ..envs.extras import install
from ..tasks.variations import RANDOMIZED
from . import api
from .config import WHAT_IS_PLAYED, RunConfig
from .demonstrations import INDEX, usable, write_index
from .errors import Mismatch, UserError
from .flags import LARGEST, PLAYED, SOME_ERROR, Parser, policy_flags, size, trial_flags, world_flags, wrap_flag
from .folder import RunFolder, read_info
from .ground import Ground, prepare
from .interrupts import Stopped
from .metrics import last_takes
from .output import show
from .played import Run
from .playing import Interrupted
from .progress import watcher
from .records import EpisodeRecord

DOMAIN = "demo"
"""Of the seeds. Those of evaluations are even, all others odd: the two never meet."""
FORMATS = ("steps", "lerobot")
OF_SOURCE = ("source", "out", "size", "keep_failures", "quiet", "format")
"""What goes with --from; the format is LeRobot's."""
SMALLEST = 64
"""Pixels along the shortest edge that the encoder of LeRobot's videos takes."""

DESCRIPTION = """\
Plays a policy over demonstration trials and keeps those that succeed. The result is a run's folder like any other
(armtrial report and armtrial video understand it), with demonstrations.jsonl, which lists what is to be learned from.
"""
EPILOG = """\
examples:
  armtrial collect --suite single --episodes 200 --out data/single
  armtrial collect --suite single --task pen --episodes 50 --out data/pens --mistakes 0.2
                                     a fifth of the attempts goes wrong on purpose and is recovered from
  armtrial collect --suite single --episodes 300 --out data/put-right --policy rynnvla --wrap takeover=20
                                     begun by a policy, ended by the expert: what puts its mistakes right
  armtrial collect --suite distractor --episodes 200 --out data/wide --randomize
                                     light, table and cameras vary more than in any evaluation
  armtrial collect --suite single --episodes 50 --out data/single --format lerobot --size 320x240 --look pretty
                                     also as a LeRobotDataset in data/single/lerobot, with finer shadows and edges
  armtrial collect --from runs/x     a run of any policy, in the twin or on a real arm, as a LeRobotDataset in
                                     runs/x/lerobot; --out DIR: elsewhere. A real arm's pictures are its films'
  armtrial collect --resume data/single
                                     go on after Ctrl-C or a crash; the same command again does so too

formats:
  steps     actions and measured states of every tick. No pictures: the trials replay exactly, so a training can draw
            what it needs where it needs it. In Python: armtrial.evaluators.demonstrations.demonstrations("data/single")
  lerobot   the same, and then every trial replayed and drawn from all cameras at every tick (needs armtrial[lerobot])

exit status: 0 played; 1 some trial ended in ERROR; 2 something you can mend, said in one line; 130 interrupted
"""


def run(argv: Sequence[str]) -> int:
    given = vars(_parser().parse_args(argv))
    if "source" in given:
        return _turned(given)
    quiet, keep, form = given.pop("quiet"), given.pop("keep_failures"), given.pop("format")
    edges = _even(given.pop("size"))
    if form == "lerobot":
        _writer()
    try:
        played = _played(given, quiet)
        ground = prepare(played.info.config)
        kept = _indexed(played, ground, keep)
        _say(quiet, _summary(played, kept))
        if form == "lerobot":
            _say(quiet, str(_rendered(played, ground, kept, edges, quiet)))
    except KeyboardInterrupt as stop:
        raise Stopped(_how_to_go_on(stop)) from None
    return SOME_ERROR if played.broken else PLAYED


def _turned(given: dict[str, Any]) -> int:
    """A run that is there, as a dataset: nothing is played."""
    other = [name for name in given if name not in OF_SOURCE]
    if other:
        raise UserError(
            f"--from plays nothing, so --{other[0].replace('_', '-')} does not go with it. What does: --out, --size, "
            "--keep-failures, --quiet"
        )
    from .converting import convert

    out, edges = given.get("out"), _even(given["size"])
    path, keep, quiet = Path(given["source"]), given["keep_failures"], given["quiet"]
    told = convert(path, None if out is None else Path(out), edges, keep, quiet, _writer())
    _say(quiet, told)
    return PLAYED


def _played(given: dict[str, Any], quiet: bool) -> Run:
    """Starts the collection, or goes on with the one that is there."""
    asked = _asked(given)
    out, again = given.get("out"), given.get("resume")
    if (out is None) == (again is None):
        raise UserError("say where to: --out DIR for a new collection, --resume DIR to go on with one")
    folder = Path(again or out or "")
    if again:
        return _resumed(folder, asked, quiet)
    if "suite" not in asked:
        raise UserError("--suite is missing. Say what is to be learned: --suite single; see armtrial --list")
    defaults: dict[str, Any] = {"policy": "expert", "workers": os.cpu_count() or 1, "video": "none"}
    config = RunConfig(**(defaults | asked), seed_domain=DOMAIN)
    if (folder / "run.json").exists():
        return _resumed(folder, {name: getattr(config, name) for name in WHAT_IS_PLAYED} | asked, quiet)
    return api.start(prepare(config), folder, watcher(quiet))


def _resumed(folder: Path, asked: dict[str, Any], quiet: bool) -> Run:
    """`asked`: all that is played where the command says it anew, so that a flag it leaves out counts too."""
    _check_seeds(folder)
    return api.resume(folder, asked, False, watcher(quiet))


def _asked(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of `RunConfig` that flags were given for."""
    asked = {name: value for name, value in given.items() if name in RunConfig.__dataclass_fields__}
    for name in ("mistakes", "astray"):
        if name in given:
            asked["policy_arg"] = (*asked.get("policy_arg", ()), f"{name}={given[name]:g}")
    if given.get("randomize"):
        asked["variation"] = RANDOMIZED.name
    return asked


def _check_seeds(folder: Path) -> None:
    domain = read_info(folder).config.seed_domain
    if domain != DOMAIN:
        raise Mismatch(f"{folder} was played on the seeds '{domain}'; demonstrations come from '{DOMAIN}' alone")


def _indexed(played: Run, ground: Ground, keep_failures: bool) -> list[EpisodeRecord]:
    kept = usable(played.records, played.info.tasks, keep_failures)
    write_index(RunFolder(played.folder), kept, ground.tasks)
    return kept


def _summary(played: Run, kept: Sequence[EpisodeRecord]) -> str:
    folder = RunFolder(played.folder)
    size = sum(folder.steps_file(record).stat().st_size for record in kept)
    each = f", {size / len(kept) / 1000:.0f} kB each" if kept else ""
    trials = len(last_takes(played.records))
    return f"{len(kept)} demonstrations of {trials} trials{each}: {played.folder / INDEX}"


def _rendered(played: Run, ground: Ground, kept: Sequence[EpisodeRecord], size: Size, quiet: bool) -> Path:
    from .replay import replaying

    writer, folder = _writer(), RunFolder(played.folder)
    root = folder.path / "lerobot"
    if not kept:
        raise UserError(
            f"no trial of {played.folder} succeeded, so there is nothing to draw; --keep-failures keeps all"
        )
    if writer.written(root, [record.id for record in kept], size, played.info):
        return root
    if ground.renderer is not None and ground.renderer.backend == "disabled":
        raise UserError("--format lerobot draws pictures, and MUJOCO_GL=disabled draws nothing: unset it")
    shown = track(kept, "drawing", console=Console(stderr=True), disable=quiet)
    with replaying(ground.source, ground.config.workers) as replay:
        longest = max(record.result.steps for record in kept)
        return writer.write(root, folder, played.info, shown, replay, size, longest)


def _writer() -> Any:
    """Asked for before anything is played: hours later is too late to learn that it is missing."""
    try:
        from . import lerobot_writer
    except ImportError as error:
        raise UserError(f"--format lerobot needs LeRobot, which is not there ({error}): {install('lerobot')}") from None
    return lerobot_writer


def _even(edges: Size) -> Size:
    if not all(SMALLEST <= edge <= LARGEST and edge % 2 == 0 for edge in edges):
        raise UserError(
            f"--size {edges[0]}x{edges[1]}: both sides of a film are even and from {SMALLEST} to {LARGEST}, as 640x480"
        )
    return edges


def _how_to_go_on(stop: KeyboardInterrupt) -> str:
    where = f"go on with\n  armtrial collect --resume {stop.folder}" if isinstance(stop, Interrupted) else ""
    return f"\nStopped. Everything played is kept; {where or 'the same command goes on'}"


def _say(quiet: bool, text: str) -> None:
    if not quiet:
        show(text)


def _parser() -> argparse.ArgumentParser:
    parser = Parser("armtrial collect", DESCRIPTION, EPILOG, argument_default=argparse.SUPPRESS)
    _what(parser.add_argument_group("what is played"))
    _left(parser.add_argument_group("what is left of it"))
    return parser


def _what(group: Any) -> None:
    trial_flags(group)
    group.add_argument("--policy", metavar="P", help="who demonstrates (default: expert)")
    policy_flags(group)
    wrap_flag(group, "--wrap", "the policy")
    world_flags(group)
    group.add_argument("--mistakes", metavar="P", type=float, help="share of attempts that go wrong on purpose: 0 to 1")
    group.add_argument(
        "--astray", metavar="P", type=float, help="share of approaches that first head beside the target"
    )
    group.add_argument(
        "--randomize", action="store_true", help="light, table and cameras from wider ranges; the same starts"
    )
    group.add_argument("--workers", metavar="N", type=int, help="worlds side by side (default: cores)")


def _left(group: Any) -> None:
    group.add_argument("--out", metavar="DIR", help="folder of the collection")
    group.add_argument("--resume", metavar="DIR", help="go on with the collection in DIR")
    group.add_argument("--from", metavar="RUN", dest="source", help="nothing is played: RUN becomes a LeRobotDataset")
    group.add_argument("--format", choices=FORMATS, default="steps", help="see below (default: steps)")
    group.add_argument(
        "--size",
        metavar="WxH",
        type=size,
        default=(640, 480),
        help="of the pictures of --format lerobot (default: 640x480)",
    )
    group.add_argument("--keep-failures", action="store_true", default=False, help="failed trials are kept as well")
    group.add_argument("--quiet", action="store_true", default=False, help="no progress, no summary")
