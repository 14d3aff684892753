"""report.html: a run as a page of its own, for people who were not there."""

import shlex
from collections.abc import Sequence

from ..evaluators.metrics import Score
from ..evaluators.played import Run
from . import drawings, gallery, ground
from .again import again
from .base import HEADER, MEASURED, Line, Report, Shown, measured, pace_of, remarks, rig
from .details import details
from .evidence import Evidence, gathered
from .markup import Content, Markup, element, joined
from .page import cell, facts, page, section, table, wide
from .published import Average, Figure, Published, Source, published

CONTENTS = (
    ("result", "Result"),
    ("published", "Published figures"),
    ("charts", "Charts"),
    ("failures", "Failures"),
    ("trials", "All trials"),
    ("provenance", "Where it comes from"),
    ("limits", "What it does not show"),
)
FILES = ("records.jsonl", "scores.json", "report.md", "run.json")
"""Beside the page."""
ENDING = {"": "", "k": "k derived", "n": "n derived", "k n": "k and n derived"}


def of_run(run: Run, report: Report) -> bytes:
    return render(report, gathered(run))


def render(report: Report, evidence: Evidence) -> bytes:
    builders = (_result, _published, _charts, gallery.failures, gallery.trials, ground.provenance, ground.limits)
    sections = [
        section(at, name, *build(report, evidence)) for (at, name), build in zip(CONTENTS, builders, strict=True)
    ]
    return page(report.title, _top(report, evidence), sections, CONTENTS)


def _top(report: Report, evidence: Evidence) -> Markup:
    info, scores = report.info, report.scores
    unfinished = f"UNFINISHED: {scores.played} of {scores.planned} trials played"
    marks = [
        unfinished if scores.played < scores.planned else "",
        rig(info.config),
        "PRIVILEGED: it is shown what no camera could see" if info.privileged else "",
        f"NO EVALUATION: {info.config.seed_domain} seeds" if info.config.seed_domain != "eval" else "",
        MEASURED if measured(info.config) else "",
    ]
    return joined(
        element("h1", f"{report.name} on {info.suite}-v{info.suite_version}"),
        element("p", *(element("span", mark, class_="badge") for mark in marks if mark)) if any(marks) else None,
        facts(_tested(report, evidence)),
    )


def _tested(report: Report, evidence: Evidence) -> list[tuple[str, Content]]:
    info, config, scores = report.info, report.info.config, report.scores
    size = "" if config.size is None else "pictures of {}x{}".format(*config.size)
    given = [f"look={config.look}" if config.look else "", f"robot_model={config.robot_model}", size, *config.env_arg]
    steps = f"{info.rate:g} actions a second, at most {config.execute} of a plan before the policy looks again"
    world = ", ".join(text for text in given if text and text != "robot_model=")
    return [
        ("policy", " ".join(filter(None, [info.policy, info.policy_version and f"(version {info.policy_version})"]))),
        ("its arguments", ", ".join(config.policy_arg)),
        ("checkpoint", config.checkpoint),
        ("suite", f"{info.suite}, version {info.suite_version}"),
        ("variation", config.variation),
        ("world", f"{info.env}{f' with {world}' if world else ''}"),
        ("trials", f"{scores.played} of {scores.planned} played, the same for every policy"),
        ("asked", _asked(info.tasks, evidence.instructions)),
        ("pace", "; ".join(filter(None, [steps, pace_of(config)]))),
        ("play it again", element("code", shlex.join(again(info)))),
    ]


def _asked(tasks: Sequence[str], instructions: dict[str, str]) -> Content:
    told = [f"{task}: “{instructions[task]}”" if task in instructions else task for task in tasks]
    return told[0] if len(told) == 1 else joined(*(element("div", text) for text in told))


def _result(report: Report, evidence: Evidence) -> list[Markup]:
    lines = report.lines
    rows = [_row(line, score) for line, score in zip(lines, report.rows)]
    several = len(rows) > 1
    kept = table(HEADER, rows[:-1] if several else rows, kind="stack sortable", last=rows[-1] if several else ())
    return [
        _headline(lines[-1], several),
        wide(kept, "result table"),
        *(element("p", remark) for remark in remarks(report)),
        facts([(name, text) for name, text in details(report)]),
        _files(evidence),
    ]


def _headline(line: Line, several: bool) -> Markup:
    share, counts = _apart(line.success.share)
    span = f", 95 % interval {line.success.span}" if line.success.span else ""
    of = "unweighted mean of the tasks" if several else line.task
    text = f"succeeded {counts}{span}; {of}" if counts else f"success rate; {of}"
    first = f". At the first attempt: {line.first_attempt}." if line.first_attempt.span else "."
    return element("p", element("strong", share), text, first, class_="headline")


def _apart(share: str) -> tuple[str, str]:
    """`67.5 % (11/16)` is a figure and its counts."""
    figure, _, counts = share.partition(" (")
    return figure, f"({counts}" if counts else ""


def _row(line: Line, score: Score) -> list[Content]:
    return [
        line.task,
        _rate(line.success, HEADER[1], score.success.value),
        _rate(line.first_attempt, HEADER[2], score.first_attempt.value),
        cell(line.progress, HEADER[3], score.progress),
        cell(line.reasons, HEADER[4]),
    ]


def _rate(shown: Shown, label: str, value: float | None) -> Markup:
    span = element("span", f"95 % CI {shown.span}", class_="span") if shown.span else None
    return cell(joined(shown.share, span), label, "" if value is None else value)


def _files(evidence: Evidence) -> Markup:
    links = [element("a", name, href=name) for name in FILES]
    again = element("code", shlex.join(["armtrial", "report", evidence.folder]))
    return element("p", "The data: ", *_between(links), ". All figures follow from them: ", again)


def _between(links: Sequence[Markup]) -> Sequence[Content]:
    return [part for link in links for part in (", ", link)][1:]


def _published(report: Report, evidence: Evidence) -> list[Markup]:
    known = published()
    figures = known.of(report.info.config.suite, report.info.tasks)  # a suite from a user's file has a longer name
    averages = known.averages(report.info.config.suite)
    if averages:
        return _of_chains(known, figures, averages)
    if not figures:
        return [element("p", f"None are known of the suite {report.info.suite}.")]
    header = ("task", "model", "published", "counts, 95 % CI", "source")
    rows = [_figure(figure, known) for figure in figures]
    about = (
        "From real arms of other labs, in rooms, with things and under rules of their own. They say what order of "
        "figures such tasks have given; this run is in simulation or in another room, so the two make no ranking."
    )
    return [
        element("p", about),
        wide(table(header, rows, kind="stack sortable"), "published figures"),
        element("ul", *(element("li", _source(source)) for source in known.sources(figures))),
    ]


def _figure(figure: Figure, known: Published) -> Sequence[Content]:
    (source,) = known.sources((figure,))
    derived = ENDING[" ".join(figure.derived)]
    counts = f"{figure.k}/{figure.n}, {figure.rate.span}{f' ({derived})' if derived else ''}"
    return [
        figure.task or "all",
        cell(figure.model, "model"),
        cell(f"{figure.measure} {figure.printed:.1f} %", "published", figure.printed),
        cell(counts, "counts, 95 % CI", figure.n),
        cell(f"{source.title.partition(',')[0]}; {figure.seen}", "source"),
    ]


def _of_chains(known: Published, figures: tuple[Figure, ...], averages: tuple[Average, ...]) -> list[Markup]:
    """Means whose intervals nobody published, and for some models how many chains came how far."""
    about = (
        "From the same benchmark, run by others. The same model was given figures that lie far apart: start states, "
        "renderer, prompts and resets were not the same everywhere, and few say which they used."
    )
    rows = [_average(average, known) for average in averages]
    cells = [_figure(figure, known)[1:] for figure in figures]
    parts = [
        element("p", about),
        wide(table(("model", "average length", "chains", "caveat", "source"), rows, kind="stack sortable"), "averages"),
    ]
    if cells:
        header = ("model", "published", "counts, 95 % CI", "source")
        parts.append(wide(table(header, cells, kind="stack sortable"), "published figures"))
    sources = known.sources((*figures, *averages))
    return [*parts, element("ul", *(element("li", _source(source)) for source in sources))]


def _average(average: Average, known: Published) -> Sequence[Content]:
    (source,) = known.sources((average,))
    span = "" if average.highest is None else f" to {average.highest:.2f}"
    return [
        average.model,
        cell(f"{average.printed:.2f}{span} of 5", "average length", average.printed),
        cell(f"{average.n}", "chains", average.n),
        cell(average.caveat, "caveat"),
        cell(source.title.partition(",")[0], "source"),
    ]


def _source(source: Source) -> str:
    return f"{source.title}: {source.where}. Tasks: {source.tasks}. {source.note}".strip()


def _charts(report: Report, evidence: Evidence) -> list[Markup]:
    return [element("div", *drawings.all_of(report), class_="charts"), *drawings.motion(report)]
