"""RynnVLA in CALVIN's configuration, with random small weights: nobody published any."""

from pathlib import Path

import msgspec
import pytest

from armtrial.envs.calvin.env import CalvinEnv
from armtrial.evaluators import evaluate
from armtrial.policies.base import World
from armtrial.policies.rynnvla import checkpoint
from armtrial.policies.rynnvla.config import CALVIN, Config, Statistics
from armtrial.policies.rynnvla.policy import RynnVla
from armtrial.policies.rynnvla.text import Words
from armtrial.policies.rynnvla.vocabulary import first_word, small
from armtrial.tasks.calvin import INSTRUCTIONS
from armtrial.tests.calvin_fake import FAKE
from armtrial.tests.policies.rynnvla_small import CODES, CONFIG, models

WORLD = World(CalvinEnv.observation_spec, CalvinEnv.action_spec)
WORDS = Words.learned(INSTRUCTIONS.values(), first_word(CODES))


def configured() -> Config:
    seven, fifteen = ((value,) * 7 for value in (0.0, 1.0)), ((value,) * 15 for value in (0.0, 1.0))
    (zero, one), (low, high) = seven, fifteen
    statistics = Statistics(
        action_mean=zero, action_std=one, action_low=zero, action_high=one, state_mean=low, state_std=high
    )
    vocabulary = small(CODES, WORDS.size)[0]
    return msgspec.structs.replace(CONFIG, embodiment=CALVIN, statistics=statistics, vocabulary=vocabulary)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("calvin") / "small"
    checkpoint.save(out, configured(), *models(configured()), WORDS)
    return out


def test_its_names_and_units_are_the_worlds(folder: Path) -> None:
    spec = RynnVla(WORLD, checkpoint=str(folder), device="cpu").spec
    assert (spec.action, spec.state) == (WORLD.action, WORLD.observation.state)
    assert set(spec.cameras) == {"static", "gripper"}


def test_it_plays_chains_to_their_end(folder: Path, tmp_path: Path) -> None:
    settings = {"checkpoint": str(folder), "device": "cpu", "wrap": ("threshold",), "episodes": 1, "workers": 0}
    run = evaluate("rynnvla", FAKE, out=tmp_path / "run", **settings)
    assert [(record.result.error, record.result.steps) for record in run.records] == [(None, 360)]


def test_without_a_threshold_its_gripper_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    run = evaluate("rynnvla", FAKE, out=tmp_path / "run", checkpoint=str(folder), device="cpu", episodes=1, workers=0)
    error = run.records[-1].result.error
    assert error is not None
    assert "--wrap threshold" in error.message
