"""Both layouts are read as they were written, and what is wrong with one is told before anything is played."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from armtrial.policies.rynnvla import checkpoint, published
from armtrial.policies.rynnvla.checkpoint import Loaded, Parts, load, rounded, save
from armtrial.policies.rynnvla.config import SO100, Config, Head, Scaling
from armtrial.policies.rynnvla.sequence import prompt
from armtrial.policies.rynnvla.weights import CheckpointError, digest, read
from armtrial.tests.policies.rynnvla_small import (
    CODES,
    CONFIG,
    WORDS,
    models,
    published_folder,
    published_statistics,
    with_backbone,
)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return saved(tmp_path / "own")


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    return published_folder(tmp_path / "epoch3")


def saved(folder: Path, config: Config = CONFIG, **options: Any) -> Path:
    save(folder, config, *models(config), WORDS, **options)
    return folder


def same(one: nn.Module, other: nn.Module, atol: float = 0.0) -> bool:
    left, right = one.state_dict(), other.state_dict()
    shared = [name for name in left if not name.startswith("decoder.")]
    return all(torch.allclose(left[name], right[name], atol=atol, rtol=0) for name in shared)


def refused(path: Path, message: str, **options: Any) -> None:
    with pytest.raises(CheckpointError, match=message):
        load(path, **options)


def test_what_was_saved_comes_back(tmp_path: Path):
    loaded = load(saved(tmp_path, dtype=torch.float32))
    assert loaded.config == CONFIG
    assert loaded.text == WORDS
    assert all(same(*pair) for pair in zip(models(), (loaded.rynn, loaded.vq, loaded.vae)))


def test_what_was_saved_computes_the_same(tmp_path: Path):
    loaded, (rynn, _, vae) = load(saved(tmp_path, dtype=torch.float32)), models()
    with torch.no_grad():
        pairs = [planned(*parts) for parts in ((loaded.rynn, loaded.vae), (rynn, vae))]
    assert torch.allclose(pairs[0], pairs[1], atol=1e-6)


def planned(rynn: Any, vae: Any) -> torch.Tensor:
    """From the ids of a prompt to a chunk."""
    codes = np.arange(4).reshape(2, 2)
    ids = prompt(WORDS.ids("pick up the pen"), codes, codes, CONFIG.vocabulary, 16)[None]
    seen = rynn(ids, torch.full((1, 1, 6), 0.5))
    return vae.decode(rynn.latents(seen.state_hidden[:, 0])[0])


def test_a_file_of_bfloat16_is_half_as_large_and_as_near(own: Path, tmp_path: Path):
    whole = saved(tmp_path / "whole", dtype=torch.float32)
    sizes = [(folder / checkpoint.MODEL).stat().st_size for folder in (own, whole)]
    assert sizes[0] < 0.55 * sizes[1]
    assert same(load(own).rynn, models()[0], atol=0.01)
    assert not same(load(own).rynn, models()[0])


def test_numbers_are_cast_to_what_is_asked_and_only_the_backbones(own: Path):
    loaded = load(own, dtype=torch.bfloat16)
    kinds = [next(module.parameters()).dtype for module in (loaded.rynn, loaded.vq, loaded.vae)]
    assert kinds == [torch.bfloat16, torch.float32, torch.float32]


def test_rounded_weights_are_those_that_come_back_from_the_file(own: Path):
    assert same(load(own).vq, rounded(models()[1]))


def test_a_loaded_model_is_not_in_training(own: Path):
    loaded = load(own)
    for module in (loaded.rynn, loaded.vq, loaded.vae):
        assert not module.training
        assert not any(weight.requires_grad for weight in module.parameters())


def test_the_tokenizers_decoder_is_left_out_unless_asked_for(tmp_path: Path):
    assert load(saved(tmp_path / "small")).vq.decoder is None
    assert load(saved(tmp_path / "drawing", decoder=True)).vq.decoder is not None


def test_the_digest_knows_the_weights_the_words_and_the_shape(tmp_path: Path):
    first, again = saved(tmp_path / "a"), saved(tmp_path / "b")
    assert load(first).digest == load(again).digest
    renamed = saved(tmp_path / "c", msgspec.structs.replace(CONFIG, name="other"))
    assert load(first).digest != load(renamed).digest
    save(again, CONFIG, *models(seed=1), WORDS)
    assert load(first).digest != load(again).digest


def test_a_large_files_digest_is_of_its_name_and_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "shard"
    file.write_bytes(b"abc")
    small = digest([file])
    monkeypatch.setattr("armtrial.policies.rynnvla.weights.LARGE", 2)
    large = digest([file])
    file.write_bytes(b"xyz")
    assert digest([file]) == large != small


def test_the_published_layout_is_read_from_its_shards(theirs: Path):
    loaded, (rynn, vq, vae) = load(theirs), models(published_config())
    assert same(loaded.vae, vae)
    assert same(loaded.vq, vq)
    assert same(loaded.rynn, shared_norms(rynn))


def published_config() -> Config:
    from armtrial.tests.policies.rynnvla_small import published_vocabulary

    return msgspec.structs.replace(CONFIG, vocabulary=published_vocabulary())


def shared_norms(rynn: nn.Module) -> nn.Module:
    """Every head with the first one's norm."""
    for name, weight in rynn.named_parameters():
        if ".q_norm." in name or ".k_norm." in name:
            weight.data[:] = weight.data[:1].clone()
    return rynn


def test_one_row_of_norms_is_repeated_for_every_head(theirs: Path):
    file = theirs / "pytorch_model.bin"
    state = gathered(theirs)
    state["model.layers.1.self_attn.k_norm.bias"] = torch.arange(8.0)[None]
    torch.save(state, file)
    norm = load(theirs).rynn.model.layers[1].self_attn.k_norm
    assert torch.equal(norm.bias, torch.arange(8.0).expand(4, 8))


def gathered(folder: Path) -> dict[str, torch.Tensor]:
    return {
        name: weight for shard in sorted(folder.glob("model-*.safetensors")) for name, weight in read(shard).items()
    }


def test_the_published_shapes_are_read_from_the_weights(theirs: Path):
    config = load(theirs).config
    assert config.chunks == msgspec.structs.replace(CONFIG.chunks, dropout=0.1)
    assert config.quantiser == CONFIG.quantiser
    assert config.backbone == msgspec.structs.replace(CONFIG.backbone, positions=4096, dropout=0.05)
    assert config.embodiment == SO100


def test_the_published_statistics_are_mean_and_deviation_of_relative_actions(theirs: Path):
    statistics = load(theirs).config.statistics
    assert statistics.action_mean == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    assert statistics.action_low == (-1.0,) * 6
    assert statistics.scaling is Scaling.MEAN_STD


def test_published_codes_have_the_ids_of_their_names(theirs: Path):
    assert load(theirs).codes.tolist() == [4 + CODES - 1 - code for code in range(CODES)]


def test_published_text_is_the_published_tokenizers(theirs: Path):
    assert load(theirs).text.ids("pick block") == [40000, 40001]


def test_the_newest_action_vae_is_taken(theirs: Path):
    newer = models(published_config(), seed=3)[2]
    torch.save(newer.state_dict(), theirs / "step_10000.pt")
    assert same(load(theirs).vae, newer)


def test_parts_may_lie_elsewhere(theirs: Path, tmp_path: Path):
    moved = {"step_900.pt": "v.pt", "statistics.json": "s.json", "original_tokenizers": "Chameleon"}
    for name, place in moved.items():
        (theirs / name).rename(tmp_path / place)
    refused(theirs, "vqgan.ckpt is missing")
    parts = Parts(tokenizers=tmp_path / "Chameleon", action_vae=tmp_path / "v.pt", statistics=tmp_path / "s.json")
    assert load(theirs, parts=parts).config.chunks.latent == 4


def test_a_head_of_five_layers_is_known_by_its_configuration(theirs: Path):
    rynn = models(msgspec.structs.replace(published_config(), backbone=with_backbone(head=Head.MLP).backbone))[0]
    told = json.loads((theirs / "config.json").read_text())
    (theirs / "config.json").write_text(json.dumps({**told, "action_head_type": "MLP"}))
    torch.save(rynn.state_dict(), theirs / "pytorch_model.bin")
    assert load(theirs).config.backbone.head is Head.MLP


def test_a_training_begins_with_fresh_heads_and_new_tokens_on_the_published_weights(theirs: Path):
    state = {name: weight for name, weight in gathered(theirs).items() if not name.startswith(("action_", "state_"))}
    for name in ("lm_head.weight", "model.embed_tokens.weight"):
        state[name] = state[name][:65536]
    torch.save(state, theirs / "pytorch_model.bin")
    refused(theirs, r"knows 65536 tokens and a policy needs 65540, the action's among them")
    begun = published.backbone(theirs, published_config(), torch.device("cpu"), torch.float32, begin=True)
    assert begun.lm_head.weight.shape == (65540, 32)
    assert torch.equal(begun.lm_head.weight[:65536], state["lm_head.weight"])
    assert begun.action_head.weight.shape == (8, 32)
    assert all(weight.isfinite().all() for weight in begun.parameters())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("config.json", "config.json is missing: the checkpoint's shape"),
        ("model.safetensors", "model.safetensors is missing: the weights. It comes from `armtrial train rynnvla pack`"),
        ("text.json", "text.json is missing: the words that the model knows"),
    ],
)
def test_a_missing_file_of_ours_is_named(own: Path, name: str, message: str):
    (own / name).unlink()
    refused(own, message)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("original_tokenizers/vqgan.ckpt", "the picture tokenizer. It comes from Alpha-VLLM/Chameleon_7B_mGPT"),
        ("original_tokenizers/text_tokenizer.json", "the table of token names. It comes from Alpha-VLLM"),
        ("step_900.pt", "step_N.pt is missing: the ActionVAE. It comes from the ActionVAE's training"),
        ("statistics.json", "the statistics of states and actions. It comes from the preparation of"),
        (
            "model.safetensors.index.json",
            "nor any of .*pytorch_model.bin.index.json.*: the list of the backbone's files",
        ),
        ("model-00002-of-00002.safetensors", "00002-of-00002.safetensors is missing: a part of the backbone"),
    ],
)
def test_a_missing_file_of_theirs_is_named_with_its_source(theirs: Path, name: str, message: str):
    (theirs / name).unlink()
    refused(theirs, message)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path):
    refused(tmp_path / "nothing", "nothing is not a folder; a checkpoint is the folder that")


def test_a_file_cut_short_is_told(own: Path):
    cut(own / "model.safetensors")
    refused(own, "model.safetensors is damaged or cut short: .*. Copy it again")


@pytest.mark.parametrize("name", ["original_tokenizers/vqgan.ckpt", "step_900.pt", "model-00001-of-00002.safetensors"])
def test_a_file_of_theirs_cut_short_is_told(theirs: Path, name: str):
    cut(theirs / name)
    refused(theirs, f"{Path(name).name} is damaged or cut short")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def test_an_empty_pickle_is_told(theirs: Path):
    (theirs / "step_900.pt").write_bytes(b"")
    refused(theirs, "step_900.pt is damaged or cut short")


class Harmful:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_what_is_in_a_pickle_is_not_run(theirs: Path, tmp_path: Path):
    torch.save({"state_dict": Harmful(tmp_path / "harmed")}, theirs / "step_900.pt")
    refused(theirs, "step_900.pt holds more than weights, or is damaged.*Save its state_dict alone")
    assert not (tmp_path / "harmed").exists()


def test_a_pickle_without_named_weights_is_told(theirs: Path):
    torch.save([torch.zeros(1)], theirs / "step_900.pt")
    refused(theirs, "step_900.pt holds no table of weights by their names")


def test_missing_weights_are_listed(theirs: Path):
    torch.save({name: w for name, w in gathered(theirs).items() if "mlp" not in name}, theirs / "pytorch_model.bin")
    refused(theirs, r"pytorch_model.bin lacks weights: model.layers.0.mlp.gate_proj.weight, .* and 2 more. It was made")


def test_unknown_weights_are_listed(theirs: Path):
    torch.save({**gathered(theirs), "model.extra": torch.zeros(1)}, theirs / "pytorch_model.bin")
    refused(theirs, "pytorch_model.bin has unknown weights: model.extra. It was made for another model")


def test_weights_of_another_shape_are_listed_with_both(theirs: Path):
    torch.save({**gathered(theirs), "action_head.bias": torch.zeros(9)}, theirs / "pytorch_model.bin")
    refused(theirs, r"has misshapen weights: action_head.bias \(9,\) for \(8,\)")


def test_what_is_no_action_vae_is_told(theirs: Path):
    torch.save({"a": torch.zeros(1)}, theirs / "step_900.pt")
    refused(theirs, "step_900.pt lacks weights: latent_out_proj.weight. It is no ActionVAE")


def test_what_is_no_picture_tokenizer_is_told(theirs: Path):
    torch.save({"state_dict": {"a": torch.zeros(1)}}, theirs / "original_tokenizers" / "vqgan.ckpt")
    refused(theirs, "vqgan.ckpt lacks weights: quantize.embedding.weight. It is no picture tokenizer")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rel_std_action": [1.0] * 5}, "action_std has 5 numbers for 6: shoulder_pan, "),
        ({"rel_mean_action": [1.0] * 7}, "action_mean has 7 numbers for 6"),
        ({"std_state": [1.0] * 5 + [0.0]}, "state_std of gripper is 0.0; what never moves cannot be scaled by it"),
        ({"rel_std_action": [-1.0] + [1.0] * 5}, "action_std of shoulder_pan is -1.0"),
        ({"mean_state": ["x"]}, "statistics.json is no table of statistics"),
        ({"mean_state": None}, "statistics.json is no table of statistics"),
    ],
)
def test_statistics_that_cannot_be_used_are_told(theirs: Path, change: dict[str, Any], message: str):
    (theirs / "statistics.json").write_text(json.dumps({**published_statistics(), **change}))
    refused(theirs, message)


def test_statistics_that_are_not_finite_are_told(own: Path):
    spoiled = msgspec.structs.replace(CONFIG.statistics, state_mean=(0.0,) * 5 + (float("inf"),))
    with pytest.raises(CheckpointError, match="here: state_mean of gripper is inf; measure the statistics again"):
        checkpoint.check_statistics(msgspec.structs.replace(CONFIG, statistics=spoiled), Path("here"))


def test_percentiles_that_are_not_apart_are_told():
    flat = msgspec.structs.replace(CONFIG.statistics, scaling=Scaling.PERCENTILES, action_low=(1.0,) * 6)
    with pytest.raises(CheckpointError, match=r"shoulder_pan goes from 1.0 to 1.0; the percentiles have to be apart"):
        checkpoint.check_statistics(msgspec.structs.replace(CONFIG, statistics=flat), Path("here"))


def test_another_embodiments_checkpoint_is_refused_with_both_sides_shown(own: Path):
    turned = msgspec.structs.replace(SO100, name="other", actions=(*SO100.actions[:5], "tool"))
    refused(own, r"a checkpoint for so100 \(.*gripper; .*asked for is other \(.*actions: .*tool", embodiment=turned)


def test_an_action_vae_for_another_number_of_joints_is_refused(theirs: Path):
    arm = msgspec.structs.replace(SO100, name="seven", actions=(*SO100.actions, "more"))
    refused(theirs, "step_900.pt moves 6 joints; seven has 7: shoulder_pan", embodiment=arm)


@pytest.mark.parametrize("content", ["{", "[]", '{"embodiment": 1}', '{"model_type": "chameleon", "hidden_size": "x"}'])
def test_what_is_no_configuration_is_told(own: Path, content: str):
    (own / "config.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"config.json|model.safetensors.index|vqgan"):
        load(own)


def test_words_beyond_the_models_vocabulary_are_refused(own: Path):
    more = msgspec.structs.replace(WORDS, words=(*WORDS.words, "zebra"))
    (own / "text.json").write_bytes(msgspec.json.encode(more))
    refused(own, r"text.json has ids up to \d+; the model's vocabulary has \d+")


def test_weights_of_a_part_that_no_checkpoint_has_are_told(own: Path):
    from safetensors.torch import save_file

    save_file({**read(own / "model.safetensors"), "extra.a": torch.zeros(1)}, own / "model.safetensors")
    refused(own, "has weights of extra; ours are of rynn, vq and vae")


def test_a_loaded_checkpoint_is_all_that_a_policy_needs(own: Path):
    loaded: Loaded = load(own)
    assert loaded.codes.tolist() == list(range(CONFIG.vocabulary.first_code, CONFIG.vocabulary.first_code + CODES))
