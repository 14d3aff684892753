"""A plan as tables."""

import textwrap

from tabulate import tabulate

from ..evaluators.plan import POWERS, SIZES, Need, Plan

METHOD = (
    "Trials of each policy, two-sided, alpha {alpha:g}. Exact McNemar and Boschloo tests by calculation; the duel by "
    "simulation. A duel without a difference stops for equivalence or when its budget is spent."
)


def terminal(found: Plan) -> str:
    powers = [f"{100 * power:.0f} % power" for power in POWERS]
    rows = [_row(need) for need in found.needs]
    tests = tabulate(rows, headers=["trials of each", *powers, "mean"], disable_numparse=True)
    shown = [[shows.design, *(_points(value) for value in shows.smallest)] for shows in found.shows]
    sizes = tabulate(shown, headers=["smallest difference shown", *(f"n = {n}" for n in SIZES)], disable_numparse=True)
    return "\n\n".join(
        [
            f"{found.expect:g} against {found.versus:g}, correlation of pairs {found.correlation:.2g}",
            tests,
            f"What a number of trials shows with {100 * POWERS[0]:.0f} % power:",
            sizes,
            textwrap.fill(METHOD.format(alpha=found.alpha), 80),
        ]
    )


def _row(need: Need) -> list[str]:
    mean = "" if need.mean is None else f"{need.mean:.0f}"
    return [need.design, *(f"> {need.most}" if n is None else str(n) for n in need.trials), mean]


def _points(value: float | None) -> str:
    return "none" if value is None else f"{100 * value:.0f} points"
