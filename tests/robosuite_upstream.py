"""robosuite's own loop behind the same face, to measure ours against: it draws both pictures at every step.

Runs in robosuite's interpreter, served by a worker.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..envs.base import Image, Observation, Size, Vector
from ..envs.robosuite.env import RobosuiteEnv
from ..envs.robosuite.upstream import CAMERAS, Upstream
from ..tasks.robosuite import RobosuiteTask

EDGE = 224


class UpstreamRobosuite(RobosuiteEnv):
    """Stepped by robosuite's `step`, which renders as its users have it render."""

    def _built(self, task: RobosuiteTask, seed: int) -> Upstream:
        eyes: dict[str, Any] = {
            "has_offscreen_renderer": True,
            "use_camera_obs": True,
            "camera_names": list(CAMERAS.values()),
            "camera_heights": EDGE,
            "camera_widths": EDGE,
        }
        return _Loop(task, self._robot, seed, eyes)

    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        seen, loop = super().observe({}, privileged), self._running()
        assert isinstance(loop, _Loop)
        return Observation({name: loop.image(name) for name in cameras}, seen.state, seen.instruction, seen.time)


class _Loop(Upstream):
    """Its sensors are up to a step of physics or two behind, so that states are read from the simulation here too."""

    def act(self, action: Vector) -> None:
        self._before = self._hand()
        self.env.step(action)

    def image(self, camera: str) -> Image:
        """Drawn now."""
        seen = self.env._get_observations(force_update=True)
        return np.ascontiguousarray(seen[f"{CAMERAS[camera]}_image"][::-1])
