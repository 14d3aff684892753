"""What a person sees while a run is played: bars on a terminal, plain lines anywhere else."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from ..tasks.base import Outcome, Trial
from .errors import harmless
from .records import EpisodeRecord
from .stats import Rate

_SECONDS_BETWEEN_LINES = 10.0


class Watcher(Protocol):
    def start(self, trials: Sequence[Trial], done: Sequence[EpisodeRecord]) -> None: ...

    def finished(self, record: EpisodeRecord) -> None: ...

    def stop(self) -> None: ...


class Silent:
    def start(self, trials: Sequence[Trial], done: Sequence[EpisodeRecord]) -> None: ...

    def finished(self, record: EpisodeRecord) -> None: ...

    def stop(self) -> None: ...


class _Tally:
    """How the trials ended so far, by task, and how fast they come. A record costs the same at any length of list."""

    def __init__(self, trials: Sequence[Trial], done: Sequence[EpisodeRecord]) -> None:
        self.planned = Counter(trial.task for trial in trials)
        self._last: dict[str, Outcome] = {}
        """By trial: that of its last take, which is the one that counts."""
        self._ends = {task: Counter[Outcome]() for task in self.planned}
        for record in done:
            self.add(record)
        self._before = self.done()
        self._began = time.monotonic()

    def add(self, record: EpisodeRecord) -> None:
        ends, outcome = self._ends[record.trial.task], record.result.outcome
        if record.id in self._last:
            ends[self._last[record.id]] -= 1
        ends[outcome] += 1
        self._last[record.id] = outcome

    def done(self, task: str | None = None) -> int:
        return len(self._last) if task is None else self._ends[task].total()

    def rate(self, task: str) -> str:
        ends = self._ends[task]
        errors = ends[Outcome.ERROR]
        success = Rate(ends[Outcome.SUCCESS], ends.total() - ends[Outcome.VOID])
        return str(success) + (f", {errors} ERROR" if errors else "")

    def speed(self) -> str:
        played = self.done() - self._before
        hours = (time.monotonic() - self._began) / 3600
        if not played or not hours:
            return ""
        left = (sum(self.planned.values()) - self.done()) * hours * 3600 / played
        return f"{played / hours:,.0f} trials/h, {_duration(left)} left"


class Bars:
    """One bar a task, with its running rate and interval."""

    def __init__(self, stream: TextIO) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False),
        )
        self._progress = Progress(*columns, console=Console(file=stream))

    def start(self, trials: Sequence[Trial], done: Sequence[EpisodeRecord]) -> None:
        self._tally = tally = _Tally(trials, done)
        self._bars = {
            task: self._bar(harmless(task), number, tally.done(task), tally.rate(task))
            for task, number in tally.planned.items()
        }
        self._all = self._bar("all", len(trials), tally.done(), "")
        self._progress.start()

    def _bar(self, name: str, total: int, completed: int, note: str) -> TaskID:
        return self._progress.add_task(name, total=total, completed=completed, note=note)

    def finished(self, record: EpisodeRecord) -> None:
        self._tally.add(record)
        task = record.trial.task
        self._progress.update(self._bars[task], completed=self._tally.done(task), note=self._tally.rate(task))
        self._progress.update(self._all, completed=self._tally.done(), note=self._tally.speed())
        if record.result.outcome is Outcome.ERROR:
            self._progress.console.print(_complaint(record), highlight=False, markup=False)

    def stop(self) -> None:
        self._progress.stop()


class Lines:
    """A line every ten seconds, for logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def start(self, trials: Sequence[Trial], done: Sequence[EpisodeRecord]) -> None:
        self._tally = _Tally(trials, done)
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES
        already = f", {self._tally.done()} of them played before" if done else ""
        self._say(f"{len(trials)} trials of {', '.join(self._tally.planned)}{already}")

    def finished(self, record: EpisodeRecord) -> None:
        self._tally.add(record)
        if record.result.outcome is Outcome.ERROR:
            self._say(_complaint(record))
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _SECONDS_BETWEEN_LINES
            self._report()

    def stop(self) -> None:
        self._report()

    def _report(self) -> None:
        tally = self._tally
        rates = "; ".join(f"{task} {tally.rate(task)}" for task in tally.planned)
        self._say(f"{tally.done()}/{sum(tally.planned.values())}  {rates}  {tally.speed()}")

    def _say(self, text: str) -> None:
        self._stream.write(harmless(text).rstrip() + "\n")
        self._stream.flush()


def watcher(quiet: bool) -> Watcher:
    if quiet:
        return Silent()
    stream = sys.stderr
    return Bars(stream) if stream.isatty() else Lines(stream)


def _complaint(record: EpisodeRecord) -> str:
    error = record.result.error
    why = f"{error.origin.value}: {error.kind}: {error.message}" if error else "no reason"
    return harmless(f"ERROR {record.id} (take {record.take}) {why}").replace("\n", " ")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
