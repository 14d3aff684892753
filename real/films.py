"""A film of each camera of a trial, with as many pictures as there are ticks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np

from ..envs.base import Image
from .reading import CameraFrozen

FAILURES = (OSError, RuntimeError, ValueError, StopIteration)
"""Of an encoder that is gone, a disk that is full, a picture of another size."""


class Film:
    """One camera of one trial: as many pictures as there are ticks, so that picture k is what was to be seen at k."""

    def __init__(self, path: Path, rate: float) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self._rate = path, rate
        self._writer: Generator[None, Any, None] | None = None
        self._frames = 0
        self._last: Image | None = None

    def add(self, image: Image, number: int) -> None:
        """As picture `number`; before it goes, for those that nobody took, the one that was seen last."""
        if self._writer is None:
            self._writer = self._begun(image)
        if number < self._frames:
            return
        if self._last is None:
            self._last = image
        self.fill(number)
        self._write(image)
        self._last = image

    def fill(self, until: int) -> None:
        """Until there are so many."""
        while self._last is not None and self._frames < until:
            self._write(self._last)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = self._last = None

    def _write(self, image: Image) -> None:
        assert self._writer is not None
        self._writer.send(np.ascontiguousarray(image))
        self._frames += 1

    def _begun(self, image: Image) -> Generator[None, Any, None]:
        height, width = image.shape[:2]
        writer = imageio_ffmpeg.write_frames(
            str(self.path),
            (width, height),
            fps=self._rate,
            codec="libx264",
            macro_block_size=2,
            ffmpeg_log_level="error",
        )
        writer.send(None)
        return writer


class Filming:
    """All cameras of one trial: in lockstep when asked, else beside the arm, as many pictures as there is time for."""

    def __init__(
        self,
        paths: Mapping[str, Path],
        picture: Callable[[str], Image],
        rate: float,
        ticks: Callable[[], int] | None,
    ) -> None:
        """The first pictures are taken here, before any clock runs: an encoder takes its time to start. `ticks`: how
        many there have been, where nobody asks."""
        self._picture, self._ticks = picture, ticks
        self.lost: dict[str, str] = {}
        """Why there is no film, by camera: what a trial was is known without it."""
        self._films: dict[str, Film] = {}
        for name, path in paths.items():
            with self._losing(name):
                self._films[name] = Film(path, rate)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="film", daemon=True) if ticks is not None else None
        self.take(0)

    def begin(self) -> None:
        """The clock runs."""
        if self._thread is not None:
            self._thread.start()

    @property
    def paths(self) -> list[Path]:
        """Of the films that there are."""
        return [film.path for name, film in self._films.items() if name not in self.lost and film.path.is_file()]

    def take(self, tick: int) -> None:
        """What is to be seen before the action of this tick. A camera that gives nothing is shown as it was last."""
        for name, film in self._films.items():
            with self._losing(name), suppress(CameraFrozen):
                if name not in self.lost:
                    film.add(self._picture(name), tick)

    def close(self, ticks: int) -> None:
        self._over.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join()
        for name, film in self._films.items():
            with self._losing(name):
                if name not in self.lost:
                    film.fill(ticks)
            with self._losing(name):
                film.close()

    @contextmanager
    def _losing(self, name: str) -> Generator[None]:
        try:
            yield
        except FAILURES as error:
            self.lost.setdefault(name, str(error).strip().partition("\n")[0] or type(error).__name__)

    def _run(self) -> None:
        """Takes half of one core at most: a twin's pictures are drawn."""
        assert self._ticks is not None
        while not self._over.is_set():
            began = time.perf_counter()
            self.take(self._ticks())
            worked = time.perf_counter() - began
            self._over.wait(max(worked, 1 / 30 - worked))
