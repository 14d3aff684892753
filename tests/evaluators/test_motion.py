import hashlib
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armtrial.evaluators import Run, evaluate
from armtrial.evaluators.motion import Floats, Moved, arm_of, log_jerk, low_passed, moved, movement_of, sparc
from armtrial.evaluators.played import load
from armtrial.evaluators.punctuality import late_plans, punctuality
from armtrial.evaluators.traces import read_traces
from armtrial.tests.played import FETCH, S, V, record

RATE = 30.0
ENCODER_STEP = 0.09
"""Degrees."""


def reach(seconds: float = 3.0, rate: float = RATE, degrees: float = 60.0) -> Floats:
    """The smoothest way from rest to rest (minimum jerk), of one joint."""
    t = np.arange(0, seconds, 1 / rate) / seconds
    return (degrees * (10 * t**3 - 15 * t**4 + 6 * t**5))[:, None]


def judged(joints: Floats, rate: float = RATE) -> Moved:
    found = moved(joints, rate)
    assert found is not None
    return found


def test_the_smoothest_way_has_the_jerk_that_can_be_calculated() -> None:
    """Of a minimum-jerk reach: 720 d^2 / T^5 over a peak speed of 15 d / 8 T."""
    velocity = np.diff(reach(rate=1000.0), axis=0) * 1000.0
    assert log_jerk(velocity, 1000.0) == pytest.approx(-math.log(720 / (15 / 8) ** 2), abs=0.02)


def test_the_smoothest_way_has_a_short_spectrum() -> None:
    speed = np.abs(np.diff(reach(1.0, 100.0), axis=0)[:, 0]) * 100.0
    assert sparc(speed, 100.0) == pytest.approx(-1.41, abs=0.03)


@pytest.mark.parametrize("hertz", [1.0, 2.0, 4.0])
def test_a_tremor_is_less_smooth(hertz: float) -> None:
    way = reach()
    tremor = 1.5 * np.sin(2 * np.pi * hertz * np.arange(len(way)) / RATE)[:, None]
    assert judged(way + tremor).sparc < judged(way).sparc - 0.2
    assert judged(way + tremor).log_jerk < judged(way).log_jerk - 1


def test_a_pause_on_the_way_is_less_smooth() -> None:
    half = reach(1.5, degrees=30.0)
    stops = np.vstack([half, np.repeat(half[-1:], 10, axis=0), half + half[-1]])
    assert judged(stops).sparc < judged(reach(len(stops) / RATE)).sparc - 0.1


def test_the_steps_of_an_encoder_are_not_taken_for_jerk() -> None:
    counted = np.round(reach() / ENCODER_STEP) * ENCODER_STEP
    raw = log_jerk(np.diff(counted, axis=0) * RATE, RATE)
    assert judged(counted).log_jerk == pytest.approx(judged(reach()).log_jerk, abs=0.3)
    assert raw < judged(reach()).log_jerk - 5
    assert judged(counted).sparc == pytest.approx(judged(reach()).sparc, abs=0.02)


def test_smoothness_knows_no_units_and_a_path_does() -> None:
    degrees, radians = judged(reach()), judged(np.radians(reach()))
    assert (degrees.sparc, degrees.log_jerk) == pytest.approx((radians.sparc, radians.log_jerk), abs=1e-5)
    assert degrees.path == pytest.approx(60.0, abs=1.0)
    assert radians.path == pytest.approx(math.radians(60.0), abs=0.02)


def test_the_same_motion_at_another_rate_is_as_smooth() -> None:
    slow, fast = judged(reach(rate=30.0), 30.0), judged(reach(rate=50.0), 50.0)
    assert slow.sparc == pytest.approx(fast.sparc, abs=0.05)
    assert slow.log_jerk == pytest.approx(fast.log_jerk, abs=0.25)


@pytest.mark.parametrize(("hertz", "left"), [(2.0, 1.0), (4.5, 1.0), (6.5, 0.0), (12.0, 0.0)])
def test_low_passing_keeps_what_is_slow_and_drops_what_is_fast(hertz: float, left: float) -> None:
    wave = np.sin(2 * np.pi * hertz * np.arange(600) / RATE)[:, None]
    assert low_passed(wave, RATE, 5.0)[60:-60] == pytest.approx(left * wave[60:-60], abs=0.03)


def test_low_passing_leaves_a_straight_way_straight() -> None:
    way = np.array([[9.0 * share, 5.0 - 9.0 * share] for share in np.linspace(0, 1, 50)])
    assert low_passed(way, RATE, 3.0) == pytest.approx(way)


def test_an_arm_that_stands_still_has_no_smoothness() -> None:
    assert moved(np.ones((90, 5)), RATE) is None
    assert moved(reach()[:5], RATE) is None
    assert moved(np.empty((90, 0)), RATE) is None


def test_the_hand_is_no_joint_of_the_arm() -> None:
    assert arm_of(("pan", "lift", "gripper"), ("pan", "lift", "gripper")) == [0, 1]
    assert arm_of(("pan.pos", "gripper.pos", "current"), ("pan.pos", "gripper.pos")) == [0]
    assert arm_of(("x", "y"), ("dx", "dy")) == []


def test_a_mean_of_motion_says_how_many_trials_it_stands_on() -> None:
    records = [record(trial, S) for trial in FETCH[:3]]
    found = movement_of(records, {FETCH[0].id: Moved(-2.0, -9.0, 4.0), FETCH[2].id: Moved(-4.0, -7.0, 6.0)})
    assert found is not None
    assert (found.sparc.value, found.log_jerk.value, found.path.value, found.path.n) == (-3.0, -8.0, 5.0, 2)
    assert movement_of(records, {}) is None


def test_a_plan_is_late_that_takes_longer_than_its_actions_last() -> None:
    """At 10 Hz 5 actions last 500 ms. The last plan was cut short by the end of the trial, not by its slowness."""
    trial = record(FETCH[0], S, plan_ms=(499.0, 501.0, 500.0, 400.0))
    assert late_plans(trial, (5, 5, 5, 1), 10.0) == (1, 3)


def test_a_plan_that_was_never_executed_is_not_judged() -> None:
    assert late_plans(record(FETCH[0], S, plan_ms=(1.0, 9999.0)), (5,), 10.0) == (0, 0)


def test_lateness_is_told_of_plans_and_of_trials_and_clustered_by_trial() -> None:
    slow, quick = (600.0,) * 11, (10.0,) * 11
    records = [record(trial, S, plan_ms=slow if trial.index < 2 else quick) for trial in FETCH[:10]]
    found = punctuality("fetch", records, 10.0, {one.id: (5,) * 11 for one in records})
    assert found.late is not None
    assert found.trials_late is not None
    assert (found.late.k, found.late.n, found.late.clusters) == (20, 100, 10)
    assert (found.trials_late.k, found.trials_late.n) == (2, 10)
    assert found.late.interval == pytest.approx(found.trials_late.interval)


def test_latency_is_that_of_the_trials_that_count() -> None:
    records = [record(FETCH[0], S, plan_ms=(1.0, 2.0, 30.0)), record(FETCH[1], V, plan_ms=(99.0,))]
    found = punctuality("fetch", records, 10.0, {})
    assert (found.plans, found.p50.value, found.p99.value, found.longest) == (3, 2.0, 30.0, 30.0)
    assert (found.late, found.trials_late) == (None, None)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return evaluate("toy", "toy", episodes=2, workers=0, execute=7, out=tmp_path / "run")


def test_executed_actions_add_up_to_the_trial(run: Run) -> None:
    for one in run.records:
        executed = run.traces[one.id].executed
        assert (sum(executed), len(executed)) == (one.result.steps, one.result.plans)
        assert set(executed[:-1]) <= set(range(1, 8))


def test_steps_that_are_gone_or_damaged_leave_a_smaller_n(run: Run) -> None:
    first, second = (run.folder / "steps" / f"{record.id}.npz" for record in run.records[:2])
    first.unlink()
    second.write_bytes(second.read_bytes()[:100])
    again = load(run.folder)
    assert set(again.traces) == {record.id for record in run.records[2:]}
    motion = again.scores.overall.motion
    assert motion is not None
    assert motion.path.n == len(run.records) - 2
    assert again.scores.overall.success == run.scores.overall.success


def test_steps_of_the_take_that_counts_are_read(run: Run) -> None:
    """A second take has a file of its own."""
    first = run.records[0]
    body = (run.folder / "steps" / f"{first.id}.npz").read_bytes()
    second = replace(first, take=2, result=replace(first.result, steps_sha256=hashlib.sha256(body).hexdigest()))
    assert first.id not in read_traces(run.folder, run.info, [first, second])
    (run.folder / "steps" / f"{first.id}.take2.npz").write_bytes(body)
    assert first.id in read_traces(run.folder, run.info, [first, second])
