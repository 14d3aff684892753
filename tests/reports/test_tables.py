import re
from dataclasses import replace
from pathlib import Path

import pytest

from armtrial.evaluators import Run, evaluate
from armtrial.reports import base, markdown, terminal


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate("random", "toy", episodes=3, workers=0, out=tmp_path_factory.mktemp("runs") / "run")


def test_every_percentage_stands_with_counts_and_interval(run: Run) -> None:
    text = terminal.render(base.build(run.info, run.records))
    percentages = re.findall(r"\d+\.\d %(?! CI)[^%]*", text)
    assert len(percentages) == 8
    assert all(re.match(r"[\d.]+ % \(\d+/\d+, 95 $", percentage) for percentage in percentages)


def test_a_privileged_policy_is_named_in_every_table(run: Run) -> None:
    report = base.build(replace(run.info, privileged=True), run.records)
    for render in (terminal.render, markdown.render):
        assert "PRIVILEGED" in render(report)


def test_a_run_cut_short_says_what_is_left(run: Run) -> None:
    report = base.build(run.info, run.records[:5])
    assert "4 of 9 trials are not played yet." in terminal.render(report)


def test_the_markdown_table_has_a_row_for_each_task_and_one_for_all(run: Run) -> None:
    rows = [line for line in markdown.render(base.build(run.info, run.records)).splitlines() if line.startswith("| ")]
    assert [row.split("|")[1].strip() for row in rows] == ["task", "reach", "fetch", "tour", "all"]


def test_a_report_says_which_code_and_machine_it_comes_from(run: Run, tmp_path: Path) -> None:
    text = markdown.render(base.build(run.info, run.records))
    assert run.info.provenance.machine["cpu"] in text
    assert f"numpy {run.info.provenance.packages['numpy']}" in text
