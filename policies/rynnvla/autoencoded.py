"""The expert, whose chunks go through an ActionVAE: what a model that always finds the right latent would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from ...envs.base import Vector
from ..base import Plan, Policy, Query, World
from ..expert import Expert
from . import actions
from .action_vae import ActionVae
from .checkpoint import load
from .config import SO100
from .policy import checkpoint_folder


class Autoencoded(Policy):
    """PRIVILEGED: the expert, whose chunks go through an ActionVAE; what it loses to the plain one is lost there."""

    def __init__(self, world: World, *, checkpoint: str = "", mistakes: float = 0.0) -> None:
        """`checkpoint`: whose ActionVAE (default: the package's own). `mistakes`: as the expert's."""
        self._expert = Expert(world, mistakes=mistakes)
        loaded = load(checkpoint_folder(checkpoint), embodiment=SO100)
        self._vae, self._embodiment = loaded.vae, loaded.config.embodiment
        self._scaler = actions.Scaler(loaded.config.statistics)
        spec = self._expert.spec
        self.spec = replace(spec, name=f"{spec.name}+vae({loaded.config.name})", version=loaded.digest[:12])

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        self._expert.reset(slot, trial_id, seed)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [
            replace(plan, actions=self._through(plan.actions, query.observation.state))
            for query, plan in zip(queries, self._expert.plan(queries))
        ]

    def _through(self, planned: Vector, state: Vector) -> Vector:
        """A plan that is shorter than a chunk is held at its end, as the end of a demonstration is."""
        chunk = actions.chunks(planned, state[None], np.zeros(1, dtype=np.int64), self._embodiment)
        rows = through(self._vae, self._scaler, chunk)
        spec = self.spec.action
        return np.clip(actions.absolute(rows, state[None], self._embodiment)[0, : len(planned)], spec.low, spec.high)


@torch.inference_mode()
def through(vae: ActionVae, scaler: actions.Scaler, rows: Vector) -> Vector:
    """Relative chunks (N, chunk, D) as they come back from their latents' means."""
    scaled = torch.from_numpy(scaler.scaled(rows)).to(next(vae.parameters()).dtype)
    mean, _ = vae.encode(scaled)
    return scaler.unscaled(vae.decode(mean).double().numpy())
