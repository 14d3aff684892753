"""What a comparison says of the runs in it: who played, what is compared in them, and what a reader must know."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..tasks.base import Score
from . import names
from .errors import UserError
from .played import Run
from .records import RunInfo

DUEL_FILE = "duel.json"
"""Beside the runs of a duel, which stop when enough has been seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the runs."""

    letter: str
    folder: str
    policy: str
    policy_version: str
    checkpoint: str
    privileged: bool


def scores_of(info: RunInfo) -> tuple[dict[str, Score], tuple[str, ...]]:
    """By task, as the suite says; a suite that is gone cannot say."""
    try:
        suite = names.suite(info.config.suite)
        if suite.version == info.suite_version:
            return {task: suite.task(task).score for task in info.tasks}, ()
        why = f"is at version {suite.version} here"
    except UserError:
        why = "cannot be loaded here"
    note = f"The suite {info.suite} {why}, so every task is compared by success."
    return dict.fromkeys(info.tasks, Score.SUCCESS), (note,)


def side_of(letter: str, run: Run) -> Side:
    info = run.info
    return Side(
        letter=letter,
        folder=str(run.folder),
        policy=info.policy,
        policy_version=info.policy_version,
        checkpoint=info.config.checkpoint,
        privileged=info.privileged,
    )


def title_of(info: RunInfo) -> str:
    return title(info.suite, info.suite_version, info.config.variation, info.config.seed_domain)


def title(suite: str, version: int, variation: str, domain: str) -> str:
    notes = (variation, f"NO EVALUATION: {domain} seeds" if domain != "eval" else "")
    return ", ".join([f"{suite}-v{version}", *filter(None, notes)])


def notes_on(runs: Sequence[Run]) -> list[str]:
    notes = [
        f"{run.folder} is PRIVILEGED: it is shown what no camera could see." for run in runs if run.info.privileged
    ]
    for run in runs:
        done = len({record.id for record in run.records})
        if done < run.info.trials:
            notes.append(f"{run.folder} has played {done} of its {run.info.trials} trials.")
        if (run.folder.parent / DUEL_FILE).exists():
            notes.append(
                f"{run.folder} was stopped by a duel: an interval for a fixed number of trials is too sure of it. The "
                f"one that holds stands in {run.folder.parent / DUEL_FILE}."
            )
    return [*notes, *_moved(runs)]


def _moved(runs: Sequence[Run]) -> list[str]:
    """What changes scores by itself, where it was not the same in all runs."""
    grounds = {
        "the version of mujoco": {run.info.provenance.packages.get("mujoco", "") for run in runs},
        "the version of armtrial": {run.info.provenance.packages.get("armtrial", "") for run in runs},
        "the renderer": {run.info.provenance.renderer for run in runs},
        "the CPU": {run.info.provenance.machine.get("cpu", "") for run in runs},
        "the commit": {run.info.provenance.commit for run in runs},
        **{
            f"the world's own {name}": {run.info.provenance.upstream.get(name, "") for run in runs}
            for name in sorted({name for run in runs for name in run.info.provenance.upstream})
        },
    }
    moved = [
        f"{what} ({' / '.join(sorted(value or 'none' for value in seen))})"
        for what, seen in grounds.items()
        if len(seen) > 1
    ]
    return [f"Not the same in all runs, and part of the difference perhaps: {', '.join(moved)}."] if moved else []
