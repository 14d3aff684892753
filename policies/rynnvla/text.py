"""Instructions as token ids: the published tokenizer, or a small one of our own that knows the words it was shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from ...envs.faults import Fault, caught
from ...tasks.base import Origin

BYTES = 256
LIMIT = 128
"""Tokens of an instruction, at most. Longer ones are no instruction that anyone has trained on."""

_PIECES = re.compile(r"\w+|[^\w\s]")
_WORD_END = 32
"""The byte that ends a word told in bytes: a blank, which no word holds."""


class TextError(ValueError):
    """An instruction that cannot be read."""


class Text(Protocol):
    def ids(self, instruction: str) -> list[int]:
        """At least one, without the sequence's beginning."""
        ...


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whole words and single marks in lower case; what it does not know is told byte by byte. `text.json` is this."""

    words: tuple[str, ...]
    first: int
    """The id of byte 0; words come after the bytes."""
    limit: int = LIMIT

    @classmethod
    def learned(cls, instructions: Iterable[str], first: int) -> Words:
        """From all words that occur, in the order of the alphabet."""
        return cls(words=tuple(sorted({piece for text in instructions for piece in pieces(text)})), first=first)

    @property
    def size(self) -> int:
        """Ids that it uses."""
        return BYTES + len(self.words)

    def ids(self, instruction: str) -> list[int]:
        places = {word: self.first + BYTES + place for place, word in enumerate(self.words)}
        found = [[places[piece]] if piece in places else self._spelled(piece) for piece in pieces(instruction)]
        return _checked([token for tokens in found for token in tokens], instruction, self.limit)

    def _spelled(self, piece: str) -> list[int]:
        return [self.first + byte for byte in (*piece.encode(), _WORD_END)]


class Published:
    """Chameleon's own, from its `tokenizer.json` or `text_tokenizer.json`."""

    def __init__(self, file: Path, names: Path | None = None, limit: int = LIMIT) -> None:
        """`names`: the table of all tokens, `text_tokenizer.json`, if that is another file."""
        from tokenizers import Tokenizer

        read: Any = caught(Origin.POLICY, Tokenizer.from_file, str(file))
        if isinstance(read, Fault):
            raise TextError(f"{file} cannot be read as a tokenizer: {read.message}")
        self.file, self.names = file, names or file
        self._tokenizer = read
        self._limit = limit

    def ids(self, instruction: str) -> list[int]:
        found = self._tokenizer.encode(instruction, add_special_tokens=False).ids if instruction.strip() else []
        return _checked(list(found), instruction, self._limit)


def save(text: Words, file: Path) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(text), indent=1))


def load(file: Path) -> Words:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Words)
    except (OSError, msgspec.MsgspecError) as error:
        raise TextError(f"{file} cannot be read as a table of words: {error}") from None


def pieces(instruction: str) -> list[str]:
    """Words and marks, in the one form in which they are compared."""
    return _PIECES.findall(unicodedata.normalize("NFKC", instruction).lower())


def _checked(ids: list[int], instruction: str, limit: int) -> list[int]:
    if not ids:
        raise TextError(f"the instruction {instruction!r} is empty; say what is to be done")
    if len(ids) > limit:
        raise TextError(f"the instruction has {len(ids)} tokens and may have {limit}; say it in fewer words")
    return ids
