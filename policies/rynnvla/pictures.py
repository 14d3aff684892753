"""A camera's picture as the picture tokenizer takes it: brought to size, cut to whole tokens, between -1 and 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from .config import Pictures, Size

Pixels = NDArray[np.uint8]


def prepared(picture: Pixels, pictures: Pictures) -> Tensor:
    """(3, H, W) of a picture (height, width, 3)."""
    return prepared_batch(picture[None], pictures)[0]


def prepared_batch(batch: Pixels | Sequence[Pixels], pictures: Pictures) -> Tensor:
    """(N, 3, H, W) of pictures (height, width, 3), all of one size."""
    return pixels(torch.from_numpy(np.stack([fitted(picture, pictures) for picture in batch])))


def fitted(picture: Pixels, pictures: Pictures) -> Pixels:
    """Still bytes (height, width, 3), brought to size and cut."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"a picture is uint8 (height, width, 3); this one is {picture.dtype} {picture.shape}")
    size = picture.shape[1], picture.shape[0]
    width, height = fitted_size(size, pictures)
    scaled = _scaled(size, pictures.short_side)
    if scaled != size:
        picture = np.asarray(Image.fromarray(picture).resize(scaled, Image.Resampling.BICUBIC))
    return picture[:height, :width]


def pixels(batch: Tensor) -> Tensor:
    """From bytes (N, H, W, 3) to numbers between -1 and 1 (N, 3, H, W)."""
    return batch.permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0).contiguous()


def picture(batch: Tensor) -> Pixels:
    """And back again, to be looked at."""
    whole = batch.float().add(1.0).mul(127.5).round().clamp(0, 255)
    return whole.to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()


def fitted_size(size: Size, pictures: Pictures) -> Size:
    """What a picture of this (width, height) becomes. A `ValueError` if it is not what the checkpoint looks at."""
    if pictures.asked and size != pictures.asked:
        (width, height), (wanted_width, wanted_height) = size, pictures.asked
        raise ValueError(
            f"a picture is {width}x{height}; this model looks at {wanted_width}x{wanted_height} and at nothing else: "
            "have it rendered or scaled to that size"
        )
    width, height = _scaled(size, pictures.short_side)
    return width - width % pictures.multiple, height - height % pictures.multiple


def _scaled(size: Size, short_side: int) -> Size:
    """Rounded down, as whoever trained the published model rounded."""
    width, height = size
    short = min(size)
    return short_side * width // short, short_side * height // short
