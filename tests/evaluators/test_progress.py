"""What a person sees while a run is played agrees with the table in the end."""

import io
import itertools
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from armtrial.evaluators import Run, evaluate
from armtrial.evaluators.metrics import last_takes, score
from armtrial.evaluators.progress import Bars, Lines, _Tally
from armtrial.evaluators.records import EpisodeRecord, ErrorNote
from armtrial.tasks.base import Origin, Outcome, Trial
from armtrial.tasks.toy import TOY
from armtrial.tests import worlds


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """With failures, errors and second takes."""
    out = tmp_path_factory.mktemp("run") / "run"
    return evaluate(worlds.LosesTheWire, "toy", episodes=4, workers=0, execute=3, out=out)


def trials(run: Run) -> list[Trial]:
    return [record.trial for record in last_takes(run.records)]


def changed(record: EpisodeRecord, outcome: Outcome, message: str = "") -> EpisodeRecord:
    error = ErrorNote(origin=Origin.WORLD, kind="E", message=message) if outcome is Outcome.ERROR else None
    return replace(record, result=replace(record.result, outcome=outcome, error=error))


def test_the_running_rate_is_that_of_the_table(run: Run) -> None:
    ends = (Outcome.SUCCESS, Outcome.FAILURE, Outcome.VOID, Outcome.ERROR)
    records = [*run.records, *(changed(r, ends[i % 4]) for i, r in enumerate(run.records))]
    tally = _Tally(trials(run), [])
    for number, record in enumerate(records, start=1):
        tally.add(record)
        counted = [r for r in last_takes(records[:number]) if r.trial.task == record.trial.task]
        row = score(record.trial.task, counted)
        errors = f", {row.errors['world']} ERROR" if "world" in row.errors else ""
        assert tally.rate(record.trial.task).startswith(f"{row.success}{errors}")
        assert tally.done(record.trial.task) == len(counted)


def work(task: Callable[[], object]) -> int:
    """Lines of Python that are gone through, which no other process makes more."""
    gone_through = itertools.count()

    def traced(_: object, event: str, __: object) -> Any:
        if event == "line":
            next(gone_through)
        return traced

    before = sys.gettrace()
    sys.settrace(traced)
    try:
        task()
    finally:
        sys.settrace(before)
    return next(gone_through)


def watched(record: EpisodeRecord, number: int) -> int:
    """What the last of so many records costs."""
    planned = TOY.trials(per_task=number // 3)
    lines = Lines(io.StringIO())
    lines.start(planned, [])
    *others, last = [replace(record, id=trial.id, trial=trial) for trial in planned]
    for other in others:
        lines.finished(other)
    return work(lambda: (lines.finished(last), lines._report()))


def test_a_long_run_is_watched_as_cheaply_as_a_short_one(run: Run) -> None:
    assert 0 < watched(run.records[0], 3000) < 1.2 * watched(run.records[0], 30)


@pytest.mark.parametrize("kind", [Bars, Lines])
def test_no_word_of_a_third_party_commands_the_terminal(kind: type[Bars] | type[Lines], run: Run) -> None:
    stream = io.StringIO()
    trial = replace(run.records[0].trial, task="[red]\x1b[31mreach")
    watcher = kind(stream)
    watcher.start([trial], [])
    watcher.finished(
        changed(replace(run.records[0], trial=trial), Outcome.ERROR, "boom \x1b]0;title\x07 [/bold]\nline")
    )
    watcher.stop()
    assert "[red]?[31mreach" in stream.getvalue()
    assert "world: E: boom ?]0;title? [/bold] line" in stream.getvalue()
    assert not set(stream.getvalue()) & {"\x1b", "\x07"}


def test_a_run_that_goes_on_counts_what_was_played_before(run: Run, tmp_path: Path) -> None:
    stream = io.StringIO()
    Lines(stream).start(trials(run), run.records)
    assert stream.getvalue().startswith("12 trials of reach, fetch, tour, 12 of them played before")
