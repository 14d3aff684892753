"""What every report is built from, and the words it uses."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..evaluators.metrics import Clocks, Score, Scores, clocks, scores
from ..evaluators.records import EpisodeRecord, RunInfo


@dataclass(frozen=True, slots=True)
class Report:
    """A run and its figures."""

    info: RunInfo
    scores: Scores
    clocks: Clocks

    @property
    def title(self) -> str:
        secret = ", PRIVILEGED: it is shown what no camera could see" if self.info.privileged else ""
        return f"{self.info.policy} on {self.info.suite}-v{self.info.suite_version}{secret}"

    @property
    def rows(self) -> tuple[Score, ...]:
        return self.scores.tasks if len(self.scores.tasks) == 1 else (*self.scores.tasks, self.scores.overall)


def build(info: RunInfo, records: Sequence[EpisodeRecord]) -> Report:
    return Report(info, scores(records, info.tasks, info.trials), clocks(records))


HEADER = ("task", "SR", "SR@1", "progress", "why the rest failed")


def cells(row: Score) -> tuple[str, ...]:
    progress = "no data" if row.progress is None else f"{row.progress:.2f}"
    return row.task, str(row.success), str(row.first_attempt), progress, _reasons(row)


def _reasons(row: Score) -> str:
    failures = [f"{number} {label.replace('_', ' ')}" for label, number in row.failures.items()]
    errors = [f"{number} ERROR ({origin})" for origin, number in row.errors.items()]
    voids = [f"{row.voids} void, not counted"] if row.voids else []
    return ", ".join([*failures, *errors, *voids])


def remarks(report: Report) -> list[str]:
    """What a reader must know beside the table."""
    left = report.scores.planned - report.scores.played
    changes = report.info.changes
    moved = (
        [f"Played in {len(report.info.sittings)} sittings between which {', '.join(changes)} changed."]
        if changes
        else []
    )
    unplayed = [f"{left} of {report.scores.planned} trials are not played yet."] if left else []
    return [*unplayed, *moved, "SR: success rate; SR@1: succeeded with no failed attempt. Exact 95 % intervals."]
