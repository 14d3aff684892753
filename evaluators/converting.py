"""`armtrial collect --from RUN`: what a run shows, as a dataset. Nothing is played."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from ..envs.base import Size
from .demonstrations import usable
from .errors import UserError
from .film_reader import FilmReader, films
from .folder import RunFolder
from .ground import Ground, prepare
from .played import load
from .records import EpisodeRecord

OF_AN_EVALUATION = (
    "These trials are an evaluation's: a policy that learns from them is not to be evaluated on the same suite."
)


def convert(path: Path, out: Path | None, size: Size, keep_failures: bool, quiet: bool, writer: Any) -> str:
    """Writes OUT, or RUN/lerobot, and says what it is."""
    run, folder = load(path), RunFolder(path)
    kept = usable(run.records, run.info.tasks, keep_failures)
    if not kept:
        raise UserError(f"no trial of {path} succeeded, so there is nothing to take; --keep-failures takes all")
    root = folder.path / "lerobot" if out is None else out
    if not writer.written(root, [record.id for record in kept], size, run.info):
        ground = prepare(run.info.config)
        shown = track(kept, "writing", console=Console(stderr=True), disable=quiet)
        longest = max(record.result.steps for record in kept)
        if run.info.env == "real":
            writer.write(root, folder, run.info, shown, _filmed(kept, ground, run.info.rate, path), size, longest)
        else:
            from .replay import replaying

            with replaying(ground.source, ground.config.workers) as replay:
                writer.write(root, folder, run.info, shown, replay, size, longest)
    told = f"{len(kept)} episodes of {run.info.trials} trials: {root}"
    return told if run.info.config.seed_domain != "eval" else f"{told}\n{OF_AN_EVALUATION}"


def _filmed(kept: Sequence[EpisodeRecord], ground: Ground, rate: float, path: Path) -> FilmReader:
    """Every trial has to be filmed by the same cameras."""
    cameras = tuple(films(kept[0]))
    for record in kept:
        if not cameras or tuple(films(record)) != cameras:
            raise UserError(
                f"{record.id} of {path} was filmed by {', '.join(films(record)) or 'no camera'}, where a dataset needs "
                f"{', '.join(cameras) or 'at least one'}: play it with --front and --wrist, and not with --video none"
            )
    return FilmReader(cameras, {task.name: task.instruction for task in ground.tasks}, rate)
