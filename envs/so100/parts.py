"""The shapes of the arm's parts: printed brackets around servos. Millimetres, in the frames of the links."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..base import Vector
from .fittings import Part, Servo, mirrored, mirrored_across, part, plate, screws, sleeve, studs
from .solids import Corner, End, Triangles, circle, loft, rectangle, rounded, slab

OPEN, FLAT, EDGED = End.OPEN, End.FLAT, End.EDGED
UPWARD = (OPEN, EDGED)
"""What lies on something, or is never seen from below."""

Section = tuple[float, float, float, float]
"""Of a finger: y, lowest x, highest x, half the width in z."""

FOOT: list[Corner] = [(17, -59, 2), (26, -71, 2), (33, -71, 2), (55, -29, 3), (55, -21, 3), (43, 0, 2), (43, 16, 3)]
FOOT_HOLES = ((29, (8, -4, -16, -28, -40, -52, -63)), (39, (-10, -22, -34)), (48, (-25,)))
"""x to either side, and the rows along y."""
WAIST: list[Corner] = [(15, -60, 4), (22, -12, 6), (22, 20, 4)]
LEVER: list[Corner] = [(11.5, -11.5, 11.5), (11.5, 12, 6), (19.5, 40, 4), (19.5, 48, 3)]
WALL: list[Corner] = [(15, 2, 0), (19.5, 14, 2), (19.5, 60, 0)]
CROTCH: list[Corner] = [(17.6, 24, 3), (9, 44, 5), (0, 51, 6), (-9, 44, 5), (-17.6, 24, 3)]
WINDOW: list[Corner] = [(8, 94, 0), (-8, 94, 0), (-8, 76, 8), (8, 76, 8)]
"""The opening below the servo of the upper arm."""
PALM_CHEEK: list[Corner] = [(-17, -7, 0), (17, -7, 0), (17, -39.5, 3), (-5, -39.5, 3), (-10, -22, 4), (-17, -15, 3)]
PALM_LID: list[Corner] = [(-30, 24, 8), (14, 24, 5), (25, 16.5, 5), (35.2, 16.5, 4)]
PALM_HEEL: list[Corner] = [(14, 23.8, 0), (17, 23.8, 2), (25, 16.3, 4), (35, 16.3, 4)]
WRIST_CHEEK: list[Corner] = [(12, 12, 12), (-4, 12, 8), (-16, 7, 9), (-25, 15, 3), (-40, 12, 4)]
WRIST_BODY: list[Corner] = [
    (-35, -23, 3),
    (27.4, -23, 2),
    (27.4, -32, 10),
    (21, -45, 10),
    (8, -55, 10),
    (-18, -62.4, 6),
    (-35, -62.4, 2),
]
WRIST_SLOT = np.array([(-27, -29), (-22, -29), (-14, -37), (-16, -40), (-27, -33)], dtype=np.float64)
EAR: list[Corner] = [(-10, 10, 10), (-10, -21, 3), (8, -21, 3), (10, 0, 0), (10, 10, 10)]
FIXED_BLADE: tuple[Section, ...] = (
    (-106.4, 8.4, 11.5, 1.6),
    (-105.6, 7.9, 13.0, 2.8),
    (-103.0, 7.9, 14.6, 4.4),
    (-96.5, 7.9, 16.9, 5.8),
    (-96.4, 9.9, 16.9, 5.8),
    (-86.7, 9.9, 20.3, 7.0),
    (-86.6, 11.6, 20.3, 7.0),
    (-67.1, 11.6, 27.0, 8.6),
    (-67.0, 13.3, 27.0, 8.6),
    (-47.3, 13.3, 33.8, 11.2),
    (-47.2, 15.2, 33.8, 11.2),
    (-43.0, 15.2, 35.2, 13.5),
    (-39.0, 15.2, 35.2, 16.5),
)
"""The teeth of its inner edge are the faces of the pads."""
MOVING_BLADE: tuple[Section, ...] = (
    (-82.0, -11.8, -8.5, 1.6),
    (-81.2, -12.3, -7.2, 2.8),
    (-78.5, -12.3, -5.6, 4.2),
    (-72.1, -12.3, -2.3, 5.6),
    (-72.0, -10.3, -2.3, 5.6),
    (-62.1, -10.3, 2.6, 6.8),
    (-62.0, -8.3, 2.6, 6.8),
    (-59.0, -8.3, 3.8, 7.0),
    (-45.0, -8.3, 5.2, 8.2),
    (-28.0, -8.3, 7.0, 9.6),
    (-24.0, -8.3, 7.4, 10.8),
    (-20.0, -8.3, 7.8, 14.0),
)
"""Bent towards the other finger at its tip; its teeth are the faces of the pads."""


def base() -> Part:
    servo = Servo("z", (0.0, -45.2), (-12.4, -55.4), (12.4, -10.0), (26.7, 66.3))
    printed = [
        slab("z", rounded(mirrored(FOOT)), 0, 16, 1.5, ends=UPWARD),
        slab("z", rectangle((-22, -26), (22, 16)), 15, 40, ends=UPWARD),
        slab("z", rounded(mirrored(WAIST)), 38, 58, 1.5, ends=UPWARD),
        slab("z", rectangle((-22, -24), (22, 17), 6.0), 57, 73, 1.5, ends=UPWARD),
        slab("y", rectangle((-25.5, 42), (25.5, 83.5), 6.0), 20, 25),
    ]
    places = [(side * x, y) for x, rows in FOOT_HOLES for y in rows for side in (-1, 1)]
    holes = [plate("z", circle(place, 2.6, 4), 16, 1) for place in places]
    corners = [plate("y", circle((x, 77), 2.2, 8), face, side) for x in (-18, 18) for face, side in ((25, 1), (20, -1))]
    return part(printed, servo, holes, corners)


def shoulder() -> Part:
    servo = Servo("x", (102.5, 30.6), (67.3, 18.2), (112.7, 43.0), (-19.8, 19.8))
    printed = [
        slab("y", circle((0, 0), 9.5), 0, 3, ends=(OPEN, OPEN)),
        slab("y", rounded(mirrored(LEVER)), 2, 12, 1.2, ends=UPWARD),
        slab("y", rounded(mirrored(LEVER)), 48, 59, 1.2, ends=UPWARD),
        slab("z", rounded(mirrored(WALL)), 40, 48, 1.2),
        sleeve("y", (-26.2, 14.5), (26.2, 50.8), (58.5, 86.3), ends=UPWARD),
        slab("y", rectangle((-22.5, 18), (22.5, 47)), 59, 72, ends=UPWARD),
    ]
    return part(printed, servo, studs("z", (67.5, 77.5), 50.8, 1))


def upper_arm() -> Part:
    servo = Servo("x", (112.6, 28.0), (100.2, -7.2), (125.0, 38.2), (-19.8, 19.8))
    leg = rounded([(-11.9, -11.9, 11.9), (30, -11.9, 0), (30, 12, 0), (-11.9, 12, 11.9)])
    printed = [
        slab("x", leg, 17.8, 35.0, 1.5, ends=(FLAT, EDGED)),
        slab("x", leg, -35.0, -17.8, 1.5, ends=(EDGED, FLAT)),
        slab("z", _yoke(-35, 35, 130), -11.9, 12, 1.5, holes=[rounded(WINDOW)]),
    ]
    return part(printed, servo, screws("x", 35, -35), studs("z", (100, 108, 116, 124), -11.9, -1))


def lower_arm() -> Part:
    servo = Servo("x", (5.2, 134.9), (-7.2, 99.7), (17.6, 145.1), (-19.8, 19.8))
    leg = rounded([(-11.9, -11.9, 11.9), (11.7, -11.9, 11.9), (11.7, 30, 0), (-11.9, 30, 0)])
    printed = [
        slab("x", leg, 17.8, 25.5, 1.2, ends=(FLAT, EDGED)),
        slab("x", leg, -35.0, -17.8, 1.5, ends=(EDGED, FLAT)),
        slab("y", _yoke(-35, 25, 96), -11.9, 11.7, 1.5, holes=[rounded(WINDOW) - np.array([0, 2])]),
        sleeve("z", (-26.2, -15), (26.2, 20.8), (91, 118.7)),
    ]
    rows = (99, 109)
    return part(printed, servo, screws("x", 25.5, -35), studs("y", rows, -15, -1), studs("y", rows, 20.8, 1))


def _yoke(left: float, right: float, top: float) -> Vector:
    """The beam of an arm above its two legs, which stand at `left` and `right`."""
    down: list[Corner] = [(left, 24, 0), (left, 48, 3), (-25, 90, 3), (-25, top, 3)]
    up: list[Corner] = [(25, top, 3), (25, 90, 3), (right, 48, 3), (right, 24, 0)]
    return rounded([*CROTCH, *down, *up])


def wrist() -> Part:
    servo = Servo("y", (0.0, 0.0), (-35.2, -12.4), (10.2, 12.4), (-61.0, -22.0), (OPEN, FLAT))
    cheek = rounded(mirrored_across(WRIST_CHEEK))
    neck = [(x, circle((0, 0), radius, 12)) for x, radius in ((-33.5, 4.5), (-29.5, 5.0), (-26.0, 10.0))]
    printed = [
        slab("z", rounded(WRIST_BODY), -15.5, 15.5, 2.5),
        slab("x", cheek, 18.5, 28.0, 1.5, ends=(FLAT, EDGED)),
        slab("x", cheek, -26.5, -18.2, 1.5, ends=(EDGED, FLAT)),
        slab("x", circle((0, 0), 12.0), -35.2, -33.2),
        loft("x", neck, ends=(OPEN, OPEN)),
    ]
    slots = [plate("z", WRIST_SLOT + np.array([0, dy]), side * 15.5, side) for dy in (0, -13.5) for side in (-1, 1)]
    return part(printed, servo, screws("x", 28, -35.2), slots)


def fixed_jaw() -> Part:
    servo = Servo("z", (-20.2, -24.4), (-30.4, -36.8), (15.0, -12.0), (-19.3, 20.3))
    printed = [
        slab("y", circle((0, 0), 12.0), -7, 0, ends=(OPEN, FLAT)),
        slab("y", rounded(mirrored_across(PALM_LID)), -12, -6, 1.2, ends=(FLAT, EDGED)),
        slab("z", rounded(PALM_CHEEK), 20.3, 23.6, 1.0, ends=(FLAT, EDGED)),
        slab("z", rounded(PALM_CHEEK), -23.6, -20.3, 1.0, ends=(EDGED, FLAT)),
        slab("y", rounded(mirrored_across(PALM_HEEL)), -40.5, -8, 1.5, ends=(EDGED, FLAT)),
        _blade(FIXED_BLADE),
    ]
    eye = plate("x", circle((-24, 0), 7.0), 35, 1)
    places = ((8, -13), (8, -35), (-12, -13))
    heads = [plate("z", circle(place, 1.6, 8), side * 23.6, side) for place in places for side in (-1, 1)]
    return part(printed, servo, [eye], heads)


def moving_jaw() -> Part:
    printed = [
        slab("z", rounded(EAR), 20.6, 24.1, 1.0, ends=(FLAT, EDGED)),
        slab("z", rounded(EAR), -24.0, -20.3, 1.0, ends=(EDGED, FLAT)),
        slab("y", rectangle((-10, -23), (7.8, 23), 4.0), -21.8, -14.5, 1.2),
        _blade(MOVING_BLADE),
    ]
    return part(printed, None, screws("z", 24.1, -24.0))


def _blade(sections: Sequence[Section]) -> Triangles:
    """A finger along y."""
    return loft("y", [(y, _octagon(low, high, half)) for y, low, high, half in sections])


def _octagon(low: float, high: float, half: float) -> Vector:
    """A rectangle in x and z with its corners cut, less on the side of the pads."""
    cut = 0.35 * min(high - low, half)
    upper = [(low, half - 0.4 * cut), (low + 0.4 * cut, half), (high - cut, half), (high, half - cut)]
    return np.array([*upper, *((x, -z) for x, z in reversed(upper))])


PARTS: Mapping[str, Callable[[], Part]] = {
    "Base": base,
    "Rotation_Pitch": shoulder,
    "Upper_Arm": upper_arm,
    "Lower_Arm": lower_arm,
    "Wrist_Pitch_Roll": wrist,
    "Fixed_Jaw": fixed_jaw,
    "Moving_Jaw": moving_jaw,
}
"""By the name of the body."""
