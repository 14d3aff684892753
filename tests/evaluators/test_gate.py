import re
from dataclasses import replace
from pathlib import Path

import pytest

from armtrial.evaluators.drop import Rules
from armtrial.evaluators.errors import FolderError, Mismatch, UserError
from armtrial.evaluators.fitting import fitting
from armtrial.evaluators.footing import check_place
from armtrial.evaluators.gate import Gate, Status, gate
from armtrial.evaluators.played import Run
from armtrial.evaluators.provenance import packages
from armtrial.tests.baselines import FIRM, SHAKEN, baseline, baseline_of, of_tasks
from armtrial.tests.pairs import BUILT, record, run, trials, with_records

FILE = Path("gate.json")


def judged(before: str, now: str, **rules: float) -> Gate:
    return gate(baseline(before), FILE, run("now", now), FIRM, Rules(**rules))


def test_a_run_that_is_as_it_was_passes() -> None:
    found = judged("s" * 20, "s" * 20)
    assert (found.status, found.worse) == (Status.PASSED, ())


@pytest.mark.parametrize(("lost", "status"), [(6, Status.PASSED), (7, Status.REGRESSION)])
def test_seven_trials_lost_and_none_gained_are_the_fewest_that_show_a_drop(lost: int, status: Status) -> None:
    found = judged("s" * 20, "f" * lost + "s" * (20 - lost))
    assert found.status is status
    assert [each.trial for each in found.worse] == [trial.id for trial in trials("reach", lost)]


def test_trials_that_were_gained_speak_for_the_run() -> None:
    assert judged("s" * 8 + "f" * 12, "f" * 8 + "s" * 3 + "f" * 9).status is Status.PASSED
    assert judged("s" * 8 + "f" * 12, "f" * 20).status is Status.REGRESSION


def test_a_drop_that_does_not_matter_passes_however_sure_it_is() -> None:
    assert judged("s" * 20, "f" * 8 + "s" * 12, min_drop=0.5).status is Status.PASSED
    assert judged("s" * 20, "f" * 8 + "s" * 12, min_drop=0.4).status is Status.REGRESSION


def test_an_improvement_is_no_regression() -> None:
    found = judged("f" * 20, "s" * 20)
    assert (found.status, found.rows[0].gained, found.rows[0].p_value) == (Status.PASSED, 20, 1.0)


def test_tasks_are_held_against_each_other_by_holm() -> None:
    """Seven lost of one task (p 0.008) are no drop among two tasks (0.016), nor with gains in the other, of all."""
    before = baseline_of(of_tasks("before", reach="s" * 20, fetch="f" * 20))
    found = gate(before, FILE, of_tasks("now", reach="f" * 7 + "s" * 13, fetch="s" * 7 + "f" * 13), FIRM, Rules())
    assert [row.p_holm for row in found.tasks] == pytest.approx([2 * 0.5**7, 1.0])
    assert found.status is Status.PASSED


def test_one_task_fails_the_gate_where_another_makes_up_for_it() -> None:
    before = baseline_of(of_tasks("before", reach="s" * 20, fetch="f" * 20))
    found = gate(before, FILE, of_tasks("now", reach="f" * 9 + "s" * 11, fetch="s" * 9 + "f" * 11), FIRM, Rules())
    assert [row.task for row in found.rows if row.regressed] == ["reach"]
    assert found.status is Status.REGRESSION


def test_small_drops_of_every_task_add_up() -> None:
    before = baseline_of(of_tasks("before", reach="s" * 20, fetch="s" * 20))
    found = gate(before, FILE, of_tasks("now", reach="f" * 4 + "s" * 16, fetch="f" * 4 + "s" * 16), FIRM, Rules())
    assert [row.task for row in found.rows if row.regressed] == ["all"]


def test_a_chain_is_held_against_its_progress() -> None:
    chain = [record(trial, "f", progress=1.0) for trial in trials("tour", 12)]
    worse = [record(trial, "f", progress=0.4) for trial in trials("tour", 12)]
    found = gate(baseline_of(with_records("a", chain)), FILE, with_records("b", worse), FIRM, Rules())
    (row,) = found.rows
    assert (found.status, row.lost, round(row.difference, 9)) == (Status.REGRESSION, 0, -0.6)
    assert row.p_value == pytest.approx(2**-12)
    assert found.worse[0].now == "slip, progress 1.00 -> 0.40"
    other = gate(baseline_of(with_records("b", worse)), FILE, with_records("a", chain), FIRM, Rules())
    assert (other.status, other.rows[0].p_value) == (Status.PASSED, pytest.approx(1 - 2**-12))


def test_where_the_ground_moved_nothing_is_said_of_the_policy() -> None:
    found = gate(baseline("s" * 20), FILE, run("now", "f" * 20), SHAKEN, Rules())
    assert (found.status, found.rows, found.worse) == (Status.GROUND_MOVED, (), ())
    assert [(rate.k, rate.n) for rate in found.solved] == [(20, 20), (0, 20)]


def test_a_run_that_needs_more_attempts_passes_and_is_told_of() -> None:
    found = judged("s" * 20, "r" * 9 + "s" * 11)
    assert found.status is Status.PASSED
    assert found.notes[0] == (
        "At the first attempt 20/20 succeeded before and 11/20 now (p = 0.002): shown, not judged."
    )


def test_errors_that_the_baseline_had_as_well_count_as_not_succeeded() -> None:
    found = judged("se", "se")
    assert (found.rows[0].before.k, found.rows[0].now.k, found.status) == (1, 1, Status.PASSED)
    assert "1 trials of the baseline are ERROR; they count as not succeeded." in found.notes


def test_void_trials_are_left_out_and_counted() -> None:
    found = judged("sss", "svs")
    assert found.rows[0].now.n == 2
    assert "1 void trials are not counted." in found.notes


def changed(**fields: object) -> Run:
    other = run("now", "ss")
    return Run(other.folder, replace(other.info, **fields), other.records)


def elsewhere(**made: object) -> Run:
    other = run("now", "ss")
    sitting = replace(other.info.sittings[0], provenance=replace(BUILT, **made))
    return Run(other.folder, replace(other.info, sittings=(sitting,)), other.records)


TWICE = with_records("now", [record(trials("reach", 1)[0], "s"), record(trials("reach", 1)[0], "f")])
REFUSED = [
    (changed(suite="single"), "gate.json and now differ in the suite: toy and single. Only a run over the same trials"),
    (changed(suite_version=2), "gate.json and now differ in the suite's version: v1 and v2."),
    (run("now", "ss", seed_domain="demo"), "gate.json and now differ in the seed domain: eval and demo."),
    (run("now", "ss", variation="dim"), "gate.json and now differ in the variation: none and dim."),
    (
        run("now", "s"),
        "now lacks 1 of the 2 trials of gate.json, the first of them toy-v1.reach.001. armtrial --resume now plays on",
    ),
    (
        run("now", "sss"),
        "gate.json lacks 1 of the 3 trials of now, the first of them toy-v1.reach.002. armtrial --resume now plays on",
    ),
    (run("now", ""), "now has no trial that was played: play it by --resume now"),
    (TWICE, "records.jsonl has toy-v1.reach.000, take 1, more than once (1 in all)"),
    (
        run("now", "se"),
        "now has 1 ERROR trials, gate.json has 0; the first of them is toy-v1.reach.001 (world: E: m). An ERROR "
        "counts as not succeeded, but tells of something broken and not of a worse policy: mend it and play them again "
        "by armtrial --resume now --retry-errors",
    ),
]


@pytest.mark.parametrize(("now", "line"), REFUSED)
def test_a_run_that_does_not_fit_is_refused_with_the_way_out(now: Run, line: str) -> None:
    with pytest.raises((Mismatch, UserError, FolderError), match=re.escape(line)) as told:
        fitting(baseline("ss"), FILE, now)
    assert "\n" not in str(told.value)


def test_a_baseline_of_void_trials_alone_says_nothing() -> None:
    with pytest.raises(UserError, match=r"all 2 trials of gate\.json and now are void: there is nothing to compare"):
        judged("vv", "ss")


def test_a_run_of_another_renderer_is_judged_where_it_was_played() -> None:
    with pytest.raises(Mismatch, match="now was played with another renderer") as told:
        check_place(elsewhere(renderer="egl: NVIDIA"))
    assert "(egl: NVIDIA) than there is here (none), where the ground is tested. Judge a run where it" in str(
        told.value
    )


def test_a_run_over_another_commit_of_the_world_s_code_is_not_judged_here() -> None:
    with pytest.raises(Mismatch, match=r"another upstream \(calvin_env 1431a46bd36b\) than there is here \(none\)"):
        check_place(elsewhere(upstream={"calvin_env": "1431a46bd36b"}, packages=packages()))


def test_what_of_the_policy_differs_is_said() -> None:
    found = gate(baseline("ss"), FILE, run("now", "ss", execute=5, checkpoint="new"), FIRM, Rules())
    assert found.notes[:2] == (
        'The checkpoint differs: "" and "new".',
        "The number of actions executed differs: 20 and 5.",
    )
