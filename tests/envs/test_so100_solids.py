"""The shapes of the arm are closed where they are seen, and stay within the real parts' sizes."""

from collections import Counter
from contextlib import closing

import mujoco
import numpy as np
import pytest
from numpy.typing import NDArray

from armtrial.envs.so100.parts import PARTS
from armtrial.envs.so100.poses import READY
from armtrial.envs.so100.solids import (
    Axis,
    End,
    Triangles,
    circle,
    corner_normals,
    face,
    loft,
    rectangle,
    rounded,
    slab,
)
from armtrial.tests.tables import table

AXES: tuple[Axis, ...] = ("x", "y", "z")
SIZES = {
    "Base": ((-55.5, -71.0, 0.0), (55.5, 24.9, 83.5)),
    "Rotation_Pitch": ((-26.3, 0.0, -12.0), (26.1, 112.7, 50.8)),
    "Upper_Arm": ((-35.1, -11.9, -12.0), (34.9, 130.2, 38.2)),
    "Lower_Arm": ((-35.1, -15.0, -12.0), (26.1, 21.9, 145.1)),
    "Wrist_Pitch_Roll": ((-35.2, -62.6, -16.0), (28.1, 12.0, 16.0)),
    "Fixed_Jaw": ((-30.4, -106.4, -24.0), (35.2, 0.0, 24.0)),
    "Moving_Jaw": ((-12.3, -82.0, -23.9), (10.0, 10.0, 24.1)),
}
"""Millimetres: the corners of the boxes around the real parts with their servos."""


def volume(solid: Triangles) -> float:
    return float(np.einsum("ij,ij->", solid[:, 0], np.cross(solid[:, 1], solid[:, 2])) / 6)


def edges(solid: Triangles) -> Counter[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Directed."""
    points = [[tuple(float(value) for value in corner) for corner in face] for face in np.round(solid, 6) + 0.0]
    return Counter((face[i], face[(i + 1) % 3]) for face in points for i in range(3))


def rims(solid: Triangles) -> set[tuple[float, ...]]:
    """The corners of edges that are not walked as often one way as the other: none where a solid is closed."""
    found = edges(solid)
    return {corner for (a, b), count in found.items() if found[(b, a)] != count for corner in (a, b)}


def is_closed(solid: Triangles) -> bool:
    return not rims(solid)


def pieces(name: str) -> list[Triangles]:
    part = PARTS[name]()
    return [*part.printed, *part.black, *part.metal]


@pytest.mark.parametrize("name", PARTS)
def test_every_piece_is_closed_but_for_flat_ends(name: str) -> None:
    for piece in pieces(name):
        corners = np.array(sorted(rims(piece))).reshape(-1, 3)
        assert not len(corners) or min(len(np.unique(heights)) for heights in corners.T) <= 2


@pytest.mark.parametrize("name", PARTS)
def test_every_part_is_as_large_as_the_real_one(name: str) -> None:
    corners = np.concatenate(pieces(name)).reshape(-1, 3)
    low, high = SIZES[name]
    assert corners.min(axis=0) == pytest.approx(low, abs=1.1)
    assert corners.max(axis=0) == pytest.approx(high, abs=1.1)


@pytest.mark.parametrize("axis", AXES)
def test_a_slab_has_the_volume_of_its_outline_less_its_holes(axis: Axis) -> None:
    outline, hole = rectangle((0, 0), (10, 20)), rectangle((3, 3), (5, 6))
    assert volume(slab(axis, outline, 1, 6)) == pytest.approx(1000)
    assert volume(slab(axis, outline, 1, 6, holes=[hole])) == pytest.approx(1000 - 30)


@pytest.mark.parametrize("axis", AXES)
def test_a_slab_lies_where_it_is_drawn(axis: Axis) -> None:
    solid = slab(axis, rectangle((1, 2), (3, 4)), 5, 6).reshape(-1, 3)
    box = {"x": ((5, 1, 2), (6, 3, 4)), "y": ((1, 5, 2), (3, 6, 4)), "z": ((1, 2, 5), (3, 4, 6))}[axis]
    assert (solid.min(axis=0).tolist(), solid.max(axis=0).tolist()) == (list(box[0]), list(box[1]))


@pytest.mark.parametrize("end", [0, 1])
@pytest.mark.parametrize("kind", [End.FLAT, End.OPEN])
def test_an_end_changes_nothing_of_the_other(kind: End, end: int) -> None:
    outline, ends = rectangle((0, 0), (10, 10)), [End.EDGED, End.EDGED]
    ends[end] = kind
    solid = slab("z", outline, 0, 5, 1.0, ends=(ends[0], ends[1]))
    assert is_closed(solid) == (kind is End.FLAT)
    assert {z for _, _, z in rims(solid)} == ({[0.0, 5.0][end]} if kind is End.OPEN else set())
    whole = slab("z", outline, 0, 5, 1.0)
    far = np.abs(whole[:, :, 2] - [0.0, 5.0][end]).min(axis=1) > 1.5
    assert {face.tobytes() for face in whole[far]} <= {face.tobytes() for face in solid}


def test_a_loft_may_be_a_tube() -> None:
    ring = circle((0, 0), 5)
    tube = loft("y", [(0, ring), (3, ring)], ends=(End.OPEN, End.OPEN))
    assert len(tube) == 2 * len(ring)
    assert {y for _, y, _ in rims(tube)} == {0.0, 3.0}


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("outward", [1, -1])
def test_a_face_looks_outward(axis: Axis, outward: int) -> None:
    seen = face(axis, rectangle((0, 0), (2, 3)), 7, outward)
    normals = np.cross(seen[:, 1] - seen[:, 0], seen[:, 2] - seen[:, 0])
    direction = np.array([axis == "x", axis == "y", axis == "z"], dtype=np.float64)
    assert (normals @ direction * outward > 0).all()
    assert float(np.linalg.norm(normals, axis=1).sum()) / 2 == pytest.approx(6)
    assert (seen @ direction == 7).all()


def test_a_bevel_takes_away_the_edges_only() -> None:
    sharp, bevelled = (slab("z", rectangle((0, 0), (10, 10)), 0, 5, bevel) for bevel in (0.0, 1.0))
    assert volume(bevelled) < volume(sharp)
    assert bevelled.reshape(-1, 3).max(axis=0) == pytest.approx([10, 10, 5])


def test_a_concave_outline_is_filled_as_drawn() -> None:
    arrow = np.array([(0, 0), (10, 0), (10, 10), (5, 2), (0, 10)], dtype=np.float64)
    solid = slab("z", arrow, 0, 5)
    assert is_closed(solid)
    assert volume(solid) == pytest.approx(300)


def test_a_loft_of_two_squares_is_a_frustum() -> None:
    solid = loft("y", [(0, rectangle((-2, -2), (2, 2))), (3, rectangle((-1, -1), (1, 1)))])
    assert is_closed(solid)
    assert volume(solid) == pytest.approx(3 / 3 * (16 + 8 + 4))


def test_a_rounded_square_is_a_square_less_its_corners() -> None:
    outline = rounded([(0, 0, 2), (10, 0, 2), (10, 10, 2), (0, 10, 2)])
    assert volume(slab("z", outline, 0, 1)) == pytest.approx(100 - (4 - np.pi) * 4, rel=0.015)


def test_normals_are_smooth_around_a_cylinder_and_sharp_at_its_ends() -> None:
    cylinder = slab("z", circle((0, 0), 5), 0, 10)
    normals: NDArray[np.float64] = corner_normals(cylinder)
    outward = cylinder * (1, 1, 0) / 5
    sides = np.abs(normals[:, :, 2]) < 0.5
    assert normals[sides] == pytest.approx(outward[sides])
    assert np.abs(normals[~sides]) == pytest.approx(np.array([0, 0, 1]) + 0 * normals[~sides])


POSES = (READY, (0.5, -1.2, 1.0, 1.2, 0.8, 1.0), (-0.7, -2.4, 2.6, -0.6, 2.4, 0.0), (1.3, -0.6, 0.4, 0.4, -1.5, 1.7))
A_FEW = 5
"""Pixels: at the edges of things, where a front and a back are equally near."""


def around(azimuth: float, elevation: float) -> mujoco.MjvCamera:
    """A camera that looks at the arm from half a metre away."""
    camera = mujoco.MjvCamera()
    camera.type = mujoco.mjtCamera.mjCAMERA_FREE
    camera.lookat, camera.distance = (0.0, -0.15, 0.15), 0.55
    camera.azimuth, camera.elevation = azimuth, elevation
    return camera


AROUND = [
    "front",
    "wrist",
    *(around(azimuth, elevation) for elevation in (-3, -40, -80) for azimuth in range(0, 360, 60)),
]


def depths(renderer: mujoco.Renderer, data: mujoco.MjData, camera: object, culled: bool) -> NDArray[np.float64]:
    renderer.update_scene(data, camera)
    renderer.scene.flags[mujoco.mjtRndFlag.mjRND_CULL_FACE] = culled
    return renderer.render().astype(np.float64)


def test_from_nowhere_above_the_table_is_the_inside_of_a_part_seen() -> None:
    """Where it is, drawing the backs of faces as well would change the picture."""
    one = table("single", "block")
    one.start(0)
    with closing(mujoco.Renderer(one.model, 480, 640)) as renderer:
        renderer.enable_depth_rendering()
        for pose in POSES:
            one.data.qpos[: len(pose)] = pose
            mujoco.mj_forward(one.model, one.data)
            for camera in AROUND:
                fronts, all_faces = (depths(renderer, one.data, camera, culled) for culled in (True, False))
                assert np.count_nonzero(np.abs(fronts - all_faces) > 2e-4) <= A_FEW
