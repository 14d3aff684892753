"""Whether a run is worse than a baseline; or whether that cannot be said, since the ground under it has moved."""

import enum
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..tasks.base import Outcome, Score
from . import power
from .attempts import at_first_attempt
from .baseline import Baseline, without_doubt
from .config import RunConfig
from .contrasts import contrast, tables_of
from .drop import Rules, is_drop, p_value
from .errors import UserError
from .fitting import fitting
from .footing import Footing
from .many import holm
from .mcnemar import Interval, table, total
from .metrics import mean_success
from .pace import Pace
from .paired import Match, join
from .played import Run
from .records import EpisodeRecord
from .sides import scores_of, title
from .stats import Mean, Rate
from .takes import counting, last_takes, rate, succeeded
from .tallies import mean_progress


class Status(enum.Enum):
    PASSED = "passed"
    REGRESSION = "regression"
    GROUND_MOVED = "ground moved"
    """Nothing is said of the policy."""
    REBASED = "re-based"
    """So it has, and a new baseline was written, as was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A task, or all of them."""

    task: str
    score: Score
    """What is tested."""
    before: Rate
    """All trials counted together."""
    now: Rate
    mean_before: Mean
    """Of the tasks' success rates, each weighing the same, with the interval that reports give it; `n` counts tasks."""
    mean_now: Mean
    first_before: Rate
    """SR@1, which is shown and not tested."""
    first_now: Rate
    progress_before: float
    """Mean of the tasks', each weighing the same."""
    progress_now: float
    lost: int
    """Trials that the baseline solved and the run did not."""
    gained: int
    difference: float
    """Now less before: of success rates, or of mean progress where that is the score."""
    interval: Interval
    p_value: float
    """That a run no worse has lost so much."""
    p_holm: float
    """As it stands among all tasks."""
    least_p: float
    """The smallest p-value that so many trials can give, of progress so many start states."""
    finds: float | None
    """The smallest drop that is found with 80 % power where as many trials end otherwise; None: none, or unknown."""
    regressed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Worse:
    """A trial that the run lost."""

    trial: str
    task: str
    now: str
    """How it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    suite: str
    baseline: str
    """Its file."""
    run: str = ""
    """Its folder; empty where none was played, since the ground had moved."""
    policies: tuple[str, str]
    """Of the baseline and of the run."""
    solved: tuple[Rate, ...] = ()
    """By the baseline and by the run; empty without a run."""
    rules: Rules
    footing: Footing
    tasks: tuple[Row, ...] = ()
    """Empty where the ground moved, as all that follows."""
    overall: Row | None = None
    worse: tuple[Worse, ...] = ()
    alike: int = 0
    """Trials that ended in the same state, to the bit."""
    rebased: str = ""
    """The new baseline's file, where one was written."""
    notes: tuple[str, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """Of a single task, all is the same once more."""
        return self.tasks if self.overall is None or len(self.tasks) == 1 else (*self.tasks, self.overall)

    @property
    def status(self) -> Status:
        if self.footing.moved:
            return Status.REBASED if self.rebased else Status.GROUND_MOVED
        return Status.REGRESSION if any(row.regressed for row in self.rows) else Status.PASSED


def stopped(baseline: Baseline, file: Path, config: RunConfig, ground: Footing, rules: Rules) -> Gate:
    """All there is to say where the ground moved and nothing was played."""
    return Gate(
        suite=title(baseline.suite, baseline.version, baseline.config.variation, baseline.domain),
        baseline=str(file),
        policies=(_called(baseline.policy.name, baseline.policy.version), config.policy),
        rules=rules,
        footing=ground,
        notes=_notes(baseline, config),
    )


def gate(baseline: Baseline, file: Path, run: Run, ground: Footing, rules: Rules) -> Gate:
    """A moved ground leaves the run unjudged."""
    takes = fitting(baseline, file, run)
    info = run.info
    empty = replace(
        stopped(baseline, file, info.config, ground, rules),
        run=str(run.folder),
        policies=(
            _called(baseline.policy.name, baseline.policy.version),
            _called(info.policy, info.policy_version),
        ),
        solved=(_solved(baseline.records), _solved(list(takes.values()))),
        notes=_notes_of_run(baseline, run),
    )
    return empty if ground.moved else _judged(empty, baseline, run, _pairs(baseline, file, run, takes))


def _pairs(baseline: Baseline, file: Path, run: Run, takes: Mapping[str, EpisodeRecord]) -> tuple[Match, ...]:
    """Void ones are left out."""
    before = {record.id: record for record in baseline.records}
    found = join([Run(file, run.info, baseline.records), run], [before, takes], list(before))
    if not found.matches:
        raise UserError(f"all {len(before)} trials of {file} and {run.folder} are void: there is nothing to compare")
    return found.matches


def _solved(records: Sequence[EpisodeRecord]) -> Rate:
    return rate(counting(records), succeeded)


def _judged(gate: Gate, baseline: Baseline, run: Run, matches: Sequence[Match]) -> Gate:
    scores, unknown = scores_of(run.info)
    first = {baseline.trial(kept).id: kept.first_attempt for kept in baseline.results}
    groups = [group for task in baseline.tasks if (group := [each for each in matches if each.trial.task == task])]
    rows = [_row(group[0].trial.task, scores[group[0].trial.task], [group], first, gate.rules) for group in groups]
    every = {row.score for row in rows}
    score = every.pop() if len(every) == 1 else Score.SUCCESS
    return replace(
        gate,
        tasks=_adjusted(rows, gate.rules),
        overall=_row("all", score, groups, first, gate.rules),
        worse=tuple(_worse(match, scores) for match in matches if match.gain(scores[match.trial.task]) < 0),
        alike=sum(_ended_alike(match) for match in matches),
        notes=(*unknown, *without_doubt(baseline, scores), *_at_first(matches, first, gate.rules), *gate.notes),
    )


def _at_first(matches: Sequence[Match], first: Mapping[str, bool], rules: Rules) -> list[str]:
    """A policy that needs more attempts fails no gate, but nobody should have to find that out."""
    pairs = [(first[match.trial.id], at_first_attempt(match.takes[1])) for match in matches]
    counts = table(pairs)
    p = float(p_value(counts.only_first, counts.only_second))
    if not is_drop(p, counts.difference, rules):
        return []
    before, now = (sum(side) for side in zip(*pairs))
    n = len(pairs)
    return [f"At the first attempt {before}/{n} succeeded before and {now}/{n} now (p = {p:.2g}): shown, not judged."]


def _row(task: str, score: Score, groups: Sequence[Sequence[Match]], first: Mapping[str, bool], rules: Rules) -> Row:
    matches = [match for group in groups for match in group]
    counts, n, found = total(tables_of(groups)), len(matches), contrast(score, groups)
    return Row(
        task=task,
        score=score,
        before=Rate(counts.both + counts.only_first, n),
        now=Rate(counts.both + counts.only_second, n),
        mean_before=mean_success([[match.takes[0] for match in group] for group in groups]),
        mean_now=mean_success([[match.takes[1] for match in group] for group in groups]),
        first_before=Rate(sum(first[match.trial.id] for match in matches), n),
        first_now=Rate(sum(at_first_attempt(match.takes[1]) for match in matches), n),
        progress_before=mean_progress(groups, 0),
        progress_now=mean_progress(groups, 1),
        lost=counts.only_first,
        gained=counts.only_second,
        difference=found.difference,
        interval=found.interval,
        p_value=found.p_worse,
        p_holm=found.p_worse,
        least_p=found.least_p / 2,
        finds=power.smallest_shown(n, counts.discordant / n, 2 * rules.alpha) if score is Score.SUCCESS else None,
        regressed=bool(is_drop(found.p_worse, found.difference, rules)),
    )


def _adjusted(rows: Sequence[Row], rules: Rules) -> tuple[Row, ...]:
    """What holds for all tasks at once."""
    held = holm([row.p_value for row in rows])
    return tuple(
        replace(row, p_holm=p, regressed=bool(is_drop(p, row.difference, rules))) for row, p in zip(rows, held)
    )


def _worse(match: Match, scores: Mapping[str, Score]) -> Worse:
    result = match.takes[1].result
    now = "ERROR" if result.outcome is Outcome.ERROR else result.label.replace("_", " ") or result.outcome.value
    if scores[match.trial.task] is Score.PROGRESS:
        now = f"{now}, progress {match.progress[0]:.2f} -> {match.progress[1]:.2f}"
    return Worse(trial=match.trial.id, task=match.trial.task, now=now)


def _ended_alike(match: Match) -> bool:
    before, now = (take.result.end_hash for take in match.takes)
    return bool(now) and before == now


def _called(name: str, version: str) -> str:
    return f"{name} {version}".strip()


_SAID: tuple[tuple[str, Callable[[RunConfig], object]], ...] = (
    ("policy's arguments", lambda config: config.policy_arg),
    ("checkpoint", lambda config: config.checkpoint),
    ("pictures' size", lambda config: config.size),
    ("number of actions executed", lambda config: config.execute),
    ("wrapping of the policy", lambda config: config.wrap),
    ("pace", lambda config: Pace(config.realtime, config.latency).mark or "the world waits"),
)
"""Part of what is tested, so it may differ; it is said."""


def _notes(baseline: Baseline, config: RunConfig) -> tuple[str, ...]:
    differ = [
        f"The {what} differs: {json.dumps(of(baseline.config))} and {json.dumps(of(config))}."
        for what, of in _SAID
        if of(baseline.config) != of(config)
    ]
    errors = sum(kept.outcome is Outcome.ERROR for kept in baseline.results)
    broken = [f"{errors} trials of the baseline are ERROR; they count as not succeeded."] if errors else []
    return (*differ, *broken)


def _notes_of_run(baseline: Baseline, run: Run) -> tuple[str, ...]:
    privileged = ["The policy is PRIVILEGED: it is shown what no camera could see."] if run.info.privileged else []
    chance = [] if run.info.deterministic else ["The policy draws at random; trials may end otherwise by that alone."]
    void = [f"{voids} void trials are not counted."] if (voids := _voids(baseline.records, run.records)) else []
    return (*_notes(baseline, run.info.config), *privileged, *chance, *void)


def _voids(*sides: Sequence[EpisodeRecord]) -> int:
    """Trials that are void on some side."""
    return len({take.id for side in sides for take in last_takes(side) if take.result.outcome is Outcome.VOID})
