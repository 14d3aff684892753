"""A training's folder: the recipe it was begun with, and what each step has made of it so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn

from .. import actions, checkpoint, vocabulary
from ..action_vae import ActionVae
from ..backbone import Rynn
from ..checkpoint import rounded
from ..config import Config, Statistics
from ..text import Words, load, save
from ..vq import Vq
from .chunks import ChunkStage, held_out
from .episodes import Source
from .hand import HAND, HandEpisodes
from .loop import LAST, Loop, Schedule, Told, Trainable
from .recipe import Recipe, Stage
from .stages import BackboneStage, Pupil
from .tokenizer import TokenizerStage, sample_pictures
from .tokens import Tokens, tokens

RECIPE = "recipe.json"
STATISTICS = "statistics.json"
TEXT = "text.json"
LEARNING = ("followed.", "later.", "sight.")
"""What a module remembers only while it learns."""
OWN = ("action_head", "state_projection", "later")
"""What of a backbone speaks of its embodiment."""
Counted = Callable[[int, int], None]
"""Is told how many episodes have been prepared, and of how many."""


class WorkError(ValueError):
    """A step cannot begin: what goes before it is missing, or does not fit."""


class Work:
    """`tokenizer`, `actions` and then the stages, each on what the one before it left in `folder`."""

    def __init__(
        self, folder: Path, recipe: Recipe, source: Source, device: str = "cpu", shared: Path | None = None
    ) -> None:
        """`shared`: the folder whose picture tokenizer and words are used; its own, unless another is given."""
        if not len(source):
            raise WorkError("there is no episode to learn from; armtrial train rynnvla draw makes them")
        self.folder, self.recipe, self.source, self.device = folder, recipe, source, device
        self._shared = shared or folder
        _keep(folder / RECIPE, recipe)

    def tokenizer(self, tell: Told) -> Mapping[str, float]:
        if self.recipe.tokenizer is None:
            raise WorkError(f"recipe '{self.recipe.name}' takes the picture tokenizer as it is; begin with actions")
        train, check = sample_pictures(self.source, self.recipe.pictures, self.recipe.tokenizer.seed)
        return self._trained(
            "tokenizer", TokenizerStage(train, check, self.recipe.quantiser), self.recipe.tokenizer, tell
        )

    def actions(self, tell: Told) -> Mapping[str, float]:
        return self._trained("actions", ChunkStage(self.source, self.config()), self.recipe.actions, tell)

    def stage1(self, tell: Told, count: Counted) -> Mapping[str, float]:
        return self._staged("stage1", self.recipe.stage1, tell, count, before=None)

    def stage2(self, tell: Told, count: Counted) -> Mapping[str, float]:
        hand = self.hand()
        hand.actions(tell)
        return hand._staged("stage2", self.recipe.stage2, tell, count, before=self.folder / "stage1")

    def stage3(self, tell: Told, count: Counted) -> Mapping[str, float]:
        earlier = [self.folder / "hand" / "stage2", self.folder / "stage1"]
        return self._staged("stage3", self.recipe.stage3, tell, count, next((f for f in earlier if f.exists()), None))

    def hand(self) -> Work:
        """The same with the hand's trajectories for actions, with statistics and an ActionVAE of its own."""
        recipe = msgspec.structs.replace(self.recipe, embodiment=HAND)
        return Work(self.folder / "hand", recipe, HandEpisodes(self.source), self.device, self._shared)

    def config(self) -> Config:
        recipe = self.recipe
        known, _ = vocabulary.small(recipe.quantiser.codes, self.words().size)
        return Config(
            name=recipe.name,
            embodiment=recipe.embodiment,
            statistics=self._statistics(),
            vocabulary=known,
            pictures=recipe.pictures,
            quantiser=recipe.quantiser,
            backbone=recipe.backbone,
            chunks=recipe.chunks,
        )

    def words(self) -> Words:
        """Learned once: more data must not give known words other ids."""
        file = self._shared / TEXT
        if not file.exists():
            told = {self.source.instruction(number) for number in range(len(self.source))}
            save(Words.learned(told, vocabulary.first_word(self.recipe.quantiser.codes)), file)
        return load(file)

    def vq(self) -> Vq:
        """As it will be read from the checkpoint: the backbone learns the codes that it will see."""
        kept = _loaded(Vq(self.recipe.quantiser), self._shared / "tokenizer", "armtrial train rynnvla tokenizer")
        return rounded(kept)

    def vae(self) -> ActionVae:
        embodiment = self.recipe.embodiment
        empty = ActionVae(self.recipe.chunks, len(embodiment.actions), embodiment.chunk)
        return rounded(_loaded(empty, self.folder / "actions", "armtrial train rynnvla actions"))

    def rynn(self, stage: str = "stage3") -> Rynn:
        return _loaded(Rynn(self.config()), self.folder / stage, f"armtrial train rynnvla {stage}")

    def pack(self, out: Path) -> None:
        """The checkpoint, for `--checkpoint`."""
        checkpoint.save(out, self.config(), self.rynn(), self.vq(), self.vae(), self.words())

    def tokens(self, count: Counted) -> Tokens:
        return tokens(self.source, self.config(), self.vq().to(self.device), self._shared / "codes", count)

    def _staged(
        self, name: str, stage: Stage | None, tell: Told, count: Counted, before: Path | None
    ) -> Mapping[str, float]:
        if stage is None:
            raise WorkError(f"recipe '{self.recipe.name}' has no {name}")
        torch.manual_seed(stage.schedule.seed)
        rynn = Pupil(self.config())
        if before is not None:
            _inherit(rynn, before)
        trained = BackboneStage(self.tokens(count), stage.clips, self.config(), rynn, self.vae(), self.words())
        return self._trained(name, trained, stage.schedule, tell)

    def _trained(self, name: str, stage: Trainable, schedule: Schedule, tell: Told) -> Mapping[str, float]:
        return Loop(stage, schedule, self.folder / name, self.device).run(tell)

    def _statistics(self) -> Statistics:
        file = self.folder / STATISTICS
        if not file.exists():
            motions = (self.source.motion(n) for n in range(len(self.source)) if not held_out(n))
            _write(file, actions.measured(motions, self.recipe.embodiment, self.recipe.scaling))
        return msgspec.json.decode(file.read_bytes(), type=Statistics)


def _keep(file: Path, recipe: Recipe) -> None:
    """A folder stays with its recipe; only how long its steps take may change."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and _lasting(msgspec.json.decode(file.read_bytes(), type=Recipe)) != _lasting(recipe):
        raise WorkError(f"{file.parent} was begun with another recipe, see {file}; take that one, or another folder")
    _write(file, recipe)


def _lasting(recipe: Recipe) -> Any:
    """Without its schedules."""
    plain = msgspec.to_builtins(recipe)
    for name in ("tokenizer", "actions", "stage1", "stage2", "stage3"):
        plain.pop(name)
    return plain


def _write(file: Path, value: Any) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(value)) + b"\n")


def _loaded[M: nn.Module](module: M, folder: Path, command: str) -> M:
    """The averaged weights, where there are any."""
    file = folder / LAST
    if not file.exists():
        raise WorkError(f"{file} is missing; `{command}` makes it")
    state = torch.load(file, map_location="cpu", weights_only=True)
    weights = state["average"] or state["module"]
    module.load_state_dict({name: weight for name, weight in weights.items() if not name.startswith(LEARNING)})
    return module.eval()


def _inherit(rynn: Pupil, before: Path) -> None:
    """From an earlier stage: all but what speaks of its own embodiment."""
    state = torch.load(before / LAST, map_location="cpu", weights_only=True)
    weights = state["average"] or state["module"]
    kept = {name: weight for name, weight in weights.items() if not name.startswith(OWN)}
    missing, unknown = rynn.load_state_dict(kept, strict=False)
    if unknown or any(not name.startswith(OWN) for name in missing):
        raise WorkError(f"{before} holds another model than the recipe's: {[*missing, *unknown][:4]}")
