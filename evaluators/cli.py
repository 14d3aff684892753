"""The command: reads flags, plays, prints. It alone composes evaluators and reports."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..tasks.base import DOMAINS, Outcome
from .config import VIDEO, RunConfig
from .errors import UserError

PLAYED, SOME_ERROR, USER_CAN_MEND, INTERRUPTED = 0, 1, 2, 130

_EVAL_EXAMPLES = """\
examples:
  %(prog)s --policy toy --suite toy                          play every trial of a suite, print the table
  %(prog)s --policy ./mine.py:Mine --suite toy --task reach  your own policy, on one task
  %(prog)s --policy toy --suite toy --episodes 5 --workers 4 --out runs/x
  %(prog)s --resume runs/x                                   go on after Ctrl-C or a crash
  %(prog)s --resume runs/x --retry-errors                    play the trials that broke once more
  %(prog)s --list                                            suites, policies, worlds; --list toy: its arguments

exit status: 0 played; 1 some trial ended in ERROR; 2 something you can mend, said in one line;
             130 interrupted (the command to go on with is printed)
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status of `armtrial ...`, `python -m armtrial ...` and `python run_eval.py ...`, which are one."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if words and words[0] in COMMANDS:
            return COMMANDS[words[0]](words[1:])
        return _eval(words)
    except UserError as error:
        print(f"armtrial: {error}", file=sys.stderr)
        return USER_CAN_MEND
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PLAYED


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
        raise UserError(
            f"{' and '.join(missing)} is missing. Say what plays what: --policy toy --suite toy; see --list"
        )
    return _start(given, quiet, as_json)


def _start(given: dict[str, Any], quiet: bool, as_json: bool) -> int:
    from . import api
    from .ground import prepare
    from .progress import watcher

    if "retry_errors" in given:
        raise UserError("--retry-errors plays trials of a run that is there: it goes with --resume")
    out, dry = given.pop("out", None), given.pop("dry_run", False)
    given.setdefault("workers", os.cpu_count() or 1)
    config = RunConfig(**given)
    ground = prepare(config)
    if dry:
        return _dry_run(ground)
    folder = Path(out) if out else None
    return _play(lambda: api.start(ground, folder, watcher(quiet)), quiet, as_json)


def _resume(given: dict[str, Any], quiet: bool, as_json: bool) -> int:
    from . import api
    from .progress import watcher

    path, retry = Path(given.pop("resume")), given.pop("retry_errors", False)
    for flag in ("out", "dry_run"):
        if flag in given:
            raise UserError(f"--{flag.replace('_', '-')} does not go with --resume: the run has its folder")
    return _play(lambda: api.resume(path, given, retry, watcher(quiet)), quiet, as_json)


def _play(played: Callable[[], Any], quiet: bool, as_json: bool) -> int:
    from . import api

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        run: api.Run = played()
    except api.Interrupted as stop:
        print(
            f"\nStopped. Everything finished is kept; go on with\n  {_command()} --resume {stop.folder}",
            file=sys.stderr,
        )
        return INTERRUPTED
    except KeyboardInterrupt:
        print("\nStopped before the first trial.", file=sys.stderr)
        return INTERRUPTED
    _publish(run, as_json)
    if run.info.config.video != "none":
        _film(run, run.info.config.video, quiet)
    if not quiet:
        print(f"\n{run.folder}", file=sys.stderr)
    return _status(run)


def _publish(run: Any, as_json: bool) -> None:
    """Writes what is built from the records, and prints the table."""
    from ..reports import base, markdown, terminal
    from .folder import RunFolder

    report = base.build(run.info, run.records)
    folder = RunFolder(run.folder)
    folder.write("scores.json", run.summary)
    folder.write("report.md", markdown.render(report).encode())
    print(run.summary.decode() if as_json else terminal.render(report))


def _film(run: Any, which: str, quiet: bool) -> None:
    from . import video
    from .folder import RunFolder
    from .ground import prepare

    wanted = video.chosen(run.records, which)
    if not wanted:
        return
    if not quiet:
        print(f"\nfilming {len(wanted)} trials ...", file=sys.stderr)
    films = video.film(RunFolder(run.folder), wanted, prepare(run.info.config).source)
    if not quiet:
        print(f"{len(films)} films in {run.folder / 'videos'}", file=sys.stderr)


def _status(run: Any) -> int:
    from .metrics import last_takes

    broken = any(record.result.outcome is Outcome.ERROR for record in last_takes(run.records))
    return SOME_ERROR if broken else PLAYED


def _dry_run(ground: Any) -> int:
    for trial in ground.trials:
        print(f"{trial.id}  seed {trial.seed}")
    print(f"{len(ground.trials)} trials in the world '{ground.suite.env}'; nothing was played", file=sys.stderr)
    return PLAYED


def _list(name: str | None) -> int:
    from . import listing

    print(listing.everything() if name is None else listing.one(name))
    return PLAYED


def _report(words: Sequence[str]) -> int:
    from . import api

    parser = argparse.ArgumentParser(
        prog="armtrial report", description="Rebuilds scores and report of a run from its records."
    )
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("--json", action="store_true", help="print scores.json instead of the table")
    flags = parser.parse_args(words)
    run = api.load(flags.run)
    _publish(run, flags.json)
    return _status(run)


def _video(words: Sequence[str]) -> int:
    from . import api, video
    from .errors import UnknownName
    from .folder import RunFolder
    from .ground import prepare

    parser = argparse.ArgumentParser(
        prog="armtrial video", description="Films trials of a run by replaying their actions."
    )
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("trial", nargs="*", help="ids of trials; none: the failures, at most 12")
    parser.add_argument("--all", action="store_true", help="every trial")
    flags = parser.parse_args(words)
    run = api.load(flags.run)
    wanted = video.chosen(run.records, "all" if flags.all or flags.trial else "failures")
    if flags.trial:
        by_id = {record.id: record for record in wanted}
        for name in flags.trial:
            if name not in by_id:
                raise UnknownName("trial that can be filmed", name, by_id)
        wanted = [by_id[name] for name in flags.trial]
    for film in video.film(RunFolder(flags.run), wanted, prepare(run.info.config).source):
        print(film.path)
    return PLAYED


def _doctor(words: Sequence[str]) -> int:
    from . import doctor

    return doctor.run(words)


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "eval": _eval,
    "report": _report,
    "video": _video,
    "doctor": _doctor,
}


def _eval_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_command(),
        description="Plays a policy over a fixed list of trials and reports success with its interval.",
        epilog=_EVAL_EXAMPLES + f"\nother commands: armtrial {{{','.join(COMMANDS)}}} --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    _what_is_played(parser.add_argument_group("what is played"))
    _how_it_is_played(parser.add_argument_group("how it is played"))
    _what_is_left(parser.add_argument_group("what is left of it"))
    return parser


def _what_is_played(group: Any) -> None:
    group.add_argument("--policy", metavar="P", help="a name from --list, ./file.py:Class, or package.module:Class")
    group.add_argument("--policy-arg", metavar="K=V", action=_Tuple, help="handed to the policy; repeatable")
    group.add_argument("--suite", metavar="S", help="a name from --list, ./file.py:SUITE, or package.module:SUITE")
    group.add_argument("--task", metavar="T", action=_Tuple, help="only this task of the suite; repeatable")
    group.add_argument("--episodes", metavar="N", type=int, help="trials per task (default: the suite's own)")
    group.add_argument("--seed-domain", choices=DOMAINS, help="where the seeds come from (default: eval)")
    group.add_argument("--env-arg", metavar="K=V", action=_Tuple, help="handed to the world; repeatable")
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


class _Tuple(argparse.Action):
    """A repeatable flag."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: Any = None) -> None:
        setattr(namespace, self.dest, (*getattr(namespace, self.dest, ()), values))


def _command() -> str:
    name = Path(sys.argv[0]).name
    return {
        "run_eval.py": "python run_eval.py",
        "__main__.py": "python -m armtrial",
        "armtrial.py": "python -m armtrial",
    }.get(name, "armtrial")
