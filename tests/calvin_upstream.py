"""Upstream's environment as it is, for comparison: its own configuration, reset, step and pictures.

Runs in CALVIN's interpreter, served by a worker.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ..envs.base import Image, Size, Vector
from ..envs.calvin.checkout import code_in
from ..envs.calvin.env import CalvinEnv
from ..envs.calvin.upstream import Upstream, environment, oracle
from ..tasks.calvin import StartState, chains, start_state


class AsItIs(Upstream):
    """Everything that upstream's users call is upstream's own."""

    def __init__(self, code: Path, scene: str, *, draws: bool = True) -> None:
        self._bullet: Any = import_module("pybullet")
        environment(code)
        hydra: Any = import_module("hydra")
        overrides = [
            "cameras=static_and_gripper",
            f"scene=calvin_scene_{scene}",
            "hydra/job_logging=default",
            "hydra/hydra_logging=default",
        ]
        with hydra.initialize_config_dir(str(code / "conf"), version_base="1.1"):
            config = hydra.compose("config_data_collection", overrides)
        if not draws:
            config.cameras = {}
        self.env = hydra.utils.instantiate(config.env, show_gui=False, use_vr=False, use_scene_info=True)

    def put(self, start: StartState) -> None:
        self._seen = self.env.reset(robot_obs=start.robot, scene_obs=start.scene)
        self._info = self.env.get_info()

    def act(self, action: Vector) -> None:
        self._seen, _, _, self._info = self.env.step(action)

    def info(self) -> Any:
        return self._info

    def robot(self) -> Vector:
        return np.array(self._seen["robot_obs"])

    def scene(self) -> Vector:
        return np.array(self._seen["scene_obs"])

    def picture(self, name: str, size: Size) -> Image:
        return np.ascontiguousarray(self._seen["rgb_obs"][f"rgb_{name}"])


class UpstreamCalvin(CalvinEnv):
    def _built(self, scene: str) -> AsItIs:
        return AsItIs(self._code, scene)


class BlindUpstream(CalvinEnv):
    """Steps as the other, without a camera: drawing takes nearly all of its time."""

    def _built(self, scene: str) -> AsItIs:
        return AsItIs(self._code, scene, draws=False)


def put_joint(name: str, value: float) -> Callable[[Upstream], None]:
    def put(world: Upstream) -> None:
        parts = world.env.scene
        for part in (*parts.doors, *parts.buttons, *parts.switches):
            if part.name == name:
                world._bullet.resetJointState(part.uid, part.joint_index, value, physicsClientId=world.env.cid)

    return put


def push(block: str, metres: float) -> Callable[[Upstream], None]:
    """The block lies elsewhere on the table, as if it had been pushed."""

    def put(world: Upstream) -> None:
        thing = next(each for each in world.env.scene.movable_objects if each.name == block)
        client = {"physicsClientId": world.env.cid}
        place, turn = world._bullet.getBasePositionAndOrientation(thing.uid, **client)
        moved = (place[0] + metres, place[1], place[2])
        world._bullet.resetBasePositionAndOrientation(thing.uid, moved, turn, **client)

    return put


SCRIPT: Mapping[str, tuple[Mapping[str, int | str], Callable[[Upstream], None]]] = {
    "move_slider_left": ({"slider": "right"}, put_joint("base__slide", 0.28)),
    "move_slider_right": ({"slider": "left"}, put_joint("base__slide", 0.0)),
    "open_drawer": ({"drawer": "closed"}, put_joint("base__drawer", 0.22)),
    "close_drawer": ({"drawer": "open"}, put_joint("base__drawer", 0.0)),
    "turn_on_lightbulb": ({"lightbulb": 0}, put_joint("base__switch", 0.09)),
    "turn_off_lightbulb": ({"lightbulb": 1}, put_joint("base__switch", 0.0)),
    "turn_on_led": ({"led": 0}, put_joint("base__button", -0.03)),
    "turn_off_led": ({"led": 1}, put_joint("base__button", -0.03)),
    **{
        f"push_{colour}_block_{side}": ({f"{colour}_block": "table"}, push(f"block_{colour}", metres))
        for colour in ("red", "blue", "pink")
        for side, metres in (("right", 0.13), ("left", -0.13))
    },
}
"""What the hand would have done, put there: where it applies, and how."""
STILL = np.array([0.0, 0, 0, 0, 0, 0, 1])


def fires(code: Path, judge: Any, subtask: str) -> tuple[bool, bool]:
    """Whether the oracle calls it done before anything was moved, and after."""
    where, move = SCRIPT[subtask]
    situation = next(c.situation for c in chains() if all(c.situation[key] == value for key, value in where.items()))
    world = Upstream(code, "D")
    world.put(start_state(situation))
    for _ in range(30):
        world.act(STILL)
    before = world.info()
    world.act(STILL)
    early = bool(judge.get_task_info_for_set(before, world.info(), {subtask}))
    move(world)
    done = False
    for _ in range(15):
        world.act(STILL)
        done = done or bool(judge.get_task_info_for_set(before, world.info(), {subtask}))
    world.close()
    return early, done


def main() -> None:
    code = code_in(sys.argv[2])
    judge = oracle(code)
    print(json.dumps({subtask: fires(code, judge, subtask) for subtask in SCRIPT}))
