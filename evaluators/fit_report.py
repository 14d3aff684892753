"""What a fit of the servos found, in words and figures for people."""

import math
from dataclasses import dataclass

import numpy as np
from tabulate import tabulate

from ..envs.base import Vector
from ..envs.so100.actuators import Actuators
from ..envs.so100.units import JOINTS
from .servo_fit import TOLD, VALUES, Fit, physical

NEARLY = 1.1
"""A delay whose error is so many times the best's could be the one as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A fit beside what it began with."""

    start: Actuators
    fit: Fit
    before: Vector
    """(6,): RMS in degrees on what is held out; NaN where nothing of a joint was compared."""
    after: Vector
    fitted_seconds: float
    held_seconds: float


def text(compared: Comparison) -> str:
    said = [_table(compared), _delay(compared.fit), _errors(compared)]
    left_open = [line for joint in range(len(JOINTS)) if (line := _untold(compared.fit, joint))]
    if left_open:
        head = f"~ the log does not determine it to {100 * TOLD:.0f} %, at 95 %; what is open stays as in "
        said.append("\n".join((f"{head}'{compared.start.name}':", *left_open)))
    return "\n\n".join(said)


def origin(compared: Comparison, log: str) -> dict[str, object]:
    """For the file."""
    fit = compared.fit
    return {
        "log": log,
        "start": compared.start.name,
        "rms_degrees_before": _by_joint(compared.before),
        "rms_degrees_after": _by_joint(compared.after),
        "rms_degrees_by_delay": {str(delay): _rounded(rms) for delay, rms in fit.by_delay.items()},
        "half_of_95_percent": {name: _by_joint(column) for name, column in zip(VALUES, fit.half.T)},
        "determined": {name: dict(zip(JOINTS, column.tolist())) for name, column in zip(VALUES, fit.told.T)},
    }


def _table(compared: Comparison) -> str:
    headers = ("joint", "kp", "kv", "damping", "friction", "armature", "RMS, degrees")
    rows = [(name, *_values(compared, joint), _rms(compared, joint)) for joint, name in enumerate(JOINTS)]
    return tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)


def _values(compared: Comparison, joint: int) -> list[str]:
    before, after = physical(compared.start)[joint], physical(compared.fit.actuators)[joint]
    marks = ["" if told else "~ " for told in compared.fit.told[joint]]
    return [f"{mark}{_short(old)} -> {_short(new)}" for mark, old, new in zip(marks, before, after)]


def _rms(compared: Comparison, joint: int) -> str:
    before, after = compared.before[joint], compared.after[joint]
    return f"{before:.2f} -> {after:.2f}" if math.isfinite(before) else "held throughout"


def _delay(fit: Fit) -> str:
    best, tried = fit.actuators.delay, fit.by_delay
    said = f"delay: {best} ticks (RMS in degrees with " + ", ".join(f"{k}: {rms:.2f}" for k, rms in tried.items()) + ")"
    others = [str(delay) for delay, rms in tried.items() if delay != best and rms < NEARLY * tried[best]]
    if others:
        said += f"; {' and '.join(others)} would do as well: quicker steps would tell"
    if best == max(tried):
        said += f"; it is the longest that is tried, and may be longer: --env-arg delay={best + 1} plays that"
    return said


def _errors(compared: Comparison) -> str:
    before, after = (float(np.sqrt(np.nanmean(errors**2))) for errors in (compared.before, compared.after))
    said = f"{compared.fitted_seconds:.1f} s fitted, {compared.held_seconds:.1f} s held out; "
    said += f"there the RMS over all joints went from {before:.2f} to {after:.2f} degrees"
    if after > before:
        said += ": worse than before. The log is too short, or something touched the arm; log again"
    return said


def _untold(fit: Fit, joint: int) -> str:
    """What the log leaves open of a joint, in a line; empty for nothing."""
    if not fit.moved[joint]:
        return f"  {JOINTS[joint]}: did not move"
    values, half, told = physical(fit.actuators)[joint], fit.half[joint], fit.told[joint]
    if told.all():
        return ""
    line = ", ".join(f"{name} +-{_short(half[k])}" for k, name in enumerate(VALUES) if not told[k])
    ratio = fit.ratio[joint]
    if ratio < TOLD and not told[:3].all():
        line += f"; but kp : (kv + damping) is {values[0] / (values[1] + values[2]):.3g} +-{ratio:.0%}"
    return f"  {JOINTS[joint]}: {line}"


def _short(value: float) -> str:
    return f"{value:.3g}" if value >= 0.01 else f"{value:.2f}"


def _by_joint(row: Vector) -> dict[str, float | None]:
    return {joint: _rounded(value) for joint, value in zip(JOINTS, row)}


def _rounded(value: float) -> float | None:
    """JSON has no infinity."""
    return float(f"{value:.4g}") if math.isfinite(value) else None
