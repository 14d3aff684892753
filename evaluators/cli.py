"""The command: reads flags, plays, prints. It alone composes evaluators and reports."""

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..tasks.base import DOMAINS, Outcome
from .config import VIDEO, RunConfig
from .errors import UnknownName, UserError, harmless
from .flags import STATUSES, Parser, Repeatable
from .interrupts import INTERRUPTED, Interrupts, Stopped

PLAYED, SOME_ERROR, USER_CAN_MEND = 0, 1, 2

_EVAL_EXAMPLES = """\
examples:
  %(prog)s --policy toy --suite toy                          play every trial of a suite, print the table
  %(prog)s --policy ./mine.py:Mine --suite toy --task reach  your own policy, on one task
  %(prog)s --policy toy --suite toy --episodes 5 --workers 4 --out runs/x
  %(prog)s --resume runs/x                                   go on after Ctrl-C or a crash
  %(prog)s --resume runs/x --retry-errors                    play the trials that broke once more
  %(prog)s --list                                            suites, policies, worlds; --list toy: its arguments

"""
_REPORT_EXAMPLES = """\
examples:
  %(prog)s runs/x                    the table; scores.json and report.md are written again
  %(prog)s runs/x --json | jq .      scores.json

exit status: 0 built; 1 built, and some trial ended in ERROR; 2 something you can mend, said in one line
"""
_VIDEO_EXAMPLES = """\
examples:
  %(prog)s runs/x                    the failures that have no film yet, at most 12
  %(prog)s runs/x --all              every trial that has none
  %(prog)s runs/x pick-v1.pick.003   this trial, anew

exit status: 0 all are there; 1 some could not be filmed, each said in one line; 2 something you can mend
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status of `armtrial ...`, `python -m armtrial ...` and `python run_eval.py ...`, which are one."""
    with Interrupts() as interrupts:
        return _answered(list(sys.argv[1:] if argv is None else argv), interrupts)
    _tell(interrupts.words)
    return INTERRUPTED


def _answered(words: list[str], interrupts: Interrupts) -> int:
    try:
        try:
            return _called(words)
        finally:
            _show("")
    except UserError as error:
        if interrupts.heard:
            raise
        _tell(f"armtrial: {error}")
        return USER_CAN_MEND


def _called(words: list[str]) -> int:
    if not words or words[0].startswith("-"):
        return _eval(words)
    if words[0] not in COMMANDS:
        raise UnknownName("command", words[0], COMMANDS)
    return COMMANDS[words[0]](words[1:])


def _show(text: str) -> None:
    """On standard output, to which everything is written before the command ends. A reader that has seen enough and
    closes the pipe is no error.
    """
    try:
        sys.stdout.write(text and text + "\n")
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the rest is flushed once more at the end
        if not isinstance(error, BrokenPipeError):
            raise UserError(f"the answer could not be written: {error.strerror}") from None


def _tell(text: str) -> None:
    """A standard error that is gone, with the terminal perhaps, changes no exit status."""
    with suppress(OSError):
        print(harmless(text), file=sys.stderr, flush=True)


def _eval(words: Sequence[str]) -> int:
    parser = _eval_parser()
    given = vars(parser.parse_args(words))
    if not given:
        parser.print_help()
        return USER_CAN_MEND
    if "list" in given:
        return _list(given["list"])
    quiet, as_json = given.pop("quiet", False), given.pop("json", False)
    if "resume" in given:
        return _resume(given, quiet, as_json)
    missing = [f"--{name}" for name in ("policy", "suite") if name not in given]
    if missing:
        verb = "are" if len(missing) > 1 else "is"
        raise UserError(
            f"{' and '.join(missing)} {verb} missing. Say what plays what: --policy toy --suite toy; see --list"
        )
    return _start(given, quiet, as_json)


def _start(given: dict[str, Any], quiet: bool, as_json: bool) -> int:
    from . import api
    from .ground import prepare
    from .progress import watcher

    if "retry_errors" in given:
        raise UserError("--retry-errors plays trials of a run that is there: it goes with --resume")
    out, dry = given.pop("out", None), given.pop("dry_run", False)
    given = {"workers": os.cpu_count() or 1, "video": "failures"} | given
    config = RunConfig(**given)
    ground = prepare(config)
    if dry:
        return _dry_run(ground)
    folder = Path(out) if out else None
    known = folder if folder is not None and not (folder / "run.json").exists() else None
    return _play(lambda: api.start(ground, folder, watcher(quiet)), known, quiet, as_json)


def _resume(given: dict[str, Any], quiet: bool, as_json: bool) -> int:
    from . import api
    from .progress import watcher

    path, retry = Path(given.pop("resume")), given.pop("retry_errors", False)
    for flag in ("out", "dry_run"):
        if flag in given:
            raise UserError(f"--{flag.replace('_', '-')} does not go with --resume: the run has its folder")
    return _play(lambda: api.resume(path, given, retry, watcher(quiet)), path, quiet, as_json)


def _play(played: Callable[[], Any], known: Path | None, quiet: bool, as_json: bool) -> int:
    """`known`: where the run's folder is, or will be made."""
    try:
        run = played()
    except KeyboardInterrupt as stop:
        raise Stopped(_how_to_go_on(getattr(stop, "folder", known))) from None
    try:
        _publish(run, as_json)
        if run.info.config.video != "none":
            _film(run, run.info.config.video, quiet)
    except KeyboardInterrupt:
        folder = run.folder.absolute()
        raise Stopped(
            f"\nStopped. Every trial is played; go on with\n  armtrial report {folder}\n  armtrial video {folder}"
        ) from None
    if not quiet:
        _tell(f"\n{run.folder}")
    return _status(run)


def _how_to_go_on(folder: Path | None) -> str:
    if folder is None or not (folder / "run.json").exists():
        return "\nStopped before the first trial."
    return f"\nStopped. Everything finished is kept; go on with\n  {_command()} --resume {folder.absolute()}"


def evaluate(policy: Any, suite: Any, **settings: Any) -> Any:
    """As `api.evaluate`, and like the command it leaves report and films (`video="failures"`) beside the records."""
    from . import api

    run = api.evaluate(policy, suite, **settings)
    _written(run)
    if run.info.config.video != "none":
        _film(run, run.info.config.video, quiet=True)
    return run


def _publish(run: Any, as_json: bool) -> None:
    from ..reports import terminal

    report = _written(run)
    _show(run.summary.decode() if as_json else terminal.render(report))


def _written(run: Any) -> Any:
    """What is built from the records, beside them."""
    from ..reports import base, markdown
    from .folder import RunFolder

    report = base.build(run.info, run.records)
    folder = RunFolder(run.folder)
    folder.write("scores.json", run.summary)
    folder.write("report.md", markdown.render(report).encode())
    return report


def _film(run: Any, which: str, quiet: bool) -> None:
    from . import video
    from .folder import RunFolder
    from .ground import prepare

    folder = RunFolder(run.folder)
    wanted = video.missing(folder, video.chosen(run.records, which))
    if not wanted:
        return
    if not quiet:
        _tell(f"\nfilming {len(wanted)} trials ...")
    try:
        films = [_told(film) for film in video.film(folder, wanted, prepare(run.info.config).source)]
    except UserError as error:
        _tell(f"armtrial: {error}")
        return
    if not quiet:
        _tell(f"{sum(not film.fault for film in films)} films in {run.folder / 'videos'}")


def _told(film: Any) -> Any:
    if film.fault:
        _tell(f"armtrial: {film.trial} could not be filmed: {film.fault}")
    return film


def _status(run: Any) -> int:
    from .metrics import last_takes

    broken = any(record.result.outcome is Outcome.ERROR for record in last_takes(run.records))
    return SOME_ERROR if broken else PLAYED


def _dry_run(ground: Any) -> int:
    for trial in ground.trials:
        _show(f"{trial.id}  seed {trial.seed}")
    _tell(f"{len(ground.trials)} trials in the world '{ground.suite.env}'; nothing was played")
    return PLAYED


def _list(name: str | None) -> int:
    from . import listing

    _show(listing.everything() if name is None else listing.one(name))
    return PLAYED


def _report(words: Sequence[str]) -> int:
    from . import api

    parser = Parser("armtrial report", "Rebuilds scores and report of a run from its records.", _REPORT_EXAMPLES)
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("--json", action="store_true", help="print scores.json instead of the table")
    flags = parser.parse_args(words)
    run = api.load(flags.run)
    _publish(run, flags.json)
    return _status(run)


def _video(words: Sequence[str]) -> int:
    from . import api, video
    from .folder import RunFolder
    from .ground import prepare

    parser = Parser("armtrial video", "Films trials of a run by replaying their actions.", _VIDEO_EXAMPLES)
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("trial", nargs="*", help="ids of trials, filmed anew; none: the failures, at most 12")
    parser.add_argument("--all", action="store_true", help="every trial that has no film yet")
    flags = parser.parse_args(words)
    run = api.load(flags.run)
    folder = RunFolder(flags.run)
    wanted = video.chosen(run.records, "all" if flags.all or flags.trial else "failures")
    wanted = _named(flags.trial, wanted, flags.run) if flags.trial else video.missing(folder, wanted)
    films = [_told(film) for film in video.film(folder, wanted, prepare(run.info.config).source)]
    for film in films:
        if not film.fault:
            _show(str(film.path))
    if not films:
        _tell("Nothing is left to film; a trial that is named is filmed anew.")
    return SOME_ERROR if any(film.fault for film in films) else PLAYED


def _named(names: Sequence[str], records: Sequence[Any], run: Path) -> list[Any]:
    """A run may have thousands of trials, of which a message shows the few that could be meant."""
    by_id = {record.id: record for record in records}
    for name in names:
        if name not in by_id:
            nearest = ", ".join(difflib.get_close_matches(name, by_id, n=3, cutoff=0.0)) or "none"
            raise UserError(
                f"no trial that can be filmed is called '{name}'. Nearest: {nearest}. "
                f"All {len(by_id)} stand in {run / 'records.jsonl'}"
            )
    return [by_id[name] for name in names]


def _doctor(words: Sequence[str]) -> int:
    from . import doctor

    return doctor.run(words)


def _shots(words: Sequence[str]) -> int:
    from . import shots

    return shots.run(words)


def _view(words: Sequence[str]) -> int:
    from . import view

    return view.run(words)


def _collect(words: Sequence[str]) -> int:
    from . import collect

    return collect.run(words)


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "eval": _eval,
    "report": _report,
    "video": _video,
    "collect": _collect,
    "shots": _shots,
    "view": _view,
    "doctor": _doctor,
}


def _eval_parser() -> argparse.ArgumentParser:
    parser = Parser(
        _command(),
        "Plays a policy over a fixed list of trials and reports success with its interval.",
        _EVAL_EXAMPLES + STATUSES + f"\nother commands: armtrial {{{','.join(COMMANDS)}}} --help",
        argument_default=argparse.SUPPRESS,
    )
    _what_is_played(parser.add_argument_group("what is played"))
    _how_it_is_played(parser.add_argument_group("how it is played"))
    _what_is_left(parser.add_argument_group("what is left of it"))
    return parser


def _what_is_played(group: Any) -> None:
    group.add_argument("--policy", metavar="P", help="a name from --list, ./file.py:Class, or package.module:Class")
    group.add_argument("--policy-arg", metavar="K=V", action=Repeatable, help="handed to the policy; repeatable")
    group.add_argument("--suite", metavar="S", help="a name from --list, ./file.py:SUITE, or package.module:SUITE")
    group.add_argument("--task", metavar="T", action=Repeatable, help="only this task of the suite; repeatable")
    group.add_argument("--episodes", metavar="N", type=int, help="trials per task (default: the suite's own)")
    group.add_argument("--seed-domain", choices=DOMAINS, help="where the seeds come from (default: eval)")
    group.add_argument("--env-arg", metavar="K=V", action=Repeatable, help="handed to the world; repeatable")
    group.add_argument(
        "--execute", metavar="N", type=int, help="at most N actions of a plan are executed (default: 20)"
    )
    group.add_argument("--list", nargs="?", const=None, metavar="NAME", help="what there is; NAME: its arguments")
    group.add_argument("--dry-run", action="store_true", help="print the trials, play nothing")


def _how_it_is_played(group: Any) -> None:
    group.add_argument(
        "--workers",
        metavar="N",
        type=int,
        help="worlds side by side, a process each (default: cores); 0: none, play here",
    )
    group.add_argument(
        "--batch", metavar="N", type=int, help="at most N queries in one call of the policy (default: all)"
    )
    group.add_argument(
        "--trial-timeout",
        metavar="S",
        type=float,
        help="wall seconds a world may take for a trial (default: 10 x its limit, at least 600)",
    )
    group.add_argument("--resume", metavar="DIR", help="go on with the run in DIR")
    group.add_argument("--retry-errors", action="store_true", help="with --resume: play ERROR trials again")


def _what_is_left(group: Any) -> None:
    group.add_argument("--out", metavar="DIR", help="folder of the run (default: runs/<utc>-<suite>-<policy>)")
    group.add_argument("--video", choices=VIDEO, help="which trials are filmed (default: failures, at most 12)")
    group.add_argument("--json", action="store_true", help="print scores.json instead of the table")
    group.add_argument("--quiet", action="store_true", help="no progress, only the result")


def _command() -> str:
    name = Path(sys.argv[0]).name
    return {
        "run_eval.py": "python run_eval.py",
        "__main__.py": "python -m armtrial",
        "armtrial.py": "python -m armtrial",
    }.get(name, "armtrial")
