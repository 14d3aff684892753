"""A RynnVLA of a few thousand weights, and a folder of the published layout with weights of that size."""

import json
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from armtrial.policies.rynnvla.action_vae import ActionVae
from armtrial.policies.rynnvla.backbone import Rynn
from armtrial.policies.rynnvla.config import SO100, Backbone, Chunks, Config, Pictures, Quantiser, Statistics
from armtrial.policies.rynnvla.text import Words
from armtrial.policies.rynnvla.vocabulary import first_word, small
from armtrial.policies.rynnvla.vq import Vq

CODES = 16
WORDS = Words.learned(["pick up the green block", "put the pen into the holder"], first_word(CODES))
ONES, ZEROS = (1.0,) * 6, (0.0,) * 6
STATISTICS = Statistics(
    action_mean=ZEROS,
    action_std=ONES,
    action_low=(-1.0,) * 6,
    action_high=ONES,
    state_mean=ZEROS,
    state_std=ONES,
)
CONFIG = Config(
    name="small",
    embodiment=SO100,
    statistics=STATISTICS,
    vocabulary=small(CODES, WORDS.size)[0],
    pictures=Pictures(short_side=32, asked=(32, 32), multiple=16, patch=16),
    quantiser=Quantiser(codes=CODES, embed=8, latent=8, base=32, multipliers=(1, 1), blocks=1, attention=False),
    backbone=Backbone(hidden=32, mlp=48, layers=2, heads=4, positions=256, dropout=0.0),
    chunks=Chunks(latent=4, hidden=16, feedforward=24, heads=8, encoder_layers=1, decoder_layers=2, dropout=0.0),
)


def with_backbone(**changes: Any) -> Config:
    return msgspec.structs.replace(CONFIG, backbone=msgspec.structs.replace(CONFIG.backbone, **changes))


def models(config: Config = CONFIG, seed: int = 0) -> tuple[Rynn, Vq, ActionVae]:
    torch.manual_seed(seed)
    vae = ActionVae(config.chunks, len(config.embodiment.actions), config.embodiment.chunk)
    return Rynn(config).eval(), Vq(config.quantiser).eval(), vae.eval()


def token_names(codes: int) -> dict[str, int]:
    """Of the published kind: the ids of picture codes are not in the codes' order."""
    special = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<racm3:break>": 8197, "<eoss>": 8196}
    letters = str.maketrans("0123456789", "ABCDEFGHIJ")
    pictures = {f"IMGIMG{str(code).translate(letters)}Z": 4 + codes - 1 - code for code in range(codes)}
    reserved = {f"<reserved{number:05d}>": number + 4 for number in range(8798, 8870)}
    words = {"pick": 40000, "block": 40001}
    return special | pictures | reserved | words


def tokenizer_file(folder: Path, names: dict[str, int]) -> Path:
    """Whole words, with blanks between them."""
    model = {"type": "WordLevel", "vocab": names, "unk_token": "<unk>"}
    nothing = dict.fromkeys(("truncation", "padding", "normalizer", "post_processor", "decoder"))
    content = {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"}, **nothing, "model": model}
    (folder / "text_tokenizer.json").write_text(json.dumps(content))
    return folder / "text_tokenizer.json"


def published_state(rynn: Rynn, heads: int = 4) -> dict[str, Tensor]:
    """As the published files have it: one row of norms for all heads, and the remains of a picture tokenizer."""
    state = {name: weight[:1] if _is_head_norm(name) else weight for name, weight in rynn.state_dict().items()}
    return {**state, "model.vqmodel.quant_conv.bias": torch.zeros(8)}


def published_folder(folder: Path, config: Config = CONFIG) -> Path:
    """Two shards, `original_tokenizers`, `step_N.pt` and `statistics.json`, of the true names and of small shapes."""
    rynn, vq, vae = models(msgspec.structs.replace(config, vocabulary=published_vocabulary()))
    _write_backbone(folder, published_state(rynn))
    tokenizers = folder / "original_tokenizers"
    tokenizers.mkdir()
    tokenizer_file(tokenizers, token_names(CODES))
    torch.save({"state_dict": {**vq.state_dict(), "loss.logvar": torch.zeros(1)}}, tokenizers / "vqgan.ckpt")
    torch.save(vae.state_dict(), folder / "step_900.pt")
    (folder / "statistics.json").write_text(json.dumps(published_statistics()))
    return folder


def published_vocabulary() -> Any:
    return msgspec.structs.replace(type(CONFIG.vocabulary)(), first_code=4 + CODES - 1)


def published_statistics() -> dict[str, Any]:
    return {
        "rel_min_action": [-1.0] * 6,
        "rel_max_action": [1.0] * 6,
        "rel_mean_action": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5],
        "rel_std_action": [1.0] * 6,
        "mean_state": [0.0] * 6,
        "std_state": [1.0] * 6,
        "task_data": {},
    }


def _write_backbone(folder: Path, state: dict[str, Tensor]) -> None:
    from safetensors.torch import save_file

    folder.mkdir(exist_ok=True)
    names = sorted(state)
    shards = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for shard, inside in shards.items():
        save_file({name: state[name].contiguous() for name in inside}, folder / shard)
    index = {"weight_map": {name: shard for shard, inside in shards.items() for name in inside}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    shape = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    (folder / "config.json").write_text(json.dumps({"model_type": "chameleon", "vocab_size": 65540, **shape}))


def _is_head_norm(name: str) -> bool:
    return ".q_norm." in name or ".k_norm." in name
