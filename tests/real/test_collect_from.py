"""`armtrial collect --from RUN`: any run becomes a dataset that LeRobot itself reads."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from armtrial.evaluators import evaluate
from armtrial.evaluators.collect import run
from armtrial.evaluators.errors import FolderError, UserError
from armtrial.evaluators.film_reader import films, pictures
from armtrial.evaluators.folder import RunFolder
from armtrial.evaluators.played import Run
from armtrial.tests.real.rehearsal import QUICK, Swing

pytestmark = [pytest.mark.lerobot, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
SMALL = ("--size", "64x64", "--quiet")


def loaded(root: Path) -> Any:
    pytest.importorskip("lerobot")
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    return LeRobotDataset("armtrial/x", root=root, video_backend="pyav")


def on_the_arm(out: Path, video: str = "all") -> Run:
    """A failure of two seconds, filmed in small pictures."""
    pytest.importorskip("scservo_sdk")
    settings = dict(QUICK) | {"env_arg": (*QUICK["env_arg"], "camera_width=96", "camera_height=96"), "yes": True}
    return evaluate(Swing, "armtrial.tests.real.rehearsal:SHORT", out=out, video=video, episodes=1, **settings)


def test_a_run_on_an_arm_becomes_a_dataset_of_what_its_cameras_saw(tmp_path: Path) -> None:
    played = on_the_arm(tmp_path / "run")
    assert run(["--from", str(tmp_path / "run"), "--keep-failures", *SMALL]) == 0
    dataset = loaded(tmp_path / "run" / "lerobot")
    steps = RunFolder(tmp_path / "run").read_steps(played.records[0])
    frame = dataset[40]
    assert (dataset.num_episodes, len(dataset), dataset.fps, dataset.meta.robot_type) == (1, 60, 30, "so100_follower")
    assert np.allclose(frame["action"].numpy(), steps["raw_goal"][40], atol=1e-4)
    assert np.allclose(frame["observation.state"].numpy(), steps["state"][40], atol=1e-4)
    film = list(pictures(tmp_path / "run" / films(played.records[0])["front"]))[40]
    shown = 255 * frame["observation.images.front"].numpy().transpose(1, 2, 0)
    assert shown.shape == (64, 64, 3)
    assert abs(shown.mean() - film.mean()) < 3.0
    manifest = json.loads((tmp_path / "run" / "lerobot" / "armtrial.json").read_text())
    assert manifest["episodes"] == [record.id for record in played.records]
    assert manifest["seeds"] == "eval"


def test_a_run_of_a_world_that_replays_becomes_one_elsewhere_and_no_demonstrations(tmp_path: Path) -> None:
    evaluate("toy", "toy", episodes=1, task="reach", workers=0, out=tmp_path / "run")
    assert run(["--from", str(tmp_path / "run"), "--out", str(tmp_path / "set"), *SMALL]) == 0
    assert loaded(tmp_path / "set").num_episodes == 1
    assert not (tmp_path / "run" / "demonstrations.jsonl").exists()


def test_what_was_not_filmed_or_lost_its_film_cannot_be_turned(tmp_path: Path) -> None:
    played = on_the_arm(tmp_path / "run", video="none")
    words = ["--from", str(tmp_path / "run"), "--keep-failures", *SMALL]
    with pytest.raises(UserError, match=r"short-v1.block.000 of .* was filmed by no camera.*not with --video none"):
        run(words)
    assert played.records[0].rig is not None
    assert played.records[0].rig.films == ()


def test_a_film_that_is_gone_is_named_and_leaves_no_half_of_a_dataset(tmp_path: Path) -> None:
    played = on_the_arm(tmp_path / "run")
    file = tmp_path / "run" / films(played.records[0])["wrist"]
    file.unlink()
    with pytest.raises(FolderError, match=r"000.wrist.mp4 is gone"):
        run(["--from", str(tmp_path / "run"), "--keep-failures", *SMALL])
    assert not (tmp_path / "run" / "lerobot").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--suite", "toy"), "--from plays nothing, so --suite does not go with it"),
        (("--resume", "x"), "--from plays nothing, so --resume does not go with it"),
    ],
)
def test_what_plays_does_not_go_with_from(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(UserError, match=told):
        run(["--from", "runs/x", *words])


def test_a_run_in_which_nothing_succeeded_has_nothing_to_take(tmp_path: Path) -> None:
    evaluate("blind", "toy", episodes=1, task="reach", workers=0, out=tmp_path / "run")
    with pytest.raises(UserError, match=r"no trial of .* succeeded, so there is nothing to take; --keep-failures"):
        run(["--from", str(tmp_path / "run"), *SMALL])
