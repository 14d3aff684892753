"""The picture tokenizer's training: few codes, none of them idle, and small things that survive."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..config import Pictures, Quantiser
from ..pictures import fitted, pixels
from ..vq import Vq, fitting
from .chunks import held_out
from .episodes import Source

Bytes = NDArray[np.uint8]

LOOKS, EPISODES = 6000, 200
"""That a source is sampled for: as many episodes, read whole, share as many looks. Each look is a picture a camera."""
CHECKED = 128
"""Pictures that figures are made of."""
COMMITMENT = 0.25
"""Weight of the latents' distance to their codes, as published."""
SQUARES = 2.0
"""Weight of the squared difference beside the absolute one. The latter alone draws the median picture, in which small
things are nowhere: each is away from any given pixel most of the time."""
EDGES = 0.5
"""Weight of the differences between neighbouring pixels."""
FREE = 200
"""Steps before latents are rounded to codes: the codes then begin where latents already mean something."""
MEMORY = 0.99
"""Of a code's latents, from step to step."""
IDLE = 0.02
"""Latents a step below which a code is given to a latent that no code is near."""
OFF = 25
"""Grey levels of 255 by which a pixel is visibly wrong."""


class TokenizerStage:
    """Learns to draw pictures again from their codes."""

    def __init__(self, train: Bytes, check: Bytes, shape: Quantiser, seed: int = 0) -> None:
        """Pictures (N, H, W, 3): those to learn from, and those that only the figures see. `seed`: of the weights."""
        for pictures in (train, check):
            fitting(shape, (pictures.shape[2], pictures.shape[1]))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.learner = Learner(shape)
        self.module: nn.Module = self.learner
        self._train, self._check = train, check[:: max(1, len(check) // CHECKED)][:CHECKED]

    def batch(self, stream: np.random.Generator, size: int) -> Tensor:
        picked = self._train[np.sort(stream.integers(len(self._train), size=size))]
        return torch.from_numpy(picked)

    def losses(self, batch: Tensor) -> Mapping[str, Tensor]:
        batch = batch.to(next(self.module.parameters()).device)
        wanted, weight = pixels(batch), rareness(batch)[:, None]
        drawn, commitment = self.learner(wanted)
        off = drawn - wanted
        colour = ((off.abs() + SQUARES * off.square()) * weight).mean()
        edges = off.diff(dim=2).abs().mean() + off.diff(dim=3).abs().mean()
        total = colour + EDGES * edges + COMMITMENT * commitment
        return {"total": total, "colour": colour, "edges": edges, "commitment": commitment}

    @torch.no_grad()
    def check(self, module: nn.Module) -> Mapping[str, float]:
        """In full precision, as a policy encodes."""
        assert isinstance(module, Vq)
        batch = torch.from_numpy(self._check).to(next(module.parameters()).device)
        with torch.autocast(batch.device.type, enabled=False):
            wanted = pixels(batch)
            parts = [module.codes(part) for part in wanted.split(32)]
            drawn = torch.cat([module.pictures(part) for part in parts]).clamp(-1, 1)
        return {**usage(torch.cat(parts), module.shape.codes), **differences(drawn, wanted, batch)}


class Learner(Vq):
    """A picture tokenizer with what its codes remember while they are learned. Only `Vq`'s part is kept of it."""

    def __init__(self, shape: Quantiser) -> None:
        super().__init__(shape)
        self.quantize.embedding.weight.requires_grad_(False)
        self.followed = Followed(shape)

    def forward(self, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """The pictures drawn from rounded latents, and how far these were from their codes."""
        latents = self.latents(wanted)
        with torch.autocast(latents.device.type, enabled=False):
            flat = latents.float().permute(0, 2, 3, 1).flatten(0, 2)
            rounded, commitment = self.followed(flat, self.quantize.embedding.weight)
        return self.decoded(rounded.view(*_grid(latents), -1).permute(0, 3, 1, 2)).float(), commitment


class Followed(nn.Module):
    """Codes that follow the latents they stand for: each is the running mean of those it was nearest to."""

    count: Tensor
    total: Tensor
    steps: Tensor

    def __init__(self, shape: Quantiser) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros(shape.codes))
        self.register_buffer("total", torch.zeros(shape.codes, shape.embed))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def forward(self, latents: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Of latents (N, embed): rounded, with the gradient of the latents; and their mean distance from it."""
        steps = int(self.steps)
        self.steps += 1
        if steps < FREE:
            return latents, latents.new_zeros(())
        if steps == FREE:
            self._begin(latents.detach(), codes)
        choice = nearest(latents.detach(), codes)
        rounded = codes[choice]
        commitment = (latents - rounded).square().mean()
        self._follow(latents.detach(), codes, choice, MEMORY)
        return latents + (rounded - latents).detach(), commitment

    @torch.no_grad()
    def _begin(self, latents: Tensor, codes: Tensor) -> None:
        """Somewhere among the latents, moved to their clusters' middles."""
        codes.copy_(latents[torch.randint(len(latents), (len(codes),), device="cpu").to(latents.device)])
        for _ in range(10):
            self._follow(latents, codes, nearest(latents, codes), 0.0)

    @torch.no_grad()
    def _follow(self, latents: Tensor, codes: Tensor, choice: Tensor, memory: float) -> None:
        hits = functional.one_hot(choice, len(codes)).to(latents.dtype)
        self.count.lerp_(hits.sum(0), 1 - memory)
        self.total.lerp_(hits.T @ latents, 1 - memory)
        self._revive(latents, (latents - codes[choice]).square().sum(1))
        codes.copy_(self.total / self.count[:, None])

    def _revive(self, latents: Tensor, error: Tensor) -> None:
        """Idle codes become latents that are far from every code: what is rare and badly drawn gets its own."""
        idle = torch.nonzero(self.count < IDLE)[:, 0]
        chances = (error + 1e-12).cpu()
        found = torch.multinomial(chances, len(idle), replacement=True).to(latents.device) if len(idle) else idle
        self.count[idle] = 1.0
        self.total[idle] = latents[found]


def sample_pictures(source: Source, pictures: Pictures, seed: int) -> tuple[Bytes, Bytes]:
    """Of episodes that are trained on, and of those that never are."""
    stream = np.random.default_rng(seed)
    numbers = np.sort(stream.permutation(len(source))[:EPISODES])
    each = math.ceil(LOOKS / len(numbers))
    found: tuple[list[Bytes], list[Bytes]] = [], []
    for number in map(int, numbers):
        episode = source[number]
        looks = np.sort(stream.permutation(len(episode.ticks))[:each])
        found[held_out(number)].extend(
            np.stack([fitted(picture, pictures) for picture in view[looks]]) for view in episode.pictures.values()
        )
    train, check = (np.concatenate(part) if part else np.concatenate(found[0]) for part in found)
    return train, check


def rareness(batch: Tensor) -> Tensor:
    """(N, H, W), 1 on average, of bytes (N, H, W, 3): the fewer pixels of a picture have a pixel's colour, the more it
    weighs. A thing of sixty pixels would otherwise be cheaper to leave out than to draw."""
    bins = (batch.long() >> 5) @ torch.tensor([64, 8, 1], device=batch.device)
    flat = bins.flatten(1)
    counts = torch.zeros(len(batch), 512, device=batch.device).scatter_add_(1, flat, torch.ones_like(flat).float())
    weight = counts.gather(1, flat).rsqrt()
    return (weight / weight.mean(1, keepdim=True)).view(bins.shape)


def nearest(latents: Tensor, codes: Tensor) -> Tensor:
    """The number of the code that is nearest to each latent."""
    return (codes.square().sum(1) - 2 * latents @ codes.T).argmin(1)


def usage(codes: Tensor, known: int) -> dict[str, float]:
    """How many codes are used at all, and how many it would be if all were used alike."""
    share = torch.bincount(codes.flatten(), minlength=known).double() / codes.numel()
    used = share[share > 0]
    return {"used": float(len(used)), "perplexity": float(torch.exp(-(used * used.log()).sum()))}


def differences(drawn: Tensor, wanted: Tensor, batch: Tensor) -> dict[str, float]:
    """In grey levels of 255: the mean over all pixels, the mean that counts rare colours more, and the share of pixels
    with a channel that is visibly wrong."""
    off = (drawn - wanted).abs() * 127.5
    return {
        "l1": float(off.mean()),
        "rare_l1": float((off * rareness(batch)[:, None]).mean()),
        "psnr": float(10 * torch.log10(255**2 / off.square().mean())),
        "off": float((off.amax(1) > OFF).float().mean()),
    }


def _grid(latents: Tensor) -> tuple[int, int, int]:
    number, _, rows, columns = latents.shape
    return number, rows, columns
