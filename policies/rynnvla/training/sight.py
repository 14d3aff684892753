"""Where things are in a picture, asked of the picture's own tokens: each says whether it shows a thing, and where."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .episodes import THINGS

OFF, PLACE = 10.0, 5.0
"""What a whole picture's width of error weighs against the cross entropy of the cell, for things and for cells."""


@dataclass(frozen=True, slots=True)
class Missed:
    """How far off the tokens are."""

    cell: Tensor
    """Cross entropy of the cell that shows a thing."""
    off: Tensor
    """L1 of the thing's place, told by that cell's token, as a share of the picture's edge."""
    place: Tensor
    """L1 of each token's own place: what it knows of that is what it can pass on."""

    @property
    def total(self) -> Tensor:
        return self.cell + OFF * self.off + PLACE * self.place


class Sight(nn.Module):
    """Reads hidden states of picture tokens."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.thing = nn.Linear(hidden, len(THINGS) * 3)
        self.place = nn.Linear(hidden, 2)

    def missed(self, hidden: Tensor, sights: Tensor) -> Missed:
        """`hidden`: (B, views, rows, columns, H); `sights`: (B, views, things, 2)."""
        rows, columns = hidden.shape[2:4]
        hidden = functional.rms_norm(hidden.float(), hidden.shape[-1:]).flatten(2, 3)
        told = self.thing(hidden).float().unflatten(-1, (len(THINGS), 3)).transpose(2, 3)
        own = (self.place(hidden).float() - _middles(rows, columns).to(hidden.device)).abs().mean()
        seen = (sights >= 0).all(-1)
        if not bool(seen.any()):
            return Missed(own * 0, own * 0, own)
        told, sights = told[seen], sights[seen]
        cell = (sights[:, 1] * rows).long().clamp(max=rows - 1) * columns
        cell = cell + (sights[:, 0] * columns).long().clamp(max=columns - 1)
        place = told[torch.arange(len(cell), device=cell.device), cell, 1:]
        return Missed(functional.cross_entropy(told[..., 0], cell), functional.l1_loss(place, sights), own)


def _middles(rows: int, columns: int) -> Tensor:
    """(rows * columns, 2): column and row, as shares."""
    down, along = ((torch.arange(count) + 0.5) / count for count in (rows, columns))
    grid = torch.meshgrid(down, along, indexing="ij")
    return torch.stack([grid[1], grid[0]], dim=-1).flatten(0, 1)
