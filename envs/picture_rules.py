"""What every world shows: each function yields what speaks against one claim of `contract.py`, and the way out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from .base import HasLandmarks, Image, Landmark, Size
from .bench import PLAY_SECONDS, Bench, View

BLANK = 1.0
"""A picture in which no channel varies by a standard deviation of this many levels shows nothing."""
ALIKE = 0.93
"""Cosine of a landmark's colour and the picture's: light changes a colour's length, hardly its direction."""
TURNS: Mapping[str, Callable[[Image], Image]] = {
    "upside down": lambda picture: picture[::-1],
    "mirrored": lambda picture: picture[:, ::-1],
    "rotated by 180 degrees": lambda picture: picture[::-1, ::-1],
    "BGR": lambda picture: picture[..., ::-1],
}


def pictures(bench: Bench) -> Iterator[str]:
    bench.reset()
    yield from _wrong_pictures(bench.env.observe(bench.cameras).images, bench.cameras)
    yield from _wrong_pictures({"frame": bench.env.frame()}, {"frame": None})


def other_sizes(bench: Bench) -> Iterator[str]:
    bench.reset()
    for name, (width, height) in bench.cameras.items():
        asked = {name: (max(8, width // 2), max(8, height // 3))}
        yield from _wrong_pictures(bench.env.observe(asked).images, asked)


def _wrong_pictures(images: Mapping[str, Image], asked: Mapping[str, Size | None]) -> Iterator[str]:
    if images.keys() != asked.keys():
        yield f"{sorted(asked)} were asked for and {sorted(images)} came; give exactly the cameras of the call"
    for name in [name for name in asked if name in images]:
        picture, size = images[name], asked[name]
        height, width = picture.shape[:2] if size is None else (size[1], size[0])
        if picture.shape != (height, width, 3) or picture.dtype != np.uint8:
            seen = f"'{name}' is {picture.shape} {picture.dtype}"
            yield f"{seen}; a picture of {width}x{height} is a ({height}, {width}, 3) array of uint8"


def not_blank(bench: Bench) -> Iterator[str]:
    for name, picture in bench.takes[0].before.images.items():
        if (spread := picture.std(axis=(0, 1)).max()) < BLANK:
            yield f"'{name}' varies by {spread:.2g} levels; look at its camera, its light and its renderer"


def not_equal(bench: Bench) -> Iterator[str]:
    bench.reset()
    size = next(iter(bench.cameras.values()), (0, 0))
    images = bench.env.observe(dict.fromkeys(bench.cameras, size)).images
    for one, two in combinations(images, 2):
        if np.array_equal(images[one], images[two]):
            yield f"'{one}' and '{two}' show the very same; ask each camera by its own name"


def not_frozen(bench: Bench) -> Iterator[str]:
    ends = [(take.before.images, take.after.images) for take in bench.takes if take.after is not None]
    for name in bench.cameras:
        if ends and all(np.array_equal(before[name], after[name]) for before, after in ends):
            yield f"'{name}' is the same before and after {PLAY_SECONDS:g} s of random targets; render when asked"


def upright(bench: Bench) -> Iterator[str]:
    for camera in bench.cameras:
        views = bench.views(camera)
        wrong = [seen for picture, landmarks in views for seen in _misplaced(picture, landmarks)]
        if wrong:
            seen = f"'{camera}': {wrong[0]} ({len(wrong)} landmarks of {sum(len(marks) for _, marks in views)} are off)"
            yield f"{seen}; {_remedy(views)}"


def _remedy(views: Sequence[View]) -> str:
    if turns := _fitting(views):
        return f"all of them fit if the pictures are {' or '.join(turns)}: turn them back"
    return "give (height, width, 3) RGB with the first row on top, and landmarks at the place that is drawn"


def _fitting(views: Sequence[View]) -> list[str]:
    """The turns after which every landmark is where it should be."""
    return [
        name
        for name, turned in TURNS.items()
        if not any(_misplaced(turned(picture), landmarks) for picture, landmarks in views)
    ]


def telling_landmarks(bench: Bench) -> Iterator[str]:
    for camera in bench.cameras if isinstance(bench.env, HasLandmarks) else ():
        views = bench.views(camera)
        if any(_misplaced(picture, landmarks) for picture, landmarks in views):
            continue
        if unseen := _fitting(views):
            seen = f"'{camera}': pictures that are {' or '.join(unseen)} would pass"
            yield f"{seen}; name coloured things away from the middle"


def _misplaced(picture: Image, landmarks: Sequence[Landmark]) -> list[str]:
    """The landmarks that the picture does not show where they should be."""
    found: list[str] = []
    for mark in landmarks:
        row, column = int(mark.row), int(mark.column)
        place = f"'{mark.name}' at row {row}, column {column}"
        if not (0 <= row < picture.shape[0] and 0 <= column < picture.shape[1]):
            found.append(f"{place} is outside the picture")
            continue
        patch = picture[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].reshape(-1, 3)
        seen = np.median(patch, axis=0)
        if seen @ mark.rgb < ALIKE * math.hypot(*seen) * math.hypot(*mark.rgb) or not seen.any():
            found.append(f"{place} should be like {mark.rgb} and is {tuple(int(level) for level in seen)}")
    return found
