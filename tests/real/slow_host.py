"""What counts milliseconds of this machine is told to bear that it stands still for a while."""

from collections.abc import Callable
from typing import Any

from armtrial.real import loop

LATER = 250.0
"""Milliseconds beyond what LeRobot's driver gives an answer: its servos are a thread of the process that asks."""


def borne(put: Callable[[Any, str, Any], None] = setattr) -> None:
    """`put`: sets an attribute, for as long as the caller likes."""
    from lerobot.motors.feetech import feetech

    whole = feetech.patch_setPacketTimeout

    def wait_for(port: Any, length: int) -> None:
        whole(port, length)
        port.packet_timeout += LATER

    put(feetech, "patch_setPacketTimeout", wait_for)
    put(loop, "HOST_GAP", 10.0)
