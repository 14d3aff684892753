"""Poses of the arm that have a name: radians of the model's joints, from shoulder_pan to gripper. Plain data."""

from __future__ import annotations

import math

STRAIGHT = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""Upper arm, forearm and gripper horizontal, away from the base."""
L_POSE = (0.0, -math.pi / 2, math.pi / 2, 0.0, 0.0, 0.0)
"""Upper arm up, forearm and gripper horizontal: within 5 degrees of where LeRobot's body joints read 0."""
HOME = (0.0, -1.57, 1.57, 1.57, -1.57, 0.0)
"""As the L pose, the gripper pointing down."""
READY = (0.0, -2.6, 2.0, 1.3, -1.57, 0.3)
"""Tips 0.18 m from the pan axis and 0.18 m high, jaws 40 mm open, room on the table under the hand."""
REST = (0.0, -3.32, 3.11, 1.18, 0.0, -0.174)
"""Folded, jaws shut."""
FOLDED = (0.0, -3.30, 3.10, 1.18, -1.57, -0.1)
"""Folded, with the gripper turned as at the start of a grasp."""
