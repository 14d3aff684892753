"""Charts draw what they say, and can be read by whoever looks."""

import re
from dataclasses import replace

import pytest

from armtrial.evaluators import names
from armtrial.reports import charts, drawings
from armtrial.reports.base import Report, build
from armtrial.reports.marks import WIDTH, Dot, Group, Spread, Steps
from armtrial.reports.page import STYLE
from armtrial.reports.published import published
from armtrial.tests.reports.pages import Read, golden

HALF = Dot("SR", 0.5, (0.25, 0.75), "50.0 % (8/16)")
NOTHING = Dot("SR", None, None, "no data")


@pytest.fixture(scope="module")
def report() -> Report:
    run = golden()
    return build(run.info, run.records, run.traces)


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


def paths(svg: str, kind: str) -> list[list[float]]:
    return [numbers(a["d"] or "") for a in Read(svg).all("path") if a.get("class") == kind]


def ticks(svg: str) -> list[float]:
    """Where the lines of the grid stand."""
    return [float(a["x1"] or "") for a in Read(svg).all("line") if a.get("class") == "grid"]


def test_a_dot_and_its_whisker_stand_where_the_axis_says() -> None:
    svg = charts.success([Group("block", (HALF,))], "Success")
    _, quarter, half, three_quarters, _ = ticks(svg)
    (whisker,), (dot,) = paths(svg, "whisker"), paths(svg, "dot")
    assert (min(whisker[0::9]), max(whisker)) == pytest.approx((quarter, three_quarters), abs=0.1)
    assert dot[0] + 5 == pytest.approx(half, abs=0.1)


def test_a_difference_of_nothing_stands_on_the_line_of_zero() -> None:
    svg = charts.differences([Dot("all", 0.0, (-0.5, 0.5), "+0.0 points")], "Differences")
    assert paths(svg, "dot")[0][0] + 5 == pytest.approx(ticks(svg)[2], abs=0.1)
    assert paths(svg, "whisker")[0][0] == pytest.approx(ticks(svg)[1], abs=0.1)


def test_what_has_no_data_has_no_mark_but_a_word() -> None:
    svg = charts.success([Group("block", (NOTHING, HALF))], "Success")
    assert len(paths(svg, "dot")) + len(paths(svg, "hollow")) == 1
    assert "no data" in Read(svg).words


def test_success_over_time_never_falls_and_ends_at_the_success_rate() -> None:
    svg = charts.over_time([Steps("all", ((2.0, 0.25), (5.0, 0.5)))], 10.0, "Success over time")
    (line,) = Read(svg).all("polyline")
    points = numbers(line["points"] or "")
    heights = points[1::2]
    assert heights == sorted(heights, reverse=True)
    assert points[-2:] == [WIDTH - 12, 172.0 - 0.5 * 160]
    assert points[2:6] == [34 + 2 * 31.4, 172.0, 34 + 2 * 31.4, 172.0 - 0.25 * 160]


def test_latencies_a_decade_apart_stand_a_decade_apart() -> None:
    svg = charts.latency([Spread("block", (("p50", 10.0), ("p95", 100.0), ("longest", 1000.0)))], "Latency")
    marks = [paths(svg, "dot")[0][0] + 5, paths(svg, "hollow")[0][0]]
    assert marks == pytest.approx(ticks(svg)[:2], abs=0.1)


def test_lines_that_share_a_chart_differ_in_more_than_colour(report: Report) -> None:
    lines = [Steps(str(number), ((1.0, 0.5),)) for number in range(drawings.LINES)]
    drawn = Read(charts.over_time(lines, 2.0, "Success")).all("polyline")
    assert len({line.get("stroke-dasharray") for line in drawn}) == drawings.LINES


def test_every_chart_has_a_title_and_says_its_numbers(report: Report) -> None:
    figures = [Read(figure) for figure in drawings.all_of(report)]
    told = [figure.all("svg")[0]["aria-label"] or "" for figure in figures]
    assert all(len(figure.all("title")) == len(figure.all("desc")) == 1 for figure in figures)
    for label, number in zip(told, ("77.8 % (7/9)", "by attempt 4: 11", "lift 75.0 % (12/16)", "68.8 %", "2500 ms")):
        assert number in label


def test_tasks_beyond_those_that_can_be_told_apart_are_left_to_the_table(report: Report) -> None:
    rows = tuple(replace(report.scores.tasks[0], task=f"task {number}") for number in range(9))
    many = replace(report, scores=replace(report.scores, tasks=rows))
    figure = Read(drawings.all_of(many)[3])
    assert len(figure.all("polyline")) == 1
    assert "task 8" in figure.words


def test_a_rate_with_an_unknown_interval_has_a_dot_alone() -> None:
    svg = charts.success([Group("block", (replace(HALF, interval=None),))], "Success")
    assert (len(paths(svg, "dot")), paths(svg, "whisker")) == (1, [])


@pytest.mark.parametrize("end", [0.3, 1.0, 4.2, 10.0, 60.0, 61.5, 700.0])
def test_an_axis_of_time_has_a_few_round_ticks(end: float) -> None:
    found = charts.nice(end)
    assert 3 <= len(found) <= 8
    assert found[0] == 0
    assert found[-1] <= end + 1e-9


@pytest.mark.parametrize(("low", "high", "powers"), [(0.0, 0.0, (-3, -2)), (5.0, 5.0, (0, 1)), (0.2, 2500, (-1, 4))])
def test_an_axis_of_latency_holds_all_of_them(low: float, high: float, powers: tuple[int, int]) -> None:
    assert charts.decades(low, high) == powers


def test_figures_of_others_are_those_that_were_printed() -> None:
    known = published()
    assert known.figure
    for figure in known.figure:
        assert 100 * figure.k / figure.n == pytest.approx(figure.printed, abs=0.0501), figure
        assert not figure.task or names.suite(figure.suite).task(figure.task)
    named = {figure.source for figure in (*known.figure, *known.average)}
    assert named == {source.id for source in known.source}


@pytest.mark.parametrize("theme", [":root {", ':root[data-theme="dark"] {'])
@pytest.mark.parametrize("ink", ["ink", "soft", "link", "bad", "one", "two", "three", "four"])
def test_text_and_lines_stand_out_from_what_is_behind_them(theme: str, ink: str) -> None:
    style = STYLE.read_text()
    colours = dict(re.findall(r"--(\w+): #([0-9a-f]{6});", style[style.index(theme) :].partition("}")[0]))
    for behind in ("back", "card"):
        assert contrast(colours[ink], colours[behind]) >= 4.5


def test_both_ways_into_the_dark_lead_to_the_same_colours() -> None:
    blocks = re.findall(
        r":root(?:\[data-theme=\"dark\"\]|:not\(\[data-theme=\"light\"\]\)) \{(.*?)\}", STYLE.read_text(), re.S
    )
    forced, liked = (dict(re.findall(r"--(\w+): ([^;]+);", block)) for block in blocks[:2])
    assert forced == liked


def contrast(one: str, other: str) -> float:
    bright, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
