# pyright: basic
"""LeRobot's own evaluation command over our worlds.

    lerobot-eval --env.discover_packages_path=armtrial.envs.lerobot_plugin --env.type=armtrial \
        --env.suite=toy --env.task=reach --policy.path=DIR --eval.n_episodes=20 --seed=0

LeRobot numbers its episodes from `--seed`, 1000 unless told otherwise: with `--seed=0` and as many episodes as the
suite has trials per task, it plays the trials that armtrial's own evaluation plays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import gymnasium
from gymnasium.spaces import Box, Dict
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from lerobot.configs import FeatureType, PolicyFeature
from lerobot.envs.configs import EnvConfig
from lerobot.envs.utils import _LazyAsyncVectorEnv, freeze_after_episode_end
from lerobot.utils.constants import ACTION, OBS_IMAGES, OBS_STATE

from ..tasks.catalog import SUITES
from .gym import TrialEnv, env_id, register, suite_from

__path__: list[str] = []
"""LeRobot imports the modules inside what it is asked to discover. A module with a `__path__` may be asked for, and
this one has nothing inside."""


@EnvConfig.register_subclass("armtrial")
@dataclass
class ArmtrialEnv(EnvConfig):
    """The arguments `--env.*`. Results are grouped by task."""

    task: str | None = None
    """One task, several with commas between, or none for all tasks of the suite."""
    suite: str | None = None
    """A name, `./file.py:SUITE` or `package.module:SUITE`; none: the first that has the task."""
    domain: str = "eval"
    """Whose seeds: `eval`, `demo` or `train`. `train` where LeRobot tries out checkpoints while it trains."""
    normalize: bool = False
    """Actions in [-1, 1] instead of the robot's units. A policy trained on recordings of the robot gives its units."""
    cameras: list[str] | None = None
    """Only these."""
    image_size: tuple[int, int] | None = None
    """(width, height) of every picture: what the policy was trained on. None: what the world shows people."""
    env_args: dict[str, Any] = field(default_factory=dict)
    """For the world."""

    def __post_init__(self) -> None:
        probe = TrialEnv(self.names[0], **self.gym_kwargs)
        self.fps = probe.metadata["render_fps"]
        self.features = _features(probe)
        self.features_map = {name: OBS_STATE if name == "agent_pos" else name for name in self.features}
        probe.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The tasks to play."""
        asked = tuple(name.strip() for name in (self.task or "").split(",") if name.strip())
        suite = suite_from(self.suite or next(iter(SUITES)))
        return asked or tuple(task.name for task in suite.tasks)

    @property
    def package_name(self) -> str:
        return "armtrial"

    @property
    def gym_id(self) -> str:
        return env_id(self.names[0])

    @property
    def gym_kwargs(self) -> dict[str, Any]:
        chosen = {"suite": self.suite} if self.suite else {}
        return chosen | {
            "domain": self.domain,
            "normalize": self.normalize,
            "cameras": self.cameras,
            "image_size": self.image_size,
            "env_args": self.env_args,
            "render_mode": "rgb_array",
        }

    def create_envs(self, n_envs: int, use_async_envs: bool = False) -> dict[str, dict[int, Any]]:
        """Processes of a task start when its turn comes; an episode that is over waits for the others of its batch."""
        register(*([self.suite] if self.suite else []))
        vector = _LazyAsyncVectorEnv if use_async_envs and n_envs > 1 else _sync
        return {name: {0: vector([self._maker(name)] * n_envs)} for name in self.names}

    def _maker(self, task: str) -> Callable[[], gymnasium.Env]:
        """The whole spec, so that a process needs no registration."""
        spec = gymnasium.spec(env_id(task))
        return partial(gymnasium.make, spec, disable_env_checker=self.disable_env_checker, **self.gym_kwargs)


def _sync(makers: Sequence[Callable[[], gymnasium.Env]]) -> SyncVectorEnv:
    frozen = [freeze_after_episode_end(maker) for maker in makers]
    return SyncVectorEnv(frozen, autoreset_mode=AutoresetMode.NEXT_STEP)


def _features(env: TrialEnv) -> dict[str, PolicyFeature]:
    """Under the names of LeRobot's datasets, since its recorder looks the pictures up by them."""
    actions, seen = cast(Box, env.action_space), cast(Dict, env.observation_space)
    views = cast(Dict, seen["pixels"])
    return {
        ACTION: PolicyFeature(FeatureType.ACTION, actions.shape),
        "agent_pos": PolicyFeature(FeatureType.STATE, cast(Box, seen["agent_pos"]).shape),
        **{f"{OBS_IMAGES}.{name}": PolicyFeature(FeatureType.VISUAL, cast(Box, views[name]).shape) for name in views},
    }
