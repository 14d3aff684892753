"""Drawn episodes on the disk: one file each, and an index that grows by a synced line when a file is whole.

store = DrawnEpisodes(Path("data/drawn/pens"))
store[0].pictures["front"].shape        # (98, 128, 128, 3)
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import os
import threading
import zipfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ....envs.whole import write_whole
from .episodes import Episode, Sights, Source, Vector
from .packing import packed, unpacked

INDEX, LAYOUT, EPISODES = "episodes.jsonl", "drawn.json", "episodes"
FORMAT = 1


class StoreError(ValueError):
    """A store is not there, not whole, or not what it is taken for."""


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """What all episodes of a store have in common."""

    format: int = FORMAT
    size: tuple[int, int]
    """(width, height) of every picture."""
    every: int
    """Ticks from one picture to the next."""
    until: int | None = None
    """Only the first so many ticks of an episode have pictures; None: all."""

    def __str__(self) -> str:
        until = f" in the first {self.until}" if self.until else ""
        return f"{self.size[0]}x{self.size[1]} every {self.every} ticks{until}"


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What an episode is a drawing of."""

    name: str
    """Unlike every other in the store; the file is called by it."""
    suite: str
    task: str
    variation: str
    instruction: str


class Entry(Label, frozen=True, kw_only=True):
    """A line of the index."""

    steps: int
    pictures: int
    """Pairs of them."""
    bytes: int
    sha256: str


class DrawnEpisodes(Source):
    """A source of the episodes in a folder, in the order of their names, whoever was faster in drawing them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layout = _read_layout(folder)
        self.entries = sorted(_read_index(folder), key=lambda entry: entry.name)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, number: int) -> Episode:
        entry = self.entries[number]
        file = _file(self.folder, entry.name)
        with self._reading(file):
            body = file.read_bytes()
        if hashlib.sha256(body).hexdigest() != entry.sha256:
            raise StoreError(
                f"{file} is not what was drawn: its sha256 differs from the index's; delete it, draw again"
            )
        return unpacked(body, entry.instruction)

    def motion(self, number: int) -> tuple[Vector, Vector]:
        actions, states = self._arrays(number, "action", "state")
        return actions, states

    def ticks(self, number: int) -> NDArray[np.int64]:
        (ticks,) = self._arrays(number, "tick")
        return ticks.astype(np.int64)

    def instruction(self, number: int) -> str:
        return self.entries[number].instruction

    def sights(self, number: int) -> Sights | None:
        with self._opened(number) as arrays:
            return arrays.get("sight")

    def digest(self) -> str:
        told = "".join(f"{entry.name} {entry.sha256} {entry.instruction}\n" for entry in self.entries)
        return hashlib.sha256(told.encode()).hexdigest()

    def _arrays(self, number: int, *names: str) -> list[Vector]:
        with self._opened(number) as arrays:
            return [arrays[name] for name in names]

    @contextmanager
    def _opened(self, number: int) -> Generator[Mapping[str, Any]]:
        """Arrays are read one by one: the pictures are most of the file."""
        file = _file(self.folder, self.entries[number].name)
        with self._reading(file), np.load(file, allow_pickle=False) as arrays:
            yield arrays

    @contextmanager
    def _reading(self, file: Path) -> Generator[None]:
        try:
            yield
        except (OSError, zipfile.BadZipFile) as error:
            raise StoreError(f"{file} cannot be read ({error}); delete it and draw into {self.folder} again") from None


class DrawnWriter:
    """Open it by `writing`. Threads may append side by side: they wait for each other only to add a line."""

    def __init__(self, folder: Path, layout: Layout, log: io.FileIO, entries: Sequence[Entry]) -> None:
        self.layout = layout
        self._folder, self._log, self._lock = folder, log, threading.Lock()
        self._names = {entry.name for entry in entries}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def append(self, label: Label, episode: Episode) -> Entry:
        """The episode is on the disk for good when this returns."""
        body = packed(episode)
        entry = _entry(label, episode, body)
        try:
            write_whole(_file(self._folder, entry.name), body)
            self._add(entry)
        except OSError as error:
            raise StoreError(
                f"{entry.name} could not be written to {self._folder}: {error.strerror}. Everything drawn before it "
                "is safe; make room and draw again"
            ) from None
        return entry

    def _add(self, entry: Entry) -> None:
        line = msgspec.json.encode(entry) + b"\n"
        with self._lock:
            if self._log.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._log.fileno())
            self._names.add(entry.name)


@contextmanager
def writing(folder: Path, layout: Layout) -> Generator[DrawnWriter]:
    """Takes a new folder, or goes on with one of the same layout. Episodes that are not whole are not in it."""
    (folder / EPISODES).mkdir(parents=True, exist_ok=True)
    with io.FileIO(folder / INDEX, "a+") as log:
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"{folder} is being drawn into by another process; wait for it or end it") from None
        _claim(folder, layout)
        entries = [entry for entry in _read_index(folder) if _is_whole(folder, entry)]
        write_whole(folder / LAYOUT, msgspec.json.encode(layout) + b"\n")
        _rewrite(log, entries)
        yield DrawnWriter(folder, layout, log, entries)


def _claim(folder: Path, layout: Layout) -> None:
    if (folder / LAYOUT).exists() and (there := _read_layout(folder)) != layout:
        raise StoreError(f"{folder} holds pictures of {there}, not of {layout}; draw into another folder")


def _rewrite(log: io.FileIO, entries: Sequence[Entry]) -> None:
    """Without the lines of what is gone, and without a line that was cut short."""
    text = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
    log.seek(0)
    if log.readall() != text:
        log.truncate(0)
        log.write(text)
        os.fsync(log.fileno())


def _is_whole(folder: Path, entry: Entry) -> bool:
    file = _file(folder, entry.name)
    return file.exists() and file.stat().st_size == entry.bytes


def _file(folder: Path, name: str) -> Path:
    return folder / EPISODES / f"{name}.npz"


def _read_layout(folder: Path) -> Layout:
    try:
        layout = msgspec.json.decode((folder / LAYOUT).read_bytes(), type=Layout)
    except OSError as error:
        raise StoreError(f"{folder} holds no drawn episodes: {LAYOUT} cannot be read, {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise StoreError(f"{folder / LAYOUT} is damaged: {error}; draw into another folder") from None
    if layout.format != FORMAT:
        raise StoreError(f"{folder} has format {layout.format}; this version reads {FORMAT}: draw it anew")
    return layout


def _read_index(folder: Path) -> list[Entry]:
    """A last line that is not yet whole is left out."""
    file = folder / INDEX
    try:
        text = file.read_bytes()
        return [msgspec.json.decode(line, type=Entry) for line in text[: text.rfind(b"\n") + 1].splitlines()]
    except OSError as error:
        raise StoreError(f"{file} cannot be read: {error.strerror}; draw into {folder} again") from None
    except msgspec.DecodeError as error:
        raise StoreError(f"{file} is damaged: {error}; remove the line, its episode is then drawn again") from None


def _entry(label: Label, episode: Episode, body: bytes) -> Entry:
    return Entry(
        **msgspec.structs.asdict(label),
        steps=len(episode.actions),
        pictures=len(episode.ticks),
        bytes=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
    )
