"""What a person sees while a run is played: bars on a terminal, plain lines anywhere else."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from ..tasks.base import Outcome, Trial
from .errors import harmless
from .records import EpisodeRecord
from .stats import Rate

_SECONDS_BETWEEN_LINES = 10.0
_WIDE = 100
"""Columns of a terminal that has room for longer bars."""
_LONGEST_NAME = 16


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

    def rate(self, task: str, planned: str = "") -> str:
        ends = self._ends[task]
        errors = ends[Outcome.ERROR]
        success = Rate(ends[Outcome.SUCCESS], ends.total() - ends[Outcome.VOID])
        return f"{success}{planned}" + (f", {errors} ERROR" if errors else "")

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
        console = Console(file=stream)
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(20 if console.width >= _WIDE else 8),
            TextColumn("{task.fields[note]}", markup=False),
        )
        self._progress = Progress(*columns, console=console)

    def start(self, trials: Sequence[Trial], done: Sequence[EpisodeRecord]) -> None:
        self._tally = tally = _Tally(trials, done)
        self._bars = {
            task: self._bar(_short(harmless(task)), number, tally.done(task), self._note(task))
            for task, number in tally.planned.items()
        }
        self._all = self._bar("all", len(trials), tally.done(), f"of {len(trials)}")
        self._progress.start()

    def _note(self, task: str) -> str:
        return self._tally.rate(task, f" of {self._tally.planned[task]}")

    def _bar(self, name: str, total: int, completed: int, note: str) -> TaskID:
        return self._progress.add_task(name, total=total, completed=completed, note=note)

    def finished(self, record: EpisodeRecord) -> None:
        self._tally.add(record)
        task = record.trial.task
        self._progress.update(self._bars[task], completed=self._tally.done(task), note=self._note(task))
        overall = f"{self._tally.done()} of {sum(self._tally.planned.values())}, {self._tally.speed()}"
        self._progress.update(self._all, completed=self._tally.done(), note=overall)
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
        self._say(f"{len(trials)} trial{'s' * (len(trials) != 1)} of {', '.join(self._tally.planned)}{already}")

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


def _short(name: str) -> str:
    """The figures behind it must stay in sight."""
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
