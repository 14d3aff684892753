"""Runs over the same trials, compared: figures as plain data, from the records alone."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from ..tasks.base import Outcome, Score
from . import power
from .contrasts import contrast, tables_of
from .errors import UserError
from .many import cochran, holm, letters
from .mcnemar import Interval, Table, total
from .paired import LETTERS, Match, matched, played
from .played import Run
from .records import EpisodeRecord
from .sides import Side, notes_on, scores_of, side_of, title_of
from .stats import LEVEL, Rate
from .takes import succeeded
from .tallies import Tally, tally_of
from .unpaired import Unpaired, against

_SHOWN_PER_HALF_WIDTH = 1.43
"""(1.96 + 0.84) / 1.96: a difference that a normal mean shows with 80 % power, in half widths of its interval."""


class Verdict(enum.Enum):
    BETTER = "better"
    """The second is better than the first."""
    WORSE = "worse"
    NOT_SHOWN = "no difference shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Two of the sides on the same trials; differences are second less first."""

    first: str
    """Its letter."""
    second: str
    table: Table
    ahead: tuple[int, int]
    """Trials in which the first, and the second, did better by what is compared."""
    correlation: float | None
    """Phi of the outcomes; None where one side always or never succeeds."""
    difference: float
    """Of success rates, or of mean progress where that is the section's score; each task weighs the same."""
    interval: Interval
    p_value: float
    p_holm: float
    """As it stands among all that are asked with it: of a task, all tasks and pairs; of the whole, all pairs."""
    least_p: float
    """The smallest p-value that so many trials can give, of progress so many start states."""
    shows: float | None
    """The smallest difference that so many trials show with 80 % power, as often as these disagree; None: none, or even
    the smallest p-value is too large among all that is asked with it."""
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A task, or all of them."""

    task: str
    score: Score
    """What is compared."""
    n: int
    starts: int
    """Different start states among them; trials that share one keep one sign in the test of progress."""
    tallies: tuple[Tally, ...]
    contrasts: tuple[Contrast, ...]
    """Of every pair of sides."""
    differ: float | None = None
    """p-value of "all are alike" (Cochran's Q) where there are more than two sides and success is compared."""
    letters: tuple[str, ...] = ()
    """Where there are more than two sides: those that share a letter are not shown to differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A trial that did not end alike for all."""

    trial: str
    outcomes: tuple[str, ...]
    """Of each side: success, or why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    suite: str
    """With its version and what makes its trials others than the suite's."""
    sides: tuple[Side, ...]
    tasks: tuple[Section, ...]
    overall: Section
    apart: tuple[Apart, ...]
    voids: int
    """Trials that a person declared void for some side; they are not counted."""
    left_out: int
    """Trials that some side lacks; not counted either."""
    notes: tuple[str, ...]
    """What a reader must know, in sentences."""

    @property
    def sections(self) -> tuple[Section, ...]:
        return self.tasks if len(self.tasks) == 1 else (*self.tasks, self.overall)


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """A run against counts whose trials are not ours; the difference is the run less the counts."""

    suite: str
    side: Side
    success: Rate
    other: Rate
    unpaired: Unpaired
    verdict: Verdict
    notes: tuple[str, ...]


def compare(runs: Sequence[Run], *, common: bool = False, tasks: Sequence[str] = ()) -> Comparison:
    """`common`: trials that some run lacks are left out, instead of an error. `tasks`: only these; empty: all."""
    if not 2 <= len(runs) <= len(LETTERS):
        raise UserError(f"{len(runs)} runs are given; a comparison takes 2 to {len(LETTERS)}")
    found = matched(runs, common=common, tasks=tasks)
    scores, unknown = scores_of(runs[0].info)
    groups = [
        (task, group)
        for task in runs[0].info.tasks
        if (group := [match for match in found.matches if match.trial.task == task])
    ]
    rows = [_section(task, scores[task], [group]) for task, group in groups]
    every = {scores[task] for task, _ in groups}
    score = Score.PROGRESS if every == {Score.PROGRESS} else Score.SUCCESS
    mixed = () if len(every) == 1 else ("Tasks scored by progress count by success in the line of all.",)
    return Comparison(
        suite=title_of(runs[0].info),
        sides=tuple(map(side_of, LETTERS, runs)),
        tasks=_adjusted(rows),
        overall=_adjusted([_section("all", score, [group for _, group in groups])])[0],
        apart=tuple(_apart(match) for match in found.matches if _ended_apart(match, scores[match.trial.task])),
        voids=found.voids,
        left_out=found.left_out,
        notes=(*unknown, *mixed, *_alike(found.matches, every), *notes_on(runs)),
    )


def compare_counts(run: Run, other: Rate, tasks: Sequence[str] = ()) -> Against:
    """All trials of the run count, void ones excepted, whatever their task."""
    takes = [take for take in played(run, tasks) if take.result.outcome is not Outcome.VOID]
    if not takes:
        raise UserError(f"all trials of {run.folder} are void: there is nothing to compare")
    success = Rate(sum(map(succeeded, takes)), len(takes))
    found = against(other, success)
    strata = len({take.trial.task for take in takes}) > 1
    pooled = ("The run's tasks are counted together; the other counts may weigh tasks otherwise: see --task.",)
    return Against(
        suite=title_of(run.info),
        side=side_of(LETTERS[0], run),
        success=success,
        other=other,
        unpaired=found,
        verdict=_verdict(found.difference, found.p_value),
        notes=(*(pooled if strata else ()), *notes_on([run])),
    )


def _section(task: str, score: Score, groups: Sequence[Sequence[Match]]) -> Section:
    """`groups`: the trials of each task in it."""
    matches = [match for group in groups for match in group]
    sides = range(len(matches[0].takes))
    contrasts = tuple(_contrast(score, groups, first, second) for first, second in combinations(sides, 2))
    many = len(sides) > 2 and score is Score.SUCCESS
    return Section(
        task=task,
        score=score,
        n=len(matches),
        starts=len({match.start for match in matches}),
        tallies=tuple(tally_of(groups, side) for side in sides),
        contrasts=contrasts,
        differ=cochran([match.successes for match in matches]) if many else None,
    )


def _contrast(score: Score, groups: Sequence[Sequence[Match]], first: int, second: int) -> Contrast:
    counts = total(tables_of(groups, first, second))
    found = contrast(score, groups, first, second)
    return Contrast(
        first=LETTERS[first],
        second=LETTERS[second],
        table=counts,
        ahead=_ahead(score, [match for group in groups for match in group], first, second),
        correlation=counts.correlation,
        difference=found.difference,
        interval=found.interval,
        p_value=found.p_value,
        p_holm=found.p_value,
        least_p=found.least_p,
        shows=_shows(score, counts, found.interval),
        verdict=_verdict(found.difference, found.p_value),
    )


def _ahead(score: Score, matches: Sequence[Match], first: int, second: int) -> tuple[int, int]:
    values = [match.successes if score is Score.SUCCESS else match.progress for match in matches]
    return sum(each[first] > each[second] for each in values), sum(each[second] > each[first] for each in values)


def _shows(score: Score, counts: Table, interval: Interval) -> float | None:
    if score is Score.SUCCESS:
        return power.smallest_shown(counts.n, counts.discordant / counts.n)
    low, high = interval
    shows = _SHOWN_PER_HALF_WIDTH * (high - low) / 2
    return shows if shows <= 1 else None


def _verdict(difference: float, p: float) -> Verdict:
    if p > 1 - LEVEL or difference == 0:
        return Verdict.NOT_SHOWN
    return Verdict.BETTER if difference > 0 else Verdict.WORSE


def _adjusted(sections: Sequence[Section]) -> tuple[Section, ...]:
    """With p-values, verdicts and letters that hold for all of their contrasts at once."""
    asked = [contrast.p_value for section in sections for contrast in section.contrasts]
    values = iter(holm(asked))
    return tuple(
        _lettered(
            replace(
                section,
                contrasts=tuple(_corrected(contrast, next(values), len(asked)) for contrast in section.contrasts),
            )
        )
        for section in sections
    )


def _corrected(contrast: Contrast, p: float, asked: int) -> Contrast:
    """`asked`: how many are, of which Holm multiplies the smallest by their number."""
    shows = contrast.shows if asked * contrast.least_p <= 1 - LEVEL else None
    return replace(contrast, p_holm=p, shows=shows, verdict=_verdict(contrast.difference, p))


def _lettered(section: Section) -> Section:
    number = len(section.tallies)
    if number < 3:
        return section
    p_values = {
        (LETTERS.index(contrast.first), LETTERS.index(contrast.second)): contrast.p_holm
        for contrast in section.contrasts
    }
    return replace(section, letters=letters(number, p_values))


def _ended_apart(match: Match, score: Score) -> bool:
    return len(set(match.successes if score is Score.SUCCESS else match.progress)) > 1


def _apart(match: Match) -> Apart:
    return Apart(trial=match.trial.id, outcomes=tuple(map(_outcome, match.takes, match.progress)))


def _outcome(take: EpisodeRecord, progress: float) -> str:
    result = take.result
    if result.outcome is Outcome.SUCCESS:
        return "success"
    why = "ERROR" if result.outcome is Outcome.ERROR else result.label.replace("_", " ") or "failure"
    return f"{why} ({progress:.2f})" if progress else why


def _alike(matches: Sequence[Match], scores: set[Score]) -> list[str]:
    """Only the test of progress allows for trials that start alike."""
    shared = len(matches) - len({match.start for match in matches})
    if not shared or scores == {Score.PROGRESS}:
        return []
    return [f"{shared} trials start as others do; the tests of success take them as independent, and are too sure."]
