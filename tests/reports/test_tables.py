import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from armtrial.evaluators import Run, evaluate
from armtrial.evaluators.metrics import Score, Scores, clocks
from armtrial.evaluators.punctuality import punctuality
from armtrial.evaluators.records import Paced
from armtrial.evaluators.stats import Rate
from armtrial.reports import base, drawings, markdown, terminal
from armtrial.reports.base import Report
from armtrial.reports.details import _paid as details_paid
from armtrial.reports.details import details
from armtrial.tasks.base import STAGES
from armtrial.tasks.rubric import Grasp
from armtrial.tests.pairs import with_records
from armtrial.tests.played import FETCH, REACH, F, S, record


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate("random", "toy", episodes=3, workers=0, out=tmp_path_factory.mktemp("runs") / "run")


def test_every_percentage_stands_with_counts_and_interval(run: Run) -> None:
    text = markdown.render(base.build(run.info, run.records))
    percentages = re.findall(r"\d+\.\d %(?! CI)[^%]*", text)
    assert len(percentages) >= 8
    assert all(re.match(r"[\d.]+ % \(\d+/\d+, 95 $", percentage) for percentage in percentages)


def test_in_a_terminal_the_interval_stands_beneath_its_percentage(run: Run) -> None:
    lines = terminal.render(base.build(run.info, run.records)).splitlines()
    shares = [number for number, line in enumerate(lines) if re.search(r"\d %", line) and "/" in line]
    assert len(shares) == 4
    for number in shares:
        assert len(re.findall(r"[\d.]+ % \(\d+/\d+\)", lines[number])) == 2
        assert len(re.findall(r"[\d.]+ to [\d.]+", lines[number + 1])) == 2
    assert lines[3].split() == ["95", "%", "CI", "95", "%", "CI", "rest", "failed"]


def score(task: str, rate: Rate, **failures: int) -> Score:
    return Score(
        task=task,
        success=rate,
        first_attempt=rate,
        progress=0.5,
        steps=1.0,
        errors={"transport": 3},
        voids=1,
        failures=failures,
    )


@pytest.mark.parametrize("trials", [50, 1000, 10000])
def test_in_a_terminal_a_table_is_no_wider_than_80_columns(run: Run, trials: int) -> None:
    rows = (
        score("put_the_red_block_into_the_left_drawer", Rate(trials, trials), a_label_that_somebody_made_very_long=5),
        score("x", Rate(0, 0)),
    )
    secret = replace(run.info, privileged=True, policy="a policy+mistakes(0.2)+size(224x224)")
    text = terminal.render(Report(secret, Scores(tasks=rows, overall=rows[0], planned=9, played=3), clocks([])))
    assert max(map(len, text.splitlines())) <= 80
    assert "5 a label" in text
    assert f"({trials}/{trials})" in text


def test_a_privileged_policy_is_named_in_every_table(run: Run) -> None:
    report = base.build(replace(run.info, privileged=True), run.records)
    for render in (terminal.render, markdown.render):
        assert "PRIVILEGED" in render(report)


def test_a_run_cut_short_says_what_is_left(run: Run) -> None:
    report = base.build(run.info, run.records[:5])
    assert "4 of 9 trials are not played yet." in terminal.render(report)


def test_the_markdown_table_has_a_row_for_each_task_and_one_for_all(run: Run) -> None:
    first = markdown.render(base.build(run.info, run.records)).partition("\n##")[0]
    rows = [line for line in first.splitlines() if line.startswith("| ")]
    assert [row.split("|")[1].strip() for row in rows] == ["task", "reach", "fetch", "tour", "all"]


def test_a_stage_that_a_task_does_not_have_is_left_blank(run: Run) -> None:
    report = base.build(replace(run.info, last_stages={"fetch": "lift"}), run.records)
    stages = markdown.render(report).partition("## Stages")[2].partition("\n##")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in stages.splitlines() if line.startswith("| ")]
    assert rows[0] == ["task", *STAGES, "success"]
    assert [bool(cell) for cell in rows[1]] == [True, True, True, True, False, False, True]
    assert '<td data-label="place"></td><td data-label="release"></td><td data-label="success">0' in page(report)


def page(report: Report) -> str:
    return "".join(map(str, drawings.all_of(report)))


def test_a_report_says_which_code_and_machine_it_comes_from(run: Run, tmp_path: Path) -> None:
    text = markdown.render(base.build(run.info, run.records))
    assert run.info.provenance.machine["cpu"] in text
    assert f"numpy {run.info.provenance.packages['numpy']}" in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed_domain": "demo"}, "NO EVALUATION: demo seeds"),
        ({"variation": "dim"}, "toy-v1, dim"),
        ({"env_arg": ("delay=3", "calibration=/home/me/arm.json")}, "toy-v1, delay=3, calibration=arm.json"),
        ({"look": "pretty", "robot_model": "/somewhere/so101.xml"}, "toy-v1, look=pretty, robot_model=so101.xml"),
    ],
)
def test_what_makes_figures_others_than_the_suites_stands_in_the_title(
    run: Run, changes: dict[str, Any], said: str
) -> None:
    report = base.build(replace(run.info, config=replace(run.info.config, **changes)), run.records)
    assert base.build(run.info, run.records).title == "random on toy-v1"
    for render in (terminal.render, markdown.render):
        assert said in " ".join(render(report).split())


def test_what_says_nothing_takes_no_line(run: Run) -> None:
    quiet = base.build(run.info, [record(trial, S, plan_ms=(0.1,)) for trial in REACH[:3]])
    assert [name for name, _ in details(quiet)] == ["half done"]
    assert details(base.build(run.info, [])) == []


def test_the_row_of_all_is_the_mean_of_the_tasks_with_the_counts_of_all_trials(run: Run) -> None:
    info = replace(run.info, tasks=("reach", "fetch"))
    records = [*(record(trial, S) for trial in REACH[:30]), *(record(trial, F) for trial in FETCH[:10])]
    text = " ".join(terminal.render(base.build(info, records)).split())
    assert "all 50.0 % (30/40)" in text
    assert "The tasks have different numbers of trials: pooled, SR is 75.0 % (30/40, 95 % CI" in text


def test_without_a_trial_of_each_task_there_is_no_mean_of_them(run: Run) -> None:
    text = " ".join(terminal.render(base.build(run.info, [record(REACH[0], S)])).split())
    assert "all no data no data no data" in text
    assert "no mean of the tasks: no trial of fetch, tour counts. Pooled: 100.0 % (1/1" in text


def test_trials_that_share_their_start_are_named_beside_the_table(run: Run) -> None:
    info = replace(run.info, tasks=("reach",))
    two = base.build(info, [record(trial, S, start=str(trial.index % 2)) for trial in REACH[:10]])
    one = base.build(info, [record(trial, S, start="same") for trial in REACH[:10]])
    assert two.lines[0].success.span == "15.8 to 100.0"
    assert "reach: its 10 trials share 2 starts, which the table's intervals allow for" in " ".join(base.remarks(two))
    assert str(one.lines[0].success) == "100.0 % (10/10, 95 % CI unknown)"
    assert "its 10 trials share one start, so that nothing can be said about others" in " ".join(base.remarks(one))


def test_trials_that_were_played_again_are_told_of(run: Run) -> None:
    report = base.build(run.info, [record(REACH[0], F), record(REACH[0], S, take=2)])
    assert "1 trial was played again; the last take counts." in base.remarks(report)


def test_the_method_of_the_intervals_is_named(run: Run) -> None:
    several, one = base.build(run.info, run.records), base.build(replace(run.info, tasks=("reach",)), run.records[:1])
    assert base.remarks(several)[-1].endswith(
        "exact (Clopper-Pearson) of a task, of all made of the tasks' own (MOVER)."
    )
    assert base.remarks(one)[-1].endswith("no attempt failed. Exact (Clopper-Pearson) 95 % intervals.")


def test_stages_say_how_many_trials_of_other_tasks_are_left_out(run: Run) -> None:
    info = replace(run.info, tasks=("reach", "fetch"))
    fetched = [record(trial, S, stages=("reach",), attempts=(Grasp.HELD,)) for trial in FETCH[:2]]
    found = dict(details(base.build(info, [*fetched, *(record(trial, S) for trial in REACH[:3])])))
    assert found["stages"].startswith("reach 2/2, ")
    assert found["stages"].endswith("success 2/2; not counted: 3 of tasks that succeeded and never had one")
    assert found["by attempt"].startswith("1: 2 of 2; ")
    assert found["by attempt"].endswith("; not counted: 3 of tasks that succeeded and never had one")


def paid(held: int, missed: int) -> str:
    """Of 10 plans in a trial of 100 steps, at 30 a second."""
    run = with_records("a", [record(REACH[0], S)])
    paced = Paced(thinking=20, held=held, dropped=0, judged=10, missed=missed)
    there = replace(run.records[0], result=replace(run.records[0].result, paced=paced))
    found = punctuality("all", [there], 10.0, {there.id: [10] * 10})
    return details_paid(found)


def test_how_long_an_arm_held_still_is_told_as_a_share_of_its_steps() -> None:
    text = paid(held=25, missed=4)
    assert "held still for 2.5 s of 10.0 (25 % of the steps)" in text
    assert text.endswith("late: 4/10 in 1/1 trials (plans that came when nothing was left of the one before)")


def test_where_every_plan_is_late_it_is_said_when_that_is_so() -> None:
    assert paid(held=25, missed=10).endswith("before, as all do that are asked for only then)")
