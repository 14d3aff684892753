"""Several runs' records joined on the trial: the same start, played by each. Pairing is checked, not assumed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..tasks.base import Outcome, Score, Trial
from .config import RunConfig
from .errors import FolderError, Mismatch, UserError
from .metrics import last_takes, succeeded
from .played import Run
from .records import EpisodeRecord

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""What the runs of a comparison are called, in the order in which they are named."""


@dataclass(frozen=True, slots=True)
class Match:
    """One trial as every run played it: the take that counts of each, in the order of the runs."""

    trial: Trial
    takes: tuple[EpisodeRecord, ...]

    @property
    def successes(self) -> tuple[bool, ...]:
        return tuple(succeeded(take) for take in self.takes)

    def gain(self, score: Score, first: int = 0, second: int = 1) -> float:
        """Of the second over the first, from -1 to 1."""
        values = self.successes if score is Score.SUCCESS else self.progress
        return float(values[second]) - float(values[first])

    @property
    def progress(self) -> tuple[float, ...]:
        """An ERROR counts as no progress, as it counts as not succeeded."""
        return tuple(_progress(take) for take in self.takes)

    @property
    def start(self) -> str:
        """What tells its start state from others; trials that share one are no independent evidence."""
        return next((take.result.start_hash for take in self.takes if take.result.start_hash), self.trial.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What runs have in common."""

    matches: tuple[Match, ...]
    voids: int
    """Trials that a person declared void in some run; they are in no match."""
    left_out: int
    """Trials that some run has and another lacks."""


def matched(runs: Sequence[Run], *, common: bool = False, tasks: Sequence[str] = ()) -> Matched:
    """Joins on trial id and start hash. `common`: what some run lacks is left out, instead of an error.

    `tasks`: only these; empty: all.
    """
    _check_runs(runs)
    takes = [_by_trial(run, tasks) for run in runs]
    shared = [trial for trial in takes[0] if all(trial in other for other in takes)]
    left_out = len({trial for each in takes for trial in each}) - len(shared)
    if not common:
        _check_complete(runs, takes)
    if not shared:
        raise UserError(f"{_named(runs)} have no trial in common: there is nothing to compare")
    found = replace(join(runs, takes, shared), left_out=left_out)
    if not found.matches:
        raise UserError(f"all {len(shared)} trials that {_named(runs)} share are void: there is nothing to compare")
    return found


def join(runs: Sequence[Run], takes: Sequence[Mapping[str, EpisodeRecord]], shared: Sequence[str]) -> Matched:
    """Of runs over the same ground, by trials that all have; void ones are counted and left out."""
    _check_starts(runs, takes, shared)
    matches = [Match(takes[0][trial].trial, tuple(each[trial] for each in takes)) for trial in shared]
    counted = tuple(match for match in matches if not _is_void(match))
    return Matched(matches=counted, voids=len(matches) - len(counted), left_out=0)


def played(run: Run, tasks: Sequence[str] = ()) -> list[EpisodeRecord]:
    """The take that counts of every trial, where the records are those of one undamaged run."""
    names = run.info.tasks
    for task in tasks:
        if task not in names:
            raise UserError(f"{run.folder} has no task '{task}'. There are: {', '.join(names)}")
    twice = [key for key, times in Counter((record.id, record.take) for record in run.records).items() if times > 1]
    if twice:
        trial, take = twice[0]
        raise FolderError(
            f"{run.folder / 'records.jsonl'} has {trial}, take {take}, more than once ({len(twice)} in all); a take is "
            "recorded once. Remove the lines that are copies"
        )
    takes = [take for take in last_takes(run.records) if not tasks or take.trial.task in tasks]
    if not takes:
        raise UserError(f"{run.folder} has no trial that was played: play it by --resume {run.folder}")
    return takes


def _by_trial(run: Run, tasks: Sequence[str]) -> dict[str, EpisodeRecord]:
    return {take.id: take for take in played(run, tasks)}


def _check_runs(runs: Sequence[Run]) -> None:
    """The same world must have been asked the same things of."""
    folders = [run.folder.resolve() for run in runs]
    for number, folder in enumerate(folders):
        if folder in folders[:number]:
            raise UserError(f"{runs[number].folder} is named twice; a comparison is one between different runs")
    for other in runs[1:]:
        for what, of in _GROUND:
            if of(runs[0]) != of(other):
                raise Mismatch(
                    f"{runs[0].folder} and {other.folder} differ in the {what}: {of(runs[0]) or 'none'} and "
                    f"{of(other) or 'none'}. Only runs over the same trials in the same world compare; play one anew"
                )


_GROUND: tuple[tuple[str, Callable[[Run], str]], ...] = (
    ("suite", lambda run: run.info.suite),
    ("suite's version", lambda run: f"v{run.info.suite_version}"),
    ("seed domain", lambda run: run.info.config.seed_domain),
    ("world", lambda run: run.info.env),
    ("variation", lambda run: run.info.config.variation),
    ("world's arguments", lambda run: ", ".join(world_arguments(run.info.config))),
    ("content of the world's files", lambda run: ", ".join(_files(run))),
)
"""What must be the same, by what it is called."""


def world_arguments(config: RunConfig) -> tuple[str, ...]:
    short = (f"{key}={value}" for key, value in (("look", config.look), ("robot_model", config.robot_model)) if value)
    return tuple(sorted((*config.env_arg, *short)))


def _files(run: Run) -> tuple[str, ...]:
    """Of those that the world was handed, by their paths."""
    handed = {text.partition("=")[2] for text in world_arguments(run.info.config)}
    digests = run.info.provenance.files.items()
    return tuple(sorted(f"{path} {digest[:12]}" for path, digest in digests if path in handed))


def _check_complete(runs: Sequence[Run], takes: Sequence[Mapping[str, EpisodeRecord]]) -> None:
    there: dict[str, Run] = {}
    for run, each in zip(runs, takes):
        for trial in each:
            there.setdefault(trial, run)
    for run, each in zip(runs, takes):
        missing = [trial for trial in there if trial not in each]
        if missing:
            raise UserError(
                f"{run.folder} lacks {len(missing)} of the {len(there)} trials, the first of them {missing[0]}, which "
                f"{there[missing[0]].folder} has. Play the rest by --resume {run.folder}, or compare what all have "
                "by --common"
            )


def _check_starts(runs: Sequence[Run], takes: Sequence[Mapping[str, EpisodeRecord]], shared: Sequence[str]) -> None:
    """A trial that broke before it began has no start; the seed that its name gives it is the same."""
    for number in range(1, len(runs)):
        differ = [trial for trial in shared if _start_apart(takes[0][trial], takes[number][trial])]
        if differ:
            raise Mismatch(
                f"{runs[0].folder} and {runs[number].folder} start otherwise in {len(differ)} of {len(shared)} trials, "
                f"the first of them {differ[0]}: the world has changed between them. Play one anew"
            )


def _start_apart(one: EpisodeRecord, other: EpisodeRecord) -> bool:
    starts = {take.result.start_hash for take in (one, other)}
    return "" not in starts and len(starts) > 1


def _is_void(match: Match) -> bool:
    return any(take.result.outcome is Outcome.VOID for take in match.takes)


def _progress(take: EpisodeRecord) -> float:
    return 0.0 if take.result.outcome is Outcome.ERROR else take.result.progress or 0.0


def _named(runs: Sequence[Run]) -> str:
    return " and ".join(str(run.folder) for run in runs)
