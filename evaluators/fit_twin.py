"""`armtrial fit-twin`: the twin's servos and delay from a log of a real arm."""

import argparse
import math
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..envs.extras import install
from ..envs.so100.actuators import ACTUATORS, NVIDIA, Actuators
from .errors import UserError
from .flags import Parser
from .output import show, tell

if TYPE_CHECKING:
    from ..envs.so100.units import Calibration
    from .arm_logs import ArmLog
    from .fit_report import Comparison

HELD_OUT = 0.2
"""Share of the log, at its end, that no value is fitted to."""
MOST_SECONDS = 60.0
"""Of a log that are fitted, evenly chosen: more would take its time and tell little."""

DESCRIPTION = """\
Finds the servos of the twin that move as a real arm was logged to move: of each joint kp, kv, damping, friction and
armature, and the delay of the actions in ticks. What the log does not tell stays as it was, and is named. The last
fifth of the log is held out: on it the errors before and after are measured.
"""
EPILOG = """\
examples:
  armtrial fit-twin runs/real                         the steps of a run on the real arm
  armtrial fit-twin log.csv --out mine.json           time,shoulder_pan.goal,...,gripper.goal,shoulder_pan.present,...
  armtrial fit-twin data/teleop --calibration my_arm.json
  armtrial eval --policy P --suite single --env-arg actuators=mine.json

what a log should have: half a minute or more, every tick of the control loop, nothing touched or held, every joint
moving. Quick steps of 30 degrees and more tell stiffness from damping, since they bring the servos to their force
limit; slow moves of the arm stretched out tell stiffness from friction, since they lift a known weight. Times are
seconds, angles LeRobot's degrees, the gripper 0 to 100. How strong the servos are is taken from --start: where no
weight is lifted, all torques are found as multiples of it.

exit status: 0 fitted; 2 something you can mend, said in one line; 130 interrupted, nothing written
"""


def run(argv: Sequence[str]) -> int:
    flags = _parser().parse_args(argv)
    out: Path = flags.out
    if out.is_dir():
        raise UserError(f"--out {out} is a folder; give the name of a file in it")
    from ..envs.so100.actuator_file import written
    from .arm_logs import read
    from .folder import RunFolder

    start, log = _start(flags.start), read(flags.log)
    units = _units(flags.calibration or log.calibration)
    with _telling(flags.quiet) as say:
        say(str(log))
        compared = _compared(log, units, start, say)
    from .fit_report import origin, text

    body = written(compared.fit.actuators, origin(compared, str(log.path.absolute())))
    file = RunFolder(out.parent).write(out.name, body)
    show(f"{text(compared)}\n\n{file}: play with it by --env-arg actuators={out}")
    return 0


def _start(name: str) -> Actuators:
    from ..envs.so100.actuator_file import actuators_of

    try:
        return actuators_of(name)
    except ValueError as error:
        raise UserError(f"--start {name}: {error}") from None


def _units(file: str) -> "Calibration":
    from ..envs.so100.units import Calibration, CalibrationError

    try:
        return Calibration.from_file(file) if file else Calibration()
    except CalibrationError as error:
        raise UserError(f"--calibration {file}: {error}") from None


def _compared(log: "ArmLog", units: "Calibration", start: Actuators, say: Callable[[str], None]) -> "Comparison":
    """The fit, and how well it follows what was held out of it."""
    try:
        from . import arm_alone, fit_report, servo_fit
    except ImportError as error:
        raise UserError(
            f"armtrial fit-twin needs MuJoCo's toolbox for identification, which is not whole here ({error}): "
            f"{install('fit')}"
        ) from None
    fitted, held = (arm_alone.stretches(pieces, units) for pieces in arm_alone.parted(log.pieces, HELD_OUT))
    if not fitted or not held:
        raise UserError(
            f"{log} is in pieces too short to hold out its last {HELD_OUT:.0%}; log a longer piece without gaps"
        )
    fitted = fitted[:: math.ceil(arm_alone.seconds(fitted) / MOST_SECONDS)]
    fit = servo_fit.fit(fitted, start, say)
    return fit_report.Comparison(
        start=start,
        fit=fit,
        before=servo_fit.rms(held, start),
        after=servo_fit.rms(held, fit.actuators),
        fitted_seconds=arm_alone.seconds(fitted),
        held_seconds=arm_alone.seconds(held),
    )


@contextmanager
def _telling(quiet: bool) -> Generator[Callable[[str], None]]:
    """One changing line on a terminal, lines anywhere else."""
    if quiet:
        yield lambda text: None
    elif sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status("") as status:
            yield status.update
    else:
        yield tell


def _parser() -> argparse.ArgumentParser:
    parser = Parser("armtrial fit-twin", DESCRIPTION, EPILOG)
    parser.add_argument(
        "log", type=Path, metavar="LOG", help="a run's folder, a CSV file, or a LeRobotDataset's folder"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("actuators.json"), metavar="FILE", help="default: actuators.json"
    )
    parser.add_argument(
        "--start",
        default=NVIDIA.name,
        metavar="SET",
        help=f"where the fit begins, and whose force limits stay: {', '.join(ACTUATORS)} or a file (default: nvidia)",
    )
    parser.add_argument(
        "--calibration",
        default="",
        metavar="FILE",
        help="LeRobot's calibration of the arm (default: the run's own, or the model's ranges)",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, only the result")
    return parser
