"""Every thing that stands on the table: targets, vessels and distractors, as pieces to touch and pieces to draw."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ...tasks.tabletop import Block, Cup, Holder, Pen, Strawberry
from .lathe import Profile
from .objects import ALONG_X, Colour, Cut, Thing, Touch, Turned, about_z, bowl, prism

GREEN, RED, BLUE, YELLOW = (0.10, 0.62, 0.20), (0.80, 0.10, 0.10), (0.10, 0.25, 0.75), (0.95, 0.78, 0.08)
WHITE, BLACK, STEEL = (0.93, 0.93, 0.91), (0.06, 0.06, 0.07), (0.62, 0.64, 0.67)
LEAF, PEN_BLUE, CUP_BLUE, TEAL = (0.16, 0.45, 0.12), (0.06, 0.22, 0.80), (0.22, 0.48, 0.86), (0.20, 0.66, 0.62)


def block(edge: float, colour: Colour) -> Thing:
    """Of light wood."""
    half = edge / 2
    return Thing(
        touches=(Touch("box", (half, half, half)),),
        drawn=(Cut((half, half, half), colour, material="matte"),),
        mass=700 * edge**3,
        rest=half,
    )


def strawberry(shape: Strawberry) -> Thing:
    """Its tip points along x."""
    r, half = shape.radius, shape.length / 2
    flesh = _scaled(
        (
            (0, -1),
            (0.35, -0.98),
            (0.80, -0.86),
            (1.02, -0.5),
            (1.0, -0.1),
            (0.8, 0.4),
            (0.45, 0.82),
            (0.18, 0.98),
            (0, 1),
        ),
        r,
        half,
    )
    crown = _scaled(((0, -1.0), (0.95, -1.01), (0.85, -0.92), (0.3, -0.85), (0, -0.85)), r, half)
    stem = ((0.0, -1.3 * half), (0.0011, -1.3 * half), (0.0014, -0.9 * half), (0.0, -0.9 * half))
    return Thing(
        touches=(_lying_capsule(r, half),),
        drawn=(
            Turned(flesh, WHITE, turn=ALONG_X, material="berry"),
            Turned(crown, LEAF, turn=ALONG_X, material="matte", sides=5),
            Turned(stem, LEAF, turn=ALONG_X, material="matte", sides=5),
        ),
        mass=0.015,
        rest=r,
        rolls=True,
    )


def oval_fruit(radius: float, half: float, flesh: Colour, dot: Colour, mass: float) -> Thing:
    """Lying; where it hung on the tree is a dot."""
    outline = tuple((radius * math.sin(a), -half * math.cos(a)) for a in (math.pi * step / 8 for step in range(9)))
    stalk = ((0.0, -half - 0.0015), (0.0025, -half - 0.001), (0.0035, -half + 0.001), (0.0, -half + 0.001))
    return Thing(
        touches=(_lying_capsule(radius, half),),
        drawn=(Turned(_closed(outline), flesh, turn=ALONG_X), Turned(stalk, dot, turn=ALONG_X, sides=6)),
        mass=mass,
        rest=radius,
        rolls=True,
    )


def round_fruit(radius: float, flatness: float, flesh: Colour, leaf: Colour | None, mass: float) -> Thing:
    """Standing; flattened at its poles."""
    angles = [math.pi * step / 8 for step in range(9)]
    outline = tuple((radius * math.sin(a), -radius * flatness * math.cos(a)) for a in angles)
    top = radius * flatness
    star = ((0.0, top - 0.002), (0.55 * radius, top - 0.0035), (0.35 * radius, top - 0.0005), (0.0, top + 0.003))
    crown = () if leaf is None else (Turned(star, leaf, material="matte", sides=5),)
    return Thing(
        touches=(Touch("sphere", (radius * (1 + flatness) / 2,)),),
        drawn=(Turned(_closed(outline), flesh), *crown),
        mass=mass,
        rest=radius * (1 + flatness) / 2,
        rolls=True,
    )


def pen(shape: Pen) -> Thing:
    """A ball pen: its tip points along x, its cap's end the other way."""
    r, half = shape.diameter / 2, shape.length / 2
    barrel = ((0.0, -0.3 * half), (r, -0.3 * half), (r, half - 0.016), (0.6 * r, half - 0.008), (0.0, half - 0.008))
    cap = ((0.0, -half), (0.75 * r, -half), (r, -half + 0.002), (r, -0.3 * half), (0.0, -0.3 * half))
    tip = ((0.0, half - 0.010), (0.55 * r, half - 0.009), (0.0015, half), (0.0, half))
    clip = Cut((0.017, 0.0013, 0.001), STEEL, (-half + 0.020, 0.0, r + 0.0005), material="metal", bevel=0.0004)
    return _stick(shape, (_along(barrel, PEN_BLUE), _along(cap, WHITE), _along(tip, STEEL, "metal"), clip), 0.012)


def pencil(shape: Pen) -> Thing:
    """Six-sided, sharpened, with an eraser at its end."""
    r, half = shape.diameter / 2, shape.length / 2
    wood = ((0.0, half - 0.018), (0.95 * r, half - 0.018), (0.3 * r, half - 0.005), (0.0, half - 0.005))
    lead = ((0.0, half - 0.006), (0.32 * r, half - 0.0055), (0.0, half))
    drawn = (
        _along(_rod(r, -half + 0.018, half - 0.017), YELLOW, sides=6),
        _along(wood, (0.85, 0.68, 0.45), "matte"),
        _along(lead, BLACK),
        _along(_rod(0.95 * r, -half + 0.009, -half + 0.018), STEEL, "metal"),
        _along(_rod(0.9 * r, -half, -half + 0.009), (0.90, 0.50, 0.52), "matte"),
    )
    return _stick(shape, drawn, 0.008)


def chopstick(shape: Pen) -> Thing:
    """Dark red lacquer, thinner towards x."""
    r, half = shape.diameter / 2, shape.length / 2
    shaft = ((0.0, -half + 0.025), (r, -half + 0.025), (0.6 * r, half), (0.0, half))
    return _stick(shape, (_along(shaft, (0.45, 0.07, 0.06)), _along(_rod(r, -half, -half + 0.025), BLACK)), 0.009)


def marker(radius: float, half: float) -> Thing:
    """The stub of a felt pen."""
    body, cap = _rod(0.9 * radius, -half, 0.3 * half), _rod(radius, 0.3 * half, half)
    drawn = (_along(body, WHITE), _along(cap, (0.45, 0.10, 0.55)))
    return Thing(touches=(_lying_capsule(radius, half),), drawn=drawn, mass=0.015, rest=radius, rolls=True)


def battery(radius: float, half: float) -> Thing:
    drawn = (
        _along(_rod(radius, -half, 0.45 * half), BLACK),
        _along(_rod(radius, 0.45 * half, half - 0.001), (0.80, 0.50, 0.20), "metal"),
        _along(_rod(0.4 * radius, half - 0.002, half + 0.001), STEEL, "metal"),
    )
    return Thing(touches=(_lying_capsule(radius, half),), drawn=drawn, mass=0.023, rest=radius, rolls=True)


def green_cylinder(radius: float, half: float) -> Thing:
    """Standing; the green of the block."""
    disc = _rod(radius, -half, half)
    return Thing(
        touches=prism(8, radius * math.cos(math.pi / 8), half),
        drawn=(Turned(disc, GREEN, material="matte"),),
        mass=0.020,
        rest=half,
    )


def eraser(half: tuple[float, float, float]) -> Thing:
    """A blue sleeve around white rubber."""
    x, y, z = half
    sleeve = Cut((0.6 * x, y + 0.0004, z + 0.0004), BLUE, (-0.4 * x + 0.0005, 0.0, 0.0), material="matte")
    drawn = (Cut(half, WHITE, material="matte", bevel=0.002), sleeve)
    return Thing(touches=(Touch("box", half),), drawn=drawn, mass=0.018, rest=z)


def matchbox(half: tuple[float, float, float]) -> Thing:
    """A red label above and the striking sides brown."""
    x, y, z = half
    label = Cut((0.8 * x, 0.75 * y, 0.0004), (0.82, 0.20, 0.12), (0.0, 0.0, z), material="matte", bevel=0.0002)
    strike = Cut((0.98 * x, y + 0.0003, 0.7 * z), (0.35, 0.20, 0.14), material="matte", bevel=0.0002)
    drawn = (Cut(half, (0.90, 0.82, 0.62), material="matte", bevel=0.0006), label, strike)
    return Thing(touches=(Touch("box", half),), drawn=drawn, mass=0.012, rest=z)


def nut(inner_radius: float, half: float) -> Thing:
    """A hexagonal nut, lying."""
    outer = inner_radius / math.cos(math.pi / 6)
    bore = 0.55 * inner_radius
    ring = ((bore, -half), (outer, -half), (outer, half), (bore, half), (bore, -half))
    return Thing(
        touches=prism(6, inner_radius, half),
        drawn=(Turned(ring, STEEL, turn=about_z(math.pi / 6), material="metal", sides=6),),
        mass=0.030,
        rest=half,
    )


def dice(edge: float) -> Thing:
    """White, with black pips on the faces that are seen: five above, two, three, four and six around."""
    half = edge / 2
    return Thing(
        touches=(Touch("box", (half, half, half)),),
        drawn=(Cut((half, half, half), WHITE, bevel=0.0025), *_pips(half)),
        mass=0.012,
        rest=half,
    )


def spool(radius: float, half: float) -> Thing:
    """Pink thread between two wooden flanges, standing."""
    flange = (0.80, 0.62, 0.40)
    return Thing(
        touches=prism(8, radius * math.cos(math.pi / 8), half),
        drawn=(
            Turned(_rod(0.86 * radius, -half + 0.003, half - 0.003), (0.88, 0.30, 0.55), material="matte"),
            Turned(_rod(radius, -half, -half + 0.004), flange, material="matte"),
            Turned(_rod(radius, half - 0.004, half), flange, material="matte"),
            Turned(_rod(0.3 * radius, half - 0.001, half + 0.0004), BLACK, material="matte", sides=10),
        ),
        mass=0.018,
        rest=half,
    )


def cup(shape: Cup) -> Thing:
    """Blue enamel, white inside."""
    return _vessel(shape, CUP_BLUE, WHITE)


def holder(shape: Holder) -> Thing:
    return _vessel(shape, TEAL, (0.08, 0.34, 0.33))


def _vessel(shape: Cup | Holder, outside: Colour, inside: Colour) -> Thing:
    """Its origin is where it stands."""
    inner, outer, height = shape.inner_radius, shape.inner_radius + shape.wall, shape.height
    rim = (outer + inner) / 2
    skin = ((0.0, 0.0), (outer - 0.002, 0.0), (outer, 0.002), (outer, height - 0.001), (rim, height))
    lining = ((rim, height), (inner, height - 0.001), (inner, shape.floor), (0.0, shape.floor))
    return Thing(
        touches=bowl(inner, height, shape.wall, shape.floor),
        drawn=(Turned(skin, outside, sides=28), Turned(lining, inside, material="matte", sides=28)),
        mass=shape.mass,
        rest=0.0,
    )


def _pips(half: float) -> tuple[Turned, ...]:
    dot = ((0.0022, 0.0004), (0.0, 0.0004))
    out, above = half - 0.0001, (-0.45 * half, 0.45 * half)
    top = [(x, y, out) for x in above for y in above] + [(0.0, 0.0, out)]
    upward = tuple(Turned(dot, BLACK, at=at, sides=6) for at in top)
    east = tuple(Turned(dot, BLACK, at=(out, y, y), turn=ALONG_X, sides=6) for y in (above[0], 0.0, above[1]))
    south_turn = (math.sqrt(0.5), math.sqrt(0.5), 0.0, 0.0)
    south = tuple(Turned(dot, BLACK, at=(x, -out, x), turn=south_turn, sides=6) for x in above)
    return upward + east + south


def _stick(shape: Pen, drawn: tuple[Turned | Cut, ...], mass: float) -> Thing:
    radius = shape.diameter / 2
    return Thing(touches=(_lying_capsule(radius, shape.length / 2),), drawn=drawn, mass=mass, rest=radius, rolls=True)


def _lying_capsule(radius: float, half: float) -> Touch:
    """Its ends included in `half`."""
    return Touch("capsule", (radius, half - radius), turn=ALONG_X)


def _along(outline: Profile, colour: Colour, material: str = "plastic", sides: int = 10) -> Turned:
    return Turned(outline, colour, turn=ALONG_X, material=material, sides=sides)


def _rod(radius: float, low: float, high: float) -> Profile:
    return ((0.0, low), (radius, low), (radius, high), (0.0, high))


def _scaled(outline: Profile, radius: float, half: float) -> Profile:
    return tuple((radius * across, half * along) for across, along in outline)


def _closed(outline: Profile) -> Profile:
    """Its ends exactly on the axis."""
    return ((0.0, outline[0][1]), *outline[1:-1], (0.0, outline[-1][1]))


DISTRACTORS: Mapping[str, Thing] = {
    "green_block": block(Block().edge, GREEN),
    "strawberry": strawberry(Strawberry()),
    "pen": pen(Pen()),
    "red_block": block(Block().edge, RED),
    "blue_block": block(Block().edge, BLUE),
    "yellow_block": block(Block().edge, YELLOW),
    "green_ball": round_fruit(0.016, 1.0, GREEN, None, 0.015),
    "green_cylinder": green_cylinder(0.0165, 0.015),
    "kumquat": oval_fruit(0.013, 0.019, (0.95, 0.50, 0.05), LEAF, 0.015),
    "plum": oval_fruit(0.013, 0.019, (0.25, 0.08, 0.30), (0.35, 0.25, 0.15), 0.015),
    "lemon": oval_fruit(0.017, 0.027, (0.95, 0.85, 0.15), (0.75, 0.70, 0.10), 0.040),
    "tomato": round_fruit(0.019, 0.85, (0.80, 0.10, 0.06), LEAF, 0.030),
    "mandarin": round_fruit(0.022, 0.85, (0.94, 0.45, 0.05), LEAF, 0.040),
    "pencil": pencil(Pen()),
    "chopstick": chopstick(Pen()),
    "marker": marker(0.0095, 0.038),
    "battery": battery(0.0072, 0.026),
    "eraser": eraser((0.021, 0.009, 0.006)),
    "matchbox": matchbox((0.026, 0.017, 0.007)),
    "nut": nut(0.012, 0.006),
    "dice": dice(0.020),
    "spool": spool(0.0155, 0.016),
}
"""What joins the target in some task. At least as many again as there are places for."""
