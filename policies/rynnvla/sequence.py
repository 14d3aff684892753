"""What the backbone reads: `[beginning, text][front][wrist][state][action]`, frame after frame, as token ids."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from .config import Vocabulary
from .vocabulary import PADDING, IdTable

IGNORED = -100
"""The label of what is not to be predicted; the library's loss knows it."""
Codes = NDArray[Any] | Tensor
"""Whole numbers, of any width."""


class View(enum.IntEnum):
    """In the order in which they are read."""

    FRONT = 0
    WRIST = 1


@dataclass(frozen=True, slots=True)
class Packed:
    """Sequences side by side, filled up on the right."""

    ids: Tensor
    """(B, L)."""
    labels: Tensor
    """(B, L): the token itself where it is to be predicted, else `IGNORED`. It is predicted one place before."""
    mask: Tensor | None
    """(B, L): False where it is filled up; None where nothing is."""
    state_positions: Tensor
    """(B, frames), or (B, 0) without actions. The action is read there, one before its own placeholder."""

    @property
    def since(self) -> int:
        """The first place that predicts anything in any of the sequences."""
        return max(0, int((self.labels != IGNORED).any(0).nonzero()[0]) - 1)


def picture_ids(codes: Codes, view: View, vocabulary: Vocabulary, patch: int, known: IdTable | None = None) -> Tensor:
    """(..., h, w) codes as (..., h * (w + 1) + 4) ids: start, height, width, the rows with their ends, end."""
    codes = torch.as_tensor(np.asarray(codes).astype(np.int64) if not isinstance(codes, Tensor) else codes).long()
    height, width = codes.shape[-2:]
    start, end = _marks(view, vocabulary)
    ids = codes + vocabulary.first_code if known is None else known.to(codes.device)[codes]
    rows = functional.pad(ids, (0, 1), value=vocabulary.row_end).flatten(-2)
    sizes = [vocabulary.first_size + edge * patch // vocabulary.size_unit for edge in (height, width)]
    head = torch.tensor([start, *sizes], device=rows.device).expand(*rows.shape[:-1], 3)
    return torch.cat([head, rows, head.new_tensor([end]).expand(*rows.shape[:-1], 1)], dim=-1)


def prompt(
    text: Sequence[int],
    front: Codes,
    wrist: Codes,
    vocabulary: Vocabulary,
    patch: int,
    known: IdTable | None = None,
) -> Tensor:
    """(L,): one frame, up to the state. The action is read at the last place."""
    views = [picture_ids(codes, view, vocabulary, patch, known) for view, codes in zip(View, (front, wrist))]
    device = views[0].device
    begun = torch.tensor([vocabulary.bos, *text], device=device)
    return torch.cat([begun, *views, torch.tensor([vocabulary.state], device=device)])


def prompts(rows: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
    """(B, L) and its mask, of prompts of whatever lengths."""
    lengths = torch.tensor([len(row) for row in rows])
    ids = torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=PADDING)
    return ids, _mask(lengths.to(ids.device), ids.shape[1])


def pack(
    words: Sequence[Sequence[int]],
    codes: Codes,
    vocabulary: Vocabulary,
    patch: int,
    with_actions: bool = True,
    known: IdTable | None = None,
) -> Packed:
    """For training: `codes` are (B, frames, 2, h, w), `words` the text of each sequence, told anew in each frame.

    The first frame's text and pictures are given. States and actions are always predicted, and all of later frames."""
    frame = _frames(words, torch.as_tensor(np.asarray(codes).astype(np.int64)), vocabulary, patch, with_actions, known)
    count, frames, room = frame.shape
    flat = frame.flatten(1)
    real = flat != _GAP
    lengths = real.sum(1)
    asked = (flat == vocabulary.state) | (flat == vocabulary.action) | (torch.arange(frames * room) >= room)
    ids = torch.full((count, int(lengths.max())), PADDING)
    labels = torch.full_like(ids, IGNORED)
    places = _mask(lengths, ids.shape[1])
    places = torch.ones_like(ids, dtype=torch.bool) if places is None else places
    ids[places] = flat[real]
    labels[places] = torch.where(asked, flat, IGNORED)[real]
    states = (ids == vocabulary.state).nonzero()[:, 1].view(count, -1)
    return Packed(ids, labels, None if bool(places.all()) else places, states)


_GAP = -1
"""Where a text ends before the longest one does; it is squeezed out."""


def _frames(
    words: Sequence[Sequence[int]],
    codes: Tensor,
    vocabulary: Vocabulary,
    patch: int,
    with_actions: bool,
    known: IdTable | None,
) -> Tensor:
    """(B, frames, ...): all frames, with gaps behind shorter texts."""
    count, frames = codes.shape[:2]
    texts = [torch.tensor([vocabulary.bos, *text]) for text in words]
    told = torch.nn.utils.rnn.pad_sequence(texts, batch_first=True, padding_value=_GAP)
    views = [picture_ids(codes[:, :, view], view, vocabulary, patch, known) for view in View]
    marks = [vocabulary.state, vocabulary.action] if with_actions else []
    ends = torch.tensor(marks, dtype=torch.long).expand(count, frames, -1)
    return torch.cat([told[:, None].expand(-1, frames, -1), *views, ends], dim=-1)


def _mask(lengths: Tensor, longest: int) -> Tensor | None:
    if bool((lengths == longest).all()):
        return None
    return torch.arange(longest, device=lengths.device) < lengths[:, None]


def _marks(view: View, vocabulary: Vocabulary) -> tuple[int, int]:
    if view is View.FRONT:
        return vocabulary.front_start, vocabulary.front_end
    return vocabulary.wrist_start, vocabulary.wrist_end
