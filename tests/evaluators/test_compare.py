from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armtrial.evaluators import evaluate
from armtrial.evaluators.compare import Verdict, compare, compare_counts
from armtrial.evaluators.errors import UserError
from armtrial.evaluators.many import cochran, holm, letters
from armtrial.evaluators.mcnemar import Table, p_value
from armtrial.evaluators.played import Run
from armtrial.evaluators.stats import Rate
from armtrial.evaluators.unpaired import against, counts
from armtrial.tasks.base import Score
from armtrial.tests.pairs import outcomes, record, run, trials, with_records


def test_what_every_trial_says_is_in_the_figures() -> None:
    found = compare([run("a", "sfff" + "f" * 10), run("b", "sffs" + "s" * 10)])
    (contrast,) = found.overall.contrasts
    assert (contrast.table.only_first, contrast.table.only_second, contrast.table.n) == (0, 11, 14)
    assert contrast.difference == pytest.approx(11 / 14)
    assert contrast.p_value == pytest.approx(2 / 2**11)
    assert contrast.verdict is Verdict.BETTER
    assert (found.apart[0].trial, found.apart[0].outcomes) == ("toy-v1.reach.003", ("slip", "success"))


def test_the_second_is_worse_where_the_first_is_better() -> None:
    assert compare([run("a", "s" * 10), run("b", "f" * 10)]).overall.contrasts[0].verdict is Verdict.WORSE


def test_a_run_against_its_twin_shows_no_difference() -> None:
    found = compare([run("a", "sfs" * 20), run("b", "sfs" * 20)])
    (contrast,) = found.overall.contrasts
    assert (contrast.p_value, contrast.verdict, found.apart) == (1.0, Verdict.NOT_SHOWN, ())
    assert contrast.shows == pytest.approx(0.129, abs=0.001)


def test_errors_are_counted_as_not_succeeded_and_shown() -> None:
    found = compare([run("a", "sss"), run("b", "ses")])
    assert (found.overall.tallies[1].success, found.overall.tallies[1].errors) == (Rate(2, 3), 1)
    assert found.apart[0].outcomes == ("success", "ERROR")


def mixed(name: str, tours: float) -> Run:
    rows = [record(trial, "s") for trial in trials("reach", 8)]
    return with_records(name, [*rows, *(record(trial, "f", tours) for trial in trials("tour", 8))])


def test_a_task_that_is_scored_by_progress_is_compared_by_progress() -> None:
    found = compare([mixed("a", 0.2), mixed("b", 0.6)])
    reach, tour = found.tasks
    assert (reach.score, tour.score, found.overall.score) == (Score.SUCCESS, Score.PROGRESS, Score.SUCCESS)
    assert (tour.contrasts[0].difference, tour.contrasts[0].p_value) == (pytest.approx(0.4), 2 / 2**8)
    assert "Tasks scored by progress count by success in the line of all." in found.notes
    assert len(found.apart) == 8


def test_p_values_of_tasks_are_adjusted_together_and_that_of_all_alone() -> None:
    rows = [("reach", "f" * 6, "s" * 6), ("fetch", "f" * 6, "s" * 6)]
    sides = [
        with_records(
            name, [record(trial, end) for task, *ends in rows for trial, end in zip(trials(task, 6), ends[side])]
        )
        for side, name in enumerate("ab")
    ]
    found = compare(sides)
    assert [section.contrasts[0].p_holm for section in found.tasks] == [2 * 2 / 2**6] * 2
    assert [section.contrasts[0].verdict for section in found.tasks] == [Verdict.NOT_SHOWN] * 2
    assert found.overall.contrasts[0].p_holm == 2 / 2**12


def test_of_three_those_that_share_a_letter_are_not_shown_to_differ() -> None:
    good, also, bad = run("a", "s" * 20), run("b", "s" * 19 + "f"), run("c", "f" * 20)
    section = compare([good, also, bad]).overall
    assert section.letters[0] == section.letters[1] != section.letters[2]
    assert section.differ == cochran([(True, True, False)] * 19 + [(True, False, False)]) < 0.001
    assert [(pair.first, pair.second) for pair in section.contrasts] == [("A", "B"), ("A", "C"), ("B", "C")]


def test_cochrans_q_is_the_one_that_is_calculated_by_hand() -> None:
    """Columns of 4, 2 and 1; Q = 2 (3 (16 + 4 + 1) - 49) / (3 * 7 - 13) = 3.5, on two degrees of freedom."""
    rows = [(True, True, False), (True, True, False), (True, False, True), (True, False, False), (False, False, False)]
    assert cochran(rows) == pytest.approx(np.exp(-3.5 / 2))


def test_without_a_trial_that_ends_apart_all_are_alike() -> None:
    assert cochran([(True, True, True), (False, False, False)]) == 1.0


def test_holm_multiplies_the_smallest_by_their_number() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert (holm([0.04]), holm([])) == ([0.04], [])


def test_a_policy_between_two_shares_a_letter_with_both() -> None:
    assert letters(3, {(0, 1): 0.01, (0, 2): 0.2, (1, 2): 0.5}) == ("a", "b", "ab")


@pytest.mark.parametrize("latent", [0.0, 0.5, -0.5])
def test_equal_policies_are_told_apart_no_more_than_one_time_in_twenty(latent: float) -> None:
    first, second = outcomes(0.7, 0.7, latent, (20_000, 60), seed=1)
    wins, losses = (second & ~first).sum(1), (first & ~second).sum(1)
    seen, times = np.unique(np.stack([losses, wins], axis=1), axis=0, return_counts=True)
    p_values = [p_value(compare_table(*pair)) for pair in seen.tolist()]
    assert 0.01 < float(times @ (np.array(p_values) <= 0.05)) / 20_000 <= 0.05


def compare_table(losses: int, wins: int) -> Table:
    return Table(both=0, only_first=losses, only_second=wins, neither=60 - losses - wins)


def test_one_run_is_no_comparison() -> None:
    with pytest.raises(UserError, match="1 runs are given; a comparison takes 2 to 26"):
        compare([run("a", "s")])


def test_a_suite_that_is_gone_is_compared_by_success_and_says_so() -> None:
    sides = [replace(one, info=replace(one.info, suite_version=9)) for one in (mixed("a", 0.2), mixed("b", 0.6))]
    found = compare(sides)
    assert found.tasks[1].score is Score.SUCCESS
    assert "The suite toy is at version 1 here, so every task is compared by success." in found.notes


def test_runs_of_a_duel_are_told_apart_from_runs_of_a_fixed_length(tmp_path: Path) -> None:
    (tmp_path / "duel.json").touch()
    sides = [replace(run(name, "sf"), folder=tmp_path / name) for name in "ab"]
    assert sum("was stopped by a duel" in note for note in compare(sides).notes) == 2


def test_trials_that_start_alike_are_told() -> None:
    one, other = (record(trial, "s") for trial in trials("reach", 2))
    alike = replace(other, result=replace(other.result, start_hash=one.result.start_hash))
    found = compare([with_records(name, [one, alike]) for name in "ab"])
    assert any(note.startswith("1 trials start as others do") for note in found.notes)


def test_what_moves_scores_by_itself_is_named() -> None:
    first, second = run("a", "s"), run("b", "s")
    sitting = second.info.sittings[0]
    moved = replace(sitting, provenance=replace(sitting.provenance, renderer="osmesa"))
    other = replace(second, info=replace(second.info, sittings=(moved,)))
    assert any("the renderer (none / osmesa)" in note for note in compare([first, other]).notes)


def test_another_commit_of_the_world_s_code_is_named() -> None:
    first, second = run("a", "s"), run("b", "s")
    sitting = second.info.sittings[0]
    older = replace(sitting, provenance=replace(sitting.provenance, upstream={"calvin_env": "1431a46bd36b"}))
    other = replace(second, info=replace(second.info, sittings=(older,)))
    assert any("the world's own calvin_env (1431a46bd36b / none)" in note for note in compare([first, other]).notes)


def test_the_toy_world_against_itself_does_not_fire(tmp_path: Path) -> None:
    sides = [evaluate("random", "toy", episodes=4, workers=0, out=tmp_path / name) for name in "ab"]
    found = compare(sides)
    assert found.apart == ()
    assert {contrast.verdict for section in found.sections for contrast in section.contrasts} == {Verdict.NOT_SHOWN}


@pytest.mark.parametrize(
    ("first", "second", "difference", "low", "high", "p"),
    [
        (Rate(95, 135), Rate(163, 180), 0.202, 0.114, 0.291, 5e-6),
        (Rate(76, 135), Rate(102, 180), 0.004, -0.105, 0.113, 0.94),
    ],
)
def test_counts_of_others_are_compared_without_pairs(
    first: Rate, second: Rate, difference: float, low: float, high: float, p: float
) -> None:
    found = against(first, second)
    assert (found.difference, *found.interval) == pytest.approx((difference, low, high), abs=6e-4)
    assert found.p_value == pytest.approx(p, rel=0.05)


def test_a_run_against_counts_leaves_void_trials_out() -> None:
    found = compare_counts(run("a", "ssvf"), Rate(163, 180))
    assert (found.success, found.verdict) == (Rate(2, 3), Verdict.NOT_SHOWN)
    assert found.unpaired.difference == pytest.approx(2 / 3 - 163 / 180)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("90 %", "--against 90 %: give successes of trials, as 163/180"),
        ("7/5", "--against 7/5: 7 of 5 cannot have succeeded"),
        ("0/0", "--against 0/0: 0 of 0 cannot have succeeded"),
    ],
)
def test_counts_that_cannot_be_are_refused(text: str, line: str) -> None:
    with pytest.raises(UserError, match=line):
        counts(text)


def uneven(name: str) -> Run:
    """8 of 8 and 1 of 2: 75 % of the tasks' mean, 90 % of the trials."""
    ends = [("reach", "s" * 8), ("fetch", "sf")]
    made = with_records(name, [record(trial, end) for task, each in ends for trial, end in zip(trials(task, 9), each)])
    return replace(made, info=replace(made.info, tasks=("reach", "fetch")))


def test_the_rate_of_all_is_that_of_the_runs_own_report() -> None:
    side, whole = compare([uneven("a"), uneven("b")]).overall.tallies[0], uneven("a").scores.average
    assert whole is not None
    assert side.average == whole.success
    assert (side.success, side.average.value) == (Rate(9, 10), 0.75)


def tours(name: str, progress: float, number: int, per_start: int = 1) -> Run:
    there = [record(trial, "f", progress) for trial in trials("tour", number)]
    alike = [replace(r, result=replace(r.result, start_hash=f"{n // per_start}")) for n, r in enumerate(there)]
    return with_records(name, alike)


@pytest.mark.parametrize(("number", "per_start", "any_"), [(5, 1, False), (6, 1, True), (20, 4, False)])
def test_of_progress_too_few_start_states_show_nothing(number: int, per_start: int, any_: bool) -> None:
    """All signs alike come up by chance in 2 of 2^5 cases: p 0.06 at the least."""
    (contrast,) = compare([tours(*side, number, per_start) for side in (("a", 0.2), ("b", 0.6))]).overall.contrasts
    assert (contrast.shows is not None) is any_
    assert (contrast.verdict is Verdict.BETTER) is any_


def test_what_so_few_trials_can_show_allows_for_all_that_is_asked_with_it() -> None:
    sides = [with_records(n, [record(t, "s") for task in ("reach", "fetch") for t in trials(task, 6)]) for n in "ab"]
    assert [section.contrasts[0].shows for section in compare(sides).tasks] == [None, None]
    assert compare([run("a", "s" * 6), run("b", "s" * 6)]).tasks[0].contrasts[0].shows is not None
