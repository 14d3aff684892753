"""A training that goes on from a checkpoint: what it takes over, and what it learns anew.

How pictures and words become tokens is taken over, and the backbone. Of a checkpoint of our own layout for the same
joints so are the ActionVAE, the statistics and the heads, and stage 3 goes on where the checkpoint stands; otherwise
they are learned from the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from .. import checkpoint
from ..checkpoint import CONFIG, Loaded, Parts
from ..config import Embodiment, Pictures
from ..published import Beginning, backbone, beginning, is_published
from ..text import Published, Words
from ..weights import digest
from .loop import LAST
from .recipe import PUBLISHED, TWIN_AGAIN, Recipe
from .work import ACTIONS, BEGUN, OWN, STATISTICS, TOKENIZER, Work, WorkError

FROM, HALF = "from.txt", "from.partial.txt"
"""The digest of the checkpoint: once all of it is taken over, and until then."""


class Start:
    """`Start(checkpoint)` tells the recipe's shapes, and is then given to a training that has them."""

    def __init__(self, path: Path, parts: Parts | None = None) -> None:
        self._path, self._parts = path, parts or Parts()
        self._theirs: Beginning | None = None
        self._ours: Loaded | None = None
        if (path / CONFIG).is_file() and is_published(path / CONFIG):
            self._theirs = beginning(path, self._parts)
        else:
            self._ours = checkpoint.load(path)

    @property
    def recipe(self) -> Recipe:
        """For whoever names none. Our own goes on as `twin-again` does, which has been tried."""
        if self._theirs is not None:
            return PUBLISHED
        schedule = msgspec.structs.replace(TWIN_AGAIN.stage3.schedule, steps=TWIN_AGAIN.stage3.schedule.cooldown)
        stage3 = msgspec.structs.replace(TWIN_AGAIN.stage3, schedule=schedule)
        return msgspec.structs.replace(TWIN_AGAIN, embodiment=self._loaded.config.embodiment, stage3=stage3)

    def shaped(self, recipe: Recipe) -> Recipe:
        """The recipe with the checkpoint's shapes, and without the steps that it has behind it."""
        fresh = msgspec.structs.replace(recipe, tokenizer=None, name=f"{self._path.resolve().name}-finetuned")
        if self._theirs is not None:
            return msgspec.structs.replace(
                fresh, pictures=Pictures(), quantiser=self._theirs.quantiser, backbone=self._theirs.shape
            )
        config = self._loaded.config
        shapes = {"pictures": config.pictures, "quantiser": config.quantiser, "backbone": config.backbone}
        fresh = msgspec.structs.replace(fresh, **shapes)
        if not _same(config.embodiment, recipe.embodiment):
            return fresh
        return msgspec.structs.replace(
            fresh,
            embodiment=config.embodiment,
            scaling=config.statistics.scaling,
            chunks=config.chunks,
            actions=None,
            stage1=None,
            stage2=None,
        )

    def give(self, work: Work) -> None:
        """What is done already takes no time."""
        mine, done, half = self._digest(), work.folder / BEGUN / FROM, work.folder / BEGUN / HALF
        if _says(done, mine):
            return
        for name in (BEGUN, TOKENIZER, ACTIONS, "stage1", "stage3"):
            if (work.folder / name).exists() and not _says(half, mine):
                raise WorkError(f"{work.folder} holds another training already ({name}); begin in another folder")
        half.parent.mkdir(exist_ok=True)
        half.write_text(mine)
        if self._theirs is not None:
            self._give_theirs(work, self._theirs)
        else:
            self._give_ours(work)
        half.rename(done)

    def _give_ours(self, work: Work) -> None:
        loaded, text = self._loaded, self._loaded.text
        assert isinstance(text, Words | Published)
        checkpoint.save_text(text, work.folder)
        _put(work.folder / TOKENIZER, loaded.vq.state_dict())
        weights = loaded.rynn.state_dict()
        if work.recipe.actions is None:
            (work.folder / STATISTICS).write_bytes(msgspec.json.encode(loaded.config.statistics))
            _put(work.folder / ACTIONS, loaded.vae.state_dict())
        else:
            weights = {name: weight for name, weight in weights.items() if not name.startswith(OWN)}
        _put(work.folder / BEGUN, weights)

    def _give_theirs(self, work: Work, given: Beginning) -> None:
        checkpoint.save_text(Published(given.words, given.names), work.folder)
        _put(work.folder / TOKENIZER, given.pictures)
        cpu = torch.device("cpu")
        rynn = backbone(self._path, work.config(), cpu, torch.bfloat16, begin=True)
        _put(work.folder / BEGUN, {n: w for n, w in rynn.state_dict().items() if not n.startswith(OWN)})

    @property
    def _loaded(self) -> Loaded:
        assert self._ours is not None
        return self._ours

    def _digest(self) -> str:
        if self._ours is not None:
            return self._ours.digest
        return digest([*self._path.glob("*.json"), *self._path.glob("*.safetensors"), *self._path.glob("*.bin")])


def _says(file: Path, digest: str) -> bool:
    return file.exists() and file.read_text() == digest


def _same(one: Embodiment, other: Embodiment) -> bool:
    return (one.state, one.actions, one.relative) == (other.state, other.actions, other.relative)


def _put(folder: Path, weights: Mapping[str, Tensor]) -> None:
    """As a training leaves them, before its first step."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / (LAST + ".part")
    torch.save({"step": 0, "module": dict(weights), "optimisers": [], "average": None}, part)
    part.replace(folder / LAST)
