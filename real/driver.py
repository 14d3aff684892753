# pyright: basic
"""LeRobot's driver of an SO-100 or SO-101, unmodified, as this package speaks to it."""

from __future__ import annotations

import fcntl
import os
import termios
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from draccus.utils import ParsingError
from lerobot.robots.so_follower import SO100Follower, SO100FollowerConfig

from ..envs.base import Image, Vector
from ..envs.so100.units import GRIPPER, JOINTS
from .reading import ArmError, CameraFrozen, LineLost, Reading

RETRIES = 2
"""More tries of a read, by LeRobot, without a pause."""
UNANSWERED = "[TxRxResult]"
"""What LeRobot's messages have in them where a packet was lost or wrong."""
STALE = 0.5
"""Seconds; an older picture is none."""
LEAP = 40.0
"""Degrees."""
FAILURES = (RuntimeError, OSError, termios.error)
"""What a line that is cut raises; LeRobot's ConnectionError and pyserial's exceptions are OSErrors."""
VITAL = ("Present_Temperature", "Present_Voltage", "Present_Current", "Status", "Torque_Enable")
"""Read in turn, one a tick: they change slowly, and a line has only so much time."""


SPARED = {"Max_Torque_Limit": 500, "Protection_Current": 250, "Overload_Torque": 25}
"""What LeRobot writes to the gripper, so that a grip does not burn it."""


class Follower:
    """The arm behind one port. Every method but `picture` is for one thread at a time."""

    def __init__(
        self, port: str, name: str, cameras: Mapping[str, Any], calibration_folder: Path | None = None
    ) -> None:
        config = SO100FollowerConfig(
            port=port,
            id=name,
            calibration_dir=calibration_folder,
            use_degrees=True,
            num_read_retries=RETRIES,
            cameras=dict(cameras),
        )
        try:
            self._robot = SO100Follower(config)
        except (ParsingError, ValueError, KeyError, TypeError) as error:
            raise ArmError(_unreadable(config, error)) from None
        self._claim: int | None = None
        """The port, opened once more for its lock: no second program drives this arm."""
        self._vital: dict[str, Vector] = dict.fromkeys(VITAL, np.zeros(len(JOINTS)))
        self._turn = 0
        self._unset = False
        """LeRobot has begun to set the arm up, and was not done: a torque that is on by then says nothing."""
        self._state: Vector | None = None
        self.firmware = ""
        """Of all servos, as they told when they were connected."""

    @property
    def calibration_file(self) -> Path:
        return self._robot.calibration_fpath

    def connect(self) -> None:
        """Anew where an answer was lost: of what LeRobot writes to set an arm up it asks for nothing twice."""
        self._check_file()
        for more in reversed(range(RETRIES + 1)):
            try:
                self._open()
                return
            except FAILURES as error:
                self.close()
                if isinstance(error, ArmError):
                    raise
                if not more or UNANSWERED not in str(error):
                    raise ArmError(self._why(error)) from None

    def _open(self) -> None:
        """Checked first; and a torque that comes on finds its goals where the arm is. An arm that holds itself goes on
        doing so: LeRobot would let it fall to set it up."""
        bus = self._robot.bus
        self._claimed()
        bus.connect()
        self._check_calibration()
        here = bus.sync_read("Present_Position", normalize=False, num_retry=RETRIES)
        holds = not self._unset and self._read("Torque_Enable").any()
        if holds:
            self._check_settings()
        bus.sync_write("Goal_Position", here, normalize=False)
        if holds:
            self.regain()
            for camera in self._robot.cameras.values():
                if not camera.is_connected:
                    camera.connect()
        else:
            bus.disconnect(disable_torque=False)
            self._unset = True
            self._robot.connect(calibrate=False)
            self._unset = False
        for name in VITAL:
            self._vital[name] = self._read(name)
        major, minor = (
            bus.sync_read(f"Firmware_{part}_Version", normalize=False, num_retry=RETRIES) for part in ("Major", "Minor")
        )
        self.firmware = f"{major[JOINTS[0]]}.{minor[JOINTS[0]]}"

    def read(self) -> Reading:
        """A `LineLost` where nothing comes."""
        try:
            state, load = self._positions(), self._read("Present_Load")
            name = VITAL[self._turn % len(VITAL)]
            self._vital[name] = self._read(name)
        except FAILURES as error:
            raise LineLost(_line(error)) from None
        self._turn += 1
        temperature, voltage, current, errors, torque = (self._vital[name] for name in VITAL)
        return Reading(state, load, temperature, voltage / 10, current, errors, torque)

    def send(self, goal: Vector) -> None:
        try:
            self._robot.send_action({f"{joint}.pos": float(value) for joint, value in zip(JOINTS, goal)})
        except FAILURES as error:
            raise LineLost(_line(error)) from None

    def reopen(self) -> bool:
        """Tries the port once more, with the servos as they are; whether they answer. Those that were without power
        have lost their torque."""
        self._let_go()
        try:
            self._claimed()
            self._robot.bus.connect()
            self.regain()
            return True
        except FAILURES:
            self._let_go()
            return False

    def regain(self) -> None:
        """Torque on again where it is off; the goal first, so that nothing leaps."""
        bus = self._robot.bus
        try:
            limp = [joint for joint, on in zip(JOINTS, self._read("Torque_Enable")) if not on]
            if not limp:
                return
            here = bus.sync_read("Present_Position", limp, normalize=False, num_retry=RETRIES)
            bus.sync_write("Goal_Position", here, normalize=False, num_retry=RETRIES)
            bus.sync_write("Torque_Enable", dict.fromkeys(limp, 1), normalize=False, num_retry=RETRIES)
        except FAILURES as error:
            raise LineLost(_line(error)) from None

    def relax(self) -> None:
        """Torque off: an arm that is not at rest falls. Also where a servo reports an error, which LeRobot's own way
        to switch it off stumbles over."""
        try:
            self._robot.bus.sync_write("Torque_Enable", 0, normalize=False, num_retry=RETRIES)
        except FAILURES as error:
            raise LineLost(_line(error)) from None

    def close(self) -> None:
        self._let_go()
        for camera in self._robot.cameras.values():
            if camera.is_connected:
                camera.disconnect()

    def _positions(self) -> Vector:
        """Read again where no joint can have come so far in a tick: an answer was taken for another one's."""
        state, before = self._read("Present_Position", normalize=True), self._state
        if before is not None and np.abs(state - before)[:GRIPPER].max() > LEAP:
            state = self._read("Present_Position", normalize=True)
        self._state = state
        return state

    def _read(self, name: str, normalize: bool = False) -> Vector:
        """Without what came too late for the question before: it would be taken for the answer to this one."""
        self._robot.bus.port_handler.ser.reset_input_buffer()
        told = self._robot.bus.sync_read(name, normalize=normalize, num_retry=RETRIES)
        return np.array([told[joint] for joint in JOINTS], dtype=np.float64)

    def picture(self, name: str) -> tuple[Image, float]:
        """The latest of a camera, RGB, and its age in seconds. Of one that stands still, a `CameraFrozen`."""
        camera = self._robot.cameras[name]
        try:
            image = camera.read_latest(max_age_ms=round(STALE * 1000))
        except (TimeoutError, RuntimeError, OSError) as error:
            raise CameraFrozen(f"camera '{name}' gives no new picture: {_line(error)}; look at its cable") from None
        taken = getattr(camera, "latest_timestamp", None)
        return image, 0.0 if taken is None else time.perf_counter() - taken

    def open_cameras(self) -> None:
        """Anew those that give nothing: one that was unplugged does not come back by itself."""
        for name, camera in self._robot.cameras.items():
            try:
                self.picture(name)
            except CameraFrozen:
                with suppress(*FAILURES):  # it is looked at again, and its failure told, by whoever needs it
                    camera.disconnect()
                    camera.connect()

    def _let_go(self) -> None:
        handler = self._robot.bus.port_handler
        handler.is_using = False
        if handler.is_open:
            handler.closePort()
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def _claimed(self) -> None:
        """Before anything is said on the line."""
        port = self._robot.config.port
        try:
            self._claim = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            fcntl.flock(self._claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            raise ArmError(
                f"there is no port {port}. Look at its cable; armtrial doctor names the ports that there are"
            ) from None
        except PermissionError:
            raise ArmError(
                f"the port {port} may not be opened by this user. Join its group: sudo usermod -aG dialout $USER"
            ) from None
        except BlockingIOError:
            raise ArmError(
                f"another program drives the arm on {port}; one does at a time. End that one first"
            ) from None

    def _check_settings(self) -> None:
        """Of servos that hold: what LeRobot writes needs their torque off."""
        wanted = {"P_Coefficient": self._robot.config.position_p_coefficient, **SPARED}
        for register, value in wanted.items():
            joint = GRIPPER if register in SPARED else 0
            there = int(self._read(register)[joint])
            if there != value:
                raise ArmError(
                    f"the arm holds itself, and {JOINTS[joint]} has {register} {there}, not {value}: setting it would "
                    "let it fall. Lower it to its rest by hand, with its power off; then switch it on and start again"
                )

    def _check_file(self) -> None:
        if not self._robot.calibration:
            raise ArmError(f"there is no calibration at {self.calibration_file}. Calibrate the arm: {self._how}")

    def _check_calibration(self) -> None:
        if self._robot.is_calibrated:
            return
        there = self._robot.bus.read_calibration()
        other = [joint for joint, entry in self._robot.calibration.items() if there.get(joint) != entry]
        raise ArmError(
            f"{', '.join(other)}: the servos hold another calibration than {self.calibration_file}. Another arm, or "
            f"calibrated elsewhere; name the right file by --env-arg name=ID, or calibrate: {self._how}"
        )

    @property
    def _how(self) -> str:
        config = self._robot.config
        return f"lerobot-calibrate --robot.type=so100_follower --robot.port={config.port} --robot.id={config.id}"

    def _why(self, error: Exception) -> str:
        said = _line(error.__cause__ or error)
        if "camera" in said.lower():
            return f"{said}. lerobot-find-cameras opencv shows which there are; name them by --front and --wrist"
        if "firmware" in said:
            return f"the servos have different firmware: {said}"
        if "Missing motor IDs" in said:
            return f"not all servos answer on {self._robot.config.port}: {said}. Look at power and cables"
        return f"no arm answers on {self._robot.config.port}: {said}. Look at power and cable; see armtrial doctor"


def _unreadable(config: SO100FollowerConfig, error: Exception) -> str:
    folder, said = config.calibration_dir or "LeRobot's own folder", _line(error.__cause__ or error)
    return (
        f"the calibration of '{config.id}' in {folder} cannot be read: {said}. Put a copy of it back, or "
        f"delete it and calibrate: lerobot-calibrate --robot.type=so100_follower --robot.port={config.port} "
        f"--robot.id={config.id}"
    )


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
