"""A serial line with software servos on it: a pty that a driver opens as it would open a USB adapter's port."""

from __future__ import annotations

import os
import pty
import select
import tempfile
import threading
import time
import tty
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from . import registers as reg
from .plants import PERIOD, Plant
from .servos import SYNC_WRITE, Instructions, Servo, answers


@dataclass(slots=True)
class Faults:
    """What goes wrong on the line or in a servo, until it is taken back."""

    dropped: int = 0
    """So many answers to come are lost ..."""
    corrupted: int = 0
    """... and so many have a wrong byte."""
    stalled: set[int] = field(default_factory=set[int])
    """Ids of servos that push against something that does not give way."""


class ServoBus:
    """Servos, what they move, and the line. `port` is what a driver opens."""

    def __init__(self, servos: Sequence[Servo], plant: Plant, *, lockstep: bool) -> None:
        """`lockstep`: the plant goes on by a period whenever goals are written, however fast that is; else by the
        clock."""
        self.servos, self.faults = tuple(servos), Faults()
        self._plant, self._lockstep = plant, lockstep
        self._lock, self._memory = threading.RLock(), threading.Lock()
        """Of the plant; and of the servos' memory, which answers while the plant is at work."""
        self._folder = tempfile.TemporaryDirectory(prefix="armtrial-servos-")
        self._stuck: dict[int, tuple[int, int]] = {}
        """By id: where a stalled servo is, and the periods that it has pushed."""
        self._periods = 0
        self._ends: tuple[int, int] | None = None
        self._closing = threading.Event()
        self._measure()
        self.plug_in()
        self._threads = [threading.Thread(target=self._serve, name="servo-bus", daemon=True)]
        if not lockstep:
            self._threads.append(threading.Thread(target=self._run_by_the_clock, name="servo-plant", daemon=True))
        for thread in self._threads:
            thread.start()

    @property
    def port(self) -> str:
        """A name that stays when the cable is pulled and plugged in again."""
        return str(Path(self._folder.name) / "port")

    @property
    def time(self) -> float:
        """Seconds that the plant has gone on for."""
        return self._periods * PERIOD

    def plug_in(self) -> None:
        with self._lock:
            master, slave = pty.openpty()
            tty.setraw(slave)
            link = Path(self.port)
            link.unlink(missing_ok=True)
            link.symlink_to(os.ttyname(slave))
            self._ends, self._instructions = (master, slave), Instructions()

    def unplug(self) -> None:
        """The cable is pulled: whoever has the port open loses it. The servos keep their power and their goals."""
        with self._lock:
            ends, self._ends = self._ends, None
            Path(self.port).unlink(missing_ok=True)
            for end in ends or ():
                os.close(end)

    def inside(self) -> threading.RLock:
        """Entered by whoever changes servos or plant from outside."""
        return self._lock

    def refresh(self) -> None:
        """The plant was changed from outside."""
        with self._lock:
            self._measure()

    def close(self) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self.unplug()
        self._folder.cleanup()

    def _serve(self) -> None:
        while not self._closing.is_set():
            ends = self._ends
            if ends is None:
                time.sleep(0.005)
                continue
            with suppress(OSError, ValueError):  # the cable was pulled while it was listened to
                if select.select([ends[0]], [], [], 0.05)[0]:
                    self._hear(ends[0], os.read(ends[0], 4096))

    def _hear(self, line: int, came: bytes) -> None:
        for to, instruction, said in self._instructions.feed(came):
            with self._memory:
                replies = answers(self.servos, to, instruction, said)
            if self._lockstep and instruction == SYNC_WRITE and said[0] == reg.GOAL.address:
                self._advance()
            for reply in replies:
                self._send(line, reply)

    def _send(self, line: int, reply: bytes) -> None:
        if self.faults.dropped:
            self.faults.dropped -= 1
        elif self.faults.corrupted:
            self.faults.corrupted -= 1
            os.write(line, reply[:-1] + bytes([reply[-1] ^ 0x55]))
        else:
            os.write(line, reply)

    def _run_by_the_clock(self) -> None:
        due = time.monotonic()
        while not self._closing.is_set():
            self._advance()
            due = max(due + PERIOD, time.monotonic() - PERIOD)
            time.sleep(max(0.0, due - time.monotonic()))

    def _advance(self) -> None:
        with self._lock:
            with self._memory:
                wanted = [self._driven(servo, at) for servo, at in zip(self.servos, self._plant.ticks, strict=True)]
            self._plant.advance(wanted)
            self._periods += 1
            self._measure()

    def _driven(self, servo: Servo, at: float) -> int | None:
        """A servo that pushes in vain reports an overload when its protection time is over, and gives way."""
        if servo.number not in self.faults.stalled:
            self._stuck.pop(servo.number, None)
            return servo.wanted
        place, periods = self._stuck.get(servo.number, (round(at), 0))
        self._stuck[servo.number] = place, periods + 1
        if (periods + 1) * PERIOD > servo.get(reg.PROTECTION_TIME) / 100:
            servo.put(reg.STATUS, servo.get(reg.STATUS) | reg.OVERLOADED)
        return place

    def _measure(self) -> None:
        with self._memory:
            for servo, tick, load in zip(self.servos, self._plant.ticks, self._plant.loads, strict=True):
                stalled = servo.number in self.faults.stalled
                servo.measure(tick, 1.0 if stalled else float(load))
