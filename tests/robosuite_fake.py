"""robosuite's world over a hand that goes where it is told, for the tests that need no robosuite."""

from dataclasses import replace

import numpy as np

from armtrial.envs.base import Image, Size, Vector, state_hash
from armtrial.envs.robosuite.env import RobosuiteEnv
from armtrial.tasks.base import Suite
from armtrial.tasks.grasping import Thing, Tick
from armtrial.tasks.robosuite import RATE, ROBOSUITE, RobosuiteTask

TABLE, LIFTED = 0.82, 0.86
"""Metres: where the cube's middle lies, and above which it counts as lifted."""
NEAR = 0.02
"""Metres at which jaws that close catch the cube."""
SHUT_TICKS = 4
"""Jaws take so long to close."""


class Frictionless:
    """A cube that sticks to jaws that closed on it, and lies on the table again when they open."""

    def __init__(self, seed: int, slips: bool = False) -> None:
        stream = np.random.default_rng(seed)
        self.hand = np.array([-0.1, 0.0, 1.0])
        self.cube = np.array([*stream.uniform(-0.03, 0.03, 2), TABLE])
        self.yaw = float(stream.uniform(-3, 3))
        self.turned = 0.0
        self.shut = 0
        self.slips = slips
        self.speed = 0.0

    @property
    def held(self) -> bool:
        return self.shut >= SHUT_TICKS and float(np.linalg.norm(self.hand - self.cube)) < NEAR

    def sampled(self) -> dict[str, Vector]:
        return {"cube": self.cube.copy(), "yaw": np.array([self.yaw])}

    def others(self) -> tuple[str, ...]:
        return ("bottle",)

    def act(self, action: Vector) -> None:
        way = 0.05 * action[:3] * 0.5
        if self.held and not (self.slips and self.cube[2] > TABLE + 0.07):
            self.cube += way
        elif not self.held:
            self.cube[2] = TABLE
        self.hand += way
        self.turned += 0.5 * float(action[5]) * 0.5
        self.speed = float(np.linalg.norm(way)) * RATE
        self.shut = self.shut + 1 if action[6] > 0 else 0

    def success(self) -> bool:
        return bool(self.cube[2] > LIFTED)

    def robot(self) -> Vector:
        return np.concatenate([self.hand, np.zeros(4), np.full(7, self.turned), np.full(2, float(self.shut))])

    def tick(self, time: float, opening: float) -> Tick:
        x, y, z = self.cube.tolist()
        hand = self.hand.tolist()
        things = {"cube": Thing((x, y, z), self.held, self.held)}
        tips = (hand[0], hand[1], hand[2] - z)
        return Tick(time=time, jaw_target=opening, tips=tips, tip_speed=self.speed, things=things)

    def privileged(self) -> dict[str, Vector]:
        return {
            "hand": self.hand.copy(),
            "hand_axes": turned(self.turned) @ np.diag([1.0, -1.0, -1.0]),
            "base_axes": np.eye(3),
            "target": self.cube.copy(),
            "target_axes": turned(self.yaw),
            "gripped": np.array([float(self.held)]),
        }

    def picture(self, camera: str, size: Size) -> Image:
        return np.full((size[1], size[0], 3), int(1000 * self.hand[2]) % 256, dtype=np.uint8)

    def end_hash(self) -> str:
        return state_hash(self.hand, self.cube, float(self.shut))

    def close(self) -> None: ...


def turned(angle: float) -> Vector:
    return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])


class FakeRobosuite(RobosuiteEnv):
    slips = False

    def _built(self, task: RobosuiteTask, seed: int) -> Frictionless:
        return Frictionless(seed, self.slips)


class Slippery(FakeRobosuite):
    """The cube is lost on its way up."""

    slips = True


def fake(world: str) -> Suite:
    lift = replace(ROBOSUITE.task("lift"), env=f"armtrial.tests.robosuite_fake:{world}")
    return replace(ROBOSUITE, tasks=(lift,))


LIFT, SLIP = fake("FakeRobosuite"), fake("Slippery")
