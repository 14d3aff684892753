"""What the gate found, in words and a table: it passed, it found a drop, or the ground moved and nothing is said."""

import textwrap
from collections.abc import Callable, Sequence

from ..evaluators.footing import ARGUMENTS, Footing
from ..evaluators.gate import Gate, Row, Status
from ..tasks.base import Score
from . import grid
from .base import averaged
from .comparison import WIDE, bare_p, p, points, signed, span

SHOWN = 12
"""Trials that got worse, in a terminal; the files have all."""
HEADER = ("task", "n", "before", "now", "lost /\ngained", "change\n95 % CI", "p")


def terminal(gate: Gate) -> str:
    parts = [
        f"Gate on {gate.suite}: {gate.status.value.upper()}",
        *map(_wrapped, [_sides(gate), ground(gate.footing)]),
        _table(gate, grid.plain),
        *map(_wrapped, verdicts(gate)),
        _worse(gate),
        *map(_wrapped, _remarks(gate)),
    ]
    return "\n\n".join(part for part in parts if part)


def markdown(gate: Gate) -> str:
    lost = "\n".join(f"- `{each.trial}`: {each.now}" for each in gate.worse)
    parts = [
        f"## Gate on {gate.suite}: {gate.status.value.upper()}",
        _sides(gate),
        ground(gate.footing),
        _table(gate, grid.markdown),
        "\n".join(f"- {line}" for line in verdicts(gate)),
        lost and f"Trials that got worse:\n\n{lost}",
        *_remarks(gate),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def ground(footing: Footing) -> str:
    """What the replayed trials say of it."""
    what = f"{footing.canaries} trials of the baseline replayed, {footing.pictures} pictures drawn"
    if not footing.moved:
        return f"Ground: {what}: all as they were, to the bit."
    faults = [f" {each.trial} could not be replayed: {each.fault}." for each in footing.moved if each.fault][:1]
    kinds = ", ".join(f"{kind} ({_trials(footing, kind)} of {footing.canaries} trials)" for kind in footing.kinds)
    return f"Ground: {what}. What moved: {kinds}.{''.join(faults)} {_explained(footing)}"


def _trials(footing: Footing, kind: str) -> int:
    return sum(kind in each.what for each in footing.moved)


def _explained(footing: Footing) -> str:
    if footing.differs:
        said = f"What differs from the baseline's: {'; '.join(footing.differs)}."
        return f"{said} {_leave_out(footing)}".rstrip()
    return (
        "Nothing differs that the baseline names, neither renderer nor MuJoCo, CPU or arguments of the world: its own "
        "code has changed, or it does not repeat itself."
    )


def _leave_out(footing: Footing) -> str:
    """Where it was asked for here, it is mended here, and nothing has to be re-based."""
    if not any(line.startswith(ARGUMENTS) for line in footing.differs):
        return ""
    return (
        "The world was handed other arguments than the baseline's. First leave out what is not meant of --env-arg, "
        "--look and --robot-model, and try again; to re-base is for a change that is meant."
    )


def verdicts(gate: Gate) -> list[str]:
    """What may be said, and no more."""
    if gate.status is Status.GROUND_MOVED:
        return [
            "This is not called a regression: the world answers otherwise than when the baseline was made, so the "
            f"policy is not judged. {_way_out(gate)}"
        ]
    if gate.status is Status.REBASED:
        return [f"RE-BASED: {gate.rebased} is the new baseline, made of {gate.run}. {_unjudged(gate)}"]
    worse = [row for row in gate.rows if row.regressed]
    return [_regressed(row) for row in worse] or [_passed(gate)]


def _way_out(gate: Gate) -> str:
    if gate.run:
        again = f"armtrial baseline {gate.run} --out {gate.baseline} --force"
        return f"{_unjudged(gate)} Re-base, if that is a score to stand by: {again}, or this command with --rebase."
    return "Re-base by this command with --rebase: it plays the trials and writes a new baseline beside the old one."


def _unjudged(gate: Gate) -> str:
    before, now = gate.solved
    return f"Not judged: {before.k}/{before.n} solved before, {now.k}/{now.n} now."


def _regressed(row: Row) -> str:
    what = "progress" if row.score is Score.PROGRESS else "success"
    return f"REGRESSION, {row.task}: {what} {points(row.difference, row.interval)}, {p(held(row))}."


def held(row: Row) -> float:
    """The p-value that the gate goes by: of a task as it stands among all tasks."""
    return row.p_value if row.task == "all" else row.p_holm


def change(row: Row) -> str:
    """What was tested, before and now, in a line."""
    if row.score is Score.PROGRESS:
        return f"progress {row.progress_before:.2f} before, {row.progress_now:.2f} now"
    before, now = averaged(row.mean_before, row.before), averaged(row.mean_now, row.now)
    return f"{before} before, {now} now"


def _passed(gate: Gate) -> str:
    rules = f"alpha {gate.rules.alpha:g}, at least {100 * gate.rules.min_drop:g} points"
    return f"No drop is shown ({rules}). {_finds(gate)}"


def _finds(gate: Gate) -> str:
    row = gate.overall
    if row is None:
        return ""
    if row.score is Score.PROGRESS and row.least_p <= gate.rules.alpha:
        return ""
    if row.finds is None:
        return f"{row.before.n} trials are too few to show any."
    return (
        f"A drop of {100 * row.finds:.0f} points is found with 80 % power by {row.before.n} trials; a smaller one may "
        "pass."
    )


def _sides(gate: Gate) -> str:
    before, now = gate.policies
    return f"Before: {before} ({gate.baseline}). Now: {now} ({gate.run or 'not played'})."


def _table(gate: Gate, drawn: Callable[[grid.Cells, Sequence[str]], str]) -> str:
    return drawn([_row(row) for row in gate.rows], HEADER) if gate.rows else ""


def _row(row: Row) -> list[str]:
    difference = f"{signed(row.difference)}\n{span(row.interval)}"
    lost = f"{row.lost} / {row.gained}"
    return [row.task, str(row.before.n), *_values(row), lost, difference, bare_p(held(row))]


def _values(row: Row) -> tuple[str, str]:
    """Every rate with its counts and its interval, as in all tables; SR@1 below it."""
    if row.score is Score.PROGRESS:
        return f"progress {row.progress_before:.2f}", f"progress {row.progress_now:.2f}"
    sides = (
        (averaged(row.mean_before, row.before), row.first_before),
        (averaged(row.mean_now, row.now), row.first_now),
    )
    before, now = (f"{rate.share}\n{rate.span}\nSR@1 {first.k}/{first.n}" for rate, first in sides)
    return before, now


def _worse(gate: Gate) -> str:
    rows = [[each.trial, each.now] for each in gate.worse[:SHOWN]]
    if not rows:
        return ""
    left = len(gate.worse) - len(rows)
    more = f"\n... and {left} more" if left else ""
    return grid.plain(rows, ["got worse", "now"]) + more


def _remarks(gate: Gate) -> list[str]:
    if not gate.rows:
        return list(gate.notes)
    n = gate.overall.before.n if gate.overall else 0
    alike = f"{gate.alike} of {n} trials ended in the same state as before, to the bit."
    method = (
        "Exact one-sided McNemar test on pairs of the same trial; p of a task as it stands among all (Holm). Rates: "
        "95 % intervals as in a run's report, exact (Clopper-Pearson) of a task, of all tasks made of theirs (MOVER)."
    )
    progress = any(row.score is Score.PROGRESS for row in gate.rows)
    signs = ["Progress: sign flips of whole start states, one-sided."] if progress else []
    return [alike, *gate.notes, " ".join([method, *signs])]


def _wrapped(text: str) -> str:
    """Paths and commands stay whole, so that they can be copied."""
    return "\n".join(textwrap.wrap(text, WIDE, break_long_words=False, break_on_hyphens=False))
