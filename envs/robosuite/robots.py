"""The arms that robosuite's tasks are played with, and what a state of each has."""

from __future__ import annotations

import difflib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Robot:
    joints: int
    fingers: int
    """Joints of its usual gripper."""

    @property
    def state(self) -> tuple[str, ...]:
        """The hand's place in metres and turn as a quaternion, then every joint: of the arm and of the gripper."""
        arm = (f"joint_{number}" for number in range(1, self.joints + 1))
        hand = (f"finger_{number}" for number in range(1, self.fingers + 1))
        return ("x", "y", "z", "qx", "qy", "qz", "qw", *arm, *hand)


ROBOTS = {
    "Panda": Robot(7, 2),
    "Sawyer": Robot(7, 2),
    "IIWA": Robot(7, 6),
    "Jaco": Robot(7, 6),
    "Kinova3": Robot(7, 6),
    "UR5e": Robot(6, 6),
    "XArm7": Robot(7, 6),
}
"""Those with one arm that stands still: all take the same seven numbers."""


class UnknownRobot(ValueError):
    def __init__(self, name: object) -> None:
        close = difflib.get_close_matches(str(name), ROBOTS, n=1, cutoff=0.4)
        meant = f"did you mean '{close[0]}'? " if close else ""
        self.fact, self.way_out = f"no robot here is called '{name}'", f"{meant}there are: {', '.join(ROBOTS)}"
        super().__init__(f"{self.fact}; {self.way_out}")


def robot_of(name: object) -> Robot:
    """An `UnknownRobot` names all where there is none."""
    if name not in ROBOTS:
        raise UnknownRobot(name)
    return ROBOTS[str(name)]
