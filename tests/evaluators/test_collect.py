"""`armtrial collect`: what it plays, what it keeps, and that its pictures show what was played."""

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from armtrial.envs.base import Observation
from armtrial.evaluators import evaluate
from armtrial.evaluators.collect import run
from armtrial.evaluators.demonstrations import demonstrations, read_index
from armtrial.evaluators.errors import FolderError, Mismatch, UnknownName, UserError
from armtrial.evaluators.folder import RunFolder, read_records
from armtrial.evaluators.ground import prepare
from armtrial.evaluators.played import load
from armtrial.evaluators.replay import _World, replaying
from armtrial.tasks.toy import TOY

TOY_TWICE = ("--suite", "toy", "--policy", "toy", "--episodes", "2")
SMALL = (64, 64)


def collect(out: Path, *words: str) -> int:
    workers = () if "--workers" in words else ("--workers", "0")
    return run([*(words or TOY_TWICE), *workers, "--out", str(out), "--quiet"])


def index(out: Path) -> list[str]:
    return [entry.id for entry in read_index(out)]


def looks(out: Path, workers: int) -> list[Observation]:
    """Of the first demonstration, replayed."""
    run, record = load(out), next(record for record in read_records(out) if record.id == index(out)[0])
    with replaying(prepare(run.info.config).source, workers) as replay:
        return list(replay.looks(RunFolder(out), record, dict.fromkeys(replay.cameras, SMALL)))


def test_no_demonstration_has_the_seed_of_an_evaluation(tmp_path: Path) -> None:
    assert collect(tmp_path) == 0
    seeds = {record.seed for record in read_records(tmp_path)}
    assert all(seed % 2 == 1 for seed in seeds)
    assert not seeds & {trial.seed for trial in TOY.trials(1000)}


def test_a_collection_is_a_run_like_any_other(tmp_path: Path) -> None:
    collect(tmp_path)
    run = load(tmp_path)
    assert (run.info.config.seed_domain, run.info.sittings[-1].how) == ("demo", "done")
    assert run.scores.overall.success.k == 6


def test_the_same_command_again_goes_on(tmp_path: Path) -> None:
    collect(tmp_path / "whole")
    collect(tmp_path / "cut")
    file = tmp_path / "cut" / "records.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    assert collect(tmp_path / "cut") == 0
    results = [{record.id: record.result for record in read_records(tmp_path / name)} for name in ("whole", "cut")]
    assert results[0] == results[1]


def test_resume_needs_the_folder_alone(tmp_path: Path) -> None:
    collect(tmp_path)
    (tmp_path / "demonstrations.jsonl").unlink()
    assert run(["--resume", str(tmp_path), "--quiet"]) == 0
    assert len(index(tmp_path)) == 6


def test_another_command_does_not_go_on(tmp_path: Path) -> None:
    collect(tmp_path)
    with pytest.raises(Mismatch, match="a run keeps what it plays"):
        collect(tmp_path, "--suite", "toy", "--policy", "toy", "--episodes", "3")


@pytest.mark.parametrize(
    ("first", "named"),
    [
        (("--policy-arg", "horizon=7"), r"policy_arg=\('horizon=7',\), not \(\)"),
        (("--env-arg", "speed=0.9", "--task", "reach"), r"task=\('reach',\), not \(\); env_arg=\('speed=0.9',\), not"),
    ],
)
def test_a_flag_that_is_left_out_the_second_time_is_a_difference(
    first: tuple[str, ...], named: str, tmp_path: Path
) -> None:
    assert collect(tmp_path, *TOY_TWICE, *first) == 0
    with pytest.raises(Mismatch, match=named):
        collect(tmp_path)
    assert run(["--resume", str(tmp_path), "--quiet"]) == 0


def test_an_evaluation_never_becomes_demonstrations(tmp_path: Path) -> None:
    evaluate("toy", "toy", episodes=1, workers=0, out=tmp_path)
    with pytest.raises(Mismatch, match="was played on the seeds 'eval'; demonstrations come from 'demo' alone"):
        run(["--resume", str(tmp_path)])


def test_only_successes_are_demonstrations_unless_failures_are_asked_for(tmp_path: Path) -> None:
    failing = ("--suite", "toy", "--policy", "blind", "--episodes", "2")
    collect(tmp_path, *failing)
    assert index(tmp_path) == []
    collect(tmp_path, *failing, "--keep-failures")
    assert len(index(tmp_path)) == 6


def test_what_broke_is_no_demonstration_and_gives_status_1(tmp_path: Path) -> None:
    broken = ("--suite", "toy", "--policy", "armtrial.tests.worlds:Raises", "--episodes", "2", "--keep-failures")
    assert collect(tmp_path, *broken) == 1
    assert [name for name in index(tmp_path) if name.endswith("001")] == []
    assert len(index(tmp_path)) == 3


def test_demonstrations_come_in_the_order_of_the_list_whichever_worker_was_faster(tmp_path: Path) -> None:
    collect(tmp_path, *TOY_TWICE, "--workers", "2")
    assert index(tmp_path) == [trial.id for trial in TOY.trials(2, "demo")]


def test_a_demonstration_has_what_was_asked_executed_and_measured(tmp_path: Path) -> None:
    collect(tmp_path)
    first = next(demonstrations(tmp_path))
    assert first.instruction == "Move the point onto the green mark."
    assert len(first.states) == len(first.actions) + 1
    assert first.plans[0] == 0
    assert first.trial.domain == "demo"


def test_steps_that_are_not_what_was_recorded_are_no_demonstration(tmp_path: Path) -> None:
    collect(tmp_path)
    file = tmp_path / "steps" / f"{index(tmp_path)[0]}.npz"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(FolderError, match="is not what was recorded"):
        next(demonstrations(tmp_path))


def test_a_folder_without_an_index_says_who_writes_it(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="armtrial collect writes it"):
        next(demonstrations(tmp_path))


def test_a_replay_shows_every_tick_alike_with_any_number_of_worlds(tmp_path: Path) -> None:
    collect(tmp_path)
    one, three = looks(tmp_path, 1), looks(tmp_path, 3)
    assert np.array_equal([seen.state for seen in one], next(demonstrations(tmp_path)).states[:-1])
    assert [seen.time for seen in one] == [seen.time for seen in three]
    assert all(np.array_equal(a.images["wrist"], b.images["wrist"]) for a, b in zip(one, three, strict=True))


def test_a_replay_that_differs_from_what_was_played_is_an_error(tmp_path: Path) -> None:
    collect(tmp_path)
    info = tmp_path / "run.json"
    info.write_text(info.read_text().replace('"env_arg": []', '"env_arg": ["speed=0.9"]'))
    with pytest.raises(Mismatch, match=r"toy-v1.reach.000 does not replay as it was played: at tick 1 it measures"):
        looks(tmp_path, 2)


def test_a_replay_compares_what_is_measured_before_the_first_action(tmp_path: Path) -> None:
    collect(tmp_path)
    record = read_records(tmp_path)[0]
    steps = RunFolder(tmp_path).read_steps(record)
    source = prepare(load(tmp_path).info.config).source
    with closing(_World(source)) as world, pytest.raises(Mismatch, match="at tick 0 it measures"):
        world.begin(record, steps["action"].astype(float), steps["state"].astype(float) + 0.1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--suite", "toy"), "say where to: --out DIR for a new collection"),
        (("--out", "x"), "--suite is missing. Say what is to be learned"),
        (
            ("--suite", "toy", "--episodes", "abc"),
            "argument --episodes: invalid int value: 'abc'. See armtrial collect",
        ),
        (("--suite", "toy", "--size", "20000x480"), "--size 20000x480: both sides of a film are even and from 64 to"),
        (
            ("--suite", "single", "--out", "x", "--mistakes", "nan"),
            "'mistakes' of 'expert' is 'nan'; it takes a finite",
        ),
        (("--suite", "toy", "--size", "640"), "--size 640: give WxH in pixels, as 640x480"),
        (("--suite", "toy", "--size", "641x480"), "--size 641x480: both sides of a film are even and from 64 to 4096"),
        (("--suite", "toy", "--siz", "641x480"), r"--siz is not understood. Did you mean --size\?"),
        (("--suite", "toy", "--out", "x", "--policy", "toy", "--randomize"), "cannot be randomized: only tasks of"),
    ],
)
def test_what_a_user_can_mend_is_said(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        run([word if word != "x" else str(tmp_path / "x") for word in words])
    assert not (tmp_path / "x").exists()


def test_mistakes_are_the_experts_to_make(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="no argument of 'toy' is called 'mistakes'"):
        collect(tmp_path / "x", *TOY_TWICE, "--mistakes", "0.2")


def test_a_missing_lerobot_is_said_before_anything_is_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "armtrial.evaluators.lerobot_writer", raising=False)
    monkeypatch.delattr("armtrial.evaluators.lerobot_writer", raising=False)
    monkeypatch.setitem(sys.modules, "lerobot.datasets.lerobot_dataset", None)
    with pytest.raises(UserError, match=r"python -m pip install .*\[lerobot\]'"):
        collect(tmp_path / "x", *TOY_TWICE, "--format", "lerobot")
    assert not (tmp_path / "x").exists()


def test_the_expert_shows_a_block_and_the_twin_replays_it_exactly(tmp_path: Path) -> None:
    words = ("--suite", "single", "--task", "block", "--episodes", "1", "--mistakes", "0.2", "--randomize")
    assert collect(tmp_path, *words, "--workers", "1") == 0
    assert load(tmp_path).info.policy == "expert+mistakes(0.2)"
    assert read_index(tmp_path)[0].variation == "randomized"
    seen = looks(tmp_path, 2)
    assert len(seen) == len(next(demonstrations(tmp_path)).actions)
    assert seen[0].images["front"].std() > 10


@pytest.mark.lerobot
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_lerobots_own_loader_opens_what_is_written(tmp_path: Path) -> None:
    pytest.importorskip("lerobot")
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    words = ("--suite", "single", "--task", "block", "--episodes", "2", "--format", "lerobot", "--size", "96x64")
    assert collect(tmp_path, *words, "--workers", "2") == 0
    dataset: Any = LeRobotDataset("armtrial/single", root=tmp_path / "lerobot", video_backend="pyav")
    first, second = demonstrations(tmp_path)
    assert (dataset.num_episodes, dataset.fps, dataset.meta.robot_type) == (2, 30, "so100")
    assert dataset.meta.features["action"]["names"][0] == "shoulder_pan.pos"
    assert len(dataset) == len(first.actions) + len(second.actions)
    frame = dataset[len(first.actions) + 5]
    assert np.allclose(frame["action"].numpy(), second.actions[5], atol=1e-4)
    assert np.allclose(frame["observation.state"].numpy(), second.states[5], atol=1e-4)
    assert frame["task"] == "Place the green block inside the circle."
    assert {tuple(frame[f"observation.images.{name}"].shape) for name in ("front", "wrist")} == {(3, 64, 96)}


@pytest.mark.lerobot
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_frame_of_a_dataset_shows_its_own_tick_and_another_size_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("lerobot")
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    words = ("--suite", "toy", "--task", "reach", "--policy", "toy", "--episodes", "2", "--format", "lerobot")
    collect(tmp_path, *words, "--size", "64x64")
    assert json.loads((tmp_path / "lerobot" / "armtrial.json").read_text())["episodes"] == index(tmp_path)
    dataset: Any = LeRobotDataset("armtrial/toy", root=tmp_path / "lerobot", video_backend="pyav")
    drawn = looks(tmp_path, 1)
    for tick in (0, len(drawn) // 2, len(drawn) - 1):
        shown = 255 * dataset[tick]["observation.images.wrist"].numpy().transpose(1, 2, 0)
        errors = [np.abs(shown - seen.images["wrist"]).mean() for seen in drawn]
        assert errors[tick] == min(errors)
        assert errors[tick] < 12
    assert collect(tmp_path, *words, "--size", "64x64") == 0
    with pytest.raises(FolderError, match="another size; move it away first"):
        collect(tmp_path, *words, "--size", "96x96")
