"""A checkpoint on disk: our own layout, written and read, and the door to the published one."""

from __future__ import annotations

import copy
import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from safetensors.torch import save_file
from torch import nn

from . import text as texts
from . import vocabulary
from .action_vae import ActionVae
from .backbone import Rynn, unfilled
from .config import Config, Embodiment, Scaling, Vocabulary
from .text import Published, Text, Words
from .vocabulary import IdTable
from .vq import Vq
from .weights import CheckpointError, State, below, cast, digest, fill, found, read

CONFIG = "config.json"
MODEL = "model.safetensors"
TEXT = "text.json"
NAMES, WORDS = "text_tokenizer.json", "tokenizer.json"
"""The published tokens' names and text tokenizer, in place of `text.json` where a model was begun with them."""
_PACKED = "`armtrial train rynnvla pack`"


@dataclass(frozen=True, slots=True)
class Loaded:
    """All that a policy needs. The backbone has the asked numbers, tokenizer and ActionVAE stay in float32."""

    config: Config
    rynn: Rynn
    vq: Vq
    vae: ActionVae
    text: Text
    codes: IdTable
    digest: str
    """Of what was read, for a run's records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Where the published layout's parts are, if not in the checkpoint's own folder."""

    tokenizers: Path | None = None
    """A folder with `vqgan.ckpt` and `text_tokenizer.json`."""
    action_vae: Path | None = None
    """A file `step_N.pt`."""
    statistics: Path | None = None


def load(
    path: Path,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    *,
    embodiment: Embodiment | None = None,
    parts: Parts | None = None,
) -> Loaded:
    """`embodiment`: whose it has to be; None takes whatever our own layout says, and SO-100 for the published one."""
    from .published import is_published, load_published

    if not path.is_dir():
        raise CheckpointError(f"{path} is not a folder; a checkpoint is the folder that {_PACKED} writes")
    config = found([path / CONFIG], "the checkpoint's shape", f"{_PACKED}, or the published model's folder")
    where = torch.device(device)
    if is_published(config):
        loaded = load_published(path, where, dtype, embodiment, parts or Parts())
    else:
        loaded = _load_own(path, where, dtype)
    check_embodiment(loaded.config.embodiment, embodiment, path)
    check_statistics(loaded.config, path)
    for module in (loaded.rynn, loaded.vq, loaded.vae):
        module.to(where).eval().requires_grad_(False)
    return loaded


def save(
    folder: Path,
    config: Config,
    rynn: Rynn,
    vq: Vq,
    vae: ActionVae,
    text: Words | Published,
    dtype: torch.dtype = torch.bfloat16,
    decoder: bool = False,
) -> None:
    """`decoder`: keep the picture tokenizer's too, which only draws. A published picture tokenizer keeps its numbers,
    since rounded ones would find other codes than those that its backbone has learned."""
    folder.mkdir(parents=True, exist_ok=True)
    exact = torch.float32 if isinstance(text, Published) else dtype
    parts: list[tuple[str, nn.Module, torch.dtype]] = [("rynn", rynn, dtype), ("vq", vq, exact), ("vae", vae, dtype)]
    state = {
        f"{name}.{key}": weight.contiguous()
        for name, module, numbers in parts
        for key, weight in cast(module.state_dict(), torch.device("cpu"), numbers).items()
        if decoder or not f"{name}.{key}".startswith("vq.decoder.")
    }
    part = folder / (MODEL + ".part")
    save_file(state, part)
    part.replace(folder / MODEL)
    save_text(text, folder)
    (folder / CONFIG).write_bytes(msgspec.json.format(msgspec.json.encode(config)) + b"\n")


def save_text(text: Words | Published, folder: Path) -> None:
    """In place of whichever kind there is."""
    if isinstance(text, Words):
        texts.save(text, folder / TEXT)
        for name in (NAMES, WORDS):
            (folder / name).unlink(missing_ok=True)
        return
    for file, name in ((text.names, NAMES), (text.file, WORDS)):
        if file.resolve() != (folder / name).resolve():
            shutil.copyfile(file, folder / name)
    (folder / TEXT).unlink(missing_ok=True)


def read_text(folder: Path) -> Words | Published | None:
    """None where there is neither kind."""
    if (folder / NAMES).is_file():
        return Published(folder / WORDS, folder / NAMES)
    return texts.load(folder / TEXT) if (folder / TEXT).is_file() else None


def ids(text: Words | Published, codes: int) -> tuple[Vocabulary, IdTable]:
    """What the tokens are of a model that reads such a text."""
    if isinstance(text, Words):
        return vocabulary.small(codes, text.size)
    return vocabulary.published(text.names, codes)


def rounded[M: nn.Module](module: M, dtype: torch.dtype = torch.bfloat16) -> M:
    """The module as it comes back from a file in such numbers. A picture tokenizer whose codes are trained on has to be
    rounded first: other weights find other codes."""
    module = copy.deepcopy(module)
    module.load_state_dict({name: weight.to(dtype).to(weight.dtype) for name, weight in module.state_dict().items()})
    return module


def check_embodiment(has: Embodiment, wanted: Embodiment | None, path: Path) -> None:
    if wanted is not None and (has.state, has.actions, has.relative) != (wanted.state, wanted.actions, wanted.relative):
        raise CheckpointError(f"{path} is a checkpoint for {_described(has)}; asked for is {_described(wanted)}")


def check_statistics(config: Config, path: Path) -> None:
    """As many numbers as joints, all of them finite, and something to divide by."""
    statistics, embodiment = config.statistics, config.embodiment
    for name in ("action_mean", "action_std", "action_low", "action_high", "state_mean", "state_std"):
        values = getattr(statistics, name)
        wanted = embodiment.state if name.startswith("state") else embodiment.actions
        if len(values) != len(wanted):
            raise CheckpointError(f"{path}: {name} has {len(values)} numbers for {len(wanted)}: {', '.join(wanted)}")
        for joint, value in zip(wanted, values):
            if not math.isfinite(value):
                raise CheckpointError(f"{path}: {name} of {joint} is {value}; measure the statistics again")
            if name.endswith("std") and value <= 0:
                raise CheckpointError(f"{path}: {name} of {joint} is {value}; what never moves cannot be scaled by it")
    if statistics.scaling is Scaling.PERCENTILES:
        for joint, low, high in zip(embodiment.actions, statistics.action_low, statistics.action_high):
            if low >= high:
                raise CheckpointError(f"{path}: {joint} goes from {low} to {high}; the percentiles have to be apart")


def _load_own(path: Path, device: torch.device, dtype: torch.dtype) -> Loaded:
    config = _config(path / CONFIG)
    model = found([path / MODEL], "the weights", _PACKED)
    state, (text, table) = read(model), _own_text(path, config)
    rynn = unfilled(config)
    vq = Vq(config.quantiser, decoding=any(name.startswith("vq.decoder.") for name in state))
    vae = ActionVae(config.chunks, len(config.embodiment.actions), config.embodiment.chunk)
    _check_parts(state, model)
    fill(rynn, cast(below(state, "rynn."), device, dtype), model)
    fill(vq, cast(below(state, "vq."), device, torch.float32), model)
    fill(vae, cast(below(state, "vae."), device, torch.float32), model)
    words = [file for file in (path / TEXT, path / NAMES, path / WORDS) if file.is_file()]
    return Loaded(config, rynn, vq, vae, text, table, digest([path / CONFIG, model, *words]))


def _own_text(path: Path, config: Config) -> tuple[Words | Published, IdTable]:
    try:
        text = read_text(path)
        if isinstance(text, Published):
            return text, ids(text, config.quantiser.codes)[1]
    except (texts.TextError, vocabulary.VocabularyError) as error:
        raise CheckpointError(str(error)) from None
    if text is None:
        raise CheckpointError(f"{path / TEXT} is missing: the words that the model knows. It comes from {_PACKED}")
    last = text.first + text.size - 1
    if last >= config.vocabulary.size:
        raise CheckpointError(
            f"{path / TEXT} has ids up to {last}; the model's vocabulary has {config.vocabulary.size}"
        )
    return text, vocabulary.table(config.vocabulary, config.quantiser.codes)


def _config(file: Path) -> Config:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Config)
    except (OSError, msgspec.MsgspecError) as error:
        raise CheckpointError(f"{file} is no configuration of a checkpoint: {error}") from None


def _check_parts(state: State, file: Path) -> None:
    strange = {name.partition(".")[0] for name in state} - {"rynn", "vq", "vae"}
    if strange:
        raise CheckpointError(f"{file} has weights of {', '.join(sorted(strange))}; ours are of rynn, vq and vae")


def _described(embodiment: Embodiment) -> str:
    state, moved = ", ".join(embodiment.state), ", ".join(embodiment.actions)
    return f"{embodiment.name} (state: {state}; actions: {moved}; relative: {list(embodiment.relative)})"
