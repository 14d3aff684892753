import json
import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from armtrial.evaluators.api import evaluate
from armtrial.evaluators.baseline import LARGEST, Baseline, read, without_doubt, write
from armtrial.evaluators.baselining import baseline_of
from armtrial.evaluators.canary import Heard, moved
from armtrial.evaluators.config import RunConfig
from armtrial.evaluators.errors import FolderError, Mismatch, UserError
from armtrial.evaluators.footing import footing
from armtrial.evaluators.played import Run
from armtrial.tasks.base import Origin, Score
from armtrial.tests.baselines import baseline, of_tasks
from armtrial.tests.baselines import baseline_of as made_of
from armtrial.tests.pairs import record, trials, with_records
from armtrial.tests.played import E, F, V


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate("toy", "toy", episodes=4, workers=0, out=tmp_path_factory.mktemp("run") / "r")


@pytest.fixture(scope="module")
def kept(played: Run) -> Baseline:
    return baseline_of(played, replays=6)


def test_a_baseline_comes_back_as_it_was_written(kept: Baseline, tmp_path: Path) -> None:
    write(kept, tmp_path / "b.json")
    assert read(tmp_path / "b.json") == kept


def test_a_trial_is_a_line_so_that_a_change_of_it_can_be_read(kept: Baseline, tmp_path: Path) -> None:
    write(kept, tmp_path / "b.json")
    lines = (tmp_path / "b.json").read_text().splitlines()
    assert sum(line.startswith('{"task":"reach","index":1,') for line in lines) == 1


def test_every_trial_has_its_result_and_tasks_share_the_replays(played: Run, kept: Baseline) -> None:
    assert set(kept.ids) == {each.id for each in played.records}
    tasks = [kept.trials[canary.trial].task for canary in kept.canaries]
    assert tasks == ["reach", "fetch", "tour"] * 2


def test_no_host_and_no_folder_of_this_machine_stands_in_it(kept: Baseline, tmp_path: Path) -> None:
    write(kept, tmp_path / "b.json")
    text = (tmp_path / "b.json").read_text()
    assert "host" not in json.loads(text)["provenance"]["machine"]
    assert str(Path.cwd()) not in text


def test_files_below_the_working_folder_are_named_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text("from armtrial.policies.toy import Toy\nclass Mine(Toy): ...\n")
    monkeypatch.chdir(tmp_path)
    run = evaluate("./mine.py:Mine", "toy", task="reach", episodes=1, workers=0, out=tmp_path / "r")
    found = baseline_of(run)
    assert found.config.policy == "./mine.py:Mine"
    assert len(found.policy.digest) == 64


def test_pictures_are_those_that_the_policy_looks_at(kept: Baseline) -> None:
    assert kept.cameras == {"front": (220, 40)}
    assert [set(canary.pictures) for canary in kept.canaries] == [{"front"}] * 6


def test_a_policy_that_looks_at_nothing_leaves_all_cameras(tmp_path: Path) -> None:
    run = evaluate("blind", "toy", task="reach", episodes=1, workers=0, out=tmp_path / "r")
    assert baseline_of(run).cameras == {"front": (128, 128), "wrist": (128, 128)}


def config(**settings: object) -> RunConfig:
    return replace(RunConfig(policy="toy", suite="toy", episodes=4, workers=1), **settings)  # type: ignore[arg-type]


def test_the_ground_is_firm_where_nothing_changed_however_many_replay(kept: Baseline) -> None:
    alone, together = (footing(kept, Path("b.json"), config(), workers) for workers in (1, 4))
    assert (alone.moved, alone.canaries, alone.pictures, alone.differs) == ((), 6, 6, ())
    assert together == alone


def test_another_world_is_noticed_by_its_physics_and_named_by_its_arguments(kept: Baseline) -> None:
    found = footing(kept, Path("b.json"), config(env_arg=("speed=0.5",)))
    assert found.kinds == ("physics",)
    assert found.differs == ("world's arguments: none -> speed=0.5",)


def test_versions_renderer_and_cpu_that_differ_are_named(kept: Baseline) -> None:
    made = replace(kept.provenance, renderer="osmesa", packages={"mujoco": "3.0.0"}, machine={"cpu": "abacus"})
    found = footing(replace(kept, provenance=made), Path("b.json"), config())
    assert [line.partition(": ")[0] for line in found.differs][:3] == ["renderer", "MuJoCo", "numpy"]
    assert any(line.startswith("CPU: abacus -> ") for line in found.differs)


def test_start_picture_and_physics_are_told_apart(kept: Baseline) -> None:
    canary = kept.canaries[0]
    same = Heard(start=canary.start, pictures=canary.pictures, end=canary.end)
    assert moved(canary, same) == ()
    assert moved(canary, replace(same, start="x")) == ("start",)
    assert moved(canary, replace(same, pictures={"front": "x"})) == ("picture of front",)
    assert moved(canary, replace(same, pictures={})) == ("picture of front",)
    assert moved(canary, replace(same, end="")) == ("physics",)


def test_a_world_that_breaks_in_a_replay_has_moved_and_says_why(played: Run) -> None:
    kept = baseline_of(played)
    canaries = tuple(replace(each, trial=each.trial.replace("toy", "raisingline")) for each in kept.canaries)
    elsewhere = replace(kept.config, suite="armtrial.tests.worlds:RAISING")
    broken = replace(kept, suite="raisingline", config=elsewhere, canaries=canaries)
    found = footing(broken, Path("b.json"), replace(broken.config, workers=1))
    faults = [each.fault for each in found.moved if each.fault]
    assert faults == ["ArithmeticError: the simulation diverged"]


def test_a_run_that_does_not_replay_here_makes_no_baseline(played: Run, tmp_path: Path) -> None:
    first, *others = played.records
    other = replace(first, result=replace(first.result, end_hash="0"))
    run = Run(played.folder, played.info, (other, *others))
    with pytest.raises(Mismatch, match=r"toy-v1\.reach\.000 does not replay here as it was played: it ends in another"):
        baseline_of(run)


def test_half_a_run_makes_no_baseline(played: Run) -> None:
    with pytest.raises(UserError, match=r"has played 11 of its 12 trials; a baseline is one of a whole run\. Play the"):
        baseline_of(Run(played.folder, played.info, played.records[1:]))


def test_a_world_without_hashes_makes_no_baseline(tmp_path: Path) -> None:
    run = evaluate("hold", "armtrial.tests.worlds:COIN", episodes=2, workers=0, out=tmp_path / "r")
    with pytest.raises(UserError, match=r"has no trial that can be replayed, of 2: that takes one which did not end"):
        baseline_of(run)


def test_a_baseline_without_replays_is_refused(played: Run) -> None:
    with pytest.raises(UserError, match="--replays 0: without actions to replay a moved ground looks like a worse"):
        baseline_of(played, replays=0)


def test_a_suite_of_another_version_is_refused(kept: Baseline) -> None:
    with pytest.raises(Mismatch, match=r"b\.json is of toy-v2; here there is toy-v1, whose trials are others\. Play"):
        footing(replace(kept, version=2), Path("b.json"), config())


def test_a_file_that_grows_too_large_says_how_many_replays_fit(kept: Baseline, tmp_path: Path) -> None:
    canary = kept.canaries[0]
    fat = replace(canary, actions=replace(canary.actions, body="A" * (LARGEST // 4)))
    with pytest.raises(FolderError, match=r"would have 1\.5 MB with the actions of 6 trials; .* --replays 3\Z"):
        write(replace(kept, canaries=(fat,) * 6), tmp_path / "b.json")
    assert not (tmp_path / "b.json").exists()


WHOLE = baseline("sf")
NO_KIND = b'{"schema": 1}'
REFUSED = [
    (b'{"schema": 1, "kind": "armtrial baseline", "sui', "b.json is damaged: Input data was truncated. Take it from"),
    (NO_KIND, "b.json is no baseline: its kind is '', not 'armtrial baseline'. See armtrial baseline"),
    (
        msgspec.json.encode(replace(WHOLE, schema=7)),
        "b.json has schema 7; this version reads 1. Write it anew: armtrial",
    ),
    (msgspec.json.encode(replace(WHOLE, results=())), "b.json has no trial: nothing can be held against it."),
    (msgspec.json.encode(replace(WHOLE, canaries=())), "b.json has no actions to replay, so it cannot show that its"),
    (
        msgspec.json.encode(replace(WHOLE, results=WHOLE.results * 2)),
        "b.json has toy-v1.reach.000 more than once; a trial has one line.",
    ),
    (
        msgspec.json.encode(replace(WHOLE, canaries=(replace(WHOLE.canaries[0], trial="x"),))),
        "b.json has actions of x, but not its result.",
    ),
]


def edited(**changes: object) -> bytes:
    """A success that nobody played so: its line, or its actions, were changed by hand."""
    first, *others = WHOLE.results
    canary = replace(WHOLE.canaries[0], start=first.start, end=first.end)
    line = replace(first, **changes)  # type: ignore[arg-type]
    return msgspec.json.encode(replace(WHOLE, results=(line, *others), canaries=(canary,)))


BY_HAND = [
    (edited(outcome=F), "outcome 'failure', and yet first_attempt is true"),
    (edited(label="slip"), "outcome 'success', and yet a label that says why it failed: 'slip'"),
    (edited(outcome=E, first_attempt=False), "outcome 'error', and yet error is null"),
    (edited(error=Origin.WORLD), "outcome 'success', and yet error is 'world'"),
    (edited(progress=1.5), "progress is 1.5, which lies between 0 and 1"),
    (edited(stages=("reach", "leap")), "there is no stage 'leap', only reach, grasp"),
    (edited(end="0123"), "its end is 0123 in its result and empty with its actions"),
    (edited(start="0123"), "its start is 0123 in its result and start of toy with its actions"),
    (edited(outcome=V, first_attempt=False), "outcome 'void', and yet actions that play it to its end"),
]


@pytest.mark.parametrize(("body", "line"), BY_HAND)
def test_a_line_that_was_changed_by_hand_contradicts_itself(body: bytes, line: str, tmp_path: Path) -> None:
    (tmp_path / "b.json").write_bytes(body)
    with pytest.raises(FolderError, match=re.escape(f"b.json contradicts itself at toy-v1.reach.000: {line}")) as told:
        read(tmp_path / "b.json")
    assert str(told.value).endswith("b.json --force")


def test_a_line_that_was_not_changed_is_read(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_bytes(edited())
    assert read(tmp_path / "b.json").results == WHOLE.results


def test_what_nothing_was_won_in_has_nothing_to_lose() -> None:
    both = made_of(of_tasks("a", reach="ff", fetch="sf"))
    chains = made_of(with_records("a", [record(trial, "f", 0.5) for trial in trials("tour", 3)]))
    assert both.nothing_to_lose({}) == ("reach",)
    assert (chains.nothing_to_lose({}), chains.nothing_to_lose({"tour": Score.PROGRESS})) == (("tour",), ())
    assert without_doubt(both, {})[0].startswith("NO DROP CAN BE FOUND in reach: no trial of it succeeded in the base")
    assert without_doubt(baseline("ff"), {})[0].startswith("NO DROP CAN BE FOUND in any task")


def test_where_progress_counts_the_warning_speaks_of_progress() -> None:
    chains = made_of(with_records("a", [record(trial, "f", 0.0) for trial in trials("tour", 3)]))
    assert without_doubt(chains, {"tour": Score.PROGRESS}) == [
        "NO DROP CAN BE FOUND in any task: no trial of it made any progress in the baseline, so there is nothing to "
        "lose. Make a baseline of a policy that gets somewhere."
    ]
    mixed = made_of(with_records("a", [record(trial, "f", 0.0) for trial in trials("tour", 1) + trials("reach", 1)]))
    assert "no trial of it succeeded or made any progress" in without_doubt(mixed, {"tour": Score.PROGRESS})[0]


@pytest.mark.parametrize(("body", "line"), REFUSED)
def test_a_file_that_is_no_whole_baseline_is_refused(body: bytes, line: str, tmp_path: Path) -> None:
    (tmp_path / "b.json").write_bytes(body)
    with pytest.raises(FolderError, match=re.escape(line)) as told:
        read(tmp_path / "b.json")
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there_is_said_with_how_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(
        FolderError, match=r"none\.json cannot be read: No such file or directory\. Write one: armtrial"
    ):
        read(tmp_path / "none.json")
