"""More than two policies on the same trials: whether they differ at all, and which of them do."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from .stats import LEVEL


def holm(p_values: Sequence[float]) -> list[float]:
    """Each as it stands when all are asked at once: the chance of one false alarm among them stays below the level."""
    if len(p_values) < 2:
        return list(p_values)
    multitest: Any = import_module("statsmodels.stats.multitest")
    return [float(p) for p in multitest.multipletests(p_values, method="holm")[1]]


def cochran(successes: Sequence[Sequence[bool]]) -> float:
    """The p-value of Cochran's Q, from a row a trial with a column a policy: do they differ at all?

    Trials that all solve, or none, say nothing; without any other there is no difference to be seen.
    """
    if not any(any(row) and not all(row) for row in successes):
        return 1.0
    tables: Any = import_module("statsmodels.stats.contingency_tables")
    return float(tables.cochrans_q(np.array(successes, dtype=float)).pvalue)


def letters(number: int, p_values: dict[tuple[int, int], float]) -> tuple[str, ...]:
    """One word a policy. Two that share a letter are not shown to differ. `p_values`: of every pair."""
    posthocs: Any = import_module("scikit_posthocs")
    matrix = np.ones((number, number))
    for (first, second), p in p_values.items():
        matrix[first, second] = matrix[second, first] = p
    shown = posthocs.compact_letter_display(matrix, alpha=1 - LEVEL)
    return tuple("".join(str(word).split()) for word in shown)
