from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import NameNotFound, ResetNeeded
from gymnasium.spaces import Box
from gymnasium.utils.env_checker import check_env

from armtrial.envs.base import ActionError, Size, Step
from armtrial.envs.catalog import GUESTS
from armtrial.envs.gym import TrialEnv, env_id, register, suite_from
from armtrial.envs.line import LineEnv
from armtrial.envs.locate import LocateError
from armtrial.tasks.catalog import SUITES

SMALL = (32, 24)
OURS = [suite for suite in map(suite_from, SUITES) if suite.env not in GUESTS]
"""Those whose world needs no other interpreter."""
TASKS = [(suite.name, task.name) for suite in OURS for task in suite.tasks]
CHAINS = [(suite.name, task.name) for suite in OURS for task in suite.tasks if task.stage_seconds]


@pytest.fixture(autouse=True)
def _registered() -> None:  # pyright: ignore[reportUnusedFunction]
    register()


def reach(**options: Any) -> TrialEnv:
    return TrialEnv("reach", "toy", **{"image_size": SMALL, **options})


def towards(env: TrialEnv, stage: int = 0) -> np.ndarray:
    """The action of a normalized env of the line that goes straight for the mark of this stage."""
    mark = env._world.observe({}, privileged=True).privileged["marks"][stage]
    return np.array([mark, 1.0], dtype=np.float32)


def played(env: TrialEnv, seed: int = 0) -> tuple[float, bool, bool, dict[str, Any]]:
    env.reset(seed=seed)
    while True:
        _, reward, terminated, truncated, info = env.step(towards(env))
        if terminated or truncated:
            return reward, terminated, truncated, info


@pytest.mark.parametrize("pixels", [True, False])
@pytest.mark.parametrize(("suite", "task"), TASKS)
def test_gymnasiums_own_checker_finds_nothing_in_any_task(suite: str, task: str, pixels: bool) -> None:
    env = gym.make(env_id(task), suite=suite, image_size=SMALL, pixels=pixels, render_mode="rgb_array")
    check_env(env.unwrapped)


@pytest.mark.parametrize(("suite", "task"), TASKS)
def test_in_robot_units_the_checker_only_recommends_to_normalize(suite: str, task: str) -> None:
    env = gym.make(env_id(task), suite=suite, image_size=SMALL, normalize=False)
    with pytest.warns(UserWarning, match="recommend using a symmetric and normalized space") as seen:
        check_env(env.unwrapped)
    assert len(seen) == 1


@pytest.mark.parametrize(("suite", "task"), TASKS)
def test_the_default_wrappers_let_through_what_lerobot_asks_for(suite: str, task: str) -> None:
    envs: Any = gym.make_vec(env_id(task), num_envs=2, suite=suite, pixels=False)
    envs.reset(seed=0)
    assert envs.call("task") == (task, task)
    assert all(envs.call("task_description"))
    assert all(isinstance(steps, int) and steps > 0 for steps in envs.call("_max_episode_steps"))


def test_observations_are_pictures_by_camera_and_the_state() -> None:
    seen, _ = reach(image_size={"wrist": SMALL}).reset(seed=0)
    assert {name: image.shape for name, image in seen["pixels"].items()} == {
        "front": (240, 320, 3),
        "wrist": (24, 32, 3),
    }
    assert seen["agent_pos"].dtype == np.float32


def test_normalized_actions_span_the_bounds_of_the_action_spec() -> None:
    env = reach()
    spec = env._world.action_spec
    assert np.allclose(env._actions.plan(-np.ones(2)), spec.low)
    assert np.allclose(env._actions.plan(np.zeros(2)), [0.0, 50.0])
    assert np.allclose(env._actions.plan(np.ones(2)), spec.high)


def test_robot_units_have_the_bounds_of_the_action_spec() -> None:
    assert reach(normalize=False).action_space == Box(np.array([-1, 0]), np.array([1, 100]), dtype=np.float32)


def test_an_action_that_overshoots_is_moved_onto_its_bound() -> None:
    assert reach()._actions.plan([1.01, -1.2]).tolist() == [[1.0, 0.0]]


def test_an_action_in_other_units_is_warned_of_once() -> None:
    env = reach()
    env.reset(seed=0)
    with pytest.warns(UserWarning, match=r"'jaw' is 100, far outside \[-1, 1\].*normalize=False"):
        env.step(np.array([0.0, 100.0], dtype=np.float32))
    env.step(np.array([0.0, 100.0], dtype=np.float32))


@pytest.mark.parametrize("action", [[0.0], [0.0, np.nan]])
def test_an_action_of_another_shape_or_no_number_is_an_error(action: list[float]) -> None:
    env = reach()
    env.reset(seed=0)
    with pytest.raises(ActionError):
        env.step(np.array(action, dtype=np.float32))


def test_seed_k_is_trial_k_of_the_domain() -> None:
    env = reach(domain="eval")
    starts = [env.reset(seed=5)[1], env.reset(options={"trial": 5})[1], env.reset(seed=6)[1]]
    assert [start["trial"] for start in starts] == ["toy-v1.reach.005", "toy-v1.reach.005", "toy-v1.reach.006"]
    assert starts[0]["start_hash"] == starts[1]["start_hash"] != starts[2]["start_hash"]


def test_episodes_are_training_trials_unless_asked_otherwise() -> None:
    assert reach().reset(seed=5)[1]["start_hash"] == reach(domain="train").reset(seed=5)[1]["start_hash"]
    assert reach().reset(seed=5)[1]["start_hash"] != reach(domain="eval").reset(seed=5)[1]["start_hash"]


def test_resets_without_a_seed_draw_trials_that_follow_from_the_last_seed() -> None:
    env = reach()
    drawn: list[list[str]] = []
    for _ in range(2):
        env.reset(seed=3)
        drawn.append([env.reset()[1]["trial"] for _ in range(3)])
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) == 3


def test_a_trial_of_any_number_can_be_played() -> None:
    assert reach().reset(options={"trial": 10**12})[1]["trial"] == "toy-v1.reach.1000000000000"
    with pytest.raises(ValueError, match="there is no trial -1"):
        reach().reset(options={"trial": -1})


def test_success_terminates_with_a_reward_of_one() -> None:
    reward, terminated, truncated, info = played(reach())
    assert (reward, terminated, truncated, info["is_success"]) == (1.0, True, False, True)
    assert info["end"] == "success"


def test_a_time_limit_truncates_without_reward() -> None:
    env = reach(env_args={"speed": 0.0})
    reward, terminated, truncated, info = played(env)
    assert (reward, terminated, truncated, info["is_success"]) == (0.0, False, True, False)
    assert (info["end"], info["label"]) == ("timeout", "no_reach")
    with pytest.raises(ResetNeeded):
        env.step(np.zeros(2, dtype=np.float32))


def test_a_world_that_cannot_go_on_terminates_without_reward(monkeypatch: pytest.MonkeyPatch) -> None:
    env = reach()
    monkeypatch.setattr(env._world, "step", lambda action: Step(np.zeros(2), success=False, terminated=True))
    reward, terminated, truncated, info = played(env)
    assert (reward, terminated, truncated, info["is_success"]) == (0.0, True, False, False)
    assert info["end"] == "world"


def test_a_trial_lasts_as_many_steps_as_it_says() -> None:
    env = reach(env_args={"speed": 0.0}, pixels=False)
    env.reset(seed=0)
    ends = [any(env.step(np.zeros(2, dtype=np.float32))[2:4]) for _ in range(env._max_episode_steps)]
    assert ends == [False] * (env._max_episode_steps - 1) + [True]


def test_the_description_of_a_chain_is_its_current_stages() -> None:
    env = TrialEnv("tour", "toy", pixels=False)
    env.reset(seed=0)
    said = [env.task_description]
    for stage in (0, 1):
        while env.task_description == said[-1]:
            env.step(towards(env, stage))
        said.append(env.task_description)
    assert [text.split()[5] for text in said] == ["green", "red", "purple"]


def test_without_pixels_no_picture_is_ever_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: LineEnv, camera: str, size: Size) -> None:
        raise AssertionError("rendered")

    monkeypatch.setattr(LineEnv, "_drawn", refuse)
    env = reach(pixels=False)
    assert list(env.reset()[0]) == ["agent_pos"]
    assert played(env)[3]["is_success"]


def test_a_subset_of_the_cameras_can_be_chosen() -> None:
    seen, _ = reach(cameras=["wrist"]).reset(seed=0)
    assert list(seen["pixels"]) == ["wrist"]


def test_rendering_gives_the_frame_for_the_video() -> None:
    env: Any = reach(render_mode="rgb_array")
    env.reset(seed=0)
    assert np.array_equal(env.render(), env._world.frame())
    assert env.metadata["render_fps"] == 30


@pytest.mark.filterwarnings(
    "ignore:.*multi-threaded:DeprecationWarning"
)  # fork is Python's default, and torch has threads
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_vectorized_envs_play_the_trials_of_their_seeds(mode: str) -> None:
    assert trials_of(mode, {}) == ["toy-v1.reach.007", "toy-v1.reach.008"]


@pytest.mark.parametrize("context", ["spawn", "forkserver"])
def test_processes_that_inherit_nothing_need_no_registration(context: str) -> None:
    assert trials_of("async", {"context": context}) == ["toy-v1.reach.007", "toy-v1.reach.008"]


def trials_of(mode: str, vector_kwargs: dict[str, Any]) -> list[str]:
    envs = gym.make_vec(env_id("reach"), 2, mode, vector_kwargs, suite="toy", image_size=SMALL)
    try:
        _, info = envs.reset(seed=7)
        envs.step(envs.action_space.sample())
        return info["trial"].tolist()
    finally:
        envs.close()


def test_a_suite_can_be_a_file_a_module_or_an_object(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("from armtrial.tasks.toy import TOY as MINE\n")
    envs = [
        gym.make(env_id("fetch"), suite=suite)
        for suite in (f"{mine}:MINE", "armtrial.tasks.toy:TOY", suite_from("toy"))
    ]
    assert [env.reset(seed=0)[1]["trial"] for env in envs] == ["toy-v1.fetch.000"] * 3


def test_a_suite_of_ones_own_can_be_registered(tmp_path: Path) -> None:
    mine = tmp_path / "own.py"
    mine.write_text(
        "from dataclasses import replace\nfrom armtrial.tasks.base import Suite\nfrom armtrial.tasks.toy import REACH\n"
        'OWN = Suite(name="own", version=1, tasks=(replace(REACH, name="own-reach"),), per_task=1)\n'
    )
    register(f"{mine}:OWN")
    assert gym.make("armtrial/own-reach-v0").reset(seed=0)[1]["trial"] == "own-v1.own-reach.000"
    del gym.registry["armtrial/own-reach-v0"]


def test_without_a_suite_the_first_that_has_the_task_is_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = tmp_path / "later.py"
    later.write_text(
        "from dataclasses import replace\nfrom armtrial.tasks.toy import TOY\nL = replace(TOY, name='later')\n"
    )
    monkeypatch.setitem(SUITES, "later", f"{later}:L")
    assert gym.make("armtrial/tour-v0").reset(seed=0)[1]["trial"] == "toy-v1.tour.000"
    assert TrialEnv("tour").reset(seed=0)[1]["trial"] == "toy-v1.tour.000"
    assert TrialEnv("tour", "later").reset(seed=0)[1]["trial"] == "later-v1.tour.000"


def test_pictures_are_the_users_own_even_where_a_world_uses_one_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = np.zeros((SMALL[1], SMALL[0], 3), dtype=np.uint8)
    monkeypatch.setattr(LineEnv, "_drawn", lambda self, camera, size: buffer)
    assert not np.shares_memory(reach().reset()[0]["pixels"]["front"], buffer)


def test_closing_twice_closes_the_world_once(monkeypatch: pytest.MonkeyPatch) -> None:
    env, calls = reach(), list[str]()
    monkeypatch.setattr(env._world, "close", lambda: calls.append("close"))
    env.close()
    env.close()
    assert calls == ["close"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"suite": "toyy"}, "no suite is called 'toyy'. Did you mean 'toy'? There are: "),
        ({"task": "reech"}, "no task of suite 'toy' is called 'reech'. Did you mean 'reach'? There are: reach, fetch"),
        ({"cameras": ["frnt"]}, "no camera is called 'frnt'. Did you mean 'front'? There are: front, wrist"),
        ({"domain": "evil"}, "no seed domain is called 'evil'. Did you mean 'eval'? There are: eval, demo, train"),
        ({"suite": "armtrial.tasks.toy:REACH"}, "'armtrial.tasks.toy:REACH' is a LineTask and no Suite"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_ones(options: dict[str, Any], message: str) -> None:
    with pytest.raises(LocateError) as caught:
        TrialEnv(**{"task": "reach", "suite": "toy", **options})
    assert str(caught.value).startswith(message)


def test_gymnasium_answers_an_unknown_task_with_the_nearest() -> None:
    with pytest.raises(NameNotFound, match="Did you mean: `reach`"):
        gym.make("armtrial/reech-v0")


def test_registering_twice_is_as_good_as_once() -> None:
    before = dict(gym.registry)
    register()
    assert dict(gym.registry) == before
