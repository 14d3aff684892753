"""The backbone: the library's Chameleon transformer with our own heads, run by a loop of our own.

The library's modules hold the weights and say what is computed. Our loop computes the same with fewer passes over
memory, leaves out of the last layer what nobody asks for, and drops residuals in training, as published.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import ChameleonConfig, ChameleonModel

from .attention import looked_back
from .config import Backbone, Config, Head
from .norm import normed

EPSILON = 1e-5
"""Of all norms."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the backbone makes of sequences."""

    hidden: Tensor
    """(B, L, H), after the last norm. Zero before what was asked for; without meaning behind a sequence's end."""
    state_positions: Tensor
    """(B, n): where the states are, in order."""
    before: Tensor
    """(B, L, H): what the last layer is given, everywhere."""

    @property
    def state_hidden(self) -> Tensor:
        """(B, n, H): what the actions are read from."""
        return self.hidden.gather(1, self.state_positions[..., None].expand(-1, -1, self.hidden.shape[-1]))


class Rynn(nn.Module):
    """Parameters have the published names; q and k norms have the library's shape, one row for each head."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        shape = config.backbone
        self.state_id, self.dropout = config.vocabulary.state, shape.dropout
        self.model = _chameleon(shape, config.vocabulary.size)
        self.lm_head = nn.Linear(shape.hidden, config.vocabulary.size, bias=False)
        self.action_head = _head(shape, 2 * config.chunks.latent)
        self.state_projection = nn.Linear(len(config.embodiment.state), shape.hidden)
        nn.init.normal_(self.lm_head.weight, std=0.02)

    def forward(self, ids: Tensor, states: Tensor, mask: Tensor | None = None, since: int = 0) -> Seen:
        """`ids` (B, L); `states` (B, n, S), scaled, one for each state token; `mask` (B, L) is True up to each
        sequence's end. Nothing looks ahead, so what is filled up behind it needs no masking.

        `since`: the first place whose hidden state is wanted. The last layer asks about nothing before it."""
        _check_padding(mask)
        x, positions = self._embedded(ids, states)
        cos, sin = self._angles(x)
        for layer in self.model.layers[:-1]:
            x = self._through(layer, x, cos, sin, 0)
        hidden = _normed(self.model.norm, self._through(self.model.layers[-1], x, cos, sin, since))
        return Seen(functional.pad(hidden, (0, 0, since, 0)), positions, x)

    def latents(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """(..., H) at state tokens to the mean and the logarithm of the variance of the ActionVAE's latent."""
        mean, spread = self.action_head(hidden).chunk(2, dim=-1)
        return mean, spread

    def next_logits(self, hidden: Tensor) -> Tensor:
        """(..., H) to (..., vocabulary). It is wide: ask only where the answer is wanted."""
        return self.lm_head(hidden)

    def _embedded(self, ids: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
        """With the states in place of the state tokens' own vectors."""
        found = (ids == self.state_id).nonzero()
        count, each = states.shape[:2]
        if len(found) != count * each:
            raise ValueError(f"{len(found)} state tokens in {len(ids)} sequences, and {count} x {each} states")
        x = self.model.embed_tokens(ids)
        if each:
            told = self.state_projection(states.to(self.state_projection.weight.dtype)).to(x.dtype)
            x = x.index_put((found[:, 0], found[:, 1]), told.flatten(0, 1))
        return x, found[:, 1].view(count, each)

    def _angles(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(1, L, 1, width) each."""
        cos, sin = self.model.rotary_emb(x, torch.arange(x.shape[1], device=x.device)[None])
        return cos[:, :, None], sin[:, :, None]

    def _through(self, layer: Any, x: Tensor, cos: Tensor, sin: Tensor, since: int) -> Tensor:
        seen = _attended(layer.self_attn, _normed(layer.input_layernorm, x), cos, sin, since)
        x = x[:, since:] + self._dropped(seen)
        return x + self._dropped(layer.mlp(_normed(layer.post_attention_layernorm, x)))

    def _dropped(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout) if self.training and self.dropout else x


def unfilled(config: Config) -> Rynn:
    """Without memory for its weights: they are to be assigned. What is computed instead of loaded is there."""
    with torch.device("meta"):
        rynn = Rynn(config)
    rynn.model.rotary_emb = type(rynn.model.rotary_emb)(rynn.model.config)
    return rynn


def _chameleon(shape: Backbone, vocabulary: int) -> Any:
    """Without its picture tokenizer, which is made as small as can be and thrown away."""
    shaped: Any = ChameleonConfig
    tokenizer = {"base_channels": 32, "channel_multiplier": [1], "num_res_blocks": 1, "num_embeddings": 1}
    model: Any = ChameleonModel(
        shaped(
            vocab_size=vocabulary,
            hidden_size=shape.hidden,
            intermediate_size=shape.mlp,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.heads,
            max_position_embeddings=shape.positions,
            rms_norm_eps=EPSILON,
            vq_config=tokenizer,
            vocabulary_map={},
            attn_implementation="sdpa",
        )
    )
    del model.vqmodel
    return model


def _head(shape: Backbone, outputs: int) -> nn.Module:
    if shape.head is Head.LINEAR:
        return nn.Linear(shape.hidden, outputs)
    widths = [shape.hidden, *(max(shape.hidden >> halved, outputs) for halved in (1, 2, 3, 4)), outputs]
    layers = [nn.Linear(width, narrower) for width, narrower in pairwise(widths)]
    return nn.Sequential(*[part for layer in layers for part in (layer, nn.ReLU())][:-1])


def _attended(attention: Any, x: Tensor, cos: Tensor, sin: Tensor, since: int) -> Tensor:
    """(B, L - since, H): what the later places see in all places up to themselves."""
    asking, places = x[:, since:], (len(x), -1, attention.num_heads, attention.head_dim)
    query = _turned(attention.q_norm, attention.q_proj(asking).view(places), cos[:, since:], sin[:, since:])
    key = _turned(attention.k_norm, attention.k_proj(x).view(places), cos, sin)
    value = attention.v_proj(x).view(places)
    seen = _looked_back(query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2), since)
    return attention.o_proj(seen.transpose(1, 2).flatten(2))


def _looked_back(query: Tensor, key: Tensor, value: Tensor, since: int) -> Tensor:
    """(B, heads, L, width) each, the query from place `since` on."""
    if value.device.type == "cpu" and value.dtype == torch.bfloat16:
        return looked_back(query, key, value)
    if not since:
        return functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    places = torch.arange(value.shape[-2], device=value.device)
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=places <= places[since:, None])


def _turned(norm: Any, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """(B, L, heads, width), normed and turned by each place's angle, in the numbers that it came in."""
    with torch.autocast(x.device.type, enabled=False):
        cos, sin, weight, bias = (part.to(x.dtype) for part in (cos, sin, norm.weight, norm.bias))
        x = torch.addcmul(bias, functional.layer_norm(x, x.shape[-1:], eps=EPSILON), weight)
        left, right = x.chunk(2, dim=-1)
        return torch.addcmul(x * cos, torch.cat([-right, left], dim=-1), sin)


def _normed(norm: Any, x: Tensor) -> Tensor:
    if x.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
        return normed(x, norm.weight, EPSILON, torch.get_autocast_dtype("cpu"))
    return functional.rms_norm(x, x.shape[-1:], norm.weight, EPSILON)


def _check_padding(mask: Tensor | None) -> None:
    if mask is not None and bool((~mask[:, :-1] & mask[:, 1:]).any()):
        raise ValueError("a sequence is filled up on its left or in its middle; fill it up on its right")
