"""Which token id means what: of a small model, whose ids follow one another, and of the published one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from .config import Vocabulary

IdTable = Tensor
"""(codes,), int64: the token id of each picture code."""

PADDING = 0
"""Fills up shorter rows of a batch. Nothing ever looks at it, so it need not be a word of its own."""
SIZES = 33
"""Heights and widths of 0 to 32 units can be told by a small model."""

_DIGITS = {ord(letter): str(digit) for digit, letter in enumerate("ABCDEFGHIJ")}
_SPECIAL = {"bos": "<s>", "front_start": "<racm3:break>", "front_end": "<eoss>", "row_end": "<reserved08799>"}
_SIZE = "<reserved{:05d}>"
_FIRST_SIZE, _SIZES = 8800, 64


class VocabularyError(ValueError):
    """A tokenizer file that is not the published one."""


def small(codes: int, words: int) -> tuple[Vocabulary, IdTable]:
    """Ids without gaps: padding, beginning, marks, sizes, picture codes, and from `first_word` on the text's."""
    vocabulary = Vocabulary(
        size=9 + SIZES + codes + words,
        bos=1,
        front_start=2,
        front_end=3,
        wrist_start=4,
        wrist_end=5,
        state=6,
        action=7,
        row_end=8,
        first_size=9,
        first_code=9 + SIZES,
    )
    return vocabulary, table(vocabulary, codes)


def first_word(codes: int) -> int:
    """Of a small model: the id from which on its text tokenizer may count."""
    return 9 + SIZES + codes


def table(vocabulary: Vocabulary, codes: int) -> IdTable:
    """Of codes that follow one another."""
    return vocabulary.first_code + torch.arange(codes)


def published(file: Path, codes: int = 8192) -> tuple[Vocabulary, IdTable]:
    """Of `text_tokenizer.json`, where picture codes are words whose letters are the code's digits. The ids that it does
    not have (the wrist's, the state's, the action's) are the ones that were added to the published model."""
    ids = _ids(file)
    found = {name: _id(ids, word, file) for name, word in _SPECIAL.items()}
    first = _id(ids, _SIZE.format(_FIRST_SIZE), file)
    for size in range(_SIZES):
        if _id(ids, _SIZE.format(_FIRST_SIZE + size), file) != first + size:
            raise VocabularyError(f"{file}: the ids of sizes do not follow one another, as the model's do")
    places = _places(ids)
    missing = next((code for code in range(codes) if code not in places), None)
    if missing is not None:
        raise VocabularyError(f"{file} has no word for picture code {missing}; the model has {codes} codes, 0 first")
    known = torch.tensor([places[code] for code in range(codes)])
    return Vocabulary(**found, first_size=first, first_code=int(known[0])), known


def _ids(file: Path) -> Mapping[str, int]:
    try:
        content = msgspec.json.decode(file.read_bytes(), type=_File)
    except (OSError, msgspec.MsgspecError) as error:
        raise VocabularyError(f"{file} cannot be read as a tokenizer: {error}") from None
    return {**content.model.vocab, **{token.content: token.id for token in content.added_tokens}}


def _id(ids: Mapping[str, int], word: str, file: Path) -> int:
    if word not in ids:
        raise VocabularyError(
            f"{file} has no word {word!r}; the published text_tokenizer.json has, in Chameleon's original_tokenizers"
        )
    return ids[word]


def _places(ids: Mapping[str, int]) -> Mapping[int, int]:
    """Ids by picture code."""
    names = ((name.removeprefix("IMGIMG").removesuffix("Z"), place) for name, place in ids.items() if _is_code(name))
    return {int(name.translate(_DIGITS)): place for name, place in names}


def _is_code(name: str) -> bool:
    letters = name.removeprefix("IMGIMG").removesuffix("Z")
    return name == f"IMGIMG{letters}Z" and letters.translate(_DIGITS).isdecimal()


class _Token(msgspec.Struct):
    id: int
    content: str


class _Model(msgspec.Struct):
    vocab: dict[str, int]


class _File(msgspec.Struct):
    model: _Model
    added_tokens: list[_Token] = []
