"""What crosses between worlds and policies is checked where it crosses, in words that name the entry and the rule."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from armtrial.envs.base import ActionError, Played, Start, confirmed, state_hash
from armtrial.envs.line import LineEnv
from armtrial.tasks.base import End, Outcome

SPEC = LineEnv.action_spec


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ([[0.0, 50.0], [0.0, np.nan]], "action 1, 'jaw': nan is outside [0, 100]"),
        ([[1.5, 50.0]], "action 0, 'x': 1.5 is outside [-1, 1]; --wrap clip cuts it to that"),
        ([[0.0, np.inf]], "action 0, 'jaw': inf is outside [0, 100]; --wrap clip cuts it to that"),
        ([0.0, 50.0], "a plan has the shape (T, 2) with T >= 1; this one has (2,)"),
        (np.zeros((0, 2)), "a plan has the shape (T, 2) with T >= 1; this one has (0, 2)"),
        (np.zeros((4, 6)), "a plan has the shape (T, 2) with T >= 1; this one has (4, 6)"),
    ],
)
def test_a_bad_plan_is_refused_with_its_first_bad_entry(plan: Any, message: str) -> None:
    with pytest.raises(ActionError) as caught:
        SPEC.checked(plan)
    assert str(caught.value) == message


@pytest.mark.parametrize("plan", [None, "up", [[0.0], [0.0, 1.0]], [["a", "b"]]])
def test_a_plan_that_is_no_array_is_refused(plan: Any) -> None:
    refusal = r"^a plan is an array of (numbers; this one is not|real numbers; this one holds)"
    with pytest.raises(ActionError, match=refusal):
        SPEC.checked(plan)


def test_a_good_plan_comes_back_as_an_array_of_its_own() -> None:
    plan = np.array([[-1.0, 0.0], [1.0, 100.0]])
    checked = SPEC.checked(plan)
    checked[:] = 0
    assert plan.tolist() == [[-1.0, 0.0], [1.0, 100.0]]


@pytest.mark.parametrize(
    "change",
    [
        {"low": (-1.0,)},
        {"names": (), "low": (), "high": (), "units": ()},
        {"rate": 0.0},
        {"high": (np.inf, 1.0)},
        {"low": (1.0, 0.0)},
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^an action spec needs "):
        replace(SPEC, **change)


def test_a_start_s_hash_forgives_the_last_bits_and_nothing_else() -> None:
    start = Start({"ball": np.array([0.25, -0.0])})
    assert start.hash == Start({"ball": np.array([0.25 + 1e-12, 0.0])}).hash
    assert start.hash != Start({"ball": np.array([0.25 + 1e-8, 0.0])}).hash
    assert start.hash != Start({"cube": np.array([0.25, 0.0])}).hash
    assert start.hash != Start({"ball": np.array([[0.25, 0.0]])}).hash


def test_a_start_s_hash_does_not_depend_on_the_order_of_sampling() -> None:
    ball, light = np.array([0.1]), np.array([0.9])
    assert Start({"ball": ball, "light": light}).hash == Start({"light": light, "ball": ball}).hash


def test_an_end_s_hash_is_over_the_last_bit() -> None:
    assert state_hash(0.25, [1.0]) == state_hash(np.array(0.25), np.array([1.0]))
    assert state_hash(0.25) != state_hash(np.nextafter(0.25, 1))
    assert state_hash([1.0], [2.0]) != state_hash([1.0, 2.0])


@pytest.mark.parametrize(("success", "outcome"), [(True, Outcome.SUCCESS), (False, Outcome.FAILURE)])
def test_a_simulation_confirms_the_rubric(success: bool, outcome: Outcome) -> None:
    verdict = confirmed(Played(success, End.TIMEOUT, "slip", 0.0, 9), "abc")
    assert (verdict.outcome, verdict.label, verdict.end_hash, verdict.by) == (outcome, "slip", "abc", "rubric")
