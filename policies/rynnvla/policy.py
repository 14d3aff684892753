"""RynnVLA as a policy: two pictures, an instruction and a state in; one forward pass; a chunk of actions out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...envs.base import ActionSpec, Size, Vector
from ...tasks.base import derived_seed
from ..base import Plan, Policy, PolicySpec, Query, World
from . import actions, sequence
from .checkpoint import load
from .config import Embodiment, Pictures
from .pictures import prepared_batch

SHIPPED = Path(__file__).parent / "twin"
"""The checkpoint that comes with the package."""
THREADS = 2
"""On a CPU, always: another number adds numbers up in another order, and a plan would depend on the machine's cores."""
NO_ACTION = "no_action_token"
"""The flag of a plan whose model would rather have said something else than an action."""
LIKELIEST = 50
"""Tokens that a sample is drawn from, as published."""


class RynnVla(Policy):
    """RynnVLA-001: the small model of the package, or the one in `--checkpoint DIR`."""

    def __init__(
        self, world: World, *, checkpoint: str = "", device: str = "", sample: bool = False, deterministic: bool = False
    ) -> None:
        """`checkpoint`: a folder of our own layout or the published one. `device`: cpu, cuda, ... (default: a GPU where
        there is one). `sample`: draw the token and the latent at random, as published, instead of taking the likeliest.
        `deterministic`: on a GPU too, each query by itself."""
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        on_cpu = self._device.type == "cpu"
        if on_cpu:
            torch.set_num_threads(THREADS)
        self._loaded = load(checkpoint_folder(checkpoint), self._device, torch.float32 if on_cpu else torch.bfloat16)
        config = self._loaded.config
        self._alone, self._sample = on_cpu or deterministic, sample
        self._scaler = actions.Scaler(config.statistics)
        self.spec = PolicySpec(
            name=config.name + ("+sample" if sample else ""),
            version=f"{config.version}-{self._loaded.digest[:12]}",
            cameras=dict.fromkeys(config.embodiment.cameras, asked(config.pictures)),
            state=config.embodiment.state,
            action=_action(config.embodiment, world.action),
            horizon=config.embodiment.chunk,
            deterministic=self._alone and not sample,
        )

    def readable(self, instruction: str) -> None:
        """A `ValueError` if this instruction cannot be read; asked before the first trial."""
        self._loaded.text.ids(instruction)

    @torch.inference_mode()
    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        if self._alone:
            return [plan for query in queries for plan in self._planned([query])]
        return self._planned(queries)

    def _planned(self, queries: Sequence[Query]) -> list[Plan]:
        began = time.perf_counter()
        config = self._loaded.config
        rows = [self._prompt(query) for query in queries]
        ids, mask = sequence.prompts(rows)
        states = np.stack([self._scaler.state(query.observation.state) for query in queries])
        seen = self._loaded.rynn(
            ids.to(self._device),
            torch.from_numpy(states[:, None].astype(np.float32)).to(self._device),
            mask,
            since=min(len(row) for row in rows) - 1,
        )
        hidden = seen.state_hidden[:, 0]
        speaks = self._speaks(self._loaded.rynn.next_logits(hidden).float(), queries)
        mean, spread = (part.float() for part in self._loaded.rynn.latents(hidden))
        chunks = self._scaler.unscaled(self._decoded(self._drawn(mean, spread, queries)))
        for place in np.nonzero(~speaks)[0] if self._sample else ():
            chunks[place] = self._scaler.unscaled(np.zeros_like(chunks[place]))
        found = actions.absolute(chunks, np.stack([query.observation.state for query in queries]), config.embodiment)
        took = {"model": 1000 * (time.perf_counter() - began)}
        flags = [() if speaking else (NO_ACTION,) for speaking in speaks]
        return [Plan(self._bounded(rows), timings=took, flags=flag) for rows, flag in zip(found, flags)]

    def _prompt(self, query: Query) -> Tensor:
        loaded, seen = self._loaded, query.observation
        front, wrist = (seen.images[camera] for camera in loaded.config.embodiment.cameras)
        codes = [self._codes(picture) for picture in (front, wrist)]
        vocabulary, patch = loaded.config.vocabulary, loaded.config.pictures.patch
        return sequence.prompt(loaded.text.ids(seen.instruction), codes[0], codes[1], vocabulary, patch, loaded.codes)

    def _codes(self, picture: np.ndarray) -> Tensor:
        return self._loaded.vq.codes(prepared_batch(picture[None], self._loaded.config.pictures).to(self._device))[
            0
        ].cpu()

    def _speaks(self, logits: Tensor, queries: Sequence[Query]) -> np.ndarray:
        """Whether the next token is an action: the likeliest one, or the one that is drawn."""
        tokens = (
            logits.argmax(-1)
            if not self._sample
            else torch.stack([_picked(row, _stream(query, "token")) for row, query in zip(logits.cpu(), queries)])
        )
        return (tokens == self._loaded.config.vocabulary.action).cpu().numpy()

    def _drawn(self, mean: Tensor, spread: Tensor, queries: Sequence[Query]) -> Tensor:
        if not self._sample:
            return mean
        noise = torch.stack([torch.randn(mean.shape[1], generator=_stream(query, "latent")) for query in queries])
        return mean + torch.exp(spread / 2) * noise.to(mean.device)

    def _decoded(self, latents: Tensor) -> Vector:
        return self._loaded.vae.decode(latents).double().cpu().numpy()

    def _bounded(self, rows: Vector) -> Vector:
        return np.clip(rows, self.spec.action.low, self.spec.action.high)


def checkpoint_folder(checkpoint: str) -> Path:
    """The one that is asked for, or the package's own."""
    if checkpoint or SHIPPED.is_dir():
        return Path(checkpoint) if checkpoint else SHIPPED
    raise ValueError(
        "no checkpoint comes with this version; give --checkpoint DIR, which `armtrial train rynnvla` makes"
    )


def _action(embodiment: Embodiment, world: ActionSpec) -> ActionSpec:
    """What the checkpoint gives, within the world's bounds; the evaluator compares it with what the world takes."""
    if len(embodiment.actions) != len(world.names):
        ours, theirs = ", ".join(embodiment.actions), ", ".join(world.names)
        raise ValueError(f"the checkpoint moves {embodiment.name} ({ours}); this world is moved by ({theirs})")
    return replace(world, names=embodiment.actions, units=embodiment.units, rate=embodiment.rate)


def asked(pictures: Pictures) -> Size:
    """The size at which a world is to render."""
    return pictures.asked or (pictures.short_side * 4 // 3, pictures.short_side)


def _picked(logits: Tensor, stream: torch.Generator) -> Tensor:
    likeliest, tokens = logits.topk(min(LIKELIEST, len(logits)))
    return tokens[torch.multinomial(likeliest.softmax(-1), 1, generator=stream)[0]]


def _stream(query: Query, purpose: str) -> torch.Generator:
    return torch.Generator().manual_seed(derived_seed(query.seed, purpose))
