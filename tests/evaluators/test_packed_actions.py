from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from armtrial.evaluators.errors import FolderError
from armtrial.evaluators.packed_actions import Packed

ACTIONS = np.random.default_rng(1).normal(size=(40, 6))
SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, max_side=9)


@given(arrays.arrays(np.float64, SHAPES, elements=st.floats(allow_nan=False)))
def test_actions_come_back_to_the_last_bit(actions: np.ndarray) -> None:
    assert Packed.of(actions).actions.tobytes() == actions.tobytes()


def test_what_fits_into_four_bytes_is_kept_in_four() -> None:
    assert Packed.of(ACTIONS).kind == "<f8"
    assert Packed.of(ACTIONS.astype(np.float32).astype(np.float64)).kind == "<f4"


def test_actions_that_repeat_take_little_room() -> None:
    assert len(Packed.of(np.tile(ACTIONS[:1], (1800, 1))).body) < 1000


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"body": "no base64"}, "actions of 40 ticks are damaged"),
        ({"body": Packed.of(ACTIONS).body[:400]}, "actions of 40 ticks are"),
        ({"ticks": 41}, "actions of 41 ticks are 1920 bytes; they take 1968"),
    ],
)
def test_actions_that_are_not_whole_are_refused(change: dict[str, object], line: str) -> None:
    with pytest.raises(FolderError, match=line):
        replace(Packed.of(ACTIONS), **change).actions  # type: ignore[arg-type]  # noqa: B018
