"""A source as the backbone's training reads it: pictures as codes, made once and kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from .. import actions
from ..config import Config
from ..pictures import prepared_batch
from ..vq import Vq
from .episodes import THINGS, Episode, Sights, Source

VIEWS = ("front", "wrist")
AT_ONCE = 64
"""Pictures that are encoded together."""
SECONDS_LATER = (1, 2, 3, 4, 6)
"""When it is looked up where the arm will be."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """All looks of a source, one after another; an episode's are neighbours."""

    codes: NDArray[np.uint16]
    """(looks, views, rows, columns)."""
    states: NDArray[np.float32]
    """(looks, S), scaled."""
    rows: NDArray[np.float32]
    """(looks, chunk, D), scaled."""
    later: NDArray[np.float32]
    """(looks, len(SECONDS_LATER), S), scaled: the state so much later, or the episode's last."""
    sights: Sights
    """(looks, views, THINGS, 2)."""
    episode: NDArray[np.int64]
    """(looks,): which episode a look belongs to."""
    ticks: NDArray[np.int64]
    """(looks,): how far into its episode a look is."""
    instructions: tuple[str, ...]
    """Of each episode."""

    def first_looks(self, frames: int, gap: int, episodes: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Looks of the chosen episodes with `frames - 1` more behind them, `gap` apart, in the same episode."""
        last = np.arange(len(self.episode)) + (frames - 1) * gap
        inside = last < len(self.episode)
        same = self.episode[np.minimum(last, len(self.episode) - 1)] == self.episode
        return np.nonzero(inside & same & episodes[self.episode])[0]


def tokens(source: Source, config: Config, vq: Vq, folder: Path, tell: Callable[[int, int], None]) -> Tokens:
    """`tell` hears of the episodes encoded and of all."""
    picked = [_motion(source, number, config) for number in range(len(source))]
    codes = _all_codes(source, config, vq, folder, tell)
    counts = [len(states) for states, _, _ in picked]
    if len(codes) != sum(counts):
        raise ValueError(f"{folder} holds {len(codes)} looks and the episodes have {sum(counts)}; delete it and go on")
    return Tokens(
        codes=codes,
        states=np.concatenate([states for states, _, _ in picked]),
        rows=np.concatenate([rows for _, rows, _ in picked]),
        later=np.concatenate([later for _, _, later in picked]),
        sights=np.concatenate([_sights(source, number, count) for number, count in enumerate(counts)]),
        episode=np.repeat(np.arange(len(source)), counts),
        ticks=np.concatenate([source.ticks(number) for number in range(len(source))]),
        instructions=tuple(source.instruction(number) for number in range(len(source))),
    )


def _motion(source: Source, number: int, config: Config) -> tuple[NDArray[np.float32], ...]:
    """States, chunks of actions and later states of an episode's looks."""
    acted, seen = source.motion(number)
    ticks = source.ticks(number)
    scaler = actions.Scaler(config.statistics)
    rows = scaler.scaled(actions.chunks(acted, seen, ticks, config.embodiment))
    ahead = np.rint(np.multiply(SECONDS_LATER, config.embodiment.rate)).astype(np.int64)
    later = scaler.state(seen[np.minimum(ticks[:, None] + ahead, len(seen) - 1)])
    return tuple(part.astype(np.float32) for part in (scaler.state(seen[ticks]), rows, later))


def _sights(source: Source, number: int, looks: int) -> Sights:
    known = source.sights(number)
    return np.full((looks, len(VIEWS), len(THINGS), 2), -1, np.float32) if known is None else known


def _all_codes(
    source: Source, config: Config, vq: Vq, folder: Path, tell: Callable[[int, int], None]
) -> NDArray[np.uint16]:
    found: list[NDArray[np.uint16]] = []
    before = 0
    for part in source.parts():
        found.append(_codes(part, config, vq, folder, lambda done, _, before=before: tell(before + done, len(source))))
        before += len(part)
    return np.concatenate(found)


def _codes(
    source: Source, config: Config, vq: Vq, folder: Path, tell: Callable[[int, int], None]
) -> NDArray[np.uint16]:
    """Read back where this source was encoded with these weights before."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"codes-{_key(source, vq)}.npy"
    if not file.exists():
        found: list[NDArray[np.uint16]] = []
        for number in range(len(source)):
            found.append(_encoded(source[number], config, vq))
            tell(number + 1, len(source))
        part = file.with_suffix(".part.npy")
        np.save(part, np.concatenate(found))
        part.replace(file)
    return np.load(file)


@torch.inference_mode()
def _encoded(episode: Episode, config: Config, vq: Vq) -> NDArray[np.uint16]:
    device = next(vq.parameters()).device
    views: list[NDArray[np.uint16]] = []
    for view in VIEWS:
        pixels = episode.pictures[view]
        parts = [
            vq.codes(prepared_batch(pixels[at : at + AT_ONCE], config.pictures).to(device)).cpu().numpy()
            for at in range(0, len(pixels), AT_ONCE)
        ]
        views.append(np.concatenate(parts).astype(np.uint16))
    return np.stack(views, axis=1)


def _key(source: Source, vq: Vq) -> str:
    digest = hashlib.sha256(source.digest().encode())
    for name, weight in sorted(vq.state_dict().items()):
        digest.update(name.encode())
        digest.update(weight.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()[:16]
