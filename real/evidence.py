"""What is left of a trial to look at: how it should have begun, how it did, and a film of each camera."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
from PIL import Image as Pillow

from ..envs.base import Image, Size
from ..envs.so100.env import So100Env
from ..tasks.base import Task, Trial
from ..tasks.tabletop import TabletopTask
from ..tasks.tabletop_layout import Layout, sample
from .reading import CameraFrozen

COARSE = (64, 48)
"""Pixels at which two photos of a start are compared: less than a hand's breadth off is not to be seen at fewer."""
PICTURE = (640, 480)


class Starts:
    """Draws starts as the twin would have them."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._env = So100Env(tasks)

    def picture(self, trial: Trial, size: Size = PICTURE) -> Image:
        self._env.reset(trial)
        return self._env.observe({"front": size}).images["front"]

    def close(self) -> None:
        self._env.close()


def in_words(layout: Layout) -> tuple[str, ...]:
    """Where things belong, as a person with a ruler wants it: from the pan axis, whose middle is the base's."""
    things = {**layout.targets, "goal": layout.goal, **layout.distractors}
    return tuple(
        f"{name}: {100 * -at.y:.1f} cm ahead of the base's origin, {100 * abs(at.x):.1f} cm "
        f"to its {'left' if at.x > 0 else 'right'}, turned {math.degrees(at.yaw):.0f} deg"
        for name, at in things.items()
    )


def layout_of(task: Task, trial: Trial) -> Layout:
    if not isinstance(task, TabletopTask):
        raise TypeError(f"task '{task.name}' is no TabletopTask; the arm plays only those")
    return sample(task, trial)


def keep(image: Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(image).save(path)


def difference(one: Image, two: Image) -> float:
    """Mean absolute difference of two pictures seen coarsely, 0 to 1."""
    coarse = [np.asarray(Pillow.fromarray(image).resize(COARSE), dtype=np.float64) for image in (one, two)]
    return round(float(np.abs(coarse[0] - coarse[1]).mean()) / 255, 4)


def resized(image: Image, size: Size) -> Image:
    """As a camera of the twin's draws it at another shape: as high, cut at both sides or above and below."""
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    wide, high = min(width, round(height * size[0] / size[1])), min(height, round(width * size[1] / size[0]))
    left, top = (width - wide) // 2, (height - high) // 2
    cut = Pillow.fromarray(image[top : top + high, left : left + wide])
    return np.asarray(cut.resize(size, Pillow.Resampling.BILINEAR), dtype=np.uint8)


class Film:
    """One camera of one trial: as many pictures as there are ticks, so that picture k is what was to be seen at k."""

    def __init__(self, path: Path, rate: float) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self._rate = path, rate
        self._writer: Generator[None, Any, None] | None = None
        self._frames = 0
        self._last: Image | None = None

    def add(self, image: Image, until: int) -> None:
        """So often that the film has `until` pictures."""
        if self._writer is None:
            self._writer = self._begun(image)
        self._last = image
        while self._frames < until:
            self._writer.send(np.ascontiguousarray(image))
            self._frames += 1

    def fill(self, until: int) -> None:
        """With the last picture."""
        if self._last is not None:
            self.add(self._last, until)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = self._last = None

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
        """`ticks`: how many there have been, where nobody asks."""
        self._films = {name: Film(path, rate) for name, path in paths.items()}
        self._picture, self._ticks = picture, ticks
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="film", daemon=True) if ticks is not None else None
        if self._thread is None:
            self.take(0)
        else:
            self._thread.start()

    @property
    def paths(self) -> list[Path]:
        return [film.path for film in self._films.values()]

    def take(self, tick: int) -> None:
        """What is to be seen before the action of this tick. A camera that gives nothing is shown as it was last."""
        for name, film in self._films.items():
            with suppress(CameraFrozen):
                film.add(self._picture(name), tick + 1)

    def close(self, ticks: int) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        for film in self._films.values():
            film.fill(ticks)
            film.close()

    def _run(self) -> None:
        """Takes half of one core at most: a twin's pictures are drawn."""
        assert self._ticks is not None
        while not self._over.is_set():
            began = time.perf_counter()
            self.take(self._ticks())
            worked = time.perf_counter() - began
            self._over.wait(max(worked, 1 / 30 - worked))
