"""Software arms behind LeRobot's own driver, without a twin: fast enough for every test to have its own."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from armtrial.real import registers as reg
from armtrial.real.calibrations import software_ranges, written
from armtrial.real.plants import FirstOrder
from armtrial.real.servo_bus import ServoBus
from armtrial.real.servos import Servo

RANGES = software_ranges()


def servos() -> list[Servo]:
    """Calibrated, and each in the middle of its range."""
    made = [Servo(number) for number in range(1, 7)]
    for servo, entry in zip(made, RANGES, strict=True):
        for register, value in ((reg.LOWEST, entry.low), (reg.HIGHEST, entry.high), (reg.HOMING, entry.homing)):
            servo.put(register, value)
    return made


@contextmanager
def line(made: list[Servo] | None = None, lockstep: bool = True) -> Generator[ServoBus]:
    middles = [(entry.low + entry.high) / 2 + entry.homing for entry in RANGES]
    bus = ServoBus(made or servos(), FirstOrder(middles), lockstep=lockstep)
    try:
        yield bus
    finally:
        bus.close()


def follower(bus: ServoBus, folder: Path, name: str = "arm"):
    """LeRobot's driver, connected to nothing yet."""
    pytest.importorskip("scservo_sdk")
    from armtrial.real.driver import Follower

    written(RANGES, folder / "arm.json")
    return Follower(bus.port, name, {}, folder)
