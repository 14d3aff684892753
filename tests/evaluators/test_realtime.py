"""Runs in which the world does not wait for the policy."""

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from armtrial.envs.base import Observation
from armtrial.envs.line import LineEnv
from armtrial.envs.worker import EnvSource
from armtrial.evaluators import Run, evaluate
from armtrial.evaluators.api import resume
from armtrial.evaluators.errors import Mismatch, UserError
from armtrial.evaluators.pace import Pace
from armtrial.evaluators.played import load
from armtrial.evaluators.pool import open_local
from armtrial.evaluators.progress import Silent
from armtrial.evaluators.records import Paced
from armtrial.evaluators.runner import play
from armtrial.policies.base import Plan, Query, World
from armtrial.policies.baselines import Random
from armtrial.policies.toy import Toy
from armtrial.reports.base import build
from armtrial.tasks.base import derived_seed
from armtrial.tasks.toy import TOY
from armtrial.tests import worlds

LINE = World(LineEnv.observation_spec, LineEnv.action_spec)


def results(run: Run) -> dict[str, object]:
    return {record.id: record.result for record in run.records}


def played(run: Run, trial: str) -> np.ndarray:
    with np.load(run.folder / "steps" / f"{trial}.npz") as steps:
        return steps["action"]


@pytest.mark.parametrize("policy", ["toy", "random"])
def test_a_latency_of_nothing_changes_nothing_to_the_bit(policy: str, tmp_path: Path) -> None:
    waits, goes_on = (
        evaluate(policy, "toy", episodes=3, workers=0, latency=latency, out=tmp_path / str(latency))
        for latency in (None, 0.0)
    )
    for trial, result in results(waits).items():
        assert (played(waits, trial) == played(goes_on, trial)).all()
        assert replace(result, steps_sha256="") == replace(results(goes_on)[trial], steps_sha256="")  # type: ignore[type-var]


def test_a_latency_of_four_ticks_shifts_each_plan_by_four_and_nothing_else(tmp_path: Path) -> None:
    """`random` does not look, so that every action of the trial can be foretold."""
    evaluate("random", "toy", task="reach", episodes=1, workers=0, latency=4 / 30, execute=7, out=tmp_path / "run")
    (trial,) = [trial for trial in TOY.trials(1) if trial.task == "reach"]
    with np.load(tmp_path / "run" / "steps" / f"{trial.id}.npz") as steps:
        actions, state, begun, waited = (steps[name] for name in ("action", "state", "plan", "waited"))
    plans = [Random(LINE).plan([query(trial.seed, number)])[0].actions[0] for number in range(len(begun))]
    expected = [state[0]] * 4 + [plans[0]] * 7
    for before, plan in pairwise(plans):
        expected += [before] * 4 + [plan] * 7
    assert np.array_equal(actions, np.array(expected)[: len(actions)])
    assert (np.diff(begun) == 11).all()
    assert (waited == 4).all()


def query(seed: int, number: int) -> Query:
    return Query(0, Observation({}, np.zeros(2), "", 0.0), derived_seed(seed, "plan", number))


def test_runs_with_a_fixed_latency_repeat_whatever_plays_them(tmp_path: Path) -> None:
    runs = [evaluate("toy", "toy", episodes=2, workers=n, latency=0.2, out=tmp_path / str(n)) for n in (0, 2)]
    assert results(runs[0]) == results(runs[1])
    assert runs[0].info.deterministic


def test_a_slow_policy_pays(tmp_path: Path) -> None:
    quick, slow = (
        evaluate("toy", "toy", task="tour", episodes=4, workers=0, latency=seconds, out=tmp_path / f"{seconds}").scores
        for seconds in (0.0, 4.0)
    )
    assert quick.overall.success.k == 4
    assert slow.overall.success.k < 4


def test_what_was_paid_is_told(tmp_path: Path) -> None:
    run = evaluate("toy", "toy", task="reach", episodes=2, workers=0, latency=0.4, out=tmp_path / "run")
    paid = run.clocks.overall.paid if run.clocks.overall else None
    assert paid is not None
    assert paid.thinking == pytest.approx(sum(record.result.paced.thinking for record in run.records) / 30)
    assert run.info.policy == "toy+latency(0.4)"


class Sleeps(Toy):
    """Takes 50 ms for each query."""

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        time.sleep(0.05 * len(queries))
        return super().plan(queries)


def test_measured_time_is_at_least_what_the_policy_took_and_is_marked_as_not_repeatable(tmp_path: Path) -> None:
    run = evaluate(Sleeps, "toy", task="reach", episodes=1, workers=0, realtime=True, out=tmp_path / "run")
    (record,) = run.records
    assert record.result.paced.thinking >= 2 * record.result.plans
    assert not run.info.deterministic
    title = build(run.info, run.records, run.traces).title
    assert title == "toy+realtime on toy-v1, NOT REPEATABLE: plans took as long as this machine took"


def test_measured_time_is_each_query_s_own() -> None:
    """Asked together, three queries would each pay for all."""
    seats, world = open_local(EnvSource("armtrial.envs.line:LineEnv", TOY.tasks, {}), 3)
    policy = worlds.Counts(world)
    todo, pace = [(trial, 1) for trial in TOY.trials(1)], Pace(realtime=True)
    allowed = {task.name: 60.0 for task in TOY.tasks}
    assert len(list(play(todo, seats, policy, world, execute=20, batch=3, allowed=allowed, pace=pace))) == 3
    assert set(policy.batches) == {1}


class Stamps(Toy):
    """Plans ahead of its look, which it says."""

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [Plan(plan.actions, query.observation.time - 0.1) for plan, query in zip(super().plan(queries), queries)]


def test_stamps_count_where_the_world_waits_as_well(tmp_path: Path) -> None:
    run = evaluate(Stamps, "toy", task="reach", episodes=1, workers=0, out=tmp_path / "run")
    (record,) = run.records
    assert record.result.paced == Paced(dropped=3 * record.result.plans)


def test_a_run_keeps_its_latency(tmp_path: Path) -> None:
    evaluate("toy", "toy", task="reach", episodes=1, workers=0, latency=0.2, out=tmp_path / "run")
    with pytest.raises(Mismatch, match=r"latency=0\.2, not 0\.3"):
        resume(tmp_path / "run", {"latency": 0.3}, False, Silent())
    assert load(tmp_path / "run").info.config.realtime


def test_a_latency_beyond_reason_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^--latency -1: a plan takes 0 to 60 seconds, as 0\.2$"):
        evaluate("toy", "toy", latency=-1.0, out=tmp_path / "run")


class Times(Toy):
    """Tells of the time within every second plan."""

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        self.asked = getattr(self, "asked", 0) + 1
        timings = {"model": 7.0 * self.asked} if self.asked % 2 else {}
        return [replace(plan, timings=timings) for plan in super().plan(queries)]


def test_what_plans_say_of_their_time_is_kept_plan_by_plan(tmp_path: Path) -> None:
    run = evaluate(Times, "toy", task="reach", episodes=1, workers=0, out=tmp_path / "run")
    told = run.records[0].clock.parts_ms["model"]
    assert told[:3] == (7.0, None, 21.0)
    assert len(told) == run.records[0].result.plans


class TimesInWords(Toy):
    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [replace(plan, timings={"model": "quick"}) for plan in super().plan(queries)]  # type: ignore[dict-item]


def test_times_that_are_no_numbers_are_an_error_of_the_policy(tmp_path: Path) -> None:
    run = evaluate(TimesInWords, "toy", task="reach", episodes=1, workers=0, out=tmp_path / "run")
    error = run.records[0].result.error
    assert error is not None
    assert error.message == "the timings of a plan are milliseconds by name; these have 'model': 'quick'"
