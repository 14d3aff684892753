"""The picture tokenizer: a picture becomes a grid of codes, and a grid of codes a picture again.

Encoder and quantiser are the library's, under the names of the published `vqgan.ckpt`. The decoder, which the library
leaves out, has that file's names too; a policy never needs it, a training does, and so does whoever wants to look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import ChameleonVQVAEConfig
from transformers.models.chameleon.modeling_chameleon import ChameleonVQVAE

from .config import Quantiser, Size

GROUPS = 32
"""Of every normalisation, as published: all widths are multiples of it."""
PUBLISHED = ("encoder.", "decoder.", "quantize.", "quant_conv.", "post_quant_conv.")
"""What the published file's names begin with; the rest of it is its training's."""


class Vq(nn.Module):
    """`codes` is what the policy sees; `pictures` shows how much of a picture the codes keep."""

    def __init__(self, shape: Quantiser, decoding: bool = True) -> None:
        super().__init__()
        _check(shape)
        library = ChameleonVQVAE(library_config(shape))
        self.encoder = library.encoder
        self.quantize = library.quantize
        self.quant_conv = library.quant_conv
        self.post_quant_conv = library.post_quant_conv
        self.decoder = Decoder(shape) if decoding else None
        self.shape = shape

    def latents(self, pixels: Tensor) -> Tensor:
        """(B, embed, h, w) of pixels (B, 3, H, W) in [-1, 1], not yet rounded to codes."""
        return self.quant_conv(self.encoder(functional.pixel_unshuffle(pixels, self.shape.fold)))

    @torch.no_grad()
    def codes(self, pixels: Tensor) -> Tensor:
        """(B, h, w), whole numbers."""
        latents = self.latents(pixels)
        _, _, nearest = self.quantize(latents)
        return nearest.view(len(latents), *latents.shape[2:])

    @torch.no_grad()
    def pictures(self, codes: Tensor) -> Tensor:
        """Pixels (B, 3, H, W), mostly within [-1, 1]."""
        return self.decoded(self.quantize.embedding(codes).permute(0, 3, 1, 2))

    def decoded(self, embedded: Tensor) -> Tensor:
        """Pixels of codes' embeddings (B, embed, h, w)."""
        if self.decoder is None:
            raise ValueError("this picture tokenizer was made without its decoder; Vq(shape, decoding=True) has it")
        return self.decoder(self.post_quant_conv(embedded))


class Decoder(nn.Module):
    """The encoder in reverse, with one residual block more on each level."""

    def __init__(self, shape: Quantiser) -> None:
        super().__init__()
        widths = [shape.base * multiplier for multiplier in shape.multipliers]
        self.conv_in = _conv(shape.latent, widths[-1])
        self.mid = Middle(widths[-1], shape.attention)
        wider = [*widths[1:], widths[-1]]
        self.up = nn.ModuleList(
            Level(below, width, shape.blocks + 1, grows=level > 0)
            for level, (below, width) in enumerate(zip(wider, widths))
        )
        self.norm_out = _norm(widths[0])
        self.conv_out = _conv(widths[0], 3 * shape.fold**2)
        self.fold = shape.fold

    def forward(self, hidden: Tensor) -> Tensor:
        hidden = self.mid(self.conv_in(hidden))
        for level in reversed(self.up):
            hidden = level(hidden)
        return functional.pixel_shuffle(self.conv_out(functional.silu(self.norm_out(hidden))), self.fold)


class Level(nn.Module):
    """One resolution. The finest one, which has the number 0, does not grow."""

    def __init__(self, below: int, width: int, blocks: int, grows: bool) -> None:
        super().__init__()
        self.block = nn.ModuleList(Residual(width if number else below, width) for number in range(blocks))
        self.upsample = Upsample(width) if grows else nn.Identity()

    def forward(self, hidden: Tensor) -> Tensor:
        for block in self.block:
            hidden = block(hidden)
        return self.upsample(hidden)


class Middle(nn.Module):
    def __init__(self, width: int, attention: bool) -> None:
        super().__init__()
        self.block_1 = Residual(width, width)
        self.attn_1 = Attention(width) if attention else nn.Identity()
        self.block_2 = Residual(width, width)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.block_2(self.attn_1(self.block_1(hidden)))


class Residual(nn.Module):
    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = _norm(before), _conv(before, width)
        self.norm2, self.conv2 = _norm(width), _conv(width, width)
        if before != width:
            self.nin_shortcut = nn.Conv2d(before, width, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        new = self.conv1(functional.silu(self.norm1(hidden)))
        new = self.conv2(functional.silu(self.norm2(new)))
        return new + (self.nin_shortcut(hidden) if hasattr(self, "nin_shortcut") else hidden)


class Attention(nn.Module):
    """Every place looks at every other, with one head."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = _norm(width)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(width, width, 1) for _ in range(4))

    def forward(self, hidden: Tensor) -> Tensor:
        normal = self.norm(hidden)
        query, key, value = (layer(normal).flatten(2).mT for layer in (self.q, self.k, self.v))
        seen = functional.scaled_dot_product_attention(query, key, value)
        return hidden + self.proj_out(seen.mT.reshape(hidden.shape))


class Upsample(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = _conv(width, width)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.conv(functional.interpolate(hidden, scale_factor=2.0, mode="nearest"))


def library_config(shape: Quantiser) -> ChameleonVQVAEConfig:
    """The same shape in the library's words."""
    words: dict[str, Any] = {
        "num_embeddings": shape.codes,
        "embed_dim": shape.embed,
        "in_channels": 3 * shape.fold**2,
        "latent_channels": shape.latent,
        "base_channels": shape.base,
        "channel_multiplier": list(shape.multipliers),
        "num_res_blocks": shape.blocks,
        "attn_type": "vanilla" if shape.attention else "none",
    }
    return ChameleonVQVAEConfig(**words)


def published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The picture tokenizer's part of the published file's `state_dict`, ready for `Vq.load_state_dict`."""
    return {name: weight for name, weight in state.items() if name.startswith(PUBLISHED)}


def fitting(shape: Quantiser, size: Size) -> Size:
    """The grid of codes, (columns, rows), of a picture of this (width, height)."""
    edge = shape.fold * 2 ** (len(shape.multipliers) - 1)
    width, height = size
    if width % edge or height % edge or not width * height:
        raise ValueError(f"a picture of {width}x{height} is no grid of codes; each covers {edge}x{edge} pixels")
    return width // edge, height // edge


def _check(shape: Quantiser) -> None:
    if odd := [shape.base * multiplier for multiplier in shape.multipliers if shape.base * multiplier % GROUPS]:
        raise ValueError(
            f"a picture tokenizer of base {shape.base} and multipliers {shape.multipliers} has layers of width {odd}; "
            f"each is normalised in {GROUPS} groups: take a base that is a multiple of {GROUPS}"
        )


def _conv(before: int, after: int) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, padding=1)


def _norm(width: int) -> nn.GroupNorm:
    return nn.GroupNorm(GROUPS, width, eps=1e-6)
