"""robosuite's world with things put where a test wants them. Runs in robosuite's interpreter, served by a worker."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..envs.base import Observation, Size, Step, Vector
from ..envs.robosuite.env import RobosuiteEnv
from ..envs.robosuite.upstream import Upstream
from ..tasks.base import Task

HAND = "hand"


class Staged(RobosuiteEnv):
    """Before every step `thing` is put `away` from the hand or from another thing, at rest. An observation's
    instruction has all things that are told of, with their heights."""

    def __init__(self, tasks: Sequence[Task], *, thing: str, beside: str = HAND, away: Sequence[float] = (0, 0, 0)):
        super().__init__(tasks)
        self._thing, self._beside, self._away = thing, beside, np.array(away, dtype=np.float64)

    def step(self, action: Vector) -> Step:
        inside = self._inside()
        place = inside._hand() if self._beside == HAND else inside._things[self._beside].place(inside._data)
        self._put(inside, np.array(place) + self._away)
        return super().step(action)

    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        things = self._inside().tick(0.0, 1.0).things
        told = (f"{name} at {thing.position[2]:.2f}" for name, thing in sorted(things.items()))
        return replace(super().observe(cameras, privileged), instruction=", ".join(told))

    def _put(self, inside: Upstream, place: Vector) -> None:
        """By its joint, or where it has none by what it stands on."""
        thing, model, data = inside._things[self._thing], inside._model, inside._data
        if thing.free:
            joint = model.body_jntadr[thing.body]
            position, velocity = model.jnt_qposadr[joint], model.jnt_dofadr[joint]
            data.qpos[position : position + 3] = place
            data.qvel[velocity : velocity + 6] = 0.0
        else:
            model.body_pos[thing.body] += place - thing.place(data)
        inside._mujoco.mj_forward(model, data)

    def _inside(self) -> Upstream:
        inside = self._running()
        assert isinstance(inside, Upstream)
        return inside
