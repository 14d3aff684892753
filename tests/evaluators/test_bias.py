"""The mistake of stopping at the first N episodes that finish, and that we do not make it."""

from dataclasses import replace
from itertools import islice

from armtrial.envs.worker import EnvSource
from armtrial.evaluators.pool import open_local
from armtrial.evaluators.records import EpisodeRecord
from armtrial.evaluators.runner import play
from armtrial.policies.baselines import Hold
from armtrial.tests.worlds import COIN, COIN_TASK

SLOTS = N = 32


def played(version: int, number: int) -> list[EpisodeRecord]:
    """In the order in which they finish, from 32 slots that are refilled at once."""
    seats, world = open_local(EnvSource(COIN_TASK.env, (COIN_TASK,), {}), SLOTS)
    trials = [(trial, 1) for trial in replace(COIN, version=version).trials(number)]
    takes = play(trials, seats, Hold(world), world, execute=20, batch=None, allowed={"coin": 60.0})
    return [take.record for take in takes]


def share(records: list[EpisodeRecord]) -> float:
    return sum(record.result.outcome.value == "success" for record in records) / len(records)


def test_a_fixed_list_is_unbiased_where_the_first_to_finish_are_not() -> None:
    repetitions = range(1, 21)
    ours = [share(played(version, N)) for version in repetitions]
    first_finished = [share(list(islice(played(version, 3 * N), N))) for version in repetitions]
    assert abs(sum(ours) / len(ours) - 0.5) < 0.05
    assert sum(first_finished) / len(first_finished) > 0.5 + 0.25


def test_every_trial_of_the_list_is_played_exactly_once() -> None:
    ids = sorted(record.id for record in played(1, N))
    assert ids == sorted(trial.id for trial in COIN.trials(N))
