"""Tables with an arm, in the start state of some trial, for the tests of scenes and cameras."""

import atexit
from functools import cache

import mujoco

from armtrial.envs.base import Image, Size
from armtrial.envs.so100.cameras import FAST, Look
from armtrial.envs.so100.model import add_arm, new_spec
from armtrial.envs.so100.poses import READY
from armtrial.envs.so100.scene import Scene, build
from armtrial.tasks.base import Suite, Trial
from armtrial.tasks.tabletop import DISTRACTOR, MULTI, SINGLE, TabletopTask
from armtrial.tasks.tabletop_layout import Layout, sample

SUITES = {suite.name: suite for suite in (SINGLE, MULTI, DISTRACTOR)}
TASKS = [(suite, task.name) for suite in SUITES for task in SUITES[suite].tasks]


class Table:
    """One scene, its data and its renderers, used by trial after trial as a world does."""

    def __init__(self, suite: Suite, task: TabletopTask, look: Look) -> None:
        spec = new_spec()
        add_arm(spec)
        self.suite, self.task = suite, task
        self.scene: Scene = build(spec, task, look)
        self.model = self.scene.model
        self.data = mujoco.MjData(self.model)
        self._renderers: dict[Size, mujoco.Renderer] = {}

    def layout(self, index: int) -> Layout:
        return sample(self.task, Trial("eval", self.suite.name, self.suite.version, self.task.name, index))

    def start(self, index: int) -> Layout:
        layout = self.layout(index)
        self.scene.place(self.data, layout)
        self.data.qpos[: len(READY)] = self.data.ctrl[: len(READY)] = READY
        mujoco.mj_forward(self.model, self.data)
        return layout

    def seconds(self, seconds: float) -> None:
        mujoco.mj_step(self.model, self.data, round(seconds / self.model.opt.timestep))

    def picture(self, camera: str, size: Size) -> Image:
        renderer = self._renderer(camera, size)
        return renderer.render()

    def seen(self, camera: str, size: Size) -> Image:
        """The number of the geom that each pixel shows; -1 where there is none."""
        renderer = self._renderer(camera, size)
        renderer.enable_segmentation_rendering()
        try:
            return renderer.render()[..., 0]
        finally:
            renderer.disable_segmentation_rendering()

    def _renderer(self, camera: str, size: Size) -> mujoco.Renderer:
        if size not in self._renderers:
            self._renderers[size] = mujoco.Renderer(self.model, size[1], size[0])
            atexit.register(self._renderers[size].close)  # before EGL itself ends: what is registered last goes first
        self._renderers[size].update_scene(self.data, camera)
        return self._renderers[size]

    def drawn(self, body: int) -> list[int]:
        """The geoms of a body that are looked at."""
        return [geom for geom in range(self.model.ngeom) if self.model.geom_bodyid[geom] == body]


@cache
def table(suite: str, task: str, look: Look = FAST) -> Table:
    found = SUITES[suite].task(task)
    assert isinstance(found, TabletopTask)
    return Table(SUITES[suite], found, look)
