"""The policy that looks solves the toy suite, the one that does not look solves nothing of it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from armtrial.envs.line import LineEnv
from armtrial.envs.player import Closing, LocalPlayer, Look
from armtrial.policies.base import Policy, Query, World
from armtrial.policies.baselines import Hold, Random
from armtrial.policies.toy import Blind, Toy
from armtrial.tasks.base import STAGES, End, Outcome, Trial
from armtrial.tasks.rubric import Grasp
from armtrial.tasks.toy import TOY

LINE = World(LineEnv.observation_spec, LineEnv.action_spec)


def play(policy: Policy, trial: Trial) -> Closing:
    player = LocalPlayer(LineEnv(TOY.tasks), TOY.tasks)
    policy.reset(0, trial.id, trial.seed)
    seen = player.begin(trial, Look(policy.spec.cameras)).observation
    while seen is not None:
        (plan,) = policy.plan([Query(0, seen, trial.seed)])
        seen = player.advance(LINE.action.checked(plan.actions)).observation
    return player.finish(judged=True)


def outcome(closing: Closing) -> tuple[Outcome, str]:
    assert closing.verdict is not None
    return closing.verdict.outcome, closing.verdict.label


@pytest.mark.parametrize("trial", TOY.trials(per_task=5), ids=lambda trial: trial.id)
def test_toy_solves_every_trial(trial: Trial) -> None:
    closing = play(Toy(LINE), trial)
    assert outcome(closing) == (Outcome.SUCCESS, "")
    assert closing.played is not None
    assert (closing.played.end, closing.progress) == (End.SUCCESS, 1.0)


@pytest.mark.parametrize("trial", TOY.trials(per_task=5), ids=lambda trial: trial.id)
def test_blind_solves_no_trial(trial: Trial) -> None:
    closing = play(Blind(LINE), trial)
    assert outcome(closing) == (Outcome.FAILURE, "no_reach")
    assert closing.progress < 1.0


def test_toy_fetches_with_one_grasp_and_every_stage() -> None:
    closing = play(Toy(LINE), TOY.trials(per_task=1)[1])
    assert [attempt.outcome for attempt in closing.attempts] == [Grasp.HELD]
    assert closing.stages == STAGES


@pytest.mark.parametrize("horizon", [1, 3, 20])
def test_toy_solves_with_plans_of_any_length(horizon: int) -> None:
    for trial in TOY.trials(per_task=1):
        assert outcome(play(Toy(LINE, horizon=horizon), trial))[0] is Outcome.SUCCESS


@pytest.mark.parametrize("build", [Hold, Random, Toy])
def test_the_same_trial_twice_gives_the_same_trial(build: Callable[[World], Policy]) -> None:
    trial = TOY.trials(per_task=1)[1]
    first, again = (play(build(LINE), trial) for _ in range(2))
    assert first.verdict == again.verdict
    assert np.array_equal(first.states, again.states)


def test_hold_stays_where_it_is() -> None:
    states = play(Hold(LINE), TOY.trials(per_task=1)[0]).states
    assert len(states) == 181
    assert np.ptp(states, axis=0).tolist() == [0.0, 0.0]


def test_toy_names_what_it_cannot_see() -> None:
    env = LineEnv(TOY.tasks)
    env.reset(TOY.trials()[0])
    seen = env.observe(Toy(LINE).spec.cameras)
    dark = replace(seen, images={"front": np.zeros_like(seen.images["front"])})
    with pytest.raises(LookupError, match=r"^nothing green is in the picture$"):
        Toy(LINE).plan([Query(0, dark, 0)])
