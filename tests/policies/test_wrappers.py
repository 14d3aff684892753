"""What a wrapper does to plans, whatever the plans are; and that a run's name, config and resume know of it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armtrial.envs.base import Observation, ObservationSpec, Vector
from armtrial.envs.line import LineEnv
from armtrial.envs.locate import locate
from armtrial.evaluators import evaluate
from armtrial.evaluators.api import resume
from armtrial.evaluators.errors import Mismatch, UnknownName, UserError
from armtrial.evaluators.pace import Pace
from armtrial.evaluators.played import load
from armtrial.evaluators.progress import Silent
from armtrial.evaluators.wrapping import wrap_of, wrapped
from armtrial.policies.base import Plan, Policy, PolicySpec, Query, World
from armtrial.policies.catalog import WRAPPERS
from armtrial.policies.contract import check_policy, observed
from armtrial.policies.toy import Toy
from armtrial.tasks.toy import FETCH

LINE = World(LineEnv.observation_spec, LineEnv.action_spec)
LOW, HIGH = np.array(LINE.action.low), np.array(LINE.action.high)
ONE_OF_EACH = ["clip", "delay=3", "noise=0.1", "ensemble=0.5", "blend=4", "stamp", "threshold"]


class Told(Policy):
    """Gives the plans that it was given, in order."""

    def __init__(self, plans: Sequence[Vector]) -> None:
        self.plans = list(plans)
        self.spec = PolicySpec(name="told", action=LINE.action, horizon=99)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [Plan(self.plans.pop(0)) for _ in queries]


def shares(low: float = 0.0, high: float = 1.0, longest: int = 12) -> st.SearchStrategy[Vector]:
    """Plans whose actions lie at such shares of their ranges."""
    share = st.floats(low, high, allow_subnormal=False)
    rows = st.lists(st.tuples(share, share), min_size=1, max_size=longest)
    return rows.map(lambda row: LOW + np.array(row) * (HIGH - LOW))


def looks(executed: Sequence[int]) -> list[int]:
    """The tick of each look."""
    return [0, *np.cumsum(executed).tolist()]


def played(texts: Sequence[str], plans: Sequence[Vector], executed: Sequence[int]) -> list[Vector]:
    """Plans as they come out, looked for when so many actions of the one before were executed."""
    policy = wrapped(Told(plans), LINE, texts, Pace())
    policy.reset(0, "trial", 1)
    return [policy.plan([query(tick, seed)])[0].actions for seed, tick in enumerate(looks(executed)[: len(plans)])]


def query(tick: int, seed: int = 0, slot: int = 0) -> Query:
    return Query(slot, Observation({}, np.array([0.25, 60.0]), "", tick / LINE.action.rate), seed)


def stream(plans: Sequence[Vector], executed: Sequence[int]) -> Vector:
    """What is executed of them one after another."""
    return np.concatenate([plan[:number] for plan, number in zip(plans, [*executed, 99])])


@st.composite
def trials(draw: st.DrawFn, longest: int = 12) -> tuple[list[Vector], list[int]]:
    plans = draw(st.lists(shares(longest=longest), min_size=1, max_size=5))
    return plans, [draw(st.integers(1, len(plan))) for plan in plans[:-1]]


@given(trials())
@pytest.mark.parametrize("text", ["delay=0", "noise=0", "blend=0", "clip", "stamp"])
def test_no_amount_of_anything_changes_no_bit(text: str, trial: tuple[list[Vector], list[int]]) -> None:
    for plan, changed in zip(trial[0], played([text], *trial)):
        assert np.array_equal(plan, changed)


@given(trials())
@pytest.mark.parametrize("text", ONE_OF_EACH)
def test_what_was_within_the_bounds_stays_there_and_as_long_as_it_was(
    text: str, trial: tuple[list[Vector], list[int]]
) -> None:
    for plan, changed in zip(trial[0], played([text], *trial)):
        assert changed.shape == plan.shape
        assert np.array_equal(LINE.action.checked(changed), changed)


@given(trials(), st.integers(1, 9))
def test_a_delay_shifts_what_is_executed_and_nothing_else(trial: tuple[list[Vector], list[int]], ticks: int) -> None:
    plans, executed = trial
    whole = stream(plans, executed)
    late = stream(played([f"delay={ticks}"], plans, executed), executed)
    assert np.array_equal(late[:ticks], np.tile([0.25, 60.0], (min(ticks, len(whole)), 1)))
    assert np.array_equal(late[ticks:], whole[: max(len(whole) - ticks, 0)])


@given(shares(-1.0, 2.0))
def test_clipped_actions_are_the_nearest_within_the_bounds(plan: Vector) -> None:
    policy = wrapped(Told([plan]), LINE, ["clip"], Pace())
    (clipped,) = policy.plan([query(0)])
    inside = (plan >= LOW) & (plan <= HIGH)
    assert np.array_equal(clipped.actions[inside], plan[inside])
    assert ((clipped.actions == LOW) | (clipped.actions == HIGH))[~inside].all()
    assert clipped.flags == (() if inside.all() else ("clipped",))


def test_no_bound_makes_a_target_of_what_is_no_number() -> None:
    policy = wrapped(Told([np.array([[np.nan, 5.0]])]), LINE, ["clip"], Pace())
    assert np.isnan(policy.plan([query(0)])[0].actions[0, 0])


def test_noise_has_the_spread_it_says_and_follows_from_the_seed() -> None:
    middle = np.tile((LOW + HIGH) / 2, (4000, 1))
    first, again, other = (played(["noise=0.1"], [middle] * n, [1] * (n - 1))[-1] for n in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.allclose(((first - middle) / (HIGH - LOW)).std(axis=0), 0.1, rtol=0.05)


def test_noise_leaves_what_is_out_of_bounds_to_be_seen() -> None:
    (noisy,) = played(["noise=0.01"], [np.array([[5.0, 50.0]])], [])
    assert noisy[0, 0] > 1


@given(trials(), st.sampled_from([0.0, 0.01, 1.0]))
def test_an_ensemble_lies_between_all_that_was_said_of_a_tick(
    trial: tuple[list[Vector], list[int]], rate: float
) -> None:
    plans, executed = trial
    begun = looks(executed)
    for number, merged in enumerate(played([f"ensemble={rate}"], plans, executed)):
        for index, action in enumerate(merged):
            at = begun[number] + index
            said = [p[at - since] for p, since in zip(plans[: number + 1], begun) if at - since < len(p)]
            assert (np.min(said, axis=0) <= action).all()
            assert (action <= np.max(said, axis=0)).all()


def test_an_ensemble_weighs_by_age() -> None:
    plans = [np.full((3, 2), value) for value in (0.0, 0.3, 0.9)]
    merged = played(["ensemble=0.5"], plans, [1, 1])
    weights = np.exp(-0.5 * np.arange(3))
    assert merged[2][0, 0] == pytest.approx(weights @ [0.0, 0.3, 0.9] / weights.sum())
    assert merged[2][1, 0] == pytest.approx(weights[:2] @ [0.3, 0.9] / weights[:2].sum())
    assert merged[2][2, 0] == 0.9


@given(trials(), st.integers(1, 9))
def test_a_blend_moves_from_what_was_under_way_to_the_new_plan_and_ends_there(
    trial: tuple[list[Vector], list[int]], ticks: int
) -> None:
    plans, executed = trial
    blended = played([f"blend={ticks}"], plans, executed)
    for number in range(1, len(plans)):
        old, new, out = blended[number - 1][executed[number - 1] :], plans[number], blended[number]
        over = min(ticks, len(old), len(new))
        assert np.array_equal(out[over:], new[over:])
        steps = np.abs(out[:over] - old[:over]) <= np.abs(new[:over] - old[:over])
        assert steps.all()


def test_a_blend_crosses_over_evenly() -> None:
    plans = [np.zeros((6, 2)), np.full((6, 2), 0.8)]
    assert played(["blend=3"], plans, [2])[1][:, 0] == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])


def test_a_stamped_plan_begins_at_its_look_unless_it_says_otherwise() -> None:
    policy = wrapped(Told([np.zeros((1, 2))]), LINE, ["stamp"], Pace())
    assert policy.plan([query(15)])[0].starts_at == 0.5


@pytest.mark.parametrize("text", ONE_OF_EACH)
def test_a_wrapped_policy_keeps_the_contract(text: str) -> None:
    policy = wrapped(Toy(LINE), LINE, [text], Pace())
    check_policy(policy, LINE, observations=observed(LineEnv([FETCH]), FETCH, policy.spec))


@pytest.mark.parametrize("text", ["delay=2", "ensemble", "blend=3"])
def test_a_new_trial_remembers_nothing(text: str) -> None:
    plans = [np.full((5, 2), value) for value in (0.1, 0.9, 0.1)]
    policy = wrapped(Told(plans), LINE, [text], Pace())
    policy.reset(0, "first", 1)
    first = policy.plan([query(0)])[0].actions
    policy.plan([query(2)])
    policy.reset(0, "second", 2)
    assert np.array_equal(policy.plan([query(0)])[0].actions, first)


@pytest.mark.parametrize("text", ["delay=2", "ensemble", "blend=3"])
def test_a_query_that_is_asked_again_counts_once(text: str) -> None:
    plans = [np.full((5, 2), value) for value in (0.1, 0.5, 0.9)]
    once = played([text], [plans[0], plans[2]], [2])[1]
    policy = wrapped(Told(plans), LINE, [text], Pace())
    for tick in (0, 2):
        policy.plan([query(tick)])
    assert np.array_equal(policy.plan([query(2)])[0].actions, once)


def test_every_wrapper_of_the_table_is_tried_here() -> None:
    assert {text.partition("=")[0] for text in ONE_OF_EACH} | {"takeover"} == set(WRAPPERS)  # it asks the expert
    assert all(locate(place).__doc__ for place in WRAPPERS.values())


def test_wrappers_stand_in_the_name_the_config_and_the_record_of_a_run(tmp_path: Path) -> None:
    wraps = ("noise=0.1", "ensemble")
    run = evaluate("toy", "toy", task="reach", episodes=1, workers=0, wrap=wraps, out=tmp_path / "run")
    assert (run.info.policy, run.info.config.wrap) == ("toy+noise(0.1)+ensemble(0.01)", wraps)
    assert resume(tmp_path / "run", {}, False, Silent()).info.policy == load(tmp_path / "run").info.policy
    with pytest.raises(Mismatch, match=r"wrap=\('noise=0\.1', 'ensemble'\), not \(\)"):
        resume(tmp_path / "run", {"wrap": ()}, False, Silent())


def test_the_order_of_wrappers_is_that_of_the_flags() -> None:
    plan = np.array([[5.0, 50.0]])
    noisy_last, clipped_last = (
        played(texts, [plan], [])[0] for texts in (["clip", "noise=0.3"], ["noise=0.3", "clip"])
    )
    assert clipped_last[0, 0] == 1
    assert noisy_last[0, 0] < 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nois=1", "no wrapper is called 'nois'. Did you mean 'noise'?"),
        ("clip=3", "--wrap clip=3: 'clip' takes no number; say --wrap clip"),
        (
            "noise",
            "--wrap noise: 'noise' takes a number from 0 to 1 (the noise's standard deviation as a share of each ",
        ),
        ("noise=nan", "--wrap noise=nan: 'noise' takes a number from 0 to 1"),
        ("delay=1.5", "--wrap delay=1.5: 'delay' takes a whole number from 0 to 1000 (ticks), as in --wrap delay=3"),
        ("blend=-1", "--wrap blend=-1: 'blend' takes a whole number from 0 to 1000 (ticks), as in --wrap blend=3"),
    ],
)
def test_a_wrapper_that_is_said_wrongly_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises((UserError, UnknownName)) as caught:
        wrap_of(text)
    assert str(caught.value).startswith(message)


def test_a_delay_needs_a_state_that_says_where_the_arm_is() -> None:
    policy = wrapped(Told([np.zeros((1, 2))]), World(ObservationSpec({}, ("x",)), LINE.action), ["delay=1"], Pace())
    with pytest.raises(ValueError, match=r"^the arm is to hold still before its first action \(x, jaw\)"):
        policy.plan([query(0)])
