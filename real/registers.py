"""The part of an STS3215 servo's memory that a driver reads and writes, and its factory values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Register:
    address: int
    size: int = 1
    """Bytes; the lower one first."""
    sign: int | None = None
    """The bit that says minus; None: never negative."""

    def encoded(self, value: int) -> bytes:
        if self.sign is None:
            return value.to_bytes(self.size, "little")
        most = (1 << self.sign) - 1
        return (min(abs(value), most) | (int(value < 0) << self.sign)).to_bytes(self.size, "little")

    def decoded(self, memory: bytes | bytearray) -> int:
        raw = int.from_bytes(memory[self.address : self.address + self.size], "little")
        if self.sign is None:
            return raw
        magnitude = raw & ((1 << self.sign) - 1)
        return -magnitude if raw >> self.sign & 1 else magnitude


FIRMWARE_MAJOR, FIRMWARE_MINOR = Register(0), Register(1)
MODEL = Register(3, 2)
ID = Register(5)
LOWEST, HIGHEST = Register(9, 2), Register(11, 2)
"""Ticks that a goal is kept between."""
HOTTEST = Register(13)
VOLTAGE_MOST, VOLTAGE_LEAST = Register(14), Register(15)
MAX_TORQUE = Register(16, 2)
PHASE = Register(18)
HOMING = Register(31, 2, sign=11)
"""A position is told as the encoder's minus this."""
PROTECTION_TIME = Register(35)
"""Units of 10 ms that a servo pushes in vain before it gives way."""
OVERLOAD_TORQUE = Register(36)
TORQUE = Register(40)
GOAL = Register(42, 2, sign=15)
TORQUE_LIMIT = Register(48, 2)
LOCK = Register(55)
POSITION = Register(56, 2, sign=15)
LOAD = Register(60, 2, sign=10)
"""Thousandths of the most it can push."""
VOLTAGE = Register(62)
"""Tenths of a volt."""
TEMPERATURE = Register(63)
"""Degrees Celsius."""
STATUS = Register(65)
"""The error bits that a status packet carries."""
MOVING = Register(66)
CURRENT = Register(69, 2, sign=15)
"""Units of 6.5 mA."""

READ_ONLY = frozenset([*range(5), *range(POSITION.address, CURRENT.address + CURRENT.size)])
"""Addresses at which a write changes nothing."""
STS3215 = 777
TURN = 4096
"""Ticks of one turn."""
OVERHEATED, OVERLOADED = 4, 32
"""Error bits."""
FACTORY = {
    FIRMWARE_MAJOR: 3,
    FIRMWARE_MINOR: 10,
    MODEL: STS3215,
    HIGHEST: TURN - 1,
    HOTTEST: 70,
    VOLTAGE_MOST: 80,
    VOLTAGE_LEAST: 40,
    MAX_TORQUE: 1000,
    PHASE: 12,
    PROTECTION_TIME: 200,
    OVERLOAD_TORQUE: 80,
    TORQUE_LIMIT: 1000,
    LOCK: 1,
    VOLTAGE: 74,
    TEMPERATURE: 31,
}
