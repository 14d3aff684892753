"""The ActionVAE: a chunk of actions as a few numbers, and back. Its parameters have the published names and shapes."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import Chunks


class ActionVae(nn.Module):
    """Chunks go in and come out as numbers of about unit size; what they mean in degrees is the embodiment's affair."""

    pos_table: Tensor

    def __init__(self, chunks: Chunks, actions: int, chunk: int) -> None:
        super().__init__()
        hidden = chunks.hidden
        self.chunk = chunk
        self.encoder = _Encoder(chunks)
        self.transformer = _Transformer(chunks)
        self.cls_embed = nn.Embedding(1, hidden)
        self.encoder_action_proj = nn.Linear(actions, hidden)
        self.encoder_joint_proj = nn.Linear(actions, hidden)
        self.latent_proj = nn.Linear(hidden, 2 * chunks.latent)
        self.latent_out_proj = nn.Linear(chunks.latent, hidden)
        self.query_embed = nn.Embedding(chunk, hidden)
        self.pos = nn.Embedding(1, hidden)
        self.action_head = nn.Linear(hidden, actions)
        self.is_pad_head = nn.Linear(hidden, 1)
        self.register_buffer("pos_table", _waves(chunk + 1, hidden)[None])
        for layers in (self.encoder, self.transformer):
            _spread(layers)

    def encode(self, x: Tensor, is_pad: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(B, chunk, D) to the mean and the logarithm of the variance, (B, latent) each. True in `is_pad` (B, chunk):
        the row is beyond the end of the episode and is not looked at."""
        first = self.cls_embed.weight.expand(len(x), 1, -1)
        rows = torch.cat([first, self.encoder_action_proj(x).to(first.dtype)], dim=1)
        hidden = functional.pad(is_pad, (1, 0)) if is_pad is not None else None
        mean, spread = self.latent_proj(self.encoder(rows, self.pos_table, hidden)[:, 0]).chunk(2, dim=-1)
        return mean, spread

    def decode(self, z: Tensor) -> Tensor:
        """(B, latent) to (B, chunk, D)."""
        source = self.latent_out_proj(z)[:, None]
        return self.action_head(self.transformer(source, self.pos.weight, self.query_embed.weight))


class _Layer(nn.Module):
    """What both kinds of layers share; norms come after, as in DETR."""

    def __init__(self, chunks: Chunks) -> None:
        super().__init__()
        self.self_attn = _attention(chunks)
        self.linear1 = nn.Linear(chunks.hidden, chunks.feedforward)
        self.linear2 = nn.Linear(chunks.feedforward, chunks.hidden)
        self.norm1 = nn.LayerNorm(chunks.hidden)
        self.norm2 = nn.LayerNorm(chunks.hidden)
        self.dropout = nn.Dropout(chunks.dropout)

    def _fed(self, x: Tensor) -> Tensor:
        return self.dropout(self.linear2(self.dropout(functional.relu(self.linear1(x)))))


class _EncoderLayer(_Layer):
    def forward(self, x: Tensor, places: Tensor, hidden: Tensor | None) -> Tensor:
        placed = x + places
        seen = self.self_attn(placed, placed, x, key_padding_mask=hidden, need_weights=False)[0]
        x = self.norm1(x + self.dropout(seen))
        return self.norm2(x + self._fed(x))


class _DecoderLayer(_Layer):
    def __init__(self, chunks: Chunks) -> None:
        super().__init__(chunks)
        self.multihead_attn = _attention(chunks)
        self.norm3 = nn.LayerNorm(chunks.hidden)

    def forward(self, x: Tensor, memory: Tensor, places: Tensor, queries: Tensor) -> Tensor:
        """The second attention looks at the rows themselves as well as at the memory."""
        placed = x + queries
        x = self.norm1(x + self.dropout(self.self_attn(placed, placed, x, need_weights=False)[0]))
        placed = x + queries
        keys, values = torch.cat([placed, memory + places], dim=1), torch.cat([x, memory], dim=1)
        x = self.norm2(x + self.dropout(self.multihead_attn(placed, keys, values, need_weights=False)[0]))
        return self.norm3(x + self._fed(x))


class _Encoder(nn.Module):
    def __init__(self, chunks: Chunks) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_EncoderLayer(chunks) for _ in range(chunks.encoder_layers))

    def forward(self, x: Tensor, places: Tensor, hidden: Tensor | None = None) -> Tensor:
        for layer in self.layers:
            x = layer(x, places, hidden)
        return x


class _Decoder(nn.Module):
    def __init__(self, chunks: Chunks) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_DecoderLayer(chunks) for _ in range(chunks.decoder_layers))
        self.norm = nn.LayerNorm(chunks.hidden)

    def forward(self, x: Tensor, memory: Tensor, places: Tensor, queries: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x, memory, places, queries)
        return self.norm(x)


class _Transformer(nn.Module):
    def __init__(self, chunks: Chunks) -> None:
        super().__init__()
        self.encoder = _Encoder(chunks)
        self.decoder = _Decoder(chunks)

    def forward(self, source: Tensor, places: Tensor, queries: Tensor) -> Tensor:
        """One token is encoded; the rows start as its copies, not as zeros."""
        memory = self.encoder(source, places)
        return self.decoder(source.expand(-1, len(queries), -1), memory, places, queries)


def _attention(chunks: Chunks) -> nn.MultiheadAttention:
    return nn.MultiheadAttention(chunks.hidden, chunks.heads, dropout=chunks.dropout, batch_first=True)


def _waves(places: int, hidden: int) -> Tensor:
    """(places, hidden): sines in the even columns, cosines in the odd ones."""
    angles = torch.arange(places)[:, None] / 10000 ** (torch.arange(0, hidden, 2) / hidden)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def _spread(layers: nn.Module) -> None:
    for weight in layers.parameters():
        if weight.ndim > 1:
            nn.init.xavier_uniform_(weight)
