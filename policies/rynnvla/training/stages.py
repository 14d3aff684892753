"""The backbone's stages: what comes next in a clip, and which chunk of actions goes with what is seen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .. import actions, sequence
from ..action_vae import ActionVae
from ..backbone import Rynn, Seen
from ..config import Config
from ..text import Text
from ..vocabulary import IdTable
from .chunks import held_out
from .recipe import Clips
from .sight import Missed, Sight
from .tokens import SECONDS_LATER, Tokens

CHECKED = 256
"""Looks that a check asks about."""


@dataclass(frozen=True, slots=True)
class Batch:
    ids: Tensor
    """(B, L), padded on the right."""
    labels: Tensor
    """(B, L): the token itself where it is to be predicted, else -100."""
    mask: Tensor | None
    """(B, L); None where nothing is padded."""
    states: Tensor
    """(B, frames, S); without frames where the clip holds no actions."""
    latents: Tensor
    """(B, frames, 2, latent): what the ActionVAE makes of the chunks."""
    later: Tensor
    """(B, frames, times, S): where the arm will be."""
    pictures: Tensor
    """(B, views, rows, columns): the places of the first look's codes."""
    sights: Tensor
    """(B, views, things, 2): where they are in the first look."""
    since: int
    """The first place whose hidden state is wanted."""


class Pupil(Rynn):
    """With heads that only learning needs: no checkpoint has them."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        hidden = config.backbone.hidden
        self.later = nn.Linear(hidden, len(SECONDS_LATER) * len(config.embodiment.state))
        self.sight = Sight(hidden)

    def foretold(self, hidden: Tensor) -> Tensor:
        """(..., H) at state tokens to (..., times, S): where the arm will be."""
        return self.later(hidden).unflatten(-1, (len(SECONDS_LATER), -1))


class BackboneStage:
    """Cross entropy of tokens, L1 of the actions' latents and of later states, and a little against large logits."""

    def __init__(
        self, tokens: Tokens, clips: Clips, config: Config, rynn: Pupil, vae: ActionVae, text: Text, ids: IdTable
    ) -> None:
        """`ids`: of the pictures' codes."""
        self.module, self._ids = rynn, ids
        self._shows = torch.zeros(config.vocabulary.size, dtype=torch.bool).index_fill(0, ids, True)
        self._tokens, self._clips, self._config, self._vae = tokens, clips, config, vae.eval()
        self._latents = _latents(vae, tokens.rows)
        self._words = [text.ids(instruction) for instruction in tokens.instructions]
        kept = np.array([not held_out(number) for number in range(len(tokens.instructions))])
        self._single = tokens.first_looks(1, 1, kept)
        chunk = config.embodiment.chunk
        self._opening = self._single[tokens.ticks[self._single] < chunk]
        self._clip = tokens.first_looks(clips.frames, clips.gap, kept)
        self._apart = tokens.first_looks(1, 1, ~kept if not kept.all() else kept)
        self._scaler = actions.Scaler(config.statistics)

    def batch(self, stream: np.random.Generator, size: int) -> Batch:
        whole = self._clips.frames > 1 and stream.random() < self._clips.share
        if whole:
            return self._of(_picked(self._clip, size, stream), self._clips.frames)
        early = round(size * self._clips.opening) if len(self._opening) else 0
        looks = [_picked(self._opening, early, stream), _picked(self._single, size - early, stream)]
        return self._of(np.concatenate(looks), 1)

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        batch = _on(batch, next(self.module.parameters()).device)
        seen = _seen(self.module, batch)
        told = _told(self.module, seen, batch)
        total = self._clips.tokens * told["tokens"] + self._clips.z_loss * told["z"]
        if not self._clips.actions:
            return told | {"total": total}
        _, error = self._meant(self.module, seen, batch)
        total = total + self._clips.actions * error
        if not self._clips.later:
            return told | {"actions": error, "total": total}
        missed = functional.l1_loss(self.module.foretold(seen.state_hidden).float(), batch.later)
        told |= {"actions": error, "later": missed}
        total = total + self._clips.later * missed
        if not self._clips.sight:
            return told | {"total": total}
        unseen = self._unseen(self.module, seen, batch)
        told |= {"cell": unseen.cell, "off": unseen.off, "place": unseen.place}
        return told | {"total": total + self._clips.sight * unseen.total}

    def check(self, module: nn.Module) -> Mapping[str, float]:
        """On looks of episodes that are not trained on; `last` in the actions' units, summed up to the chunk's end."""
        assert isinstance(module, Pupil)
        looks = self._apart[np.linspace(0, len(self._apart) - 1, min(CHECKED, len(self._apart))).astype(int)]
        measure = self._aimed if self._clips.actions else self._foretold
        parts = [measure(module, looks[at : at + 32]) for at in range(0, len(looks), 32)]
        return {name: float(np.mean([part[name] for part in parts])) for name in parts[0]}

    def _foretold(self, module: Rynn, looks: NDArray[np.int64]) -> dict[str, float]:
        """Of clips without actions: the cross entropy of what comes next."""
        looks = _followed(looks, self._clip)
        batch = _on(self._of(looks, self._clips.frames), next(module.parameters()).device)
        return {"tokens": float(_told(module, _seen(module, batch), batch)["tokens"])}

    def _aimed(self, module: Pupil, looks: NDArray[np.int64]) -> dict[str, float]:
        """From one look, as a policy is asked: how far its chunk is from the demonstrated one."""
        batch = _on(self._of(looks, 1), next(module.parameters()).device)
        seen = _seen(module, batch)
        mean, error = self._meant(module, seen, batch)
        decoded = self._vae.to(mean.device).decode(mean[:, 0]).double().cpu().numpy()
        rows = self._scaler.unscaled(decoded) - self._scaler.unscaled(self._tokens.rows[looks].astype(np.float64))
        embodiment = self._config.embodiment
        ends = actions.absolute(rows, np.zeros((len(rows), len(embodiment.state))), embodiment)[:, -1]
        figures = {"actions": float(error), "last": float(np.abs(ends[:, list(embodiment.relative)]).mean())}
        figures |= self._off_later(module, seen, batch)
        if self._clips.sight:
            unseen = self._unseen(module, seen, batch)
            figures |= {"cell": float(unseen.cell), "off": float(unseen.off)}
        return figures

    def _off_later(self, module: Pupil, seen: Seen, batch: Batch) -> dict[str, float]:
        """In the state's units, after each of the times."""
        if not self._clips.later:
            return {}
        off = (module.foretold(seen.state_hidden).float() - batch.later).abs().cpu().numpy()
        relative = list(self._config.embodiment.relative)
        missed = (off * np.array(self._config.statistics.state_std))[..., relative].mean(axis=(0, 1, 3))
        return {f"in {seconds} s": float(each) for seconds, each in zip(SECONDS_LATER, missed)}

    def _unseen(self, module: Pupil, seen: Seen, batch: Batch) -> Missed:
        """In the first look's pictures."""
        shape = batch.pictures.shape
        places = batch.pictures.flatten(1)[..., None].expand(-1, -1, seen.before.shape[-1])
        return module.sight.missed(seen.before.gather(1, places).unflatten(1, shape[1:]), batch.sights)

    def _meant(self, module: Rynn, seen: Seen, batch: Batch) -> tuple[Tensor, Tensor]:
        """The latents' means, and how far the latents are from those of the demonstrated chunks."""
        mean, spread = (part.float() for part in module.latents(seen.state_hidden))
        return mean, functional.l1_loss(torch.stack([mean, spread], dim=2), batch.latents)

    def _of(self, firsts: NDArray[np.int64], frames: int) -> Batch:
        looks = firsts[:, None] + np.arange(frames) * self._clips.gap
        words = [self._words[number] for number in self._tokens.episode[firsts]]
        with_actions = bool(self._clips.actions)
        codes, known, patch = self._tokens.codes[looks], self._config.vocabulary, self._config.pictures.patch
        packed = sequence.pack(words, codes, known, patch, with_actions, self._ids)
        states = self._tokens.states[looks] if with_actions else self._tokens.states[looks][:, :0]
        latents, later = self._latents[torch.from_numpy(looks)], torch.from_numpy(self._tokens.later[looks])
        return Batch(
            packed.ids,
            packed.labels,
            packed.mask,
            torch.from_numpy(states),
            latents,
            later,
            self._pictures(packed.ids),
            torch.from_numpy(self._tokens.sights[firsts]),
            packed.since,
        )

    def _pictures(self, ids: Tensor) -> Tensor:
        """(B, views, rows, columns): where a sequence's first codes are."""
        shape, codes = self._tokens.codes.shape[1:], self._shows[ids]
        early = codes & (codes.cumsum(1) <= math.prod(shape))
        return early.nonzero()[:, 1].view(len(ids), *shape)


def _picked(looks: NDArray[np.int64], number: int, stream: np.random.Generator) -> NDArray[np.int64]:
    return looks[stream.integers(0, len(looks), number)] if number else looks[:0]


def _seen(module: Rynn, batch: Batch) -> Seen:
    return module(batch.ids, batch.states, batch.mask, batch.since)


def _told(module: Rynn, seen: Seen, batch: Batch) -> dict[str, Tensor]:
    """Logits are only made where a token is to be predicted."""
    wanted = batch.labels[:, 1:]
    asked = wanted != sequence.IGNORED
    logits = module.next_logits(seen.hidden[:, :-1][asked]).float()
    z = torch.logsumexp(logits, dim=-1).square().mean()
    return {"tokens": functional.cross_entropy(logits, wanted[asked]), "z": z}


def _followed(looks: NDArray[np.int64], firsts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those that a clip can begin with; where none can, as many beginnings."""
    found = np.intersect1d(looks, firsts)
    return found if len(found) else firsts[: len(looks)]


def _on(batch: Batch, device: torch.device) -> Batch:
    parts: dict[str, Any] = {part.name: getattr(batch, part.name) for part in fields(batch)}
    moved: dict[str, Any] = {name: part.to(device) for name, part in parts.items() if isinstance(part, Tensor)}
    return replace(batch, **moved)


@torch.inference_mode()
def _latents(vae: ActionVae, rows: NDArray[np.float32]) -> Tensor:
    """(looks, 2, latent): mu and logvar of every look's chunk."""
    device = next(vae.parameters()).device
    parts = [
        torch.stack(vae.encode(torch.from_numpy(rows[at : at + 1024]).to(device)), dim=1).float().cpu()
        for at in range(0, len(rows), 1024)
    ]
    return torch.cat(parts).clone()
