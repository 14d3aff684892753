"""A camera's picture becomes what the picture tokenizer takes, whatever its size."""

import numpy as np
import pytest
import torch

from armtrial.policies.rynnvla.config import Pictures
from armtrial.policies.rynnvla.pictures import fitted_size, picture, prepared, prepared_batch

PUBLISHED = Pictures()
SMALL = Pictures(short_side=128, asked=(128, 128))


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("given", "fitted"),
    [((640, 480), (512, 384)), ((384, 384), (384, 384)), ((480, 640), (384, 512)), ((641, 480), (512, 384))],
)
def test_the_short_side_is_fitted_and_the_rest_cut(given: tuple[int, int], fitted: tuple[int, int]) -> None:
    assert fitted_size(given, PUBLISHED) == fitted
    assert prepared(noise(*given), PUBLISHED).shape == (3, fitted[1], fitted[0])


def test_black_is_minus_one_and_white_is_one() -> None:
    seen = np.zeros((128, 128, 3), np.uint8)
    seen[:, 64:] = 255
    found = prepared(seen, SMALL)
    assert found.dtype == torch.float32
    assert (found[:, :, :64] == -1).all()
    assert (found[:, :, 64:] == 1).all()


def test_what_has_the_size_already_is_not_touched() -> None:
    seen = noise(128, 128)
    assert np.array_equal(picture(prepared(seen, SMALL)[None])[0], seen)


def test_it_is_cut_at_the_bottom_and_on_the_right() -> None:
    pictures = Pictures(short_side=100, multiple=32)
    seen = noise(100, 110)
    assert np.array_equal(picture(prepared(seen, pictures)[None])[0], seen[:96, :96])


def test_channels_are_red_green_blue_and_rows_are_rows() -> None:
    seen = np.zeros((128, 128, 3), np.uint8)
    seen[3, 5] = (255, 0, 128)
    red, green, blue = prepared(seen, SMALL)[:, 3, 5]
    assert red == 1
    assert green == -1
    assert abs(blue) < 0.01


def test_a_picture_is_the_same_in_a_batch() -> None:
    two = [noise(640, 480), noise(640, 480)[::-1]]
    batch = prepared_batch(two, PUBLISHED)
    assert all(torch.equal(one, prepared(seen, PUBLISHED)) for one, seen in zip(batch, two))


def test_scaling_keeps_where_things_are() -> None:
    seen = np.zeros((480, 640, 3), np.uint8)
    seen[:240, :320] = 255
    found = prepared(seen, PUBLISHED)[0]
    assert (found[:188, :252] > 0.9).all()
    assert (found[196:] < -0.9).all()
    assert (found[:, 260:] < -0.9).all()


def test_another_size_than_the_one_asked_for_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a picture is 640x480; this model looks at 128x128 .* rendered or scaled"):
        prepared(noise(640, 480), SMALL)


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match=r"uint8 \(height, width, 3\); this one is float64 \(128, 128, 3\)"):
        prepared(np.zeros((128, 128, 3)), SMALL)  # pyright: ignore[reportArgumentType]
