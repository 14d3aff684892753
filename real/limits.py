"""What an arm is never told to do, and when it is told to stop: pure functions of goals and readings.

A goal is cut, never refused: to the calibrated range, to a speed, to a distance from where the arm is, to a floor that
forward kinematics of the twin knows, and to what a grip may squeeze. What the servos report can stop a trial.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..envs.base import Vector
from ..envs.so100.kinematics import FINGER, axes_of, hand_of
from ..envs.so100.units import GRIPPER, JOINTS, Calibration

TIP = 0.005
"""Metres from the middle of the tip pads to the end of the fingers."""
OVERHEAT, OVERLOAD = 4, 32
BITS = {1: "voltage", 2: "angle", OVERHEAT: "temperature", 8: "current", OVERLOAD: "overload"}
"""What a servo's error bits say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    low: Vector
    high: Vector
    """LeRobot's units, in the order of JOINTS, as are the next two."""
    speed: Vector = field(default_factory=lambda: np.array([150.0] * GRIPPER + [250.0]))
    """Units a second."""
    lead: Vector = field(default_factory=lambda: np.array([35.0] * GRIPPER + [100.0]))
    """How far a goal may be from where the joint is."""
    floor: float = 0.0
    """Metres above the table: no finger is sent lower, seen from an arm that does not sag ..."""
    knuckles: float = 0.020
    """... and no wrist."""
    squeeze: float = 500.0
    """Load of the gripper, in thousandths, from which on it closes no further."""
    hottest: float = 60.0
    """Degrees Celsius."""
    voltage: tuple[float, float] = (5.5, 13.5)
    """Volts: both the 7.4 V and the 12 V servos work within."""
    stalled_load: float = 600.0
    """Load, in thousandths, of a joint that pushes in vain ..."""
    stalled_gap: float = 10.0
    """... that many degrees from its goal ..."""
    stalled_seconds: float = 1.0
    """... for so long, while that joint moves less than a degree, whatever the others do. The gripper is none: it may
    push as long as it holds."""
    persists: int = 8
    """Ticks for which a servo must report heat, voltage, an alarm or no torque: two readings, since each is read every
    fifth."""


@dataclass(frozen=True, slots=True)
class Allowed:
    goal: Vector
    cut: tuple[str, ...]
    """Which limits it took: range, speed, lead, grip, floor."""


def allowed(
    wanted: Vector, last: Vector, state: Vector, grip_load: float, limits: Limits, arm: Calibration, seconds: float
) -> Allowed:
    """The nearest that may be sent; of what is no number, what was. `last`: what was sent before, `seconds` ago."""
    reach, way = limits.lead, limits.speed * seconds
    ranged = np.clip(np.where(np.isfinite(wanted), wanted, last), limits.low, limits.high)
    slowed = np.clip(ranged, last - way, last + way)
    near = np.clip(slowed, state - reach, state + reach)
    held = gripped(near, last, grip_load, limits)
    goal = above_floor(held, last, limits, arm)
    steps = {"range": ranged, "speed": slowed, "lead": near, "grip": held, "floor": goal}
    befores = (wanted, *steps.values())
    same = (bool((np.abs(after - before) <= 1e-9).all()) for after, before in zip(steps.values(), befores))
    cut = tuple(name for name, kept in zip(steps, same) if not kept)
    return Allowed(goal, cut)


def gripped(goal: Vector, last: Vector, load: float, limits: Limits) -> Vector:
    """Held as it is held: a squeeze that is strong enough does not grow."""
    if abs(load) < limits.squeeze or goal[GRIPPER] >= last[GRIPPER]:
        return goal
    kept = goal.copy()
    kept[GRIPPER] = last[GRIPPER]
    return kept


def above_floor(goal: Vector, last: Vector, limits: Limits, arm: Calibration) -> Vector:
    """As far towards the goal as stays above; from below, any way up is free."""
    room = clearance(goal, limits, arm)
    if room >= 0 or room >= clearance(last, limits, arm):
        return goal
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if clearance(last + middle * (goal - last), limits, arm) >= 0 else (low, middle)
    return last + low * (goal - last)


def clearance(units: Vector, limits: Limits, arm: Calibration) -> float:
    """Metres between the floor and the lowest of finger and wrist; below zero where one is under it."""
    hand = hand_of(arm.to_radians(units))
    fingers = axes_of(hand).fingers
    tip = float(hand.point[2] + TIP * fingers[2])
    wrist = float(hand.point[2] - FINGER * fingers[2])
    return min(tip - limits.floor, wrist - limits.knuckles)


@dataclass(frozen=True, slots=True)
class Strain:
    """What has lasted, from tick to tick."""

    hot: int = 0
    """Ticks; so the next."""
    unpowered: int = 0
    alarmed: int = 0
    limp: int = 0
    stalled: tuple[int, ...] = (0,) * GRIPPER
    """Of each joint of the arm by itself ..."""
    since: tuple[float, ...] = (0.0,) * GRIPPER
    """... and where it was when it began to push in vain."""


def strained(
    before: Strain,
    goal: Vector,
    state: Vector,
    load: Vector,
    temperature: Vector,
    voltage: Vector,
    errors: Vector,
    torque: Vector,
    limits: Limits,
) -> Strain:
    """One tick later."""
    hot = before.hot + 1 if temperature.max() >= limits.hottest else 0
    bad = voltage.min() < limits.voltage[0] or voltage.max() > limits.voltage[1]
    alarmed = before.alarmed + 1 if errors.any() else 0
    limp = 0 if torque.all() else before.limp + 1
    now = replace(before, hot=hot, unpowered=before.unpowered + 1 if bad else 0, alarmed=alarmed, limp=limp)
    return _pushed(now, goal[:GRIPPER], state[:GRIPPER], load[:GRIPPER], limits)


def _pushed(before: Strain, goal: Vector, state: Vector, load: Vector, limits: Limits) -> Strain:
    """Joint by joint, without the gripper: one that moves says nothing of another that cannot."""
    pushing = (np.abs(load) >= limits.stalled_load) & (np.abs(goal - state) >= limits.stalled_gap)
    begins = np.equal(before.stalled, 0)
    still = begins | (np.abs(state - before.since) <= 1.0)
    stalled = np.where(pushing & still, np.add(before.stalled, 1), 0)
    since = np.where(begins, state, before.since)
    return replace(before, stalled=tuple(stalled.tolist()), since=tuple(since.tolist()))


def trouble(strain: Strain, errors: Vector, limits: Limits, rate: float) -> str:
    """Why the arm stops: a servo's own word first; empty where it need not."""
    for bit, name in BITS.items():
        if strain.alarmed >= limits.persists and any(int(error) & bit for error in errors):
            return name
    if strain.hot >= limits.persists:
        return "temperature"
    if strain.unpowered >= limits.persists:
        return "voltage"
    if strain.limp >= limits.persists:
        return "torque_lost"
    return "stalled_joint" if max(strain.stalled) >= limits.stalled_seconds * rate else ""


def whose(reason: str, strain: Strain, errors: Vector, temperature: Vector, torque: Vector) -> str:
    """The joint that a stop is about."""
    worst = {"temperature": temperature, "stalled_joint": np.array(strain.stalled), "torque_lost": -torque}
    if reason in worst:
        return JOINTS[int(np.argmax(worst[reason]))]
    flagged = [joint for joint, error in zip(JOINTS, errors) if int(error)]
    return flagged[0] if flagged else ""
