"""`armtrial collect`: demonstrations to train on, from seeds that no evaluation ever uses."""

import argparse
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console
from rich.progress import track

from ..envs.base import Size
from ..tasks.base import Outcome
from ..tasks.variations import RANDOMIZED
from . import api
from .config import RunConfig
from .demonstrations import INDEX, usable, write_index
from .errors import Mismatch, UserError
from .folder import RunFolder, read_info
from .ground import Ground, prepare
from .metrics import last_takes
from .progress import watcher
from .records import EpisodeRecord

DOMAIN = "demo"
"""Of the seeds. Those of evaluations are even, all others odd: the two never meet."""
FORMATS = ("steps", "lerobot")
SMALLEST, LARGEST = 64, 4096
"""Edges that the encoder of LeRobot's videos takes."""
PLAYED, SOME_ERROR, INTERRUPTED = 0, 1, 130

DESCRIPTION = """\
Plays a policy over demonstration trials and keeps those that succeed. The result is a run's folder like any other
(armtrial report and armtrial video understand it), with demonstrations.jsonl, which lists what is to be learned from.
"""
EPILOG = """\
examples:
  armtrial collect --suite single --episodes 200 --out data/single
  armtrial collect --suite single --task pen --episodes 50 --out data/pens --mistakes 0.2
                                     a fifth of the attempts goes wrong on purpose and is recovered from
  armtrial collect --suite distractor --episodes 200 --out data/wide --randomize
                                     light, table and cameras vary more than in any evaluation
  armtrial collect --suite single --episodes 50 --out data/single --format lerobot --size 320x240
                                     also as a LeRobotDataset in data/single/lerobot
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
    quiet, keep, form = given.pop("quiet"), given.pop("keep_failures"), given.pop("format")
    size = _size(given.pop("size"))
    if form == "lerobot":
        _writer()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        played = _played(given, quiet)
        kept = _indexed(played, keep)
        _say(quiet, _summary(played, kept))
        if form == "lerobot":
            _say(quiet, str(_rendered(played, kept, size, quiet)))
    except KeyboardInterrupt as stop:
        return _stopped(stop)
    broken = any(record.result.outcome is Outcome.ERROR for record in last_takes(played.records))
    return SOME_ERROR if broken else PLAYED


def _played(given: dict[str, Any], quiet: bool) -> api.Run:
    """Starts the collection, or goes on with the one that is there."""
    asked = _asked(given)
    out, again = given.get("out"), given.get("resume")
    if (out is None) == (again is None):
        raise UserError("say where to: --out DIR for a new collection, --resume DIR to go on with one")
    folder = Path(again or out or "")
    if again or (folder / "run.json").exists():
        _check_seeds(folder)
        return api.resume(folder, asked, False, watcher(quiet))
    if "suite" not in asked:
        raise UserError("--suite is missing. Say what is to be learned: --suite single; see armtrial --list")
    defaults: dict[str, Any] = {"policy": "expert", "workers": os.cpu_count() or 1, "video": "none"}
    return api.start(_prepared(RunConfig(**(defaults | asked), seed_domain=DOMAIN)), folder, watcher(quiet))


def _asked(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of `RunConfig` that flags were given for."""
    arguments = tuple(given.get("policy_arg", ()))
    if "mistakes" in given:
        arguments += (f"mistakes={given['mistakes']:g}",)
    repeated = {"policy_arg": arguments, "task": given.get("task"), "env_arg": given.get("env_arg")}
    single = {name: given[name] for name in ("suite", "policy", "episodes", "workers") if name in given}
    variation = {"variation": RANDOMIZED.name} if given.get("randomize") else {}
    return single | variation | {name: tuple(values) for name, values in repeated.items() if values}


def _prepared(config: RunConfig) -> Ground:
    ground = prepare(config)
    assert all(trial.seed % 2 for trial in ground.trials), "a demonstration never has the seed of an evaluation"
    return ground


def _check_seeds(folder: Path) -> None:
    domain = read_info(folder).config.seed_domain
    if domain != DOMAIN:
        raise Mismatch(f"{folder} was played on the seeds '{domain}'; demonstrations come from '{DOMAIN}' alone")


def _indexed(played: api.Run, keep_failures: bool) -> list[EpisodeRecord]:
    kept = usable(played.records, played.info.tasks, keep_failures)
    write_index(RunFolder(played.folder), kept, prepare(played.info.config).tasks)
    return kept


def _summary(played: api.Run, kept: Sequence[EpisodeRecord]) -> str:
    folder = RunFolder(played.folder)
    size = sum(folder.steps_file(record).stat().st_size for record in kept)
    each = f", {size / len(kept) / 1000:.0f} kB each" if kept else ""
    trials = len(last_takes(played.records))
    return f"{len(kept)} demonstrations of {trials} trials{each}: {played.folder / INDEX}"


def _rendered(played: api.Run, kept: Sequence[EpisodeRecord], size: Size, quiet: bool) -> Path:
    from .replay import replaying

    writer, folder = _writer(), RunFolder(played.folder)
    if not kept:
        raise UserError(
            f"no trial of {played.folder} succeeded, so there is nothing to draw; --keep-failures keeps all"
        )
    if writer.written(folder, [record.id for record in kept], size):
        return folder.path / "lerobot"
    ground = prepare(played.info.config)
    if ground.renderer is not None and ground.renderer.backend == "disabled":
        raise UserError("--format lerobot draws pictures, and MUJOCO_GL=disabled draws nothing: unset it")
    shown = track(kept, "drawing", console=Console(stderr=True), disable=quiet)
    with replaying(ground.source, ground.config.workers) as replay:
        return writer.write(
            folder, played.info, shown, replay, size, longest=max(record.result.steps for record in kept)
        )


def _writer() -> Any:
    """Asked for before anything is played: hours later is too late to learn that it is missing."""
    try:
        from . import lerobot_writer
    except ImportError as error:
        raise UserError(
            f"--format lerobot needs LeRobot, which is not there ({error}): pip install 'armtrial[lerobot]'"
        ) from None
    return lerobot_writer


def _size(text: str) -> Size:
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(SMALLEST <= edge <= LARGEST and edge % 2 == 0 for edge in size):
        raise UserError(f"--size {text}: give WxH in pixels, both even and from {SMALLEST} to {LARGEST}, as 640x480")
    return size


def _stopped(stop: KeyboardInterrupt) -> int:
    where = f"go on with\n  armtrial collect --resume {stop.folder}" if isinstance(stop, api.Interrupted) else ""
    print(f"\nStopped. Everything played is kept; {where or 'the same command goes on'}", file=sys.stderr)
    return INTERRUPTED


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _say(quiet: bool, text: str) -> None:
    if not quiet:
        print(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="armtrial collect",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    _what(parser.add_argument_group("what is played"))
    _left(parser.add_argument_group("what is left of it"))
    return parser


def _what(group: Any) -> None:
    group.add_argument("--suite", metavar="S", help="a name from armtrial --list, ./file.py:SUITE, or module:SUITE")
    group.add_argument("--task", metavar="T", action="append", help="only this task of the suite; repeatable")
    group.add_argument("--episodes", metavar="N", type=int, help="trials per task (default: the suite's own)")
    group.add_argument("--policy", metavar="P", help="who demonstrates (default: expert)")
    group.add_argument("--policy-arg", metavar="K=V", action="append", help="handed to the policy; repeatable")
    group.add_argument("--env-arg", metavar="K=V", action="append", help="handed to the world; repeatable")
    group.add_argument("--mistakes", metavar="P", type=float, help="share of attempts that go wrong on purpose: 0 to 1")
    group.add_argument(
        "--randomize", action="store_true", help="light, table and cameras from wider ranges; the same starts"
    )
    group.add_argument("--workers", metavar="N", type=int, help="worlds side by side (default: cores)")


def _left(group: Any) -> None:
    group.add_argument("--out", metavar="DIR", help="folder of the collection")
    group.add_argument("--resume", metavar="DIR", help="go on with the collection in DIR")
    group.add_argument("--format", choices=FORMATS, default="steps", help="see below (default: steps)")
    group.add_argument(
        "--size", metavar="WxH", default="640x480", help="of the pictures of --format lerobot (default: 640x480)"
    )
    group.add_argument("--keep-failures", action="store_true", default=False, help="failed trials are kept as well")
    group.add_argument("--quiet", action="store_true", default=False, help="no progress, no summary")
