"""The policy that is shown where everything is: it solves the tasks of the table, to prove that they can be solved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..envs.base import Observation, Vector
from ..envs.so100.kinematics import Reach
from ..envs.so100.units import GRIPPER, JOINTS, MODEL_STOPS, UNITS, Calibration, Stops
from ..tasks.base import derived_seed
from .base import Plan, Policy, PolicySpec, Query, World
from .expert_motion import Mover, Pace
from .expert_script import LOOK_EVERY, Actor, Script
from .expert_sight import sight_of

MARGIN = 0.03
"""Radians that stay free at the ends of the joints' ranges."""


class Expert(Policy):
    """Scripted: inverse kinematics, smooth moves at a person's pace, and another try after whatever went wrong.

    No two trials are alike in pace, approach and order; the same trial always is.
    """

    def __init__(self, world: World, *, mistakes: float = 0.0, astray: float = 0.0, speed: float = 1.0) -> None:
        """`mistakes`: the share of attempts that miss or let go on purpose, to show how to recover. `astray`: of the
        approaches that first head for a place beside the target, to show how to put that right.
        `speed`: 1 is a peak of 1.2 rad/s."""
        given = tuple(zip(world.action.names, world.action.units))
        if given != tuple(zip(JOINTS, UNITS)):
            raise ValueError(
                f"the expert moves {_listed(zip(JOINTS, UNITS))}; this world has {_listed(given)}. It plays suites "
                "of the SO-100, as --suite single; a suite's world stands in --list SUITE"
            )
        for name, share in (("mistakes", mistakes), ("astray", astray)):
            if not 0 <= share <= 1:
                raise ValueError(f"{name}={share:g} is a share of the attempts: between 0 and 1")
        if not 0.1 <= speed <= 2:
            raise ValueError(f"speed={speed:g} is a factor between 0.1 and 2")
        self._mistakes, self._astray, self._speed = mistakes, astray, speed
        self._slots: dict[int, _Slot] = {}
        self.spec = PolicySpec(
            name=_named(mistakes=mistakes, astray=astray, speed=0.0 if speed == 1 else speed),
            state=world.observation.state,
            action=world.action,
            horizon=LOOK_EVERY,
            privileged=True,
        )

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        stream = np.random.default_rng(derived_seed(seed, "expert"))
        self._slots[slot] = _Slot(self.spec, stream, self._speed, (self._mistakes, self._astray))

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [Plan(self._slots[query.slot].actions(query.observation)) for query in queries]


class _Slot:
    """One trial: its script, and what of the script's last path is still to be executed."""

    def __init__(self, spec: PolicySpec, stream: np.random.Generator, speed: float, wrong: tuple[float, float]) -> None:
        """`wrong`: shares of mistakes, and of approaches that go astray."""
        self._spec, self._stream = spec, stream
        self._speed, self._wrong = speed * float(stream.uniform(0.9, 1.1)), wrong
        self._low, self._high = np.array(spec.action.low), np.array(spec.action.high)
        self._script: Script | None = None
        self._pending = np.empty((0, len(JOINTS)))
        self._tick = 0

    def actions(self, observation: Observation) -> Vector:
        """What follows; the same again as long as no time passes."""
        tick = round(observation.time * self._spec.action.rate)
        self._pending, self._tick = self._pending[max(0, tick - self._tick) :], tick
        if not len(self._pending):
            self._pending = self._next(observation)
        return self._pending[:LOOK_EVERY].copy()

    def _next(self, observation: Observation) -> Vector:
        sight = sight_of(observation)
        if sight is None:
            return np.clip(observation.state, self._low, self._high)[None]
        if self._script is None:
            self._calibration = self._calibrated(observation)
            self._script = Actor(self._mover(), self._stream, *self._wrong).script(sight)
            path = next(self._script)
        else:
            path = self._script.send(sight)
        return np.clip(self._calibration.to_units(path), self._low, self._high)

    def _mover(self) -> Mover:
        bounds = self._calibration.to_radians(np.array([self._low, self._high]))
        stops = self._calibration.stops
        reach = Reach(np.maximum(bounds.min(axis=0), stops.low), np.minimum(bounds.max(axis=0), stops.high), MARGIN)
        pace = Pace(
            joints=1.2 * self._speed, hand=0.3 * self._speed, jaw=1.1 * self._speed, rate=self._spec.action.rate
        )
        return Mover(reach, pace)

    def _calibrated(self, observation: Observation) -> Calibration:
        """The bounds say how far the body's joints go; how far the jaws do, only an open jaw tells."""
        spans = np.radians(self._high - self._low)
        jaw, units = float(observation.privileged["joints"][GRIPPER]), float(observation.state[GRIPPER])
        stops = _stops(observation)
        shut, default = stops.low[GRIPPER], stops.spans[GRIPPER]
        spans[GRIPPER] = (jaw - shut) * 100 / units if units > 5 else default
        return Calibration(tuple(float(span) for span in spans), stops)


def _named(**settings: float) -> str:
    return "expert" + "".join(f"+{name}({value:g})" for name, value in settings.items() if value)


def _stops(observation: Observation) -> Stops:
    """Those of the world's arm, which need not be our own; a world that says nothing of them has ours."""
    shown = observation.privileged.get("stops")
    return MODEL_STOPS if shown is None else Stops(tuple(shown[: len(JOINTS)]), tuple(shown[len(JOINTS) :]))


def _listed(joints: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name} ({unit})" for name, unit in joints)
