"""What every report is built from, and the words it uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..envs.calvin import checkout as calvin
from ..evaluators.config import RunConfig
from ..evaluators.metrics import Clocks, Score, Scores, clocks, scores
from ..evaluators.records import EpisodeRecord, RunInfo
from ..evaluators.stats import ClusteredRate, Mean, Rate, percent
from ..evaluators.traces import Trace
from ..evaluators.trial_rows import TrialRow, trial_rows

MEASURED = "NOT REPEATABLE: plans took as long as this machine took"


def pace_of(config: RunConfig) -> str:
    """Whether the world waited; empty where it did."""
    if not config.realtime:
        return ""
    how_long = "as long as it took" if config.latency is None else f"{config.latency:g} s a plan, as agreed (--latency)"
    return f"the world went on while the policy thought: {how_long}"


def measured(config: RunConfig) -> bool:
    """The clock of the wall had a say in what happened."""
    return config.realtime and config.latency is None


def rig(config: RunConfig) -> str:
    """What moved, where it was more than a simulation."""
    if config.env != "real":
        return ""
    return "REHEARSAL: an arm made of software" if config.port == "twin" else "ON A REAL ARM"


@dataclass(frozen=True, slots=True)
class Report:
    """A run and its figures."""

    info: RunInfo
    scores: Scores
    clocks: Clocks
    trials: tuple[TrialRow, ...] = ()
    """One row for each trial that was played, in the order of the list."""

    @property
    def title(self) -> str:
        """With all that makes its figures others than those of the suite as it is."""
        config, scores = self.info.config, self.scores
        cut = f"UNFINISHED: {scores.played} of {scores.planned} trials played" if scores.played < scores.planned else ""
        seeds = f"NO EVALUATION: {config.seed_domain} seeds" if config.seed_domain != "eval" else ""
        secret = "PRIVILEGED: it is shown what no camera could see" if self.info.privileged else ""
        clock = MEASURED if measured(config) else ""
        notes = (cut, rig(config), seeds, config.variation, *_world(config), secret, clock)
        return ", ".join([f"{self.name} on {self.info.suite}-v{self.info.suite_version}", *filter(None, notes)])

    @property
    def name(self) -> str:
        """Of the policy, and from where it answered where that was not here."""
        config = self.info.config
        if not config.url:
            return self.info.policy
        by = "" if self.info.policy.partition("+")[0] == config.policy else f" by {config.policy}"
        return f"{self.info.policy}{by} from {', '.join(map(bare, config.url))}"

    @property
    def rows(self) -> tuple[Score, ...]:
        """A row for each task, and one for all where there are several."""
        return self.scores.tasks if len(self.scores.tasks) == 1 else (*self.scores.tasks, self.scores.overall)

    @property
    def lines(self) -> tuple["Line", ...]:
        """The rows in words."""
        average = self.scores.average
        tasks = [_line(row) for row in self.scores.tasks]
        if len(tasks) == 1:
            return tuple(tasks)
        pooled = self.scores.overall
        if average is None:
            return (*tasks, _line(pooled))
        figures = averaged(average.success, pooled.success), averaged(average.first_attempt, pooled.first_attempt)
        return (*tasks, Line(pooled.task, *figures, _number(average.progress.value), reasons(pooled)))


def bare(url: str) -> str:
    """Without the name and password that may stand in it."""
    scheme, mark, rest = url.partition("://")
    place = rest.partition("?")[0].rpartition("@")[2]
    return f"{scheme}{mark}{place}" if mark else url


@dataclass(frozen=True, slots=True)
class Shown:
    """A rate in words."""

    share: str
    """Per cent and counts."""
    span: str
    """Its interval; empty where there is no data."""

    def __str__(self) -> str:
        return f"{self.share[:-1]}, 95 % CI {self.span})" if self.span else self.share


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the result table in words."""

    task: str
    success: Shown
    first_attempt: Shown
    progress: str
    reasons: str
    """Why the rest failed."""


HEADER = ("task", "SR", "SR@1", "progress", "why the rest failed")


def build(info: RunInfo, records: Sequence[EpisodeRecord], traces: dict[str, Trace] | None = None) -> Report:
    """`traces`: of the files in `steps/`; without them there is no motion and no late plan to tell of."""
    known = traces or {}
    return Report(
        info,
        scores(records, info.tasks, info.trials, known, info.chains, info.last_stages),
        clocks(records, info.tasks, info.rate, known),
        trial_rows(records, info.rate, known),
    )


def shown(rate: Rate, shared: ClusteredRate | None = None) -> Shown:
    """`shared`: the same rate, where trials start alike."""
    if not rate.n:
        return Shown("no data", "")
    if shared is None:
        return Shown(rate.share, rate.span)
    return Shown(rate.share, "unknown" if shared.interval is None else percent(shared.interval))


def averaged(mean: Mean, pooled: Rate) -> Shown:
    """The mean over tasks with the counts of all trials."""
    if mean.value is None:
        return Shown("no data", "")
    spread = "unknown" if mean.interval is None else percent(mean.interval)
    return Shown(f"{100 * mean.value:.1f} % ({pooled.k}/{pooled.n})", spread)


def progress(row: Score) -> str:
    return _number(row.progress)


def reasons(row: Score) -> str:
    failures = [f"{number} {label.replace('_', ' ')}" for label, number in row.failures.items()]
    errors = [f"{number} ERROR ({origin})" for origin, number in row.errors.items()]
    voids = [f"{row.voids} void, not counted"] if row.voids else []
    return ", ".join([*failures, *errors, *voids])


def remarks(report: Report) -> list[str]:
    """What a reader must know beside the table."""
    return [
        *_unplayed(report),
        *_moved(report),
        *_doubts(report),
        *_shared(report),
        *_pooled(report),
        f"SR: success rate; SR@1: succeeded, nothing pushed, no attempt failed. {_intervals(report)}",
    ]


def _intervals(report: Report) -> str:
    """By what method; a mean of several tasks has no exact one."""
    if len(report.scores.tasks) == 1 or report.scores.average is None:
        return "Exact (Clopper-Pearson) 95 % intervals."
    return "95 % intervals: exact (Clopper-Pearson) of a task, of all made of the tasks' own (MOVER)."


def _line(row: Score) -> Line:
    success, first = shown(row.success, row.success_by_start), shown(row.first_attempt, row.first_attempt_by_start)
    return Line(row.task, success, first, progress(row), reasons(row))


def _number(value: float | None) -> str:
    return "no data" if value is None else f"{value:.2f}"


def _world(config: RunConfig) -> list[str]:
    """What the world was handed; of a whole path its last part. A run without it has the world's defaults."""
    short = [f"{key}={value}" for key, value in (("look", config.look), ("robot_model", config.robot_model)) if value]
    pairs = [text.partition("=") for text in (*short, *config.env_arg)]
    return [f"{key}={Path(value).name if Path(value).is_absolute() else value}" for key, _, value in pairs]


def _unplayed(report: Report) -> list[str]:
    left, again = report.scores.planned - report.scores.played, report.scores.retaken
    missing = [f"{left} of {report.scores.planned} trials are not played yet."] if left else []
    retaken = [f"{again} {'trials were' if again > 1 else 'trial was'} played again; the last take counts."]
    return [*missing, *(retaken if again else [])]


def _moved(report: Report) -> list[str]:
    changes = report.info.changes
    sittings = f"Played in {len(report.info.sittings)} sittings between which {', '.join(changes)} changed."
    return [sittings] if changes else []


def _doubts(report: Report) -> list[str]:
    """Of the code that the world is made of."""
    commit = report.info.provenance.upstream.get(calvin.NAME)
    fact = "" if commit is None else calvin.doubt(commit)
    return [f"{fact}."] if fact else []


def _shared(report: Report) -> list[str]:
    """Trials that start alike say less than as many different ones."""
    rows = [(row.task, row.success_by_start) for row in report.scores.tasks]
    return [_starts(task, rate) for task, rate in rows if rate is not None]


def _starts(task: str, rate: ClusteredRate) -> str:
    if rate.interval is None:
        return f"{task}: its {rate.n} trials share one start, so that nothing can be said about others."
    allows = "which the table's intervals allow for; those of attempts and stages do not"
    return f"{task}: its {rate.n} trials share {rate.clusters} starts, {allows}."


def _pooled(report: Report) -> list[str]:
    """What the row of all is, and the pooled rates where they are others."""
    average, pooled = report.scores.average, report.scores.overall
    if average is None or len(report.scores.tasks) == 1:
        return []
    if average.missing:
        return [
            f"all: no mean of the tasks: no trial of {', '.join(average.missing)} counts. Pooled: {pooled.success}."
        ]
    mean = "all: unweighted mean of the tasks; counts are pooled."
    if abs((average.success.value or 0.0) - (pooled.success.value or 0.0)) < 0.0005:
        return [mean]
    return [f"{mean} The tasks have different numbers of trials: pooled, SR is {pooled.success}."]
