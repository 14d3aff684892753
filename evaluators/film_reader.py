"""The pictures of trials that were filmed as they were played: what a real arm's cameras saw, tick by tick."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np

from ..envs.base import Image, Observation, Size
from ..real.pictures import resized
from .errors import FolderError
from .folder import RunFolder
from .records import EpisodeRecord


class FilmReader:
    """Of one run. As `Replay` does, it shows what was to be seen before each action."""

    def __init__(self, cameras: tuple[str, ...], instructions: Mapping[str, str], rate: float) -> None:
        """`instructions`: by task."""
        self.cameras, self._instructions, self._rate = cameras, instructions, rate

    def looks(self, folder: RunFolder, record: EpisodeRecord, cameras: Mapping[str, Size]) -> Iterator[Observation]:
        states = folder.read_steps(record)["state"].astype(np.float64)
        by_camera = films(record)
        with ExitStack() as stack:
            seen = {name: stack.enter_context(closing(pictures(folder.path / by_camera[name]))) for name in cameras}
            for tick in range(record.result.steps):
                images = {name: next(seen[name], None) for name in cameras}
                short = [name for name, image in images.items() if image is None]
                if short:
                    file = folder.path / by_camera[short[0]]
                    raise FolderError(f"{file} has {tick} pictures of {record.result.steps} ticks; leave its trial out")
                yield Observation(
                    {name: resized(image, cameras[name]) for name, image in images.items() if image is not None},
                    states[tick],
                    self._instructions[record.trial.task],
                    tick / self._rate,
                )


def films(record: EpisodeRecord) -> dict[str, str]:
    """By camera; named from the run's folder."""
    kept = () if record.rig is None else record.rig.films
    return {Path(name).suffixes[-2].removeprefix("."): name for name in kept}


def pictures(film: Path) -> Generator[Image]:
    """Read by PyAV, which comes with LeRobot."""
    import av

    if not film.is_file():
        raise FolderError(f"{film} is gone; put it back, or leave its trial out")
    with av.open(str(film)) as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
