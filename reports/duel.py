"""A duel in words and a table, which say no more than it has shown."""

import textwrap

from ..evaluators.duel import Duel
from ..evaluators.sequential import Stop
from ..evaluators.stats import percent
from ..tasks.base import Score
from . import grid
from .comparison import LEVEL_OF_CLAIM, signed, span

METHOD = (
    "The evidence may be looked at after every round: it stops a duel of equals for a winner with a chance of at most "
    "{alpha:g}, however long it goes on. The interval is a confidence sequence, which holds whenever one stops; one "
    "for a fixed number of trials would be too sure."
)


def standing_line(found: Duel) -> str:
    """How it stands after a round."""
    return f"{found.played} of {found.budget} pairs: {_alone(found)}; B less A {_difference(found)}"


def terminal(found: Duel) -> str:
    table = grid.plain(_rows(found), HEADER)
    lines = (textwrap.fill(line, 80) for line in (*_lines(found), *_method(found)))
    return "\n\n".join([f"Duel on {found.suite}", table, *lines])


def markdown(found: Duel) -> str:
    table = grid.markdown(_rows(found), HEADER)
    return "\n\n".join([f"# Duel on {found.suite}", table, *_lines(found), *_method(found)]) + "\n"


HEADER = ("", "policy", "SR", "sequence", "progress", "ERROR")


def _rows(found: Duel) -> list[list[str]]:
    """A rate's interval is a sequence too, since it was looked at as often."""
    return [
        [
            side.letter,
            f"{side.policy} {side.checkpoint}".strip(),
            tally.success.share,
            percent(interval),
            f"{tally.progress:.2f}",
            str(tally.errors),
        ]
        for side, tally, interval in zip(found.sides, found.tallies, found.rates)
    ]


def _lines(found: Duel) -> list[str]:
    privileged = [
        f"{side.letter} is PRIVILEGED: it is shown what no camera could see." for side in found.sides if side.privileged
    ]
    voids = [f"{found.voids} void pairs are not counted."] if found.voids else []
    return [f"{verdict(found)} B less A: {_difference(found)} ({_alone(found)}).", _saved(found), *voids, *privileged]


def verdict(found: Duel) -> str:
    """What may be said, and no more."""
    margin = f"{100 * found.rules.margin:g} points"
    return {
        Stop.BETTER: "B is better than A.",
        Stop.WORSE: "A is better than B.",
        Stop.EQUIVALENT: f"A and B are equivalent: they differ by less than {margin}.",
        None: f"Not decided: neither a difference nor its absence (within {margin}) is shown.",
    }[found.standing.stop]


def _saved(found: Duel) -> str:
    if found.standing.stop is None:
        return f"All {found.budget} pairs of the budget are played."
    return f"Stopped after {found.played} of {found.budget} pairs: {found.saved} trials saved."


def _difference(found: Duel) -> str:
    level = 100 * (1 - found.rules.alpha)
    what = "progress " if found.score is Score.PROGRESS else ""
    sequence = f"{level:g} % confidence sequence {span(found.standing.interval)}"
    return f"{what}{signed(found.standing.difference)} points, {sequence}"


def _alone(found: Duel) -> str:
    return f"only A solved {found.table.only_first}, only B {found.table.only_second}"


def _method(found: Duel) -> list[str]:
    return [METHOD.format(alpha=found.rules.alpha), LEVEL_OF_CLAIM]
