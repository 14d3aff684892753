"""What the shadow map is spared changes no picture but for the better."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

import mujoco
import numpy as np
import pytest

from armtrial.envs.base import Image
from armtrial.envs.so100.painter import Painter
from armtrial.tests.tables import Table, table

SIZE = (320, 240)


@pytest.fixture(params=[0, 1], ids=["a", "b"])
def one(request: pytest.FixtureRequest) -> Table:
    one = table("distractor", "pen")
    one.start(request.param)
    return one


@pytest.fixture
def painters(one: Table) -> Iterator[tuple[Painter, Painter]]:
    """One that spares itself the planes' shadows, and MuJoCo's own way."""
    with ExitStack() as stack:
        yield (
            stack.enter_context(closing(Painter(one.model, SIZE))),
            stack.enter_context(closing(Painter(one.model, SIZE, planes_cast=True))),
        )


def pictures(one: Table, camera: str, painters: tuple[Painter, Painter]) -> tuple[Image, Image]:
    return painters[0].picture(one.data, camera), painters[1].picture(one.data, camera)


@pytest.mark.parametrize("camera", ["front", "wrist"])
def test_a_table_that_casts_no_shadow_is_not_missed(one: Table, painters: tuple[Painter, Painter], camera: str) -> None:
    spared, whole = pictures(one, camera, painters)
    assert np.array_equal(spared, whole)


def test_speckles_at_the_border_of_the_shadow_map_are_gone(one: Table, painters: tuple[Painter, Painter]) -> None:
    """The hand looks along the table, as far as the map reaches."""
    gone = 0
    for side in (-1, 1):
        one.data.qpos[:6] = (0.52 * side, -1.92, 1.67, 0.88, -0.7 * side, 0.98)
        mujoco.mj_forward(one.model, one.data)
        spared, whole = pictures(one, "wrist", painters)
        assert (spared >= whole).all()
        gone += int((spared > whole).sum())
    assert gone > 10


def test_things_still_cast_their_shadows(one: Table, painters: tuple[Painter, Painter]) -> None:
    lit = one.model.light_castshadow.copy()
    try:
        with_shadows = painters[0].picture(one.data, "front").astype(int)
        one.model.light_castshadow[:] = 0
        without = painters[0].picture(one.data, "front").astype(int)
    finally:
        one.model.light_castshadow[:] = lit
    darker = (without - with_shadows).max(axis=2) > 20
    assert 0.01 < darker.mean() < 0.2
