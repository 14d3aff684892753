"""Two policies over the same trials, in turns, until enough has been seen to tell which is better, or that none is.

They play round after round, the one and then the other: a trial of every task, or as many such turns as keep all
workers busy. A look is taken only when both have played a round whole. So no trial counts before another because it
ended early, and all tasks weigh the same whenever the duel stops: one may be better at this and the other at that.
"""

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from itertools import takewhile
from pathlib import Path
from typing import Any

import msgspec

from ..tasks.base import Outcome, Score, Trial
from .config import WHAT_IS_PLAYED, RunConfig
from .errors import FolderError, Mismatch
from .figures_json import as_json
from .folder import RunFolder
from .ground import Ground, prepare
from .mcnemar import Interval, Table, table
from .paired import LETTERS, Match, Matched, join
from .played import Run, load
from .playing import Playing, begun, gone_on
from .sequential import Standing, confidence_sequence, standing
from .sides import DUEL_FILE, Side, scores_of, side_of, title_of
from .takes import last_takes
from .tallies import Tally, by_task, tally_of

FOLDERS = ("a", "b")
"""Of the two runs, under that of the duel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When a duel stops. They are settled before the first trial."""

    alpha: float
    """The chance that it finds a difference where there is none, whenever it stops."""
    margin: float
    """Differences below this do not matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """What has come of it so far; differences are B less A."""

    suite: str
    sides: tuple[Side, ...]
    rules: Rules
    score: Score
    """What each pair is worth; of a suite in which tasks are scored otherwise, each pair by its task."""
    budget: int
    """Pairs of the fixed list, which it would play without stopping."""
    played: int
    """Pairs that both have played."""
    voids: int
    """Of these, how many a person declared void; they do not count."""
    tallies: tuple[Tally, ...]
    rates: tuple[Interval, ...]
    """The confidence sequence of each side's success rate."""
    table: Table
    standing: Standing

    @property
    def over(self) -> bool:
        return self.standing.stop is not None or self.played >= self.budget

    @property
    def saved(self) -> int:
        """Trials of both that need not be played."""
        return 2 * (self.budget - self.played)


Watch = Callable[[Duel], None]
"""Called after every round."""


def duel(configs: Sequence[RunConfig], out: Path, rules: Rules, watch: Watch) -> tuple[Duel, tuple[Run, ...]]:
    """Begins a duel in `out`, or goes on with the one that is there."""
    grounds = [prepare(config) for config in configs]
    _check_rules(out, rules)
    runs = _there(grounds, out)
    if runs is not None and (done := _so_far(runs, grounds[0], rules)).over:
        return done, runs
    with _both(grounds, configs, out, rules) as sides:
        found = _played(sides, grounds[0].trials, rules, out, watch)
    return found, tuple(side.run for side in sides)


def _played(sides: Sequence[Playing], trials: Sequence[Trial], rules: Rules, out: Path, watch: Watch) -> Duel:
    size = _round(sides[0].ground)
    for end in range(size, len(trials) + size, size):
        for side in sides:
            for _ in side.play(trials[end - size : end]):
                pass
        found = _figures([side.run for side in sides], trials[:end], rules, len(trials))
        RunFolder(out).write(DUEL_FILE, as_json(found))
        watch(found)
        if found.over:
            return found
    raise AssertionError("a duel is over when its budget is spent")


def _round(ground: Ground) -> int:
    """Trials of each side: whole turns of all tasks."""
    turn = len(ground.tasks)
    return turn * max(1, math.ceil(ground.config.workers / turn))


@contextmanager
def _both(grounds: Sequence[Ground], configs: Sequence[RunConfig], out: Path, rules: Rules) -> Generator[list[Playing]]:
    with ExitStack() as stack:
        sides: list[Playing] = []
        for ground, config, name in zip(grounds, configs, FOLDERS):
            path = out / name
            there = RunFolder(path).info_file.exists()
            sides.append(stack.enter_context(gone_on(path, _fields(config)) if there else begun(ground, path)))
        RunFolder(out).write(DUEL_FILE, as_json(_Begun(rules)))
        yield sides


@dataclass(frozen=True, slots=True)
class _Begun:
    """What duel.json says before the first round."""

    rules: Rules


def _fields(config: RunConfig) -> dict[str, Any]:
    return {field.name: getattr(config, field.name) for field in fields(config)}


def _there(grounds: Sequence[Ground], out: Path) -> tuple[Run, ...] | None:
    """The runs, where both have begun with what is asked for now."""
    paths = [out / name for name in FOLDERS]
    if not all(RunFolder(path).info_file.exists() for path in paths):
        return None
    runs = tuple(map(load, paths))
    return runs if all(_plays(run, ground) for run, ground in zip(runs, grounds)) else None


def _plays(run: Run, ground: Ground) -> bool:
    asked, suite = run.info.config, (run.info.suite, run.info.suite_version)
    same = all(getattr(asked, name) == getattr(ground.config, name) for name in WHAT_IS_PLAYED)
    return same and suite == (ground.suite.name, ground.suite.version)


def _check_rules(out: Path, rules: Rules) -> None:
    """A rule that is changed when something has been seen promises nothing any more."""
    file = out / DUEL_FILE
    if not file.exists():
        return
    try:
        before = msgspec.json.decode(file.read_bytes(), type=_Begun).rules
    except (OSError, msgspec.DecodeError) as error:
        raise FolderError(f"{file} cannot be read: {error}. Mend it, or choose another --out") from None
    if before != rules:
        raise Mismatch(
            f"{out} was begun with --alpha {before.alpha:g} --margin {100 * before.margin:g}, not --alpha "
            f"{rules.alpha:g} --margin {100 * rules.margin:g}; a duel keeps its rules. Begin another one with --out"
        )


def _so_far(runs: Sequence[Run], ground: Ground, rules: Rules) -> Duel:
    """After the last round that both have played whole: what a crash left of another one ended early."""
    played = [{record.id for record in run.records} for run in runs]
    size, trials = _round(ground), ground.trials
    rounds = [trials[start : start + size] for start in range(0, len(trials), size)]
    whole = takewhile(lambda each: all(trial.id in side for trial in each for side in played), rounds)
    return _figures(runs, [trial for each in whole for trial in each], rules, len(trials))


def _figures(runs: Sequence[Run], trials: Sequence[Trial], rules: Rules, budget: int) -> Duel:
    """Of those trials that both have played. `budget`: of pairs."""
    takes = [{take.id: take for take in last_takes(run.records)} for run in runs]
    shared = [trial.id for trial in trials if all(trial.id in each for each in takes)]
    found = join(runs, takes, shared)
    scores, _ = scores_of(runs[0].info)
    gains = [match.gain(scores[match.trial.task]) for match in found.matches]
    return Duel(
        suite=title_of(runs[0].info),
        sides=tuple(map(side_of, LETTERS, runs)),
        rules=rules,
        score=Score.PROGRESS if set(scores.values()) == {Score.PROGRESS} else Score.SUCCESS,
        budget=budget,
        played=len(shared),
        voids=found.voids,
        tallies=tuple(tally_of(by_task(found.matches), side) for side in range(2)) if found.matches else (),
        rates=tuple(_rate(found, side, rules.alpha) for side in range(2)) if found.matches else (),
        table=table(_solved(match) for match in found.matches),
        standing=standing(gains, alpha=rules.alpha, margin=rules.margin),
    )


def _rate(found: Matched, side: int, alpha: float) -> Interval:
    """A rate is half of how far a win (1) and a failure (-1) lie above -1 in the mean."""
    low, high = confidence_sequence([2.0 * match.successes[side] - 1.0 for match in found.matches], alpha)
    return (1 + low) / 2, (1 + high) / 2


def _solved(match: Match) -> tuple[bool, bool]:
    first, second = match.successes
    return first, second


def has_errors(runs: Sequence[Run]) -> bool:
    return any(take.result.outcome is Outcome.ERROR for run in runs for take in last_takes(run.records))
