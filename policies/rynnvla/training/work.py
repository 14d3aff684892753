"""A training's folder: the recipe it was begun with, and what each step has made of it so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from .. import actions, checkpoint, vocabulary
from ..action_vae import ActionVae
from ..backbone import Rynn
from ..checkpoint import rounded
from ..config import Config, Statistics
from ..text import Published, Words
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
TOKENIZER, ACTIONS = "tokenizer", "actions"
BEGUN = "begun"
"""The backbone of the checkpoint that a training goes on from."""
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
            TOKENIZER, TokenizerStage(train, check, self.recipe.quantiser), self.recipe.tokenizer, tell
        )

    def actions(self, tell: Told) -> Mapping[str, float]:
        if self.recipe.actions is None:
            raise WorkError(f"recipe '{self.recipe.name}' takes the ActionVAE as it is; begin with stage3")
        return self._trained(ACTIONS, ChunkStage(self.source, self.config()), self.recipe.actions, tell)

    def stage1(self, tell: Told, count: Counted) -> Mapping[str, float]:
        return self._staged("stage1", self.recipe.stage1, tell, count, before=self._begun())

    def stage2(self, tell: Told, count: Counted) -> Mapping[str, float]:
        hand = self.hand()
        hand.actions(tell)
        return hand._staged("stage2", self.recipe.stage2, tell, count, before=self.folder / "stage1")

    def stage3(self, tell: Told, count: Counted) -> Mapping[str, float]:
        earlier = [self.folder / "hand" / "stage2", self.folder / "stage1"]
        before = next((folder for folder in earlier if folder.exists()), self._begun())
        return self._staged("stage3", self.recipe.stage3, tell, count, before)

    def hand(self) -> Work:
        """The same with the hand's trajectories for actions, with statistics and an ActionVAE of its own."""
        recipe = msgspec.structs.replace(self.recipe, embodiment=HAND)
        return Work(self.folder / "hand", recipe, HandEpisodes(self.source), self.device, self._shared)

    def config(self) -> Config:
        recipe = self.recipe
        known, _ = checkpoint.ids(self.words(), recipe.quantiser.codes)
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

    def words(self) -> Words | Published:
        """Learned once: more data must not give known words other ids."""
        known = checkpoint.read_text(self._shared)
        if known is None:
            told = {self.source.instruction(number) for number in range(len(self.source))}
            known = Words.learned(told, vocabulary.first_word(self.recipe.quantiser.codes))
            checkpoint.save_text(known, self._shared)
        return known

    def vq(self) -> Vq:
        """As it will be read from the checkpoint: the backbone learns the codes that it will see."""
        state = _weights(self._shared / TOKENIZER, "armtrial train rynnvla tokenizer")
        kept = _filled(Vq(self.recipe.quantiser, decoding=any(name.startswith("decoder.") for name in state)), state)
        return kept if isinstance(self.words(), Published) else rounded(kept)

    def vae(self) -> ActionVae:
        embodiment = self.recipe.embodiment
        empty = ActionVae(self.recipe.chunks, len(embodiment.actions), embodiment.chunk)
        return rounded(_filled(empty, _weights(self.folder / ACTIONS, "armtrial train rynnvla actions")))

    def rynn(self, stage: str = "stage3") -> Rynn:
        return _filled(Rynn(self.config()), _weights(self.folder / stage, f"armtrial train rynnvla {stage}"))

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
        config, text = self.config(), self.words()
        rynn = Pupil(config)
        if before is not None:
            _inherit(rynn, before)
        _, ids = checkpoint.ids(text, config.quantiser.codes)
        trained = BackboneStage(self.tokens(count), stage.clips, config, rynn, self.vae(), text, ids)
        return self._trained(name, trained, stage.schedule, tell)

    def _begun(self) -> Path | None:
        return self._shared / BEGUN if (self._shared / BEGUN).exists() else None

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


def _weights(folder: Path, command: str) -> Mapping[str, Tensor]:
    """The averaged ones, where there are any, without what only learning needs."""
    file = folder / LAST
    if not file.exists():
        raise WorkError(f"{file} is missing; `{command}` makes it")
    return {name: weight for name, weight in _kept(file).items() if not name.startswith(LEARNING)}


def _kept(file: Path) -> Mapping[str, Tensor]:
    state = torch.load(file, map_location="cpu", weights_only=True)
    return state["average"] or state["module"]


def _filled[M: nn.Module](module: M, weights: Mapping[str, Tensor]) -> M:
    module.load_state_dict(weights)
    return module.eval()


def _inherit(rynn: Pupil, before: Path) -> None:
    """From an earlier stage all but what speaks of its own embodiment; from what was begun with, all there is."""
    gone = () if before.name == BEGUN else OWN
    kept = {name: weight for name, weight in _kept(before / LAST).items() if not name.startswith(gone)}
    missing, unknown = rynn.load_state_dict(kept, strict=False)
    if unknown or any(not name.startswith((*OWN, *LEARNING)) for name in missing):
        raise WorkError(f"{before} holds another model than the recipe's: {[*missing, *unknown][:4]}")
