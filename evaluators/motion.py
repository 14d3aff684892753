"""How smoothly an arm moved, from the joints it measured.

Encoders count in steps (0.09 degrees on an SO-100), of which a third derivative is mostly noise: positions are
low-passed first, on the fixed rate of the world's ticks, and what lies above the pass band is not looked at.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .records import EpisodeRecord
from .resampling import DIGITS, mean_of
from .stats import Mean
from .takes import start

PASSED = 5.0
"""Hz: what is faster is no motion of an arm this size, but noise."""
PASSED_FOR_JERK = 3.0
"""Hz: in the third derivative noise grows with the seventh power of the band. Up to here an encoder's steps add a
quarter to the squared jerk of a reach of 60 degrees in 3 s; up to 5 Hz they would add ten times as much as it has.
In slower motions they prevail all the same: SPARC is the figure that they leave alone."""
SLOPE = 0.25
"""Share of the pass band over which a filter falls."""
AUDIBLE = 0.05
"""Share of a spectrum's peak below which it ends."""
PADDING = 4
"""Doublings of a spectrum's length by zeros, so that its arc is smooth."""
SHORTEST = 8
"""Ticks of motion that a third derivative needs to say anything."""
HANDS = ("gripper", "jaw")
"""First part of the names of entries that are no joints of the arm: they open and shut, and are not to be smooth."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moved:
    """One trial's motion."""

    sparc: float
    """Spectral arc length of the speed: below 0, and the further the jerkier."""
    log_jerk: float
    """Log dimensionless jerk: below 0, and the further the jerkier."""
    path: float
    """Length of the way in the space of the arm's joints, in their unit."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Means over trials whose steps are kept and in which the arm moved; `n` says how many."""

    sparc: Mean
    log_jerk: Mean
    path: Mean


def movement_of(records: Sequence[EpisodeRecord], moved: Mapping[str, Moved]) -> Movement | None:
    there = [record for record in records if record.id in moved]
    if not there:
        return None
    clusters = [start(record) for record in there]
    motions = [moved[record.id] for record in there]
    return Movement(
        mean_of([motion.sparc for motion in motions], clusters),
        mean_of([motion.log_jerk for motion in motions], clusters),
        mean_of([motion.path for motion in motions], clusters),
    )


def arm_of(state: Sequence[str], action: Sequence[str]) -> list[int]:
    """Entries of the state that are joints of the arm: those a policy moves, without the hand."""
    return [at for at, name in enumerate(state) if name in action and name.partition(".")[0] not in HANDS]


def moved(joints: Floats, rate: float) -> Moved | None:
    """`joints`: (T, J), measured. None where there is too little to judge."""
    if len(joints) < SHORTEST or not joints.shape[1]:
        return None
    velocity = np.diff(low_passed(joints, rate, PASSED), axis=0) * rate
    speed = np.linalg.norm(velocity, axis=1)
    if not speed.max() > 0:
        return None
    return Moved(
        round(sparc(speed, rate), DIGITS),
        round(log_jerk(np.diff(low_passed(joints, rate, PASSED_FOR_JERK), axis=0) * rate, rate), DIGITS),
        round(float(speed.sum() / rate), DIGITS),
    )


def low_passed(joints: Floats, rate: float, hertz: float) -> Floats:
    """Nothing is shifted in time. Beyond its ends the way is turned about them, so that none of it is a corner."""
    n = len(joints)
    if n < 2:
        return joints
    ends = 2 * joints[0] - joints[:0:-1], 2 * joints[-1] - joints[-2::-1]
    drawn_out = np.vstack([ends[0], joints, ends[1]])
    rise = drawn_out[-1] - drawn_out[0]
    line = drawn_out[0] + np.linspace(0, 1, len(drawn_out))[:, None] * rise
    spectrum = np.fft.rfft(drawn_out - line, axis=0)
    beyond = np.clip((np.fft.rfftfreq(len(drawn_out), 1 / rate) / hertz - 1) / SLOPE, 0, 1)
    kept = spectrum * (0.5 + 0.5 * np.cos(np.pi * beyond))[:, None]
    return (np.fft.irfft(kept, len(drawn_out), axis=0) + line)[n - 1 : 2 * n - 1]


def sparc(speed: Floats, rate: float) -> float:
    """Length of the arc that the speed's spectrum draws, both axes scaled to 1, up to the last audible frequency."""
    size = 2 ** (math.ceil(math.log2(len(speed))) + PADDING)
    spectrum = np.abs(np.fft.rfft(speed, size))
    frequency = np.fft.rfftfreq(size, 1 / rate)
    spectrum = spectrum[frequency <= PASSED] / spectrum[0]
    last = int(np.flatnonzero(spectrum >= AUDIBLE)[-1])
    if not last:
        return 0.0
    heard = spectrum[: last + 1]
    return -float(np.hypot(1 / last, np.diff(heard)).sum())


def log_jerk(velocity: Floats, rate: float) -> float:
    """Of the squared jerk over the motion, made free of units by its duration and its highest speed."""
    jerk = np.diff(velocity, n=2, axis=0) * rate**2
    duration = len(velocity) / rate
    peak = float(np.linalg.norm(velocity, axis=1).max())
    total = float((jerk**2).sum()) / rate * duration**3 / peak**2
    return -math.log(total) if total > 0 else 0.0
