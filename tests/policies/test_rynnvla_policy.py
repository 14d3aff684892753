"""RynnVLA as the evaluator sees it, with a few thousand random weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from armtrial.envs.base import ActionSpec, Control, Gripper, ObservationSpec
from armtrial.envs.so100.units import JOINTS, UNITS, Calibration
from armtrial.policies.base import Query, World
from armtrial.policies.contract import check_policy, noise, trial
from armtrial.policies.rynnvla import checkpoint
from armtrial.policies.rynnvla.policy import NO_ACTION, RynnVla
from armtrial.tests.policies.rynnvla_small import CONFIG, WORDS, models

ACTION = ActionSpec(
    names=JOINTS,
    low=tuple(Calibration().low.tolist()),
    high=tuple(Calibration().high.tolist()),
    units=UNITS,
    control=Control.ABSOLUTE,
    gripper=Gripper.OPENS_AT_HIGH,
    rate=30.0,
)
WORLD = World(ObservationSpec({"front": (640, 480), "wrist": (640, 480)}, JOINTS), ACTION)
ASKED = "Pick up the green block."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("checkpoint")
    checkpoint.save(out, CONFIG, *models(), WORDS)
    return str(out)


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its next token is never an action."""
    out = tmp_path_factory.mktemp("silent")
    rynn, vq, vae = models()
    with torch.no_grad():
        rynn.model.norm.weight.zero_()
    checkpoint.save(out, CONFIG, rynn, vq, vae, WORDS)
    return str(out)


def queries(policy: RynnVla) -> list[Query]:
    return [Query(slot, seen, trial(slot).seed) for slot, seen in enumerate(noise(policy.spec, WORLD, ASKED))]


@pytest.mark.parametrize("sample", [False, True])
def test_it_keeps_the_contract(folder: str, sample: bool):
    check_policy(RynnVla(WORLD, checkpoint=folder, device="cpu", sample=sample), WORLD, instruction=ASKED)


def test_a_plan_begins_near_where_the_arm_is(folder: str):
    policy = RynnVla(WORLD, checkpoint=folder, device="cpu")
    asked = queries(policy)
    for query, plan in zip(asked, policy.plan(asked)):
        assert plan.actions.shape == (20, 6)
        assert np.abs(plan.actions[0, :5] - query.observation.state[:5]).max() < 5  # an untrained step of scale 1


def test_what_it_sees_changes_what_it_does(folder: str):
    policy = RynnVla(WORLD, checkpoint=folder, device="cpu")
    query = queries(policy)[0]
    plan = policy.plan([query])[0].actions
    for changed in (
        {"images": {name: 255 - picture for name, picture in query.observation.images.items()}},
        {"instruction": "Put the pen into the holder."},
        {"state": query.observation.state + 3},
    ):
        other = policy.plan([replace(query, observation=replace(query.observation, **changed))])[0].actions
        assert np.abs(other - plan).max() > 1e-6


def test_a_model_that_would_say_something_else_is_flagged(silent: str):
    policy = RynnVla(WORLD, checkpoint=silent, device="cpu")
    assert [plan.flags for plan in policy.plan(queries(policy))] == [(NO_ACTION,)] * 4


def test_sampling_shows_in_the_name_and_follows_the_seed(folder: str, monkeypatch: pytest.MonkeyPatch):
    policy = RynnVla(WORLD, checkpoint=folder, device="cpu", sample=True)
    monkeypatch.setattr(policy, "_speaks", lambda logits, queries: np.ones(len(queries), dtype=bool))
    one, two = queries(policy)[0], queries(policy)[0]
    assert (policy.spec.name, policy.spec.deterministic) == ("small+sample", False)
    drawn = [policy.plan([query])[0].actions for query in (one, two, replace(one, seed=7))]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_a_sampled_plan_without_an_action_is_the_mean_action(silent: str):
    policy = RynnVla(WORLD, checkpoint=silent, device="cpu", sample=True)
    asked = queries(policy)
    flagged = [(q, p) for q, p in zip(asked, policy.plan(asked)) if NO_ACTION in p.flags]
    assert flagged
    for query, plan in flagged:  # the means are 0: the joints stay, the gripper shuts
        assert plan.actions[:, :5] == pytest.approx(np.tile(query.observation.state[:5], (20, 1)))
        assert plan.actions[:, 5] == pytest.approx(np.zeros(20))


def test_batched_and_single_plans_agree(folder: str):
    policy = RynnVla(WORLD, checkpoint=folder, device="cpu")
    asked = queries(policy)
    alone = np.stack([plan.actions for plan in policy.plan(asked)])
    policy._alone = False  # pyright: ignore[reportPrivateUsage] -- as it plans on a GPU
    together = np.stack([plan.actions for plan in policy.plan(asked)])
    assert np.abs(together - alone).max() < 1e-3 * 100


def test_another_arm_is_refused_with_both_sides_shown(folder: str):
    pair = ActionSpec(
        names=("x", "jaw"),
        low=(0.0, 0.0),
        high=(1.0, 1.0),
        units=("m", "%"),
        control=Control.ABSOLUTE,
        gripper=Gripper.NONE,
        rate=30.0,
    )
    with pytest.raises(ValueError, match=r"moves so100 \(shoulder_pan.*gripper\); this world is moved by \(x, jaw\)"):
        RynnVla(World(WORLD.observation, pair), checkpoint=folder, device="cpu")


@pytest.mark.parametrize(("words", "error"), [("", "is empty; say what is to be done"), ("x " * 400, "may have 128")])
def test_an_instruction_that_cannot_be_read_is_told_before_the_first_trial(folder: str, words: str, error: str):
    with pytest.raises(ValueError, match=error):
        RynnVla(WORLD, checkpoint=folder, device="cpu").readable(words)


def test_a_folder_without_a_checkpoint_is_told(tmp_path: Path):
    with pytest.raises(ValueError, match=r"config\.json"):
        RynnVla(WORLD, checkpoint=str(tmp_path), device="cpu")
