"""The ActionVAE has the published parameters, and its attentions look where the published ones do."""

import math
from typing import Any

import pytest
import torch
from torch import nn

from armtrial.policies.rynnvla.action_vae import ActionVae
from armtrial.policies.rynnvla.config import Chunks
from armtrial.tests.policies.rynnvla_small import models

ATTENTION = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
FED = ("linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias")
AROUND = {
    "cls_embed.weight",
    "query_embed.weight",
    "pos.weight",
    "pos_table",
    *(
        f"{name}.{kind}"
        for name in (
            "action_head",
            "is_pad_head",
            "encoder_action_proj",
            "encoder_joint_proj",
            "latent_proj",
            "latent_out_proj",
        )
        for kind in ("weight", "bias")
    ),
}


def published() -> ActionVae:
    with torch.device("meta"):
        return ActionVae(Chunks(), 6, 20)


def layer(prefix: str, attentions: tuple[str, ...], norms: int) -> set[str]:
    normed = [f"norm{number}.{kind}" for number in range(1, norms + 1) for kind in ("weight", "bias")]
    names = [f"{attention}.{part}" for attention in attentions for part in ATTENTION]
    return {f"{prefix}.{name}" for name in (*names, *FED, *normed)}


def test_the_published_size_has_72_43_million_parameters():
    assert sum(weight.numel() for weight in published().parameters()) == 72_432_071


def test_the_names_are_the_published_ones():
    encoders = [
        layer(f"{stack}.layers.{number}", ("self_attn",), 2)
        for stack in ("encoder", "transformer.encoder")
        for number in range(4)
    ]
    decoders = [
        layer(f"transformer.decoder.layers.{number}", ("self_attn", "multihead_attn"), 3) for number in range(7)
    ]
    end = {"transformer.decoder.norm.weight", "transformer.decoder.norm.bias"}
    assert set(published().state_dict()) == AROUND.union(end, *encoders, *decoders)


def test_the_shapes_are_the_published_ones():
    shapes = {name: tuple(weight.shape) for name, weight in published().state_dict().items()}
    assert shapes["query_embed.weight"] == (20, 512)
    assert shapes["pos.weight"] == (1, 512)
    assert shapes["pos_table"] == (1, 21, 512)
    assert shapes["latent_proj.weight"] == (64, 512)
    assert shapes["latent_out_proj.weight"] == (512, 32)
    assert shapes["encoder.layers.0.linear1.weight"] == (3200, 512)


def test_a_chunk_becomes_a_latent_and_a_chunk_again():
    _, _, vae = models()
    mean, spread = vae.encode(torch.randn(3, 20, 6))
    assert mean.shape == spread.shape == (3, 4)
    assert vae.decode(mean).shape == (3, 20, 6)


def test_rows_behind_an_episodes_end_are_not_looked_at():
    _, _, vae = models()
    chunks = torch.randn(2, 20, 6)
    beyond = torch.arange(20).expand(2, 20) >= 15
    other = torch.where(beyond[..., None], 100.0, chunks)
    assert torch.allclose(vae.encode(chunks, beyond)[0], vae.encode(other, beyond)[0])
    assert not torch.allclose(vae.encode(chunks)[0], vae.encode(other)[0])


def test_rows_of_a_chunk_are_told_apart_by_their_places():
    _, _, vae = models()
    decoded = vae.decode(torch.randn(1, 4))[0]
    assert len({tuple(row) for row in decoded.round(decimals=6).tolist()}) == 20


def test_the_decoder_attends_to_its_rows_and_the_memory_as_written_out_by_hand():
    _, _, vae = models()
    step: Any = vae.transformer.decoder.layers[0]
    rows, memory, place, queries = (
        torch.randn(1, 20, 16),
        torch.randn(1, 1, 16),
        torch.randn(1, 16),
        torch.randn(20, 16),
    )
    first = step.norm1(rows + looking(step.self_attn, rows + queries, rows + queries, rows))
    keys, values = torch.cat([first + queries, memory + place], 1), torch.cat([first, memory], 1)
    second = step.norm2(first + looking(step.multihead_attn, first + queries, keys, values))
    third = step.norm3(second + step.linear2(step.linear1(second).clamp(min=0)))
    assert torch.allclose(step(rows, memory, place, queries), third, atol=1e-5)


def test_the_rows_start_as_copies_of_the_latent_not_as_zeros():
    _, _, vae = models()
    seen: list[torch.Tensor] = []
    vae.transformer.decoder.layers[0].register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    latent = torch.randn(2, 4)
    vae.decode(latent)
    assert torch.equal(seen[0], vae.latent_out_proj(latent)[:, None].expand(-1, 20, -1))


def test_places_are_waves_sines_in_the_even_columns():
    table = models()[2].pos_table[0]
    slower = 3 / 10000 ** (2 / 16)
    assert torch.allclose(table[0], torch.tensor([0.0, 1.0] * 8))
    assert table[3, :4].tolist() == pytest.approx([math.sin(3), math.cos(3), math.sin(slower), math.cos(slower)])


def looking(attention: nn.MultiheadAttention, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor):
    """Plain attention with eight heads, from the weights alone."""
    assert attention.in_proj_weight is not None
    parts = zip((query, key, value), attention.in_proj_weight.chunk(3), attention.in_proj_bias.chunk(3))
    heads = [(x @ weight.T + bias).unflatten(-1, (8, -1)).transpose(1, 2) for x, weight, bias in parts]
    weights = (heads[0] @ heads[1].mT / heads[0].shape[-1] ** 0.5).softmax(-1)
    return attention.out_proj((weights @ heads[2]).transpose(1, 2).flatten(2))
