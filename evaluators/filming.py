"""`armtrial video`: films of a run's trials; and those that a run leaves by itself."""

import difflib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from . import video
from .errors import UserError
from .flags import PLAYED, SOME_ERROR, Parser
from .folder import RunFolder
from .ground import prepare
from .output import counted, show, tell
from .played import Run, load
from .records import EpisodeRecord

SECONDS_BETWEEN_LINES = 5.0
EXAMPLES = """\
examples:
  %(prog)s runs/x                    the failures that have no film yet, at most 12
  %(prog)s runs/x --all              every trial that has none
  %(prog)s runs/x pick-v1.pick.003   this trial, anew

exit status: 0 all are there; 1 some could not be filmed, each said in one line; 2 something you can mend
"""


def run(words: Sequence[str], filmed: Callable[[Run], None]) -> int:
    """`filmed` writes what shows the run's films."""
    parser = Parser("armtrial video", "Films trials of a run by replaying their actions.", EXAMPLES)
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("trial", nargs="*", help="ids of trials, filmed anew; none: the failures, at most 12")
    parser.add_argument("--all", action="store_true", help="every trial that has no film yet")
    flags = parser.parse_args(words)
    run = load(flags.run)
    if run.info.env == "real":
        raise UserError(f"{flags.run} was filmed as it was played, on an arm: its films are in {flags.run / 'videos'}")
    films = list(_filmed(run, _wanted(run, flags.trial, flags.all)))
    if not films:
        tell("Nothing is left to film; a trial that is named is filmed anew.")
    else:
        filmed(run)
    return SOME_ERROR if any(film.fault for film in films) else PLAYED


def film_run(run: Run, quiet: bool) -> bool:
    """What the run was asked to film; whether there is a new film. A world that does not start costs the films and no
    more."""
    if run.info.env == "real":
        return False  # an arm is filmed as it plays
    wanted = video.missing(RunFolder(run.folder), video.chosen(run.records, run.info.config.video))
    if not wanted:
        return False
    if not quiet:
        tell(f"\nfilming {counted(len(wanted), 'trial')} ...")
    begun, films = time.monotonic(), list[video.Film]()
    told = begun
    try:
        for film in _films(run, wanted):
            films.append(film)
            now = time.monotonic()
            if not quiet and now - told >= SECONDS_BETWEEN_LINES and len(films) < len(wanted):
                told = now
                tell(_progress(len(films), len(wanted), now - begun))
    except UserError as error:
        tell(f"armtrial: {error}")
        return False
    made = sum(not film.fault for film in films)
    if not quiet:
        tell(f"{counted(made, 'film')} in {run.folder / 'videos'}, in {time.monotonic() - begun:.0f} s")
    return made > 0


def _progress(done: int, wanted: int, seconds: float) -> str:
    return f"{done} of {wanted} films, {seconds:.0f} s; about {seconds / done * (wanted - done):.0f} s to go"


def _filmed(run: Run, wanted: Sequence[EpisodeRecord]) -> Iterator[video.Film]:
    """Each is named as it is done."""
    for film in _films(run, wanted):
        if not film.fault:
            show(str(film.path))
        yield film


def _films(run: Run, wanted: Sequence[EpisodeRecord]) -> Iterator[video.Film]:
    ground = prepare(run.info.config)
    worlds = min(ground.config.workers, os.cpu_count() or 1)  # it may have been played on a larger machine
    for film in video.film(RunFolder(run.folder), wanted, ground.source, worlds):
        if film.fault:
            tell(f"armtrial: {film.trial} could not be filmed: {film.fault}")
        yield film


def _wanted(run: Run, names: Sequence[str], everything: bool) -> list[EpisodeRecord]:
    if names:
        return _named(names, video.chosen(run.records, "all"), run.folder)
    return video.missing(RunFolder(run.folder), video.chosen(run.records, "all" if everything else "failures"))


def _named(names: Sequence[str], records: Sequence[EpisodeRecord], run: Path) -> list[EpisodeRecord]:
    """A run may have thousands of trials, of which a message shows the few that could be meant."""
    by_id = {record.id: record for record in records}
    for name in names:
        if name not in by_id:
            nearest = ", ".join(difflib.get_close_matches(name, by_id, n=3, cutoff=0.0)) or "none"
            raise UserError(
                f"no trial that can be filmed is called '{name}'. Nearest: {nearest}. "
                f"All {len(by_id)} stand in {run / 'records.jsonl'}"
            )
    return [by_id[name] for name in dict.fromkeys(names)]
