"""`armtrial eval`: plays, shows progress, publishes what came out, films what failed."""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..tasks.base import DOMAINS
from .config import VIDEO, RunConfig
from .errors import UserError
from .flags import (
    PLAYED,
    SOME_ERROR,
    STATUSES,
    USER_CAN_MEND,
    Parser,
    called_by,
    measured,
    pace_flags,
    policy_flags,
    real_flags,
    size,
    trial_flags,
    world_flags,
)
from .interrupts import Stopped
from .output import counted, show, tell

if TYPE_CHECKING:
    from .ground import Ground
    from .played import Run


@dataclass(frozen=True, slots=True)
class Publish:
    """What is done with a run that has been played."""

    show: Callable[["Run", bool], None]
    """Writes its reports and shows one: the table or, if true, scores.json."""
    filmed: Callable[["Run"], None]
    """Writes once more what shows its films."""


EXAMPLES = """\
examples:
  %(prog)s --policy toy --suite toy                          play every trial of a suite, print the table
  %(prog)s --policy ./mine.py:Mine --suite toy --task reach  your own policy, on one task
  %(prog)s --policy toy --suite toy --episodes 5 --workers 4 --out runs/x
  %(prog)s --policy expert --suite single --look pretty      the same trials, drawn otherwise
  %(prog)s --policy toy --suite toy --size 110x20            the same policy, shown smaller pictures
  %(prog)s --policy expert --suite single --env real --port twin --yes --episodes 1   rehearse the real arm
  %(prog)s --resume runs/x                                   go on after Ctrl-C or a crash
  %(prog)s --resume runs/x --retry-errors                    play the trials that broke once more
  %(prog)s --list                                            suites, policies, worlds; --list toy: its arguments

"""


def run(words: Sequence[str], publish: Publish, commands: Mapping[str, str]) -> int:
    """`commands`: all there are, with a line on each, for the help."""
    parser = _parser(commands)
    given = vars(parser.parse_args(words))
    if not given:
        parser.print_help()
        return USER_CAN_MEND
    if "list" in given:
        return _list(given["list"])
    quiet, as_json = given.pop("quiet", False), given.pop("json", False)
    if "resume" in given:
        path = _path(given)
        return _play(partial(_resumed, path, given, quiet), path, publish, quiet, as_json)
    _check(given)
    out, dry = given.pop("out", None), given.pop("dry_run", False)
    workers = 1 if measured(given) else os.cpu_count() or 1
    defaults: dict[str, Any] = {"workers": 0 if given.get("env") == "real" else workers, "video": "failures"}
    config = RunConfig(**(defaults | given))
    return _dry_run(config) if dry else _play(partial(_started, config, out, quiet), None, publish, quiet, as_json)


def _check(given: Mapping[str, Any]) -> None:
    missing = [f"--{name}" for name in ("policy", "suite") if name not in given]
    if missing:
        verb = "are" if len(missing) > 1 else "is"
        raise UserError(
            f"{' and '.join(missing)} {verb} missing. Say what plays what: --policy toy --suite toy; see --list"
        )
    if "retry_errors" in given:
        raise UserError("--retry-errors plays trials of a run that is there: it goes with --resume")


def _path(given: dict[str, Any]) -> Path:
    for flag in ("out", "dry_run"):
        if flag in given:
            raise UserError(f"--{flag.replace('_', '-')} does not go with --resume: the run has its folder")
    return Path(given.pop("resume"))


def _started(config: RunConfig, out: str | None, quiet: bool) -> "Run":
    from . import api
    from .ground import prepare
    from .progress import watcher

    quiet = quiet or config.env == "real"  # the operator has the terminal
    ground = prepare(config)
    _warn(ground)
    return api.start(ground, None if out is None else Path(out), watcher(quiet))


def _warn(ground: "Ground") -> None:
    if ground.doubt is not None:
        tell(f"armtrial: {ground.doubt}")


def _resumed(path: Path, given: dict[str, Any], quiet: bool) -> "Run":
    from . import api
    from .folder import read_info
    from .progress import watcher

    quiet = quiet or read_info(path).config.env == "real"
    return api.resume(path, given, given.pop("retry_errors", False), watcher(quiet))


def _play(played: Callable[[], "Run"], known: Path | None, publish: Publish, quiet: bool, as_json: bool) -> int:
    """`known`: the folder of a run that is there before it is played."""
    try:
        run = played()
    except KeyboardInterrupt as stop:
        raise Stopped(_how_to_go_on(getattr(stop, "folder", known))) from None
    try:
        publish.show(run, as_json)
        if _film(run, quiet):
            publish.filmed(run)
    except KeyboardInterrupt:
        folder = run.folder.absolute()
        raise Stopped(
            f"\nStopped. Every trial is played; go on with\n  armtrial report {folder}\n  armtrial video {folder}"
        ) from None
    if not quiet:
        tell(f"\n{run.folder}")
    return SOME_ERROR if run.broken else PLAYED


def _how_to_go_on(folder: Path | None) -> str:
    if folder is None or not (folder / "run.json").exists():
        return "\nStopped before the first trial."
    return f"\nStopped. Everything finished is kept; go on with\n  {called_by()} --resume {folder.absolute()}"


def _film(run: "Run", quiet: bool) -> bool:
    if run.info.config.video == "none":
        return False
    from .filming import film_run

    return film_run(run, quiet)


def _dry_run(config: RunConfig) -> int:
    from .ground import prepare

    ground = prepare(config)
    _warn(ground)
    for trial in ground.trials:
        show(f"{trial.id}  seed {trial.seed}")
    tell(f"{counted(len(ground.trials), 'trial')} in the world '{ground.suite.env}'; nothing was played")
    return PLAYED


def _list(name: str | None) -> int:
    from . import listing

    show(listing.everything() if name is None else listing.one(name))
    return PLAYED


def _parser(commands: Mapping[str, str]) -> argparse.ArgumentParser:
    there = "\n".join(f"  {name:<9} {line}" for name, line in commands.items())
    parser = Parser(
        called_by(),
        "Plays a policy over a fixed list of trials and reports success with its interval.",
        f"{EXAMPLES}{STATUSES}\ncommands (armtrial COMMAND --help):\n{there}",
        argument_default=argparse.SUPPRESS,
    )
    _what_is_played(parser.add_argument_group("what is played"))
    _how_it_is_played(parser.add_argument_group("how it is played"))
    _what_is_left(parser.add_argument_group("what is left of it"))
    return parser


def _what_is_played(group: Any) -> None:
    group.add_argument("--policy", metavar="P", help="a name from --list, ./file.py:Class, or package.module:Class")
    policy_flags(group)
    trial_flags(group)
    group.add_argument("--seed-domain", choices=DOMAINS, help="where the seeds come from (default: eval)")
    group.add_argument(
        "--variation",
        metavar="NAME",
        help="the same starts, changed: randomized, shuffled (every task told in another one's words), or "
        "slider-prompt (calvin: other words for one subtask)",
    )
    world_flags(group)
    real_flags(group)
    group.add_argument(
        "--size", metavar="WxH", type=size, help="of the pictures that the policy is shown (default: what it asks for)"
    )
    group.add_argument(
        "--execute", metavar="N", type=int, help="at most N actions of a plan are executed (default: 20)"
    )
    pace_flags(group)
    group.add_argument("--list", nargs="?", const=None, metavar="NAME", help="what there is; NAME: its arguments")
    group.add_argument("--dry-run", action="store_true", help="print the trials, play nothing")


def _how_it_is_played(group: Any) -> None:
    group.add_argument(
        "--workers",
        metavar="N",
        type=int,
        help="worlds side by side, a process each (default: cores; 1 with --realtime); 0: none, play here",
    )
    group.add_argument(
        "--batch", metavar="N", type=int, help="at most N queries in one call of the policy (default: all)"
    )
    group.add_argument(
        "--trial-timeout",
        metavar="S",
        type=float,
        help="wall seconds a world may take for a trial (default: 10 x its limit, at least 600), "
        "or for its start if that is more than 120",
    )
    group.add_argument("--resume", metavar="DIR", help="go on with the run in DIR")
    group.add_argument("--retry-errors", action="store_true", help="with --resume: play ERROR trials again")


def _what_is_left(group: Any) -> None:
    group.add_argument("--out", metavar="DIR", help="folder of the run (default: runs/<utc>-<suite>-<policy>)")
    group.add_argument("--video", choices=VIDEO, help="which trials are filmed (default: failures, at most 12)")
    group.add_argument("--json", action="store_true", help="print scores.json instead of the table")
    group.add_argument("--quiet", action="store_true", help="no progress, only the result")
