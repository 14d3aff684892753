"""Errors, batches and refills; most of it in one process, where it is quickest."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from armtrial.envs.worker import EnvSource
from armtrial.evaluators import Run, evaluate
from armtrial.evaluators.pool import LocalSeat, Seat, WorkerSeat, close_all, open_local, open_workers
from armtrial.evaluators.records import EpisodeRecord
from armtrial.evaluators.runner import play
from armtrial.policies.toy import Toy
from armtrial.tasks.base import Origin, Outcome
from armtrial.tasks.toy import TOY
from armtrial.tests import worlds


def by_id(run: Run) -> dict[str, list[EpisodeRecord]]:
    takes: dict[str, list[EpisodeRecord]] = {}
    for record in run.records:
        takes.setdefault(record.id, []).append(record)
    return takes


def errors(run: Run) -> dict[str, str]:
    return {r.id: f"{r.result.error.kind}: {r.result.error.message}" for r in run.records if r.result.error}


def test_the_number_of_workers_changes_no_result(tmp_path: Path) -> None:
    runs = [evaluate("random", "toy", episodes=6, workers=n, out=tmp_path / str(n)) for n in (0, 1, 2, 4)]
    results = [{r.id: r.result for r in run.records} for run in runs]
    assert len(results[0]) == 18
    assert results[0] == results[1] == results[2] == results[3]


def test_the_same_trial_twice_gives_the_same_steps_to_the_byte(tmp_path: Path) -> None:
    for name in ("a", "b"):
        evaluate("toy", "toy", episodes=2, workers=0, out=tmp_path / name)
    for file in sorted((tmp_path / "a" / "steps").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / "steps" / file.name).read_bytes()


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (worlds.Raises, "RuntimeError: CUDA out of memory"),
        (worlds.GivesNan, "ActionError: action 0, 'jaw': nan is outside [0, 100]"),
        (worlds.GivesWrongShape, "ActionError: a plan has the shape (T, 2) with T >= 1; this one has (10, 1)"),
        (worlds.GivesNothing, "ActionError: the policy answered with a NoneType; it owes a Plan for every query"),
    ],
)
@pytest.mark.parametrize("workers", [0, 3])
def test_only_the_guilty_trial_of_a_batch_becomes_an_error(
    policy: type[Toy], message: str, workers: int, tmp_path: Path
) -> None:
    run = evaluate(policy, "toy", episodes=3, workers=workers, out=tmp_path / "run")
    assert errors(run) == {f"toy-v1.{task}.001": message for task in ("reach", "fetch", "tour")}
    assert run.scores.overall.success.k == 6
    assert run.scores.overall.errors == {"policy": 3}


def test_an_error_never_raises_a_score(tmp_path: Path) -> None:
    whole = evaluate(Toy, "toy", episodes=3, workers=0, out=tmp_path / "a").scores.overall
    broken = evaluate(worlds.Raises, "toy", episodes=3, workers=0, out=tmp_path / "b").scores.overall
    assert broken.success.n == whole.success.n == 9
    assert broken.success.k == whole.success.k - 3
    assert broken.first_attempt.k == whole.first_attempt.k - 3


def test_a_broken_wire_is_tried_once_more_and_the_first_try_stays_visible(tmp_path: Path) -> None:
    run = evaluate(worlds.LosesTheWire, "toy", episodes=2, workers=0, out=tmp_path / "run")
    first, second = by_id(run)["toy-v1.reach.001"]
    assert (first.take, first.result.outcome) == (1, Outcome.ERROR)
    assert first.result.error is not None
    assert first.result.error.origin is Origin.TRANSPORT
    assert (second.take, second.result.outcome) == (2, Outcome.SUCCESS)
    assert run.scores.overall.success.k == run.scores.overall.success.n == 6


def test_an_answer_of_the_wrong_length_is_an_error_of_the_policy(tmp_path: Path) -> None:
    run = evaluate(worlds.TooFewPlans, "toy", episodes=1, workers=0, out=tmp_path / "run")
    message = "ValueError: the policy answered 1 queries with 0 plans; it owes one Plan for each"
    assert set(errors(run).values()) == {message}


@pytest.mark.parametrize("workers", [0, 2])
def test_a_world_that_raises_costs_its_trial_and_keeps_what_was_played(workers: int, tmp_path: Path) -> None:
    run = evaluate("toy", worlds.RAISING, episodes=4, workers=workers, out=tmp_path / "run")
    assert errors(run) == {"raisingline-v1.reach.002": "ArithmeticError: the simulation diverged"}
    (record,) = by_id(run)["raisingline-v1.reach.002"]
    assert record.result.steps == 10
    assert record.result.error is not None
    assert record.result.error.origin is Origin.WORLD
    assert "diverged" in (tmp_path / "run" / "errors" / f"{record.id}.txt").read_text()
    with np.load(tmp_path / "run" / "steps" / f"{record.id}.npz") as steps:
        assert (len(steps["action"]), len(steps["unanswered"])) == (10, 1)
    assert run.scores.overall.success.k == 11


def test_a_worker_that_dies_costs_one_take_and_is_restarted(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    arguments = (f"memory={str(tmp_path / 'memory')!r}",)
    run = evaluate("toy", worlds.DYING, episodes=3, workers=2, env_arg=arguments, out=tmp_path / "run")
    died = "WorkerDied: the worker process ended with exit status 7: out of memory, or so it seems"
    assert errors(run) == {f"dyingline-v1.{task}.001": died for task in ("reach", "fetch", "tour")}
    assert [record.take for record in by_id(run)["dyingline-v1.fetch.001"]] == [1, 2]
    assert run.scores.overall.success.k == run.scores.overall.success.n == 9


def test_a_worker_that_always_dies_leaves_an_error_after_the_second_take(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    arguments = (f"memory={str(tmp_path / 'memory')!r}", "always=True")
    run = evaluate("toy", worlds.DYING, episodes=2, workers=2, env_arg=arguments, out=tmp_path / "run")
    assert run.scores.overall.errors == {"worker": 3}
    assert [record.take for record in by_id(run)["dyingline-v1.tour.001"]] == [1, 2]
    assert run.scores.overall.success.k == 3


def test_a_worker_that_hangs_is_ended_after_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundredth of it is waited for where one hangs; the other trial may be as slow as the machine is."""
    given: list[float] = []
    whole = WorkerSeat.submit

    def submit(seat: WorkerSeat, method: str, *said: Any, allowed: float) -> None:
        hangs = method == "begin" and said[0].index == 0
        given.append(allowed)
        whole(seat, method, *said, allowed=allowed / 100 if hangs else allowed)

    monkeypatch.setattr(WorkerSeat, "submit", submit)
    run = evaluate("toy", worlds.HANGING, episodes=2, workers=2, trial_timeout=50, task=("fetch",), out=tmp_path / "r")
    assert max(given) == 50
    hung = "WorkerHung: the world gave no answer within the trial's wall time (--trial-timeout)"
    assert errors(run) == {"hangingline-v1.fetch.000": hung}
    assert [record.take for record in by_id(run)["hangingline-v1.fetch.000"]] == [1, 2]
    assert run.scores.overall.success.k == 1


@pytest.mark.parametrize(("batch", "asked"), [(None, 4), (3, 3), (1, 1)])
def test_all_that_wait_are_asked_in_one_batch(batch: int | None, asked: int) -> None:
    """Of worlds in this process nobody is slower than another one."""
    seats, world = open_local(EnvSource("armtrial.envs.line:LineEnv", TOY.tasks, {}), 4)
    policy = worlds.Counts(world)
    todo = [(trial, 1) for trial in worlds.ONE_REACH.trials(4)]
    assert len(list(play(todo, seats, policy, world, execute=20, batch=batch, allowed={"reach": 60.0}))) == 4
    assert policy.batches[:18] == [asked] * 18


def test_no_batch_of_several_workers_is_larger_than_was_said(tmp_path: Path) -> None:
    policies: list[worlds.Counts] = []

    def make(world: worlds.World) -> worlds.Counts:
        policies.append(worlds.Counts(world))
        return policies[-1]

    evaluate(make, worlds.ONE_REACH, episodes=8, workers=4, batch=3, out=tmp_path / "run")
    assert max(policies[0].batches) <= 3
    assert sum(policies[0].batches) == 8 * 18


def test_pictures_are_rendered_only_for_a_policy_that_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    line = worlds.LineEnv
    whole = line._drawn
    monkeypatch.setattr(line, "_drawn", lambda env, name, size: drawn.append(name) or whole(env, name, size))
    evaluate("blind", "toy", episodes=1, workers=0, out=tmp_path / "blind")
    assert drawn == []
    run = evaluate("toy", "toy", episodes=1, workers=0, out=tmp_path / "toy")
    assert drawn == ["front"] * sum(record.result.plans for record in run.records)


def test_a_chain_asks_again_at_every_stage(tmp_path: Path) -> None:
    run = evaluate("toy", "toy", task=("tour",), episodes=5, workers=0, policy_arg=("horizon=20",), out=tmp_path / "r")
    assert all(record.result.plans >= 3 for record in run.records)
    assert run.scores.overall.success.k == 5
    assert all(record.result.progress == 1.0 for record in run.records)


def test_replay_reproduces_outcome_and_end_state(tmp_path: Path) -> None:
    first = evaluate("random", "toy", episodes=4, workers=0, out=tmp_path / "first")
    argument = (f"run={str(tmp_path / 'first')!r}",)
    again = evaluate("replay", "toy", episodes=4, workers=2, policy_arg=argument, out=tmp_path / "again")
    ends = [
        {r.id: (r.result.outcome, r.result.end_hash, r.result.steps) for r in run.records} for run in (first, again)
    ]
    assert ends[0] == ends[1]


class CannotForget(Toy):
    """Fails between its trials."""

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        if trial_id.endswith("001"):
            raise RuntimeError("the cache is locked")


@pytest.mark.parametrize("workers", [0, 2])
def test_a_policy_that_cannot_be_reset_costs_its_trial(workers: int, tmp_path: Path) -> None:
    run = evaluate(CannotForget, "toy", episodes=2, workers=workers, out=tmp_path / "run")
    assert errors(run) == dict.fromkeys(
        (f"toy-v1.{task}.001" for task in ("reach", "fetch", "tour")), "RuntimeError: the cache is locked"
    )
    assert all(record.result.start_hash for record in run.records)
    assert [record.result.steps for record in run.records if record.result.error] == [0, 0, 0]


@pytest.mark.parametrize(
    ("kind", "opened", "last"), [(WorkerSeat, open_workers, "begin"), (LocalSeat, open_local, "finish")]
)
def test_another_process_sets_up_the_next_trial_before_the_last_is_handed_over(
    kind: type[Any], opened: Callable[..., tuple[Sequence[Seat], Any]], last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A world in this process does not: it may take what was finished with it."""
    asked: list[str] = []
    whole = kind.submit
    monkeypatch.setattr(
        kind, "submit", lambda seat, method, *a, **k: (asked.append(method), whole(seat, method, *a, **k))
    )
    seats, world = opened(EnvSource("armtrial.envs.line:LineEnv", TOY.tasks, {}), 1)
    try:
        todo = [(trial, 1) for trial in TOY.trials(1)]
        takes = play(todo, seats, Toy(world), world, execute=20, batch=None, allowed={t.name: 60.0 for t in TOY.tasks})
        next(takes)
        assert asked[-1] == last
    finally:
        close_all(seats)
