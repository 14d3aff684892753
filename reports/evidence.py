"""What a page shows of a run's folder besides its figures: films, tracebacks, what was asked, which records."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ..envs.digests import digest
from ..evaluators import names, video
from ..evaluators.errors import UserError
from ..evaluators.folder import RunFolder
from ..evaluators.played import Run
from ..evaluators.records import EpisodeRecord, RunInfo
from ..evaluators.takes import last_takes

BUDGET = 15_000_000
"""Letters of films within a page; further ones stay files beside it."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A film."""

    source: str
    """A data: URI, or where it lies beside the page."""
    within: bool
    """The page holds it, and shows it wherever the page goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    folder: str
    """As a command names it."""
    records: tuple[EpisodeRecord, ...]
    """Of each trial the take that counts, in the order of the list."""
    clips: dict[str, Clip]
    """By trial; only films of the take that counts."""
    traces: dict[str, str]
    """Where a trial's traceback lies beside the page."""
    instructions: dict[str, str]
    """By task; empty where the suite cannot be asked any more."""
    sha256: str = ""
    """Of records.jsonl; empty where there is none."""


def gathered(run: Run, budget: int = BUDGET) -> Evidence:
    takes = tuple(sorted(last_takes(run.records), key=lambda take: (take.trial.index, take.trial.task)))
    file = run.folder / "records.jsonl"
    return Evidence(
        folder=named(run.folder),
        records=takes,
        clips=clips(run.folder, takes, budget),
        traces=_traces(run.folder, takes),
        instructions=_instructions(run.info),
        sha256=digest(file),
    )


def named(folder: Path) -> str:
    """As one types it here."""
    whole, here = folder.absolute(), Path.cwd()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)


def clips(folder: Path, records: Sequence[EpisodeRecord], budget: int = BUDGET) -> dict[str, Clip]:
    """Those that did not succeed come first, since the page has no room for all."""
    without = {record.id for record in video.missing(RunFolder(folder), records)}
    drawn = {record.id: folder / "videos" / f"{record.id}.mp4" for record in records if record.id not in without}
    taken = {record.id: folder / record.rig.films[0] for record in records if record.rig and record.rig.films}
    there = drawn | {trial: file for trial, file in taken.items() if file.is_file()}
    ordered = sorted(records, key=lambda record: record.result.outcome.value == "success")
    return films([(record.id, there[record.id]) for record in ordered if record.id in there], budget)


def films(files: Sequence[tuple[str, Path]], budget: int = BUDGET) -> dict[str, Clip]:
    """By trial. Each that fits into what the ones before it leave is held by the page."""
    found: dict[str, Clip] = {}
    for trial, file in files:
        size = 4 * (file.stat().st_size + 2) // 3
        within = size <= budget
        budget -= size if within else 0
        found[trial] = Clip(_data(file) if within else f"videos/{quote(file.name)}", within)
    return found


def _data(file: Path) -> str:
    return f"data:video/mp4;base64,{base64.b64encode(file.read_bytes()).decode()}"


def _traces(folder: Path, records: Sequence[EpisodeRecord]) -> dict[str, str]:
    pairs = [(record.id, RunFolder(folder).steps_file(record).with_suffix(".txt").name) for record in records]
    return {trial: f"errors/{quote(name)}" for trial, name in pairs if (folder / "errors" / name).is_file()}


def _instructions(info: RunInfo) -> dict[str, str]:
    """A suite of another version may ask for something else."""
    try:
        suite = names.suite(info.config.suite)
    except UserError:
        return {}
    if (suite.name, suite.version) != (info.suite, info.suite_version):
        return {}
    return {task.name: task.instruction for task in suite.tasks if task.name in info.tasks}
