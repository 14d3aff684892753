"""Pictures of an arm's cameras: kept, compared, brought to a policy's shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from ..envs.base import Image, Size

COARSE = (64, 48)
"""Pixels at which two photos of a start are compared: less than a hand's breadth off is not to be seen at fewer."""


def keep(image: Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(image).save(path)


def difference(one: Image, two: Image) -> float:
    """Mean absolute difference of two pictures seen coarsely, 0 to 1."""
    coarse = [np.asarray(Pillow.fromarray(image).resize(COARSE), dtype=np.float64) for image in (one, two)]
    return round(float(np.abs(coarse[0] - coarse[1]).mean()) / 255, 4)


def resized(image: Image, size: Size) -> Image:
    """As a camera of the twin's draws it at another shape: as high, cut at both sides or above and below."""
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    wide, high = min(width, round(height * size[0] / size[1])), min(height, round(width * size[1] / size[0]))
    left, top = (width - wide) // 2, (height - high) // 2
    cut = Pillow.fromarray(image[top : top + high, left : left + wide])
    return np.asarray(cut.resize(size, Pillow.Resampling.BILINEAR), dtype=np.uint8)
