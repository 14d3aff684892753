"""comparison.html: runs over the same trials as a page of its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..evaluators.compare import Apart, Comparison, Contrast, Section
from ..evaluators.sides import Side
from ..tasks.base import Score
from . import charts
from .base import averaged
from .comparison import LEVEL_OF_CLAIM, METHOD, bare_p, film, points, sentence, signed, span
from .evidence import Clip, films
from .marks import Dot, Group
from .markup import Content, Markup, element, joined
from .page import cell, facts, page, section, table, wide

CONTENTS = (
    ("verdict", "Verdict"),
    ("figures", "Figures"),
    ("charts", "Charts"),
    ("apart", "Trials that ended apart"),
    ("limits", "What it does not show"),
)
FILES = ("comparison.md", "comparison.json")
"""Beside the page."""


def of_folder(comparison: Comparison, again: Sequence[str], out: Path) -> bytes:
    """With the films that lie in `out`. `again`: the words of the command."""
    return render(comparison, again, films(filmed(comparison, out)))


def filmed(comparison: Comparison, out: Path) -> list[tuple[str, Path]]:
    """The trials that ended apart and have a film, and where it lies."""
    files = [(each.trial, out / "videos" / f"{each.trial}.mp4") for each in comparison.apart]
    return [pair for pair in files if pair[1].is_file()]


def render(comparison: Comparison, again: Sequence[str], clips: Mapping[str, Clip]) -> bytes:
    apart = _apart(comparison, again, clips)
    parts = (_verdict(comparison), _figures(comparison), _charts(comparison), apart, _limits())
    sections = [section(at, name, *content) for (at, name), content in zip(CONTENTS, parts, strict=True)]
    return page(f"Comparison on {comparison.suite}", _top(comparison), sections, CONTENTS)


def _top(comparison: Comparison) -> Markup:
    secret = [f"{side.letter} is PRIVILEGED" for side in comparison.sides if side.privileged]
    return joined(
        element("h1", f"Comparison on {comparison.suite}"),
        element("p", *(element("span", mark, class_="badge") for mark in secret)) if secret else None,
        facts([(side.letter, _side(side)) for side in comparison.sides]),
    )


def _side(side: Side) -> str:
    weights = f", {side.checkpoint}" if side.checkpoint else ""
    return f"{side.policy} {side.policy_version}".strip() + f"{weights} ({side.folder})"


def _verdict(comparison: Comparison) -> list[Markup]:
    """All tasks together first, since that is what was asked."""
    *tasks, overall = comparison.sections
    first = [element("p", sentence(overall, contrast), class_="headline") for contrast in overall.contrasts]
    rest = [element("li", sentence(each, contrast)) for each in tasks for contrast in each.contrasts]
    notes = [element("p", note) for note in _notes(comparison)]
    return [*first, element("ul", *rest) if rest else Markup(), *notes]


def _notes(comparison: Comparison) -> list[str]:
    left = comparison.left_out
    counted = [
        f"{left} trials that not all have played are left out; who leaves which is no chance." if left else "",
        f"{comparison.voids} void trials are not counted." if comparison.voids else "",
        "Sides that share a letter are not shown to differ." if len(comparison.sides) > 2 else "",
    ]
    return [*comparison.notes, *filter(None, counted), METHOD]


def _figures(comparison: Comparison) -> list[Markup]:
    letters = [side.letter for side in comparison.sides]
    header = ["task", "n", *letters, *_heads(letters)]
    rows = [_row(each, header) for each in comparison.sections]
    several = len(rows) > 1
    kept = table(header, rows[:-1] if several else rows, kind="stack sortable", last=rows[-1] if several else ())
    links = [element("a", name, href=name) for name in FILES]
    return [wide(kept, "figures"), element("p", "The same for other programs: ", links[0], ", ", links[1], ".")]


def _heads(letters: Sequence[str]) -> list[str]:
    return ["ahead A / B", "B less A", "p"] if len(letters) == 2 else ["all alike: p"]


def _row(part: Section, header: Sequence[str]) -> list[Content]:
    shares = [_share(part, number, header[2 + number]) for number in range(len(part.tallies))]
    start = [part.task, cell(str(part.n), "n"), *shares]
    if len(part.tallies) > 2:
        return [*start, cell("" if part.differ is None else bare_p(part.differ), header[-1], part.differ)]
    (contrast,) = part.contrasts
    spread = element("span", f"95 % CI {span(contrast.interval)}", class_="span")
    difference = cell(joined(signed(contrast.difference), spread), "B less A", contrast.difference)
    ahead = cell("{} / {}".format(*contrast.ahead), "ahead A / B")
    return [*start, ahead, difference, cell(bare_p(contrast.p_holm), "p", contrast.p_holm)]


def _share(part: Section, number: int, letter: str) -> Markup:
    tally = part.tallies[number]
    alike = f" {part.letters[number]}" if part.letters else ""
    errors = element("span", f"{tally.errors} ERROR", class_="span") if tally.errors else None
    if part.score is Score.PROGRESS:
        return cell(joined(f"progress {tally.progress:.2f}{alike}", errors), letter, tally.progress)
    rate = averaged(tally.average, tally.success)
    spread = element("span", f"95 % CI {rate.span}", class_="span")
    return cell(joined(f"{rate.share}{alike}", spread, errors), letter, tally.average.value)


def _charts(comparison: Comparison) -> list[Markup]:
    """Progress has a chart of its own, since it is no share of trials."""
    counted = [part for part in comparison.sections if part.score is Score.SUCCESS]
    groups = [Group(part.task, _dots(part, comparison.sides)) for part in counted]
    shares = charts.success(groups, "Success of each side, with 95 % intervals") if groups else None
    earned = [
        Group(part.task, _dots_of_progress(part, comparison.sides))
        for part in comparison.sections
        if part.score is Score.PROGRESS
    ]
    named = f"Tasks scored by progress: {', '.join(group.name for group in earned)}. Means, with 95 % intervals."
    means = charts.success(earned, "Progress of each side", axis="per cent of progress") if earned else None
    pairs = [(part, contrast) for part in comparison.sections for contrast in part.contrasts]
    apart = charts.differences([_difference(*pair) for pair in pairs], "Differences, with 95 % intervals")
    under = "Second side less first. Intervals stand for themselves; p is adjusted for all that is asked at once."
    drawn = [_figure("Success", "Of each side, with its 95 % interval.", shares) if shares else Markup()]
    drawn += [_figure("Progress", named, means)] if means else []
    return [element("div", *drawn, _figure("Differences", under, apart), class_="charts")]


def _figure(title: str, under: str, drawn: Markup) -> Markup:
    return element("figure", element("figcaption", title, element("span", under)), drawn)


def _dots(part: Section, sides: Sequence[Side]) -> tuple[Dot, ...]:
    return tuple(
        Dot(side.letter, tally.average.value, tally.average.interval, averaged(tally.average, tally.success).share)
        for side, tally in zip(sides, part.tallies)
    )


def _dots_of_progress(part: Section, sides: Sequence[Side]) -> tuple[Dot, ...]:
    return tuple(
        Dot(side.letter, tally.progress, tally.progress_interval, f"{tally.progress:.2f} ({part.n} trials)")
        for side, tally in zip(sides, part.tallies)
    )


def _difference(part: Section, contrast: Contrast) -> Dot:
    name = f"{part.task}: {contrast.second} less {contrast.first}"
    told = points(contrast.difference, contrast.interval).partition(", ")[0]
    return Dot(name, contrast.difference, contrast.interval, told)


def _apart(comparison: Comparison, again: Sequence[str], clips: Mapping[str, Clip]) -> list[Markup]:
    if not comparison.apart:
        return [element("p", "No trial ended apart.")]
    header = ["trial", *(side.letter for side in comparison.sides), "see them"]
    rows = [_ended(each, header, clips) for each in comparison.apart]
    cards = [_card(each, clips[each.trial], comparison.sides) for each in comparison.apart if each.trial in clips]
    shown = element("div", *cards, class_="cards films") if cards else Markup()
    unseen = [each for each in comparison.apart if each.trial not in clips]
    command = element("code", film(again, unseen[0])) if unseen else None
    what = "Film another one" if cards else "See one of them as each side played it"
    how = element("p", f"{what}: ", command) if command else Markup()
    return [shown, wide(table(header, rows, kind="sortable trials"), "trials that ended apart"), how]


def _ended(each: Apart, header: Sequence[str], clips: Mapping[str, Clip]) -> list[Content]:
    outcomes = [cell(outcome, letter) for outcome, letter in zip(each.outcomes, header[1:])]
    link = element("a", "film", href=f"#film-{each.trial}") if each.trial in clips else None
    return [each.trial, *outcomes, cell(link, header[-1])]


def _card(each: Apart, clip: Clip, sides: Sequence[Side]) -> Markup:
    ends = "; ".join(f"{side.letter}: {outcome}" for side, outcome in zip(sides, each.outcomes))
    name = f"film of {each.trial} as each side played it"
    video = element("video", src=clip.source, controls=True, playsinline=True, preload="metadata", aria_label=name)
    return element("article", element("h3", each.trial), element("p", ends), video, id=f"film-{each.trial}")


def _limits() -> list[Markup]:
    lines = [
        LEVEL_OF_CLAIM,
        "No difference shown is not the same as no difference: see how large a one so many trials can show.",
        "Pairs of trials are taken as independent of each other.",
        "A simulation is not the real arm: a difference here may be another one there.",
    ]
    return [element("ul", *(element("li", line) for line in lines))]
