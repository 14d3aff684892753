"""A servo made of software: its memory, and the packets that it answers with."""

from __future__ import annotations

from collections.abc import Sequence

from . import registers as reg
from .registers import Register

HEADER = b"\xff\xff"
BROADCAST = 0xFE
PING, READ, WRITE, LATER, ACTION, SYNC_READ, SYNC_WRITE = 1, 2, 3, 4, 5, 0x82, 0x83


class Servo:
    """Registers at their addresses; what it does with them is the plant's to say."""

    def __init__(self, number: int) -> None:
        self.memory = bytearray(256)
        for register, value in reg.FACTORY.items():
            self.put(register, value)
        self.put(reg.ID, number)
        self._later: tuple[int, bytes] | None = None

    @property
    def number(self) -> int:
        return self.get(reg.ID)

    def get(self, register: Register) -> int:
        return register.decoded(self.memory)

    def put(self, register: Register, value: int) -> None:
        self.memory[register.address : register.address + register.size] = register.encoded(value)

    @property
    def wanted(self) -> int | None:
        """The encoder's tick that it drives to; None: limp."""
        if not self.get(reg.TORQUE):
            return None
        goal = min(max(self.get(reg.GOAL), self.get(reg.LOWEST)), self.get(reg.HIGHEST))
        return goal + self.get(reg.HOMING)

    def measure(self, tick: float, load: float) -> None:
        """`tick`: of the encoder; `load`: -1 to 1."""
        self.put(reg.POSITION, round(tick) - self.get(reg.HOMING))
        self.put(reg.LOAD, round(1000 * load))
        self.put(reg.CURRENT, round(300 * load))

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.memory[address : address + size])

    def write(self, address: int, values: bytes) -> None:
        """What is read only stays as it is, silently, as a servo's."""
        for place, value in enumerate(values, start=address):
            if place < len(self.memory) and place not in reg.READ_ONLY:
                self.memory[place] = value

    def write_later(self, address: int, values: bytes) -> None:
        self._later = address, values

    def act(self) -> None:
        if self._later is not None:
            self.write(*self._later)
        self._later = None

    def status(self, values: bytes = b"") -> bytes:
        return packet(self.number, self.get(reg.STATUS), values)


def packet(number: int, word: int, values: bytes = b"") -> bytes:
    """`word`: an instruction, or the error bits of an answer."""
    body = bytes([number, len(values) + 2, word]) + values
    return HEADER + body + bytes([~sum(body) & 0xFF])


class Instructions:
    """Finds whole instructions in what comes over a line, and passes over what is none."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, came: bytes) -> list[tuple[int, int, bytes]]:
        """(id, instruction, parameters) of each that is whole and has the right checksum."""
        self._bytes += came
        found: list[tuple[int, int, bytes]] = []
        while True:
            start = self._bytes.find(HEADER)
            if start < 0:
                del self._bytes[: max(0, len(self._bytes) - 1)]
                return found
            del self._bytes[:start]
            if len(self._bytes) < 6:
                return found
            length = self._bytes[3] + 4
            if self._bytes[3] < 2 or self._bytes[2] == 0xFF:
                del self._bytes[0]
                continue
            if len(self._bytes) < length:
                return found
            whole = bytes(self._bytes[:length])
            if ~sum(whole[2:-1]) & 0xFF == whole[-1]:
                found.append((whole[2], whole[4], whole[5:-1]))
                del self._bytes[:length]
            else:
                del self._bytes[0]


def answers(servos: Sequence[Servo], to: int, instruction: int, said: bytes) -> list[bytes]:
    """What the servos of one line answer to an instruction, in the order in which they do."""
    meant = [servo for servo in servos if to in (servo.number, BROADCAST)]
    if instruction == SYNC_READ:
        by_number = {servo.number: servo for servo in servos}
        asked = [by_number[number] for number in said[2:] if number in by_number]
        return [servo.status(servo.read(said[0], said[1])) for servo in asked]
    if instruction == SYNC_WRITE:
        _write_all(servos, said)
        return []
    for servo in meant:
        if instruction in (WRITE, LATER):
            (servo.write if instruction == WRITE else servo.write_later)(said[0], said[1:])
        elif instruction == ACTION:
            servo.act()
    if to == BROADCAST and instruction != PING:
        return []
    return [servo.status(servo.read(said[0], said[1]) if instruction == READ else b"") for servo in meant]


def _write_all(servos: Sequence[Servo], said: bytes) -> None:
    address, size = said[0], said[1]
    by_number = {servo.number: servo for servo in servos}
    for place in range(2, len(said) - size, size + 1):
        if said[place] in by_number:
            by_number[said[place]].write(address, said[place + 1 : place + 1 + size])
