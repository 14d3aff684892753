"""The twin's arm alone in the air, told what a log says, by MuJoCo's own toolbox for identification.

Played are stretches of a few seconds, each from where the arm was measured. So neither an error that grows nor what
the jaws held long ago tells against the servos.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mujoco import MjModel, MjSpec, mjtDisableBit, mjtObj, mjtSensor, set_mju_user_warning
from mujoco.rollout import rollout
from mujoco.sysid import ModelSequences, SystemTrajectory, TimeSeries, build_residual_fn, create_initial_state
from numpy.typing import NDArray

from ..envs.base import Vector
from ..envs.so100.actuators import Actuators
from ..envs.so100.model import STEPS_PER_TICK, TIMESTEP, add_arm, new_spec
from ..envs.so100.units import GRIPPER, JOINTS, Calibration
from .arm_logs import Piece

TICK = TIMESTEP * STEPS_PER_TICK
"""Seconds."""
LEAD = 3
"""Ticks before a stretch, whose commands are still under way when it begins: the longest delay there can be."""
SETTLING = 6
"""First ticks of a stretch, in which an error of the estimated speed dies down: not compared."""
LONGEST, SHORTEST = 150, 24
"""Ticks of a stretch."""
FARTHEST = 180.0
"""Degrees of error, also where an arm has run away."""
SQUEEZE = 4.0
"""Percent of the gripper between target and jaws, standing still: there is something between them."""
SQUEEZED_TICKS, AROUND = 8, 15
"""From how many ticks on, and how many before and after are not compared either. Around the grasp and the release no
joint is: what is gripped pushes the arm aside."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A few seconds of a log, at the twin's ticks; radians of the model's joints."""

    times: Vector
    goals: Vector
    """The piece's own, at which something was sent and what."""
    start: float
    """Of the stretch, on the clock of `times`."""
    velocity: Vector
    """(6,), at the start."""
    measured: Vector
    """(T + 1, 6)."""
    counts: NDArray[np.bool_]
    """(T, 6): what is to be compared of all that follows the start."""

    def commands(self, delay: int, steps: int) -> Vector:
        """What reaches the servos at each of the simulation's steps, and once more at the end."""
        now = self.start + TICK / steps * np.arange(len(self.counts) * steps + 1)
        sent = np.searchsorted(self.times, now - delay * TICK + TICK / steps / 2, side="right") - 1
        return self.goals[sent.clip(0)]


def parted(pieces: Sequence[Piece], share: float) -> tuple[list[Piece], list[Piece]]:
    """What comes first, and the last share of the log."""
    left = (1 - share) * sum(piece.seconds for piece in pieces)
    first: list[Piece] = []
    last: list[Piece] = []
    for piece in pieces:
        cut = int(np.count_nonzero(piece.times - piece.times[0] < left))
        for part, rows in ((first, slice(None, cut)), (last, slice(cut, None))):
            if len(piece.times[rows]) > 1:
                part.append(Piece(piece.times[rows], piece.goals[rows], piece.states[rows]))
        left = max(0.0, left - piece.seconds)
    return first, last


def seconds(stretches: Iterable[Stretch]) -> float:
    return sum(TICK * len(stretch.measured[1:]) for stretch in stretches)


def stretches(pieces: Iterable[Piece], units: Calibration) -> list[Stretch]:
    return [stretch for piece in pieces for stretch in _cut(piece, units)]


def _cut(piece: Piece, units: Calibration) -> list[Stretch]:
    grid = np.arange(piece.times[0], piece.times[-1] + TICK / 2, TICK, dtype=np.float64)
    states, goals = _at(grid, piece.times, piece.states), _at(grid, piece.times, piece.goals)
    free = np.ones(states.shape, dtype=bool)
    gripping = _gripping(goals[:, GRIPPER], states[:, GRIPPER])
    free[_around(gripping), GRIPPER] = False
    free[_around(np.diff(gripping, prepend=gripping[:1]))] = False
    angles, sent = units.to_radians(states), units.to_radians(piece.goals)
    found: list[Stretch] = []
    for first in range(LEAD, len(grid) - SHORTEST, LONGEST):
        rows = slice(first, min(first + LONGEST, len(grid) - 1) + 1)
        counts = free[rows][1:].copy()
        counts[:SETTLING] = False
        velocity = (angles[first + 1] - angles[first - 1]) / (2 * TICK)
        found.append(Stretch(piece.times, sent, float(grid[first]), velocity, angles[rows], counts))
    return found


def _at(grid: Vector, times: Vector, values: Vector) -> Vector:
    columns: list[Vector] = [np.interp(grid, times, values[:, joint]) for joint in range(len(JOINTS))]
    return np.column_stack(columns)


def _gripping(goals: Vector, states: Vector) -> NDArray[np.bool_]:
    """Where the jaws are stopped by something between them: told to close further, and standing still."""
    still: NDArray[np.bool_] = np.abs(np.gradient(states)) < 0.2
    stopped = (states - goals > SQUEEZE) & still
    return _sum_of(SQUEEZED_TICKS, stopped) >= SQUEEZED_TICKS


def _around(marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return _sum_of(2 * AROUND + SQUEEZED_TICKS, marks) > 0


def _sum_of(ticks: int, marks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many of the ticks around each are marked."""
    return np.convolve(marks.astype(np.int64), np.ones(ticks, dtype=np.int64), mode="same")


class Alone:
    """What an arm without a table does in place of the one that was logged."""

    def __init__(self, stretches: Sequence[Stretch], start: Actuators, delay: int, steps: int = STEPS_PER_TICK) -> None:
        """`steps`: of the simulation, a tick; a few are enough to see which delay fits."""
        set_mju_user_warning(_unsaid)
        self._steps = steps
        self._counts = np.concatenate([stretch.counts for stretch in stretches])
        self._residual = build_residual_fn(
            models_sequences=[_sequences(_bare_arm(start, steps), stretches, delay, steps)],
            modify_residual=self._modified,
            custom_rollout=_played,
            resample_true=False,
        )

    @property
    def counts(self) -> NDArray[np.bool_]:
        """(ticks, 6)."""
        return self._counts

    def errors(self, values: Vector, parameters: Any, build: Any) -> Vector:
        """Degrees from what was measured, 0 where it does not count: (ticks x 6,) for a vector of the parameters'
        values, a column for each column of a matrix of them. `build`: makes the model of some parameters.
        """
        parts, _, _ = self._residual(values, parameters, build_model=build)
        errors = np.concatenate([part.reshape(-1, values[0].size) for part in parts])
        errors[~self._counts.ravel()] = 0.0
        return errors.reshape(-1, *values.shape[1:])

    def _modified(
        self, _: Any, __: Any, measured: TimeSeries, *___: Any, state: Vector
    ) -> tuple[Vector, TimeSeries, TimeSeries]:
        """In place of the toolbox's own residual, which weighs each joint by how far it is from its zero, and reads
        sensors, which are a step behind the state. That begins with the time.
        """
        reached = state[self._steps - 1 :: self._steps, 1 : 1 + len(JOINTS)]
        errors = np.nan_to_num(np.degrees(reached - measured.data[1:]), nan=FARTHEST)
        return errors.clip(-FARTHEST, FARTHEST), measured, measured


def put(spec: MjSpec, actuators: Actuators) -> None:
    """Servos and gears in place of those that a spec of the arm has."""
    for index, name in enumerate(JOINTS):
        joint = spec.joint(name)
        joint.damping = [actuators.damping[index], 0, 0]
        joint.frictionloss, joint.armature = actuators.frictionloss[index], actuators.armature[index]
        spec.actuator(name).set_to_position(kp=actuators.kp[index], kv=actuators.kv[index])


def _bare_arm(actuators: Actuators, steps: int) -> MjSpec:
    spec = new_spec()
    add_arm(spec, actuators, dress=_undressed)
    spec.option.timestep = TICK / steps
    spec.option.disableflags |= int(mjtDisableBit.mjDSBL_CONTACT)
    for name in JOINTS:
        spec.add_sensor(name=name, type=mjtSensor.mjSENS_JOINTPOS, objtype=mjtObj.mjOBJ_JOINT, objname=name)
    return spec


def _undressed(*_: object) -> None:
    """Nothing to be looked at: it would be compiled anew for all that is tried."""


def _sequences(spec: MjSpec, stretches: Sequence[Stretch], delay: int, steps: int) -> ModelSequences:
    model = spec.compile()
    return ModelSequences(
        "arm",
        spec,
        [f"stretch {number}" for number in range(len(stretches))],
        [create_initial_state(model, stretch.measured[0], stretch.velocity) for stretch in stretches],
        [_series(stretch.commands(delay, steps), TICK / steps) for stretch in stretches],
        [_series(stretch.measured, TICK, model) for stretch in stretches],
    )


def _played(
    *, models: Any, datas: Any, control_signal: Sequence[TimeSeries], initial_states: Sequence[Vector], **_: object
) -> list[SystemTrajectory]:
    """As the toolbox plays, but that it takes the time from the state, where it stops when an arm runs away, and starts
    its threads anew each time, for one arm as well."""
    commands, many = np.stack([series.data[:-1] for series in control_signal]), len(models) > 1
    threads = datas if many else datas[:1]
    states, sensors = rollout(models, threads, np.stack(initial_states), commands, persistent_pool=many)
    times = control_signal[0].times[1:]
    states[:, :, 0] = times
    return [
        SystemTrajectory(model, control, TimeSeries(times, sensor), start, TimeSeries(times, state))
        for model, control, sensor, start, state in zip(models, control_signal, sensors, initial_states, states)
    ]


def _series(values: Vector, every: float, model: MjModel | None = None) -> TimeSeries:
    mapping = None if model is None else TimeSeries.compute_all_sensor_mapping(model)
    return TimeSeries(every * np.arange(len(values)), values, mapping)


def _unsaid(message: str) -> None:
    """Servos that are tried and make the arm run away are none that fit; MuJoCo would write a log of it into the
    current folder."""
