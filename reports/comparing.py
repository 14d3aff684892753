"""`armtrial compare`: what is built from several runs' records, shown, and written where one asks."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..evaluators.errors import UserError
from ..evaluators.flags import PLAYED, SOME_ERROR, Parser, Repeatable
from ..evaluators.output import show, tell

if TYPE_CHECKING:
    from ..evaluators.compare import Comparison

EXAMPLES = """\
examples:
  %(prog)s runs/a runs/b                        is b better than a, on the trials that both played?
  %(prog)s runs/a runs/b runs/c --task block    three of them, on one task
  %(prog)s runs/a runs/b --common               only what both have played
  %(prog)s runs/a runs/b --out cmp --video      both films of a trial in one, where they ended apart
  %(prog)s runs/a --against 163/180             against counts of trials that are not yours

exit status: 0 compared, whatever came out; 1 a film could not be made; 2 something you can mend, said in one line
"""


def run(words: Sequence[str]) -> int:
    parser = Parser("armtrial compare", "Compares runs over the same trials, pair by pair.", EXAMPLES)
    parser.add_argument("run", nargs="+", type=Path, help="the runs' folders")
    parser.add_argument("--against", metavar="K/N", help="one run against K successes of N other trials")
    parser.add_argument("--task", metavar="T", action=Repeatable, default=(), help="only this task; repeatable")
    parser.add_argument("--common", action="store_true", help="leave out trials that not all have played")
    parser.add_argument("--out", metavar="DIR", type=Path, help="write comparison.html, .md, .json and films there")
    parser.add_argument(
        "--video", action="store_true", help="film trials that ended apart, all sides in one film, at most 12"
    )
    parser.add_argument("--trial", metavar="ID", action=Repeatable, default=(), help="with --video: this; repeatable")
    parser.add_argument("--json", action="store_true", help="print comparison.json instead of the tables")
    flags = parser.parse_args(words)
    _check(flags)
    if flags.against is not None:
        return _counts(flags)
    return _runs(flags)


def _check(flags: Namespace) -> None:
    if flags.against is None and len(flags.run) < 2:
        raise UserError(f"{flags.run[0]} alone compares with nothing: name another run, or --against K/N")
    if flags.against is not None and (len(flags.run) > 1 or flags.video or flags.common):
        raise UserError("--against compares one run with counts: name one run, without --common and --video")
    if flags.video and flags.out is None:
        raise UserError("--video needs --out DIR: a film of several runs belongs to none of their folders")
    if flags.trial and not flags.video:
        raise UserError("--trial names what is filmed: it goes with --video")


def _runs(flags: Namespace) -> int:
    from ..evaluators.compare import compare
    from ..evaluators.played import load
    from . import comparison

    runs = [load(path) for path in flags.run]
    found = compare(runs, common=flags.common, tasks=flags.task)
    again = _again(flags)
    _publish(flags, found, comparison.terminal(found, again, flags.video), comparison.markdown(found, again))
    status = _filmed(flags, found) if flags.video else PLAYED
    if flags.out is not None:
        _page(flags, found)
    return status


def _counts(flags: Namespace) -> int:
    from ..evaluators.compare import compare_counts
    from ..evaluators.played import load
    from ..evaluators.unpaired import counts
    from . import comparison

    other = counts(flags.against)
    found = compare_counts(load(flags.run[0]), other, flags.task)
    _publish(flags, found, comparison.terminal_of_counts(found), comparison.markdown_of_counts(found))
    return PLAYED


def _publish(flags: Namespace, figures: Any, text: str, page: str) -> None:
    from ..evaluators.figures_json import as_json
    from ..evaluators.folder import RunFolder

    if flags.out is not None:
        folder = RunFolder(flags.out)
        folder.write("comparison.md", page.encode())
        folder.write("comparison.json", as_json(figures))
    show(as_json(figures).decode().rstrip() if flags.json else text)


def _page(flags: Namespace, found: "Comparison") -> None:
    """After the films, which both pages show."""
    from ..evaluators.folder import RunFolder
    from .comparison import markdown
    from .comparison_html import filmed, of_folder

    folder, again = RunFolder(flags.out), _again(flags)
    folder.write("comparison.md", markdown(found, again, dict(filmed(found, flags.out))).encode())
    folder.write("comparison.html", of_folder(found, again, flags.out))


def _again(flags: Namespace) -> list[str]:
    tasks = [word for task in flags.task for word in ("--task", task)]
    common = ["--common"] if flags.common else []
    return ["armtrial", "compare", *map(str, flags.run), *tasks, *common, "--out", str(flags.out or "comparison")]


def _filmed(flags: Namespace, found: "Comparison") -> int:
    from ..evaluators.played import load
    from ..evaluators.side_by_side import film_together

    wanted = flags.trial or tuple(apart.trial for apart in found.apart)
    broken = False
    for film in film_together([load(path) for path in flags.run], wanted, flags.out):
        broken |= bool(film.fault)
        if film.fault:
            tell(f"armtrial: {film.trial} could not be filmed: {film.fault}")
        else:
            tell(str(film.path))
    return SOME_ERROR if broken else PLAYED
