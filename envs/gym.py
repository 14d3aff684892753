"""The Gymnasium face: every task of every suite as `armtrial/<task>-v0`, in the layout that LeRobot expects.

    from armtrial.envs.gym import register

    register()
    env = gym.make("armtrial/reach-v0", suite="toy")

Gymnasium looks up no entry points, so `register` is called by hand. Processes of an `AsyncVectorEnv` need
no registration: they get the whole spec.
"""

from __future__ import annotations

import difflib
import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Box, Dict
from numpy.typing import ArrayLike, NDArray

from ..tasks.base import DOMAINS, End, Outcome, Suite, Task, Trial
from ..tasks.catalog import SUITES
from .base import ActionError, ActionSpec, Env, Image, Observation, ObservationSpec, Size, Vector
from .catalog import ENVS, GUESTS, NEEDS_GL
from .gl import chosen
from .guests import Guest
from .locate import LocateError, locate
from .player import LocalPlayer, Look
from .remote import RemoteEnv
from .worker import EnvSource

FAR = np.finfo(np.float32).max / 2
"""Bound of every measured value. A world promises none: joints overshoot and encoders count in any unit. Half of
what float32 holds, so that `high - low` is finite too."""


class TrialEnv(gymnasium.Env[dict[str, Any], NDArray[np.float32]]):
    """One task of a suite. An episode is a trial: `reset(seed=k)` plays trial k of the domain.

    The reward is 1 at the step that ends the trial as a success, and 0 everywhere else. `terminated` is a success
    or a world that cannot go on, `truncated` a limit of the task. `info` has the `trial`, `is_success`, at the start
    the `start_hash`, and at the end `end`, `label` and `progress`.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 30}  # noqa: RUF012 -- as Gymnasium has it

    def __init__(
        self,
        task: str,
        suite: str | Suite | None = None,
        *,
        domain: str = "train",
        normalize: bool = True,
        pixels: bool = True,
        cameras: Sequence[str] | None = None,
        image_size: Size | Mapping[str, Size] | None = None,
        env_args: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
    ) -> None:
        """`suite`: a name, `./file.py:SUITE`, `package.module:SUITE` or a `Suite`; None: the first that has the task.

        `domain`: whose seeds, `eval`, `demo` or `train`. `normalize`: actions in [-1, 1], mapped onto the bounds of
        the world's action spec; else in the robot's units. `pixels=False` never renders. `cameras`: these only.
        `image_size`: (width, height) for all cameras, or by camera. `env_args`: for the world.
        """
        self._suite = suite_with(task) if suite is None else suite_from(suite)
        self._task = _task_of(self._suite, task)
        self._domain = _known("seed domain", domain, DOMAINS)
        if self._task.env in NEEDS_GL and pixels:
            os.environ.update(chosen(os.environ).environ)  # MuJoCo reads it when the world is imported
        self._world = _world_of(self._task, env_args or {})
        self._player = LocalPlayer(self._world, (self._task,))
        self._actions = _ActionMap(self._world.action_spec, normalize)
        self._sizes = _sizes(self._world.observation_spec, cameras, image_size) if pixels else {}
        self._trial: Trial | None = None
        self._open = True
        rate = self._world.action_spec.rate
        self.task = task
        self.task_description = self._task.instruction
        """What is asked at this moment: in a chain, the current stage's."""
        self._max_episode_steps = max(1, round(self._task.max_seconds * rate))
        self.metadata = {**type(self).metadata, "render_fps": round(rate)}
        self.render_mode = render_mode
        self.action_space = self._actions.space
        self.observation_space = _observation_space(self._world.observation_spec, self._sizes)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Trial `options["trial"]`, else trial number `seed`, else one drawn from `np_random`."""
        super().reset(seed=seed)
        index = (options or {}).get("trial", seed)
        self._trial = trial = self._trial_at(self.np_random.integers(2**31) if index is None else index)
        opening = self._player.begin(trial, Look(self._sizes))
        info = {"trial": trial.id, "is_success": False, "start_hash": opening.start_hash}
        return self._seen(opening.observation), info

    def step(self, action: NDArray[np.float32]) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        if self._trial is None:
            raise ResetNeeded("the trial has not begun or is over; call reset first")
        leg = self._player.advance(self._actions.plan(action))
        seen = self._seen(leg.observation or self._world.observe(self._sizes))
        info: dict[str, Any] = {"trial": self._trial.id, "is_success": False}
        if leg.end is None:
            return seen, 0.0, False, False, info
        info |= self._finish(leg.end)
        terminated = info["is_success"] or leg.end in (End.SUCCESS, End.WORLD)
        return seen, float(info["is_success"]), terminated, not terminated, info

    def render(self) -> Image | None:
        return self._world.frame() if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        if self._open:
            self._open = False
            self._world.close()

    def _trial_at(self, index: Any) -> Trial:
        number = operator.index(index)
        if number < 0:
            raise ValueError(f"there is no trial {number}; trials are numbered from 0")
        return Trial(self._domain, self._suite.name, self._suite.version, self.task, number)

    def _finish(self, end: End) -> dict[str, Any]:
        closing = self._player.finish(judged=True)
        self._trial = None
        verdict = closing.verdict
        success = verdict is not None and verdict.outcome is Outcome.SUCCESS
        label = "" if verdict is None else verdict.label
        return {"is_success": success, "end": end.value, "label": label, "progress": closing.progress}

    def _seen(self, observation: Observation) -> dict[str, Any]:
        """Copies, since users keep what they are given."""
        self.task_description = observation.instruction
        images = {"pixels": {name: observation.images[name].copy() for name in self._sizes}} if self._sizes else {}
        return images | {"agent_pos": observation.state.astype(np.float32)}


class _ActionMap:
    """Between a Box of float32 and the robot's units.

    Regression policies overshoot their bounds by a hair, so what lies outside is moved onto the bound.
    """

    def __init__(self, spec: ActionSpec, normalize: bool) -> None:
        self._spec, self._normalize = spec, normalize
        self._low, self._high = np.array(spec.low), np.array(spec.high)
        one = np.ones(len(spec.names), dtype=np.float32)
        low, high = (-one, one) if normalize else (self._low.astype(np.float32), self._high.astype(np.float32))
        self.space = Box(low, high, dtype=np.float32)
        self._warned = False

    def plan(self, action: ArrayLike) -> Vector:
        """A plan of this one action."""
        values = np.asarray(action, dtype=np.float64)
        if values.shape != self.space.shape:
            raise ActionError(f"an action has the shape {self.space.shape}; this one has {values.shape}")
        self._warn_if_far(values)
        if self._normalize:
            values = self._low + (values + 1) / 2 * (self._high - self._low)
        return self._spec.checked(self._spec.snapped(np.clip(values, self._low, self._high))[None])

    def _warn_if_far(self, values: Vector) -> None:
        """More than the whole range outside is no overshoot: the policy speaks in other units."""
        low, high = self.space.low.astype(np.float64), self.space.high.astype(np.float64)
        far = (values < 2 * low - high) | (values > 2 * high - low)
        if self._warned or not far.any():
            return
        self._warned = True
        i = int(np.argmax(far))
        gymnasium.logger.warn(
            f"the action '{self._spec.names[i]}' is {values[i]:g}, far outside [{low[i]:g}, {high[i]:g}]. "
            f"If that is right in other units, make the environment with normalize={not self._normalize}."
        )


def register(*suites: str) -> None:
    """Puts the tasks of the catalog's suites, and of these, into Gymnasium's registry. Twice is as good as once.

    Where several suites have a task of the same name, the first is what `gym.make` plays without a `suite`.
    """
    for name in (*SUITES, *suites):
        for task in suite_from(name).tasks:
            if env_id(task.name) not in gymnasium.registry:
                place, chosen = f"{__name__}:{TrialEnv.__name__}", {"task": task.name, "suite": name}
                gymnasium.register(env_id(task.name), place, kwargs=chosen)  # pyright: ignore[reportUnknownMemberType]


def env_id(task: str) -> str:
    return f"armtrial/{task}-v0"


def suite_from(suite: str | Suite) -> Suite:
    """The suite of that name, at that place, or itself."""
    if isinstance(suite, Suite):
        return suite
    found = locate(suite if ":" in suite else SUITES[_known("suite", suite, SUITES)])
    if not isinstance(found, Suite):
        raise LocateError(f"'{suite}' is a {type(found).__name__} and no Suite")
    return found


def suite_with(task: str) -> Suite:
    """The first suite of the catalog that has the task."""
    by_task: dict[str, Suite] = {}
    for suite in map(suite_from, SUITES):
        for each in suite.tasks:
            by_task.setdefault(each.name, suite)
    return by_task[_known("task", task, by_task)]


def _task_of(suite: Suite, name: str) -> Task:
    return suite.task(_known(f"task of suite '{suite.name}'", name, [task.name for task in suite.tasks]))


def _place_of(task: Task) -> str:
    return task.env if ":" in task.env else ENVS[_known("world", task.env, ENVS)]


def _world_of(task: Task, arguments: Mapping[str, Any]) -> Env:
    """In this process, or in the interpreter that it needs."""
    if task.env not in GUESTS:
        return EnvSource(_place_of(task), (task,), arguments).build()
    found: Guest = locate(GUESTS[task.env])(arguments, os.environ)
    return RemoteEnv(EnvSource(ENVS[task.env], (task,), found.arguments, found.renderer.environ, found.interpreter))


def _known(what: str, name: str, names: Iterable[str]) -> str:
    """The name, if it is one of these."""
    listed = list(names)
    if name in listed:
        return name
    close = difflib.get_close_matches(name, listed, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    raise LocateError(f"no {what} is called '{name}'.{hint} There are: {', '.join(listed)}")


def _sizes(
    spec: ObservationSpec, cameras: Sequence[str] | None, image_size: Size | Mapping[str, Size] | None
) -> dict[str, Size]:
    names = tuple(spec.cameras) if cameras is None else tuple(cameras)
    asked = image_size if isinstance(image_size, Mapping) else dict.fromkeys(names, image_size) if image_size else {}
    for name in (*names, *asked):
        _known("camera", name, spec.cameras)
    sizes = {name: asked.get(name, spec.cameras[name]) for name in names}
    return {name: (int(width), int(height)) for name, (width, height) in sizes.items()}


def _observation_space(spec: ObservationSpec, sizes: Mapping[str, Size]) -> Dict:
    spaces: dict[str, gymnasium.Space[Any]] = {}
    if sizes:
        views = [(name, Box(0, 255, (height, width, 3), np.uint8)) for name, (width, height) in sizes.items()]
        spaces["pixels"] = Dict(views)
    return Dict(spaces | {"agent_pos": Box(-FAR, FAR, (len(spec.state),), np.float32)})
