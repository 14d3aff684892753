"""LeRobot's own evaluation command, run as people run it, with a policy of random weights."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from armtrial.envs.line import LineEnv
from armtrial.tasks.toy import TOY

pytestmark = [
    pytest.mark.lerobot,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # LeRobot's dependencies, as they are imported
]

PLUGIN = "armtrial.envs.lerobot_plugin"
SUITE = """
from dataclasses import replace
from armtrial.tasks.base import Suite
from armtrial.tasks.toy import REACH

ALWAYS = replace(REACH, name="always", tolerance=9.0, max_seconds=1.0)
NEVER = replace(REACH, name="never", tolerance=-1.0, max_seconds=1.0)
BOTH = Suite(name="both", version=1, tasks=(ALWAYS, NEVER), per_task=2)
"""


@pytest.fixture
def config() -> Any:
    pytest.importorskip("lerobot")
    from armtrial.envs.lerobot_plugin import ArmtrialEnv

    return ArmtrialEnv


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny ACT with its processors, as LeRobot saves them."""
    pytest.importorskip("lerobot")
    from lerobot.configs import FeatureType, PolicyFeature
    from lerobot.policies import make_pre_post_processors
    from lerobot.policies.act.configuration_act import ACTConfig
    from lerobot.policies.act.modeling_act import ACTPolicy

    folder = tmp_path_factory.mktemp("act")
    views = {
        f"observation.images.{name}": PolicyFeature(FeatureType.VISUAL, (3, 24, 32)) for name in ("front", "wrist")
    }
    config = ACTConfig(
        input_features={"observation.state": PolicyFeature(FeatureType.STATE, (2,)), **views},
        output_features={"action": PolicyFeature(FeatureType.ACTION, (2,))},
        pretrained_backbone_weights=None,
        dim_model=16,
        n_heads=2,
        dim_feedforward=16,
        n_encoder_layers=1,
        n_vae_encoder_layers=1,
        latent_dim=2,
        chunk_size=20,
        n_action_steps=20,
        device="cpu",
        push_to_hub=False,
    )
    for part in (ACTPolicy(config), *make_pre_post_processors(config)):
        part.save_pretrained(folder)
    return folder


def evaluated(out: Path, checkpoint: Path, *arguments: str) -> dict[str, Any]:
    """What `lerobot-eval` writes of two episodes of each task."""
    command = [sys.executable, "-m", "lerobot.scripts.lerobot_eval", f"--env.discover_packages_path={PLUGIN}"]
    fixed = ["--env.type=armtrial", "--env.image_size=[32,24]", f"--policy.path={checkpoint}", "--policy.device=cpu"]
    numbers = ["--eval.n_episodes=2", "--eval.batch_size=2", "--seed=0", f"--output_dir={out}"]
    environ = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([*command, *fixed, *numbers, *arguments], env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads((out / "eval_info.json").read_text())


def test_lerobots_evaluation_command_plays_a_task_and_films_it(tmp_path: Path, checkpoint: Path) -> None:
    results = evaluated(tmp_path, checkpoint, "--env.suite=toy", "--env.task=reach", "--eval.use_async_envs=false")
    reach = results["per_group"]["reach"]
    assert reach["n_episodes"] == 2
    assert 0 <= reach["pc_success"] <= 100
    assert all(Path(video).stat().st_size for video in reach["video_paths"])


def test_lerobots_evaluation_command_counts_our_successes_in_processes_too(tmp_path: Path, checkpoint: Path) -> None:
    (tmp_path / "mine.py").write_text(SUITE)
    results = evaluated(tmp_path / "out", checkpoint, f"--env.suite={tmp_path / 'mine.py'}:BOTH")
    rates = {task: scores["pc_success"] for task, scores in results["per_group"].items()}
    assert rates == {"always": 100.0, "never": 0.0}


def test_the_features_are_those_of_lerobots_datasets(config: Any) -> None:
    from lerobot.envs.utils import env_to_policy_features

    features = env_to_policy_features(config(task="reach", image_size=(32, 24), cameras=["front"]))
    assert {name: feature.shape for name, feature in features.items()} == {
        "action": (2,),
        "observation.state": (2,),
        "observation.images.front": (3, 24, 32),
    }


def test_lerobot_plays_the_trials_that_armtrial_plays(config: Any) -> None:
    from lerobot.envs.utils import NEW_ROLLOUT_OPTION

    env = config(task="reach").create_envs(2)["reach"][0]
    _, info = env.reset(seed=[0, 1], options={NEW_ROLLOUT_OPTION: True})
    trials = [trial for trial in TOY.trials(2) if trial.task == "reach"]
    assert list(info["start_hash"]) == [LineEnv(TOY.tasks).reset(trial).hash for trial in trials]


def test_actions_are_in_the_robots_units_unless_asked_otherwise(config: Any) -> None:
    high = [config(task="reach", normalize=normalize).create_envs(1) for normalize in (False, True)]
    assert [envs["reach"][0].single_action_space.high.tolist() for envs in high] == [[1.0, 100.0], [1.0, 1.0]]


def test_without_a_task_the_whole_suite_is_played(config: Any) -> None:
    assert list(config(suite="toy", image_size=(32, 24)).create_envs(1)) == ["reach", "fetch", "tour"]
    assert list(config(task="tour, reach").create_envs(1)) == ["tour", "reach"]


def test_the_configuration_survives_lerobots_files(config: Any) -> None:
    draccus = pytest.importorskip("draccus")
    from lerobot.envs.configs import EnvConfig

    ours = config(task="reach", cameras=["front"], image_size=(32, 24), env_args={"speed": 0.5})
    assert draccus.decode(EnvConfig, {"type": "armtrial", **draccus.encode(ours)}) == ours
