"""The published layout: Hugging Face shards, Meta's picture tokenizer, an ActionVAE's state and a table of statistics.

What the weights themselves tell (widths, depths, numbers of codes) is read from their shapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from . import text as texts
from . import vocabulary, vq
from .action_vae import ActionVae
from .backbone import Rynn, unfilled
from .checkpoint import CONFIG, Loaded, Parts
from .config import SO100, Backbone, Chunks, Config, Embodiment, Head, Quantiser, Statistics, Vocabulary
from .weights import CheckpointError, State, cast, digest, fill, found, read

_HUB = "Alibaba-DAMO-Academy/RynnVLA-001-7B-Trajectory, finetuned on your robot's data"
_CHAMELEON = "Alpha-VLLM/Chameleon_7B_mGPT, folder original_tokenizers"
_FINETUNE = "the ActionVAE's training on your robot's data; none is published"
_DATA = "the preparation of your robot's data, which writes it beside the data set"
_FRESH = ("action_head.", "state_projection.")
"""What a stage of training may begin without."""
_ROWS = ("lm_head.weight", "model.embed_tokens.weight")
"""With a row for every token."""
_LEFT_OUT = ("model.vqmodel.", "action_projection.")


def is_published(config: Path) -> bool:
    """By the word that every Hugging Face configuration has."""
    try:
        return "model_type" in msgspec.json.decode(config.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError) as error:
        raise CheckpointError(f"{config} is no configuration of a checkpoint: {error}") from None


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a training begins with: the ActionVAE and the statistics are its own."""

    vocabulary: Vocabulary
    shape: Backbone
    quantiser: Quantiser
    pictures: State
    """The picture tokenizer's weights."""
    names: Path
    """Of all tokens."""
    words: Path
    """The text tokenizer."""


def beginning(path: Path, parts: Parts) -> Beginning:
    vqgan, names, words = _tokenizers(path, parts)
    pictures = vq.published(read(vqgan))
    quantiser = _quantiser(pictures, vqgan)
    known, _, _ = _read(names, words, quantiser.codes)
    return Beginning(known, _backbone(path / CONFIG), quantiser, pictures, names, words)


def load_published(
    path: Path, device: torch.device, dtype: torch.dtype, embodiment: Embodiment | None, parts: Parts
) -> Loaded:
    """Small things first, so that a missing one is told before 14 GB are read."""
    shards = _shards(path)
    vqgan, names, words = _tokenizers(path, parts)
    moves = parts.action_vae or _newest_step(path)
    figures = parts.statistics or _statistics_file(path)
    chunk_state, picture_state = read(moves), vq.published(read(vqgan))
    chunks, trained = _chunks(chunk_state, embodiment or SO100, moves)
    quantiser = _quantiser(picture_state, vqgan)
    known, table, text = _read(names, words, quantiser.codes)
    config = Config(
        name=path.resolve().name,
        embodiment=trained,
        statistics=statistics(figures),
        vocabulary=known,
        quantiser=quantiser,
        backbone=_backbone(path / CONFIG),
        chunks=chunks,
    )
    pictures = vq.Vq(quantiser, decoding=any(name.startswith("decoder.") for name in picture_state))
    fill(pictures, cast(picture_state, device, torch.float32), vqgan)
    vae = ActionVae(chunks, len(trained.actions), trained.chunk)
    fill(vae, cast(chunk_state, device, torch.float32), moves)
    rynn = backbone(path, config, device, dtype)
    read_from = [path / CONFIG, *shards, vqgan, names, words, moves, figures]
    return Loaded(config, rynn, pictures, vae, text, table, digest(read_from))


def backbone(path: Path, config: Config, device: torch.device, dtype: torch.dtype, begin: bool = False) -> Rynn:
    """`begin`: for a training to begin with. Heads that the file lacks, and rows of the vocabulary that were added
    later, start at random; a policy must not have any of these."""
    rynn, state, shards = unfilled(config), dict[str, Tensor](), _shards(path)
    for shard in shards:
        kept = {name: weight for name, weight in read(shard).items() if _is_kept(name)}
        state.update(cast({name: _repeated(name, w, config.backbone.heads) for name, w in kept.items()}, device, dtype))
    if begin:
        state = _begun(state, config)
    elif len(state.get("lm_head.weight", ())) < config.vocabulary.size:
        raise CheckpointError(
            f"{path} knows {len(state.get('lm_head.weight', ()))} tokens and a policy needs {config.vocabulary.size}, "
            f"the action's among them: it is a model to begin a training with. A policy is {_HUB}"
        )
    fill(rynn, state, shards[0] if len(shards) == 1 else path)
    return rynn


def _read(names: Path, words: Path, codes: int) -> tuple[Vocabulary, vocabulary.IdTable, texts.Published]:
    try:
        return *vocabulary.published(names, codes), texts.Published(words, names)
    except (vocabulary.VocabularyError, texts.TextError) as error:
        raise CheckpointError(str(error)) from None


def statistics(file: Path) -> Statistics:
    """Of the published kind. Their smallest and greatest actions are the 1st and the 99th percentile."""
    try:
        told = msgspec.json.decode(file.read_bytes(), type=_Statistics)
    except (OSError, msgspec.MsgspecError) as error:
        raise CheckpointError(f"{file} is no table of statistics: {error}") from None
    return Statistics(
        action_mean=told.rel_mean_action,
        action_std=told.rel_std_action,
        action_low=told.rel_min_action,
        action_high=told.rel_max_action,
        state_mean=told.mean_state,
        state_std=told.std_state,
    )


class _Statistics(msgspec.Struct):
    rel_mean_action: tuple[float, ...]
    rel_std_action: tuple[float, ...]
    rel_min_action: tuple[float, ...]
    rel_max_action: tuple[float, ...]
    mean_state: tuple[float, ...]
    std_state: tuple[float, ...]


class _Shape(msgspec.Struct):
    """What is of interest in the backbone's `config.json`."""

    hidden_size: int = 4096
    intermediate_size: int = 11008
    num_hidden_layers: int = 32
    num_attention_heads: int = 32
    max_position_embeddings: int = 4096
    dropout: float = 0.05
    action_head_type: str = "one_layer"


class _Index(msgspec.Struct):
    weight_map: dict[str, str]


def _backbone(file: Path) -> Backbone:
    try:
        told = msgspec.json.decode(file.read_bytes(), type=_Shape)
    except msgspec.MsgspecError as error:
        raise CheckpointError(f"{file} does not describe a Chameleon model: {error}") from None
    return Backbone(
        hidden=told.hidden_size,
        mlp=told.intermediate_size,
        layers=told.num_hidden_layers,
        heads=told.num_attention_heads,
        positions=told.max_position_embeddings,
        head=Head.MLP if told.action_head_type == "MLP" else Head.LINEAR,
        dropout=told.dropout,
    )


def _shards(path: Path) -> list[Path]:
    for whole in ("model.safetensors", "pytorch_model.bin"):
        if (path / whole).is_file():
            return [path / whole]
    indices = [path / "model.safetensors.index.json", path / "pytorch_model.bin.index.json"]
    index = found(indices, "the list of the backbone's files", _HUB)
    try:
        names = sorted(set(msgspec.json.decode(index.read_bytes(), type=_Index).weight_map.values()))
    except msgspec.MsgspecError as error:
        raise CheckpointError(f"{index} is no list of a model's files: {error}") from None
    return [found([path / name], f"a part of the backbone, named in {index.name}", _HUB) for name in names]


def _tokenizers(path: Path, parts: Parts) -> tuple[Path, Path, Path]:
    """The picture tokenizer, the table of names, and the text tokenizer."""
    folders = [parts.tokenizers] if parts.tokenizers else list(_homes(path))
    vqgan = found([folder / "vqgan.ckpt" for folder in folders], "the picture tokenizer", _CHAMELEON)
    names = found([folder / "text_tokenizer.json" for folder in folders], "the table of token names", _CHAMELEON)
    beside = [home / "tokenizer.json" for folder in folders for home in (folder, folder.parent)]
    return vqgan, names, found([*beside, names], "the text tokenizer", _CHAMELEON)


def _homes(path: Path) -> Iterator[Path]:
    for folder in (path, path / "Chameleon", path / "tokenizers"):
        yield folder / "original_tokenizers"
        yield folder


def _newest_step(path: Path) -> Path:
    steps = [file for folder in (path, path / "action_vae") for file in folder.glob("step_*.pt")]
    return found(sorted(steps, key=_step, reverse=True) or [path / "step_N.pt"], "the ActionVAE", _FINETUNE)


def _step(file: Path) -> int:
    return int(re.sub(r"\D", "", file.stem) or 0)


def _statistics_file(path: Path) -> Path:
    named = [file for file in sorted(path.glob("*.json")) if b'"rel_mean_action"' in file.read_bytes()]
    return found([*named, path / "statistics.json"], "the statistics of states and actions", _DATA)


def _chunks(state: State, embodiment: Embodiment, file: Path) -> tuple[Chunks, Embodiment]:
    """The ActionVAE's shape, and the embodiment with its chunk's length."""
    try:
        hidden, latent = state["latent_out_proj.weight"].shape
        feedforward, chunk = len(state["encoder.layers.0.linear1.weight"]), len(state["query_embed.weight"])
        moved = len(state["action_head.weight"])
    except KeyError as error:
        raise CheckpointError(f"{file} lacks weights: {error.args[0]}. It is no ActionVAE") from None
    if moved != len(embodiment.actions):
        raise CheckpointError(
            f"{file} moves {moved} joints; {embodiment.name} has {len(embodiment.actions)}: "
            f"{', '.join(embodiment.actions)}"
        )
    shape = Chunks(
        latent=latent,
        hidden=hidden,
        feedforward=feedforward,
        encoder_layers=_layers(state, "encoder.layers."),
        decoder_layers=_layers(state, "transformer.decoder.layers."),
    )
    return shape, msgspec.structs.replace(embodiment, chunk=chunk)


def _quantiser(state: State, file: Path) -> Quantiser:
    try:
        codes, embed = state["quantize.embedding.weight"].shape
        base = len(state["encoder.conv_in.weight"])
        levels = range(_layers(state, "encoder.down."))
        widths = [len(state[f"encoder.down.{level}.block.0.conv1.weight"]) for level in levels]
        latent = len(state["encoder.conv_out.weight"])
    except KeyError as error:
        raise CheckpointError(f"{file} lacks weights: {error.args[0]}. It is no picture tokenizer") from None
    return Quantiser(
        codes=codes,
        embed=embed,
        latent=latent,
        base=base,
        multipliers=tuple(width // base for width in widths),
        blocks=_layers(state, "encoder.down.0.block."),
        attention="encoder.mid.attn_1.q.weight" in state,
    )


def _layers(state: State, prefix: str) -> int:
    """How many there are, which are numbered from 0."""
    numbers = {name.removeprefix(prefix).partition(".")[0] for name in state if name.startswith(prefix)}
    return 1 + max((int(number) for number in numbers if number.isdecimal()), default=-1)


def _is_kept(name: str) -> bool:
    return not name.startswith(_LEFT_OUT) and "rotary_emb" not in name


def _repeated(name: str, weight: Tensor, heads: int) -> Tensor:
    """Norms of queries and keys, which the heads of one shard share, told for each head."""
    if ".q_norm." not in name and ".k_norm." not in name:
        return weight
    rows = weight.reshape(-1, weight.shape[-1])
    return rows.repeat_interleave(heads // len(rows), dim=0)


def _begun(state: dict[str, Tensor], config: Config) -> dict[str, Tensor]:
    lacking = [name for name in _ROWS if name not in state]
    if lacking:
        raise CheckpointError(f"the backbone lacks {', '.join(lacking)}; it is no model to begin a training with")
    fresh = {name: weight for name, weight in Rynn(_headed(config)).state_dict().items() if name.startswith(_FRESH)}
    like = state["lm_head.weight"]
    heads = {name: weight.to(like) for name, weight in fresh.items()}
    grown = {name: _grown(state[name], config.vocabulary) for name in _ROWS}
    return {**{name: w for name, w in state.items() if not name.startswith(_FRESH)}, **heads, **grown}


def _headed(config: Config) -> Config:
    """The same heads on next to nothing."""
    small = msgspec.structs.replace(config.backbone, layers=1, mlp=1)
    return msgspec.structs.replace(
        config, backbone=small, vocabulary=msgspec.structs.replace(config.vocabulary, size=1)
    )


def _grown(rows: Tensor, known: Vocabulary) -> Tensor:
    """New tokens begin near the mean of the old ones."""
    added = known.size - len(rows)
    if added <= 0:
        return rows
    mean = rows.float().mean(0, keepdim=True)
    return torch.cat([rows, (mean + 0.02 * torch.randn(added, rows.shape[1], device=rows.device)).to(rows.dtype)])
