"""Six new servos on a port of their own, for LeRobot's commands and for this package's: `--port` is what it prints.

    python -m armtrial.real.loose_servos

Nobody has calibrated them. While they are limp they move to and fro, as if by a person's hands; with their torque on
they go where they are sent. Ctrl-C ends it.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from ..envs.so100.units import JOINTS
from .plants import ByHand
from .servo_bus import ServoBus
from .servos import Servo

MIDDLE = 2048.0


def loose() -> ServoBus:
    numbers = range(1, len(JOINTS) + 1)
    return ServoBus([Servo(number) for number in numbers], ByHand([MIDDLE] * len(JOINTS)), lockstep=False)


def main() -> None:
    bus = loose()
    print(bus.port, flush=True)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
    bus.close()


if __name__ == "__main__":
    main()
