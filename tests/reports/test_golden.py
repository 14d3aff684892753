"""A small run with a bit of everything, and what is made of it.

Where a change is meant: `armtrial report tests/golden/run > tests/golden/run/report.txt` writes all of them again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from armtrial.evaluators.played import load
from armtrial.reports import html, markdown, terminal
from armtrial.reports.base import Report, build
from armtrial.reports.evidence import gathered

GOLDEN = Path(__file__).parents[1] / "golden" / "run"


@pytest.fixture(scope="module")
def report() -> Report:
    run = load(GOLDEN)
    return build(run.info, run.records, run.traces)


def test_the_terminal_shows_it_to_the_letter(report: Report) -> None:
    assert terminal.render(report) + "\n" == (GOLDEN / "report.txt").read_text()


def test_the_page_shows_it_to_the_letter(report: Report) -> None:
    assert markdown.render(report) == (GOLDEN / "report.md").read_text()


def test_the_page_for_a_browser_shows_it_to_the_letter(report: Report) -> None:
    evidence = replace(gathered(load(GOLDEN)), folder="tests/golden/run")
    assert html.render(report, evidence).decode() == (GOLDEN / "report.html").read_text()


def test_its_figures_are_those_on_the_disk() -> None:
    """But for the last digit, in which libraries may differ."""
    ours, golden = flat(json.loads(load(GOLDEN).summary)), flat(json.loads((GOLDEN / "scores.json").read_text()))
    assert list(ours) == list(golden)
    assert ours == pytest.approx(golden, abs=2e-6)


def test_its_counts_are_those_that_were_put_into_it(report: Report) -> None:
    block, cup = report.scores.tasks
    assert [(row.success.k, row.success.n, row.first_attempt.k, row.voids) for row in (block, cup)] == [
        (7, 9, 4, 0),
        (4, 7, 2, 1),
    ]
    assert (report.scores.played, report.scores.planned, report.scores.retaken) == (17, 18, 1)


def flat(value: Any, at: str = "") -> dict[str, Any]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if pairs is None:
        return {at: value}
    return {name: leaf for key, one in pairs for name, leaf in flat(one, f"{at}/{key}").items()}
