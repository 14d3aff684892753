"""Upstream's simulation: built from the checkout's own configuration, stepped as upstream steps it, without pictures.

pybullet and the checkout have no types, and are imported when a world is built: nothing here needs them before.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ...tasks.calvin import StartState
from ..base import Image, Size, Vector, state_hash

CAMERAS: dict[str, Size] = {"static": (200, 200), "gripper": (84, 84)}
"""(width, height) at which upstream draws."""


class Upstream:
    """One simulation, for one chain: upstream's own reset leaves traces of what was played before."""

    def __init__(self, code: Path, scene: str) -> None:
        self._bullet: Any = import_module("pybullet")
        config = configuration(code, scene)
        self.env: Any = environment(code)(show_gui=False, use_vr=False, use_scene_info=True, **config)
        self._blocks = list(config["scene_cfg"].objects.movable_objects)
        self._cameras = {camera.name: camera for camera in self.env.cameras}

    def put(self, start: StartState) -> None:
        """Upstream's reset, without the pictures that it draws and throws away."""
        self.env.scene.reset(self._ordered(start.scene))
        self.env.robot.reset(start.robot)
        self._bullet.stepSimulation(physicsClientId=self.env.cid)

    def _ordered(self, scene: Vector) -> Vector:
        """The blocks as this scene lists them; a start state has red, blue, pink."""
        blocks = {f"block_{name}": scene[6 + 6 * i : 12 + 6 * i] for i, name in enumerate(("red", "blue", "pink"))}
        return np.concatenate([scene[:6], *(blocks[name] for name in self._blocks)])

    def act(self, action: Vector) -> None:
        """Upstream's step, without its pictures."""
        self.env.robot.apply_action(action)
        for _ in range(self.env.action_repeat):
            self._bullet.stepSimulation(physicsClientId=self.env.cid)
        self.env.scene.step()

    def info(self) -> Any:
        """Everything that the oracle reads."""
        return self.env.get_info()

    def robot(self) -> Vector:
        """(15,), as measured."""
        return np.array(self.env.robot.get_observation()[0], dtype=np.float64)

    def scene(self) -> Vector:
        """(24,), as measured, the blocks as this scene lists them."""
        return np.array(self.env.scene.get_obs(), dtype=np.float64)

    def picture(self, name: str, size: Size) -> Image:
        """As upstream draws it, moved to another size where one is asked for."""
        camera = self._cameras[name]
        view, projection = self._seen_from(camera)
        _, _, pixels, _, _ = self._bullet.getCameraImage(
            camera.width,
            camera.height,
            view,
            projection,
            flags=self._bullet.ER_NO_SEGMENTATION_MASK,
            physicsClientId=self.env.cid,
        )
        drawn = np.array(pixels, dtype=np.uint8).reshape(camera.height, camera.width, 4)[:, :, :3]
        return np.ascontiguousarray(drawn if size == CAMERAS[name] else _resized(drawn, size))

    def _seen_from(self, camera: Any) -> tuple[Any, Any]:
        """The gripper's moves with the hand; a mask of what belongs to which body, which nobody reads, is not drawn."""
        if camera.name == "static":
            return camera.viewMatrix, camera.projectionMatrix
        place, turn = self._bullet.getLinkState(
            camera.robot_uid, camera.gripper_cam_link, physicsClientId=self.env.cid
        )[:2]
        axes = np.array(self._bullet.getMatrixFromQuaternion(turn)).reshape(3, 3)
        view = self._bullet.computeViewMatrix(place, np.array(place) + axes[:, 1], -axes[:, 2])
        lens = (camera.fov, camera.aspect, camera.nearval, camera.farval)
        return view, self._bullet.computeProjectionMatrixFOV(*lens)

    def end_hash(self) -> str:
        """Over every body's place and speed, every joint's, the lights, and what the arm is told to reach."""
        robot, scene = self.env.robot, self.env.scene
        lights = [light.get_state() for light in scene.lights]
        pressed = [thing.state.value for thing in (*scene.buttons, *scene.switches)]
        return state_hash(*self._bodies(), lights, pressed, robot.target_pos, robot.target_orn, robot.gripper_action)

    def _bodies(self) -> list[Vector]:
        bullet, client = self._bullet, {"physicsClientId": self.env.cid}
        found: list[Vector] = []
        for index in range(bullet.getNumBodies(**client)):
            body = bullet.getBodyUniqueId(index, **client)
            base = (*bullet.getBasePositionAndOrientation(body, **client), *bullet.getBaseVelocity(body, **client))
            joints = [
                bullet.getJointState(body, joint, **client)[:2] for joint in range(bullet.getNumJoints(body, **client))
            ]
            found += [np.concatenate(base), np.array(joints, dtype=np.float64)]
        return found

    def close(self) -> None:
        """Upstream's own close, called again when it is collected, fails on a server that is gone."""
        if self.env.ownsPhysicsClient:
            self.env.ownsPhysicsClient = False
            self._bullet.disconnect(physicsClientId=self.env.cid)


def configuration(code: Path, scene: str) -> dict[str, Any]:
    """What upstream's environment is built with, from the checkout's files; it draws with EGL, as its dataset was."""
    conf = import_module("omegaconf").OmegaConf
    folder = code / "conf"
    robot = conf.merge(conf.load(folder / "robot/panda.yaml"), conf.load(folder / "robot/panda_longer_finger.yaml"))
    robot.pop("defaults", None)
    whole = conf.create(
        {
            "data_path": str(code / "data"),
            "use_vr": False,
            "scene": conf.load(folder / f"scene/calvin_scene_{scene}.yaml"),
            "robot": robot,
            "cameras": {name: conf.load(folder / f"cameras/cameras/{name}.yaml") for name in CAMERAS},
            "env": conf.load(folder / "env/play_table_env.yaml"),
        }
    )
    own = ("bullet_time_step", "control_freq", "seed")
    return {
        "robot_cfg": whole.robot,
        "scene_cfg": whole.scene,
        "cameras": whole.cameras,
        "use_egl": True,
        **{name: whole.env[name] for name in own},
    }


def oracle(code: Path) -> Any:
    """Upstream's judge of all 34 subtasks."""
    _found(code)
    conf = import_module("omegaconf").OmegaConf
    tasks: Any = import_module("calvin_env.envs.tasks")
    return tasks.Tasks(conf.load(code / "conf/tasks/new_playtable_tasks.yaml").tasks)


def environment(code: Path) -> Any:
    """Its class. It asks git for its commit and fails outside of a work tree: it is not asked."""
    _found(code)
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    module: Any = import_module("calvin_env.envs.play_table_env")
    module.get_git_commit_hash = _nameless
    return module.PlayTableSimEnv


def _nameless(path: object) -> str:
    return "not asked"


def _found(code: Path) -> None:
    if str(code) not in sys.path:
        sys.path.insert(0, str(code))


def _resized(picture: Image, size: Size) -> Image:
    """The same information at another size: nothing is drawn finer than the benchmark draws it."""
    cv2: Any = import_module("cv2")
    smaller = size[0] <= picture.shape[1] and size[1] <= picture.shape[0]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
