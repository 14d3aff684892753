"""What every report is built from, and the words it uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..evaluators.config import RunConfig
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
        """With all that makes its figures others than those of the suite as it is."""
        config = self.info.config
        seeds = f"NO EVALUATION: {config.seed_domain} seeds" if config.seed_domain != "eval" else ""
        secret = "PRIVILEGED: it is shown what no camera could see" if self.info.privileged else ""
        notes = (seeds, config.variation, *_world(config), secret)
        return ", ".join([f"{self.info.policy} on {self.info.suite}-v{self.info.suite_version}", *filter(None, notes)])

    @property
    def rows(self) -> tuple[Score, ...]:
        return self.scores.tasks if len(self.scores.tasks) == 1 else (*self.scores.tasks, self.scores.overall)


def _world(config: RunConfig) -> list[str]:
    """What the world was handed; of a whole path its last part. A run without it has the world's defaults."""
    short = [f"{key}={value}" for key, value in (("look", config.look), ("robot_model", config.robot_model)) if value]
    pairs = [text.partition("=") for text in (*short, *config.env_arg)]
    return [f"{key}={Path(value).name if Path(value).is_absolute() else value}" for key, _, value in pairs]


def build(info: RunInfo, records: Sequence[EpisodeRecord]) -> Report:
    return Report(info, scores(records, info.tasks, info.trials), clocks(records))


HEADER = ("task", "SR", "SR@1", "progress", "why the rest failed")


def cells(row: Score) -> tuple[str, ...]:
    return row.task, str(row.success), str(row.first_attempt), progress(row), reasons(row)


def progress(row: Score) -> str:
    return "no data" if row.progress is None else f"{row.progress:.2f}"


def reasons(row: Score) -> str:
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
    return [
        *unplayed,
        *moved,
        "SR: success rate; SR@1: succeeded, nothing pushed, no attempt failed. Exact 95 % intervals.",
    ]
