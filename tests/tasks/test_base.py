"""A trial's name and seed follow from its place in a suite, and from nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armtrial.tasks.base import DOMAINS, SuccessRule, Suite, Task, Trial, derived_seed
from armtrial.tasks.toy import FETCH, REACH, TOY

INDICES = st.integers(0, 10**6)


def test_a_trial_s_id_has_suite_version_task_and_index() -> None:
    assert Trial("eval", "toy", 1, "reach", 7).id == "toy-v1.reach.007"


def test_the_seeds_of_a_published_suite_never_change() -> None:
    seeds = [trial.seed for trial in TOY.trials(per_task=1)]
    assert seeds == [197534819309952, 253293130175266, 18025581224622]


@given(index=INDICES)
def test_evaluation_seeds_are_even_and_all_others_odd(index: int) -> None:
    assert [Trial(domain, "toy", 1, "reach", index).seed % 2 for domain in DOMAINS] == [0, 1, 1]


@given(index=INDICES)
def test_a_seed_has_48_bits(index: int) -> None:
    assert 0 <= Trial("eval", "toy", 1, "reach", index).seed < 2**48


@pytest.mark.parametrize(
    "change", [{"domain": "demo"}, {"suite": "toys"}, {"version": 2}, {"task": "fetch"}, {"index": 8}]
)
def test_every_part_of_the_name_changes_the_seed(change: dict[str, str | int]) -> None:
    trial = Trial("eval", "toy", 1, "reach", 7)
    assert replace(trial, **change).seed != trial.seed  # type: ignore[arg-type]


def test_more_trials_go_on_where_fewer_end() -> None:
    assert TOY.trials(per_task=5)[: 2 * len(TOY.tasks)] == TOY.trials(per_task=2)


def test_a_run_cut_short_covers_all_tasks_alike() -> None:
    assert [trial.task for trial in TOY.trials(per_task=2)] == ["reach", "fetch", "tour"] * 2


def test_a_suite_has_its_own_number_of_trials() -> None:
    assert len(TOY.trials()) == TOY.per_task * len(TOY.tasks) == 60


def test_an_unknown_domain_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"^no seed domain is called 'test'\. There are: eval, demo, train$"):
        TOY.trials(domain="test")


@pytest.mark.parametrize("name", ["Reach", "", "re ach", "re.ach", "-reach", "réach", "reach\n"])
def test_a_name_that_makes_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="lower-case letters, digits"):
        replace(REACH, name=name)


def test_a_task_without_time_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^task 'reach': max_seconds is 0; it must be above 0 and finite$"):
        replace(REACH, max_seconds=0.0)


@pytest.mark.parametrize("tasks", [(), (REACH, REACH)])
def test_a_suite_needs_tasks_of_different_names(tasks: tuple[Task, ...]) -> None:
    with pytest.raises(ValueError, match="tasks need different names and at least one"):
        Suite(name="odd", version=1, tasks=tasks, per_task=1)


def test_a_suite_is_played_in_one_world() -> None:
    with pytest.raises(ValueError, match="its tasks name several worlds"):
        Suite(name="odd", version=1, tasks=(REACH, replace(FETCH, env="so100")), per_task=1)


def test_a_suite_knows_its_world_and_its_tasks() -> None:
    assert TOY.env == "line"
    assert TOY.task("fetch") is FETCH


def test_success_rules_have_the_names_that_records_hold() -> None:
    assert [rule.value for rule in SuccessRule] == ["once", "held", "last"]


@given(seed=INDICES)
def test_a_derived_seed_is_a_function_of_seed_and_label(seed: int) -> None:
    assert derived_seed(seed, "light") == derived_seed(seed, "light")
    assert len({derived_seed(seed, "light"), derived_seed(seed, "camera"), derived_seed(seed + 1, "light")}) == 3


def test_labels_of_a_derived_seed_are_kept_apart() -> None:
    assert derived_seed(1, "plan", 12) != derived_seed(1, "plan", 1, 2)
