"""CALVIN's protocol, over a world that counts: who is asked what, for how long, and what is written down."""

from pathlib import Path

import numpy as np
import pytest

from armtrial.envs.base import ActionError, LifecycleError, Played
from armtrial.envs.calvin.env import CalvinEnv
from armtrial.evaluators import Run, evaluate
from armtrial.evaluators.api import resume
from armtrial.evaluators.errors import UserError
from armtrial.evaluators.played import load
from armtrial.evaluators.progress import Silent
from armtrial.evaluators.records import EpisodeRecord
from armtrial.policies.base import World
from armtrial.tasks.base import End, Outcome
from armtrial.tasks.calvin import INSTRUCTIONS, chains
from armtrial.tests.calvin_fake import FAKE, NEEDED, FakeCalvin, Pusher

MADE: list[Pusher] = []
LENGTHS = [0, 1, 2, 3, 4, 5, 0, 1, 2, 3]


def pusher(world: World) -> Pusher:
    MADE.append(Pusher(world))
    return MADE[-1]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(pusher, FAKE, episodes=10, workers=0, out=tmp_path_factory.mktemp("run") / "run")


def by_chain(run: Run) -> list[EpisodeRecord]:
    return sorted(run.records, key=lambda record: record.trial.index)


def test_a_chain_ends_at_its_first_failure_after_360_ticks(run: Run) -> None:
    steps = [record.result.steps for record in by_chain(run)]
    assert steps == [NEEDED * done + (360 if done < 5 else 0) for done in LENGTHS]


def test_five_in_a_row_are_a_success_and_fewer_are_progress(run: Run) -> None:
    assert [record.result.progress for record in by_chain(run)] == [done / 5 for done in LENGTHS]
    succeeded = [record.trial.index for record in by_chain(run) if record.result.outcome is Outcome.SUCCESS]
    assert succeeded == [5]


def test_the_policy_is_reset_at_every_subtask_and_told_its_words(run: Run) -> None:
    policy = MADE[0]
    for record, done in zip(by_chain(run), LENGTHS, strict=True):
        words = [INSTRUCTIONS[name] for name in chains()[record.trial.index].subtasks[: min(done + 1, 5)]]
        assert (policy.resets[record.id], policy.asked[record.id]) == (len(words), words)


def test_a_record_names_the_subtasks_that_were_done_and_the_one_that_was_not(run: Run) -> None:
    for record, done in zip(by_chain(run), LENGTHS, strict=True):
        asked = chains()[record.trial.index].subtasks
        solved = [(event.kind, event.object) for event in record.result.events]
        assert solved == [("solved", name) for name in asked[:done]]
        assert record.result.label == ("" if done == 5 else asked[done])


def test_a_subtask_is_solved_at_the_tick_at_which_it_was_done(run: Run) -> None:
    for record, done in zip(by_chain(run), LENGTHS, strict=True):
        assert [event.time for event in record.result.events] == [NEEDED * (k + 1) / 30 for k in range(done)]


def test_an_observation_tells_the_time_since_the_chain_began() -> None:
    env = FakeCalvin(FAKE.tasks)
    env.reset(FAKE.trials(1)[0])
    times = [env.observe({}).time]
    for _ in range(2):
        env.step(np.array([0.0, 0, 0, 0, 0, 0, 1]))
        times.append(env.observe({}).time)
    assert times == [0.0, 1 / 30, 2 / 30]


def test_chains_that_start_alike_have_the_same_start_hash() -> None:
    env, task = FakeCalvin(FAKE.tasks), FAKE.tasks[0].name
    trials = FAKE.trials()
    first = chains()[0].situation
    alike = [k for k, chain in enumerate(chains()) if chain.situation == first]
    hashes = {k: env.reset(trials[k]).hash for k in [*alike, alike[0] + 1]}
    assert task == "abc-d"
    assert len(alike) >= 5
    assert len({hashes[k] for k in alike}) == 1 < len(set(hashes.values()))


def test_the_average_length_stands_in_every_report(run: Run) -> None:
    row = run.scores.tasks[0]
    assert row.chains is not None
    assert row.chains.average.value == sum(LENGTHS) / len(LENGTHS)
    assert [one.reached.k for one in row.chains.in_a_row] == [8, 6, 4, 2, 1]


def test_a_resumed_run_has_the_same_figures(run: Run, tmp_path: Path) -> None:
    other = evaluate("armtrial.tests.calvin_fake:Pusher", FAKE_PLACE, episodes=10, workers=0, out=tmp_path / "run")
    lines = (tmp_path / "run" / "records.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "run" / "records.jsonl").write_bytes(b"".join(lines[:4]))
    again = resume(tmp_path / "run", {}, False, Silent())
    assert len(load(tmp_path / "run").records) == 10
    assert again.scores == other.scores


FAKE_PLACE = "armtrial.tests.calvin_fake:FAKE"


def test_nothing_is_judged_before_the_subtask_was_asked_for() -> None:
    env = FakeCalvin(FAKE.tasks)
    env.reset(FAKE.trials(1)[0])
    stages = [env.step(np.array([1.0, 0, 0, 0, 0, 0, 1])).stage for _ in range(2 * NEEDED)]
    assert stages == [0] * (NEEDED - 1) + [1] * NEEDED + [2]


def test_every_chain_has_a_simulation_of_its_own() -> None:
    env = FakeCalvin(FAKE.tasks)
    env.reset(FAKE.trials(2)[0])
    first = env._running()
    env.reset(FAKE.trials(2)[1])
    assert env._running() is not first
    assert first.closed  # type: ignore[attr-defined]
    env.close()
    env.close()


def test_a_world_is_not_stepped_outside_a_trial() -> None:
    env = FakeCalvin(FAKE.tasks)
    with pytest.raises(LifecycleError, match="call reset first"):
        env.step(np.zeros(7))
    env.reset(FAKE.trials(1)[0])
    env.verdict(Played(False, End.TIMEOUT, "timeout", 0.0, 0))
    with pytest.raises(LifecycleError, match="call reset first"):
        env.step(np.zeros(7))


class Unlettered(Pusher):
    def readable(self, instruction: str) -> None:
        if "drawer" in instruction:
            raise ValueError(f"{instruction!r} is beyond it")


def test_a_policy_that_cannot_read_one_subtask_s_words_plays_no_chain(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"task 'abc-d': 'pull the handle to open the drawer' is beyond it"):
        evaluate(Unlettered, FAKE, episodes=1, workers=0, out=tmp_path / "run")


def test_a_gripper_between_open_and_closed_is_refused_with_the_way_out() -> None:
    message = (
        "action 1, 'gripper': 0.5 is neither -1 nor 1, and there is nothing between; "
        "--wrap threshold moves it to the nearer one"
    )
    with pytest.raises(ActionError) as refused:
        CalvinEnv.action_spec.checked([[0, 0, 0, 0, 0, 0, -1.0], [0, 0, 0, 0, 0, 0, 0.5]])
    assert str(refused.value) == message
