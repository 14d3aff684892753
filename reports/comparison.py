"""A comparison in words and tables, which say no more than the trials do."""

import shlex
import textwrap
from collections.abc import Collection, Sequence
from urllib.parse import quote

from ..evaluators.compare import Against, Apart, Comparison, Contrast, Section, Verdict
from ..evaluators.mcnemar import Interval
from ..evaluators.sides import Side
from ..evaluators.tallies import Tally
from ..tasks.base import Score
from . import grid
from .base import averaged

WIDE = 80
"""Columns of a terminal."""
SHOWN = 12
"""Trials that ended apart, in a terminal; the files have all."""
LEVEL_OF_CLAIM = (
    "Compared are these policies as they are, on these trials. Whether the recipe behind one is better takes several "
    "trainings of each."
)
METHOD = (
    "Rates: 95 % intervals as in a run's report, exact (Clopper-Pearson) of a task, of all tasks made of theirs "
    "(MOVER). Pairs of the same trial: exact McNemar test, Tango's 95 % interval of the difference. Of all tasks, each "
    "weighs the same; where some have fewer trials, signs are flipped by chance, and intervals combined (MOVER). "
    "Progress: sign flips of whole start states. p is adjusted (Holm) for all that is asked at once: all tasks, "
    "or all pairs. An interval stands for itself, so that it may leave out 0 where the adjusted p shows nothing. "
    "Ahead: trials that one solved, or made more progress in, and the other did not."
)
METHOD_OF_COUNTS = (
    "Trials that are not the same: Boschloo's exact test, Newcombe's 95 % interval of the difference. Rates: exact "
    "(Clopper-Pearson) 95 % intervals, all trials counted together."
)


def terminal(comparison: Comparison, again: Sequence[str], films: bool = False) -> str:
    """`again`: the words of the command, to which those that film a trial are added. `films`: they are made now."""
    parts = [
        _heading(comparison.suite, comparison.sides),
        grid.plain(_rows(comparison), _header(comparison)),
        "\n".join(map(_wrapped, _verdicts(comparison))),
        _apart(comparison, again, films),
        *(_wrapped(line) for line in _remarks(comparison)),
    ]
    return "\n\n".join(part for part in parts if part)


def markdown(comparison: Comparison, again: Sequence[str], filmed: Collection[str] = ()) -> str:
    """`filmed`: trials whose film lies in the same folder."""
    table = grid.markdown(_rows(comparison), _header(comparison))
    sides = [f"- {_side(side)}" for side in comparison.sides]
    parts = [
        f"# Comparison on {comparison.suite}",
        "\n".join(sides),
        table,
        "\n".join(f"- {line}" for line in _verdicts(comparison)),
        *_apart_in_markdown(comparison, again, filmed),
        *_remarks(comparison),
    ]
    return "\n\n".join(parts) + "\n"


def terminal_of_counts(found: Against) -> str:
    lines = [_heading(found.suite, [found.side]), *map(_wrapped, _lines_of_counts(found))]
    return "\n\n".join(lines)


def markdown_of_counts(found: Against) -> str:
    lines = [f"# Comparison on {found.suite}", f"- {_side(found.side)}", *_lines_of_counts(found)]
    return "\n\n".join(lines) + "\n"


def _lines_of_counts(found: Against) -> list[str]:
    sentence = {
        Verdict.BETTER: "A is better than the counts",
        Verdict.WORSE: "A is worse than the counts",
        Verdict.NOT_SHOWN: "no difference shown",
    }[found.verdict]
    difference = points(found.unpaired.difference, found.unpaired.interval)
    return [
        f"A: {found.success}\nagainst: {found.other}",
        f"{sentence}: A less the counts {difference}, {p(found.unpaired.p_value)}.",
        *found.notes,
        METHOD_OF_COUNTS,
        LEVEL_OF_CLAIM,
    ]


def _heading(suite: str, sides: Sequence[Side]) -> str:
    return "\n".join([f"Comparison on {suite}", *(f"  {_side(side)}" for side in sides)])


def _side(side: Side) -> str:
    version = f" {side.policy_version}" if side.policy_version else ""
    weights = f", {side.checkpoint}" if side.checkpoint else ""
    return f"{side.letter}: {side.policy}{version}{weights} ({side.folder})"


def _header(comparison: Comparison) -> list[str]:
    letters = [side.letter for side in comparison.sides]
    if len(letters) == 2:
        return ["task", "n", *letters, "ahead\nA / B", "B less A\n95 % CI", "p"]
    return ["task", "n", *letters, "all alike:\np"]


def _rows(comparison: Comparison) -> list[list[str]]:
    return [_row(section) for section in comparison.sections]


def _row(section: Section) -> list[str]:
    shares = [_share(section, number) for number in range(len(section.tallies))]
    start = [section.task, str(section.n), *shares]
    if len(section.tallies) > 2:
        return [*start, "" if section.differ is None else bare_p(section.differ)]
    (contrast,) = section.contrasts
    difference = f"{signed(contrast.difference)}\n{span(contrast.interval)}"
    ahead = "{} / {}".format(*contrast.ahead)
    return [*start, ahead, difference, bare_p(contrast.p_holm)]


def _share(section: Section, number: int) -> str:
    """With the letters that tell which sides are not shown to differ."""
    word = f" {section.letters[number]}" if section.letters else ""
    return f"{_value(section, section.tallies[number])}{word}"


def _value(section: Section, tally: Tally) -> str:
    """Every rate with its counts and its interval, as in all tables."""
    errors = f"\n{tally.errors} ERROR" if tally.errors else ""
    if section.score is Score.PROGRESS:
        return f"progress {tally.progress:.2f}{errors}"
    rate = averaged(tally.average, tally.success)
    return f"{rate.share}\n{rate.span}{errors}"


def _verdicts(comparison: Comparison) -> list[str]:
    return [sentence(section, contrast) for section in comparison.sections for contrast in section.contrasts]


def sentence(section: Section, contrast: Contrast) -> str:
    """What may be said of two sides, and no more."""
    first, second = contrast.first, contrast.second
    if contrast.verdict is Verdict.NOT_SHOWN:
        return f"{section.task}, {first} and {second}: no difference shown; {_shows(section, contrast)}."
    better, worse = (second, first) if contrast.verdict is Verdict.BETTER else (first, second)
    difference = points(contrast.difference, contrast.interval)
    return (
        f"{section.task}: {better} is better than {worse} ({second} less {first}: {difference}, {p(contrast.p_holm)})."
    )


def _shows(section: Section, contrast: Contrast) -> str:
    if contrast.shows is None and section.starts < section.n:
        return f"{section.starts} start states in {section.n} trials are too few to show any"
    if contrast.shows is None:
        return f"n = {section.n} is too few to show any"
    return f"n = {section.n} can show {100 * contrast.shows:.0f} points or more"


def _apart(comparison: Comparison, again: Sequence[str], films: bool) -> str:
    if not comparison.apart:
        return "No trial ended apart."
    rows = [[each.trial, *each.outcomes] for each in comparison.apart[:SHOWN]]
    left = len(comparison.apart) - len(rows)
    more = f"\n... and {left} more, all of them in comparison.md with --out DIR" if left > 0 else ""
    headers = ["ended apart", *(side.letter for side in comparison.sides)]
    table = grid.plain(rows, headers)
    see = "" if films else f"\n\nSee one of them as each side played it:\n  {film(again, comparison.apart[0])}"
    return f"{table}{more}{see}"


def _apart_in_markdown(comparison: Comparison, again: Sequence[str], filmed: Collection[str]) -> list[str]:
    if not comparison.apart:
        return ["No trial ended apart."]
    rows = [[each.trial, *each.outcomes, _see(each, again, filmed)] for each in comparison.apart]
    headers = ["ended apart", *(side.letter for side in comparison.sides), "see it"]
    return [grid.markdown(rows, headers)]


def _see(each: Apart, again: Sequence[str], filmed: Collection[str]) -> str:
    if each.trial in filmed:
        return f"[film](videos/{quote(each.trial)}.mp4)"
    return f"`{film(again, each)}`"


def film(again: Sequence[str], apart: Apart) -> str:
    """The command that films this trial as every side played it."""
    return shlex.join([*again, "--video", "--trial", apart.trial])


def _remarks(comparison: Comparison) -> list[str]:
    voids = [f"{comparison.voids} void trials are not counted."] if comparison.voids else []
    left = comparison.left_out
    common = [f"{left} trials that not all have played are left out; who leaves which is no chance."] if left else []
    letters = ["Sides that share a letter are not shown to differ."] if len(comparison.sides) > 2 else []
    return [*comparison.notes, *common, *voids, *letters, METHOD, LEVEL_OF_CLAIM]


def points(difference: float, interval: Interval) -> str:
    return f"{signed(difference)} points, 95 % CI {span(interval)}"


def signed(difference: float) -> str:
    return f"{100 * difference:+.1f}"


def span(interval: Interval) -> str:
    low, high = interval
    return f"{100 * low:+.1f} to {100 * high:+.1f}"


def p(value: float) -> str:
    return f"p {bare_p(value)}" if value < 0.001 else f"p = {bare_p(value)}"


def bare_p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _wrapped(text: str) -> str:
    return "\n".join(line for part in text.splitlines() for line in textwrap.wrap(part, WIDE))
