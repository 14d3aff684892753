"""How far chains came: their average, by how they begin, and how many came so far."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from armtrial.evaluators.chains import chains_of
from armtrial.evaluators.records import EpisodeRecord
from armtrial.evaluators.stats import exact
from armtrial.tests.pairs import record
from armtrial.tests.pairs import trials as trials_of


def chains(done: Sequence[int | None], starts: list[str] | None = None) -> list[EpisodeRecord]:
    """A chain that did so many of five; None: it broke before anything was played."""
    kept: list[EpisodeRecord] = []
    for index, trial in enumerate(trials_of("tour", len(done))):
        one, number = record(trial, "f"), done[index]
        progress = None if number is None else number / 5
        begin = f"{index}" if starts is None else starts[index]
        kept.append(replace(one, result=replace(one.result, progress=progress, start_hash=begin)))
    return kept


def test_the_average_is_the_sum_of_the_rates_in_a_row() -> None:
    found = chains_of(chains([0, 5, 3, 3, 1, 2, 4]), 5)
    assert found is not None
    assert found.average.value == pytest.approx(sum(row.reached.value or 0.0 for row in found.in_a_row), abs=1e-6)
    assert [row.reached.k for row in found.in_a_row] == [6, 5, 4, 2, 1]


def test_a_chain_that_broke_counts_with_what_it_had_done() -> None:
    found = chains_of(chains([None, 5]), 5)
    assert found is not None
    assert (found.average.value, found.average.n) == (2.5, 2)


def test_where_every_chain_broke_at_its_start_there_is_no_length() -> None:
    assert chains_of([record(trial, "e") for trial in trials_of("tour", 4)], 5) is None


def test_chains_that_broke_are_counted_apart() -> None:
    broken = [record(trial, "e") for trial in trials_of("tour", 6)[4:]]
    found = chains_of([*chains([5, 5, 0, 0]), *broken], 5)
    assert found is not None
    assert (found.broke, found.average.n, found.average.value) == (2, 6, pytest.approx(10 / 6, abs=1e-5))


def test_chains_that_begin_alike_widen_the_interval() -> None:
    done = [0] * 20 + [5] * 20
    alone, alike = chains_of(chains(done), 5), chains_of(chains(done, [str(k // 5) for k in range(40)]), 5)
    assert alone is not None
    assert alike is not None
    assert (alone.starts, alike.starts) == (40, 8)
    assert width(alike.average.interval) > 1.5 * width(alone.average.interval)
    assert width(alike.in_a_row[0].interval) > 1.5 * width(alone.in_a_row[0].interval)


def test_no_success_at_all_is_no_certainty() -> None:
    found = chains_of(chains([0] * 20), 5)
    assert found is not None
    assert found.average.value == 0.0
    assert found.average.interval == (0.0, pytest.approx(5 * exact(0, 20)[1], abs=1e-5))


def test_one_success_more_never_narrows_the_interval_of_few() -> None:
    highest: list[float] = []
    for succeeded in range(5):
        found = chains_of(chains([1] * succeeded + [0] * (20 - succeeded)), 5)
        assert found is not None
        assert found.average.interval is not None
        highest.append(found.average.interval[1])
    assert highest == sorted(highest)
    assert highest[1] == pytest.approx(exact(1, 20)[1] + 4 * exact(0, 20)[1], abs=1e-5)


def test_a_task_that_is_no_chain_has_no_length() -> None:
    assert chains_of(chains([1, 2]), None) is None
    assert chains_of([], 5) is None


def test_the_interval_of_clustered_chains_holds_the_mean_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(0), 0
    for _ in range(150):
        share = rng.beta(2, 2, 40)
        done = [int(rng.binomial(5, share[k // 4])) for k in range(160)]
        found = chains_of(chains([*done], [str(k // 4) for k in range(160)]), 5)
        assert found is not None
        assert found.average.interval is not None
        held += found.average.interval[0] <= 2.5 <= found.average.interval[1]
    assert 0.90 <= held / 150 <= 0.99


def width(interval: tuple[float, float] | None) -> float:
    assert interval is not None
    return interval[1] - interval[0]
