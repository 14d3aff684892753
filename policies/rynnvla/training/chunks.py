"""The ActionVAE's stage: chunks of actions through a narrow waist and back. It sees no picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .. import actions
from ..action_vae import ActionVae
from ..config import Config
from .episodes import Source

KL_WEIGHT = 1e-4
HELD_OUT = 20
"""Every so many-th episode is never trained on."""


def held_out(number: int) -> bool:
    return number % HELD_OUT == HELD_OUT - 1


class Chunks:
    """All chunks of a source, scaled; drawn from with a stream."""

    def __init__(self, source: Source, numbers: list[int], config: Config) -> None:
        scaler, found = actions.Scaler(config.statistics), []
        for number in numbers:
            acted, seen = source.motion(number)
            starts = np.arange(len(acted))
            found.append(scaler.scaled(actions.chunks(acted, seen, starts, config.embodiment)))
        self.all: NDArray[np.float32] = np.concatenate(found).astype(np.float32)


class ChunkStage:
    """L1, and a little pressure towards a standard normal."""

    def __init__(self, source: Source, config: Config) -> None:
        numbers = range(len(source))
        self._trained = Chunks(source, [n for n in numbers if not held_out(n)], config).all
        self._checked = Chunks(source, [n for n in numbers if held_out(n)] or list(numbers), config).all
        self._units = torch.tensor(config.statistics.action_std)
        self.module = ActionVae(config.chunks, len(config.embodiment.actions), config.embodiment.chunk)

    def batch(self, stream: np.random.Generator, size: int) -> Tensor:
        return torch.from_numpy(self._trained[stream.integers(0, len(self._trained), size)])

    def losses(self, batch: Tensor) -> Mapping[str, Tensor]:
        device = next(self.module.parameters()).device
        batch = batch.to(device)
        mu, logvar = self.module.encode(batch)
        mu, logvar = mu.float(), logvar.float()
        latent = mu + torch.exp(logvar / 2) * torch.randn_like(mu)
        error = functional.l1_loss(self.module.decode(latent).float(), batch)
        divergence = -0.5 * (1 + logvar - mu.square() - logvar.exp()).sum(-1).mean()
        return {"total": error + KL_WEIGHT * divergence, "l1": error, "kl": divergence}

    def check(self, module: nn.Module) -> Mapping[str, float]:
        """`last`: how far the joints are off at a chunk's end, where the differences have been summed up; degrees."""
        assert isinstance(module, ActionVae)
        step = max(1, len(self._checked) // 2000)
        device = next(module.parameters()).device
        rows = torch.from_numpy(self._checked[::step]).to(device)
        mu, _ = module.encode(rows)
        error = (module.decode(mu).float() - rows).cpu()
        summed = error.cumsum(1)[:, -1] * self._units
        return {"l1": float(error.abs().mean()), "last": float(summed[:, :-1].abs().mean())}
