"""Every stage learns something from a handful of made-up episodes, and hands on what it has learned."""

import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from armtrial.policies.rynnvla.config import SO100, Backbone
from armtrial.policies.rynnvla.training.recipe import Stage
from armtrial.policies.rynnvla.training.work import Work, WorkError
from armtrial.tests.policies.rynnvla_sweeps import BRIEF, TINY, Sweeps, silent, uncounted


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Work:
    return Work(tmp_path_factory.mktemp("work"), TINY, Sweeps())


def logged(folder: Path, name: str) -> list[float]:
    return [json.loads(line)[name] for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def trained(work: Work) -> Work:
    work.tokenizer(silent)
    work.actions(silent)
    work.stage1(silent, uncounted)
    work.stage2(silent, uncounted)
    work.stage3(silent, uncounted)
    return work


@pytest.mark.parametrize(
    ("stage", "figure"),
    [
        ("tokenizer", "check.rare_l1"),
        ("actions", "check.l1"),
        ("stage1", "check.tokens"),
        ("hand/actions", "check.l1"),
        ("hand/stage2", "check.actions"),
        ("stage3", "check.actions"),
        ("stage3", "check.in 1 s"),
        ("stage3", "check.cell"),
        ("stage3", "check.off"),
    ],
)
def test_every_stage_lowers_its_loss(trained: Work, stage: str, figure: str):
    first, last = logged(trained.folder / stage, figure)
    assert last < first


def test_a_stage_begins_with_what_the_one_before_has_learned(trained: Work, tmp_path: Path):
    shutil.copytree(trained.folder, tmp_path / "work", ignore=shutil.ignore_patterns("stage3"))
    still = Stage(clips=TINY.stage3.clips, schedule=msgspec.structs.replace(BRIEF, steps=1, rate=0.0))
    again = Work(tmp_path / "work", msgspec.structs.replace(TINY, stage3=still), Sweeps())
    again.stage3(silent, uncounted)
    before, after = again.hand().rynn("stage2").state_dict(), again.rynn("stage3").state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"action_head", "state_projection"}  # what speaks of the hand is not the joints'


def test_what_only_learning_needs_is_in_no_checkpoint(trained: Work):
    learned = torch.load(trained.folder / "stage3" / "last.pt", weights_only=True)["module"]
    assert learned.keys() - trained.rynn().state_dict().keys() == {
        f"{head}.{part}" for head in ("later", "sight.thing", "sight.place") for part in ("weight", "bias")
    }


def test_a_step_says_what_is_missing_before_it(tmp_path: Path):
    with pytest.raises(WorkError, match=r"tokenizer.last\.pt is missing; `armtrial train rynnvla tokenizer` makes it"):
        Work(tmp_path, TINY, Sweeps()).stage1(silent, uncounted)


def test_a_folder_stays_with_its_recipe(tmp_path: Path):
    Work(tmp_path, TINY, Sweeps())
    other = msgspec.structs.replace(TINY, backbone=Backbone(hidden=64))
    with pytest.raises(WorkError, match=r"was begun with another recipe, see .*recipe\.json"):
        Work(tmp_path, other, Sweeps())


def test_a_stage_may_be_made_longer(tmp_path: Path):
    Work(tmp_path, TINY, Sweeps())
    longer = msgspec.structs.replace(TINY, actions=msgspec.structs.replace(BRIEF, steps=50))
    assert Work(tmp_path, longer, Sweeps()).recipe.actions == msgspec.structs.replace(BRIEF, steps=50)


def test_the_hand_is_told_in_millimetres():
    from armtrial.policies.rynnvla.training.hand import HandEpisodes

    actions, states = HandEpisodes(Sweeps()).motion(0)
    assert actions.tolist() == states[1:].tolist()
    assert np.hypot(states[:, 0], states[:, 1] + 45.2).max() < 500  # nothing is farther from the pan axis
    assert states[:, 5] == pytest.approx(Sweeps().motion(0)[1][:, 5])


def test_episodes_of_the_twin_are_of_its_embodiment():
    from armtrial.envs.so100.units import JOINTS, UNITS

    assert (SO100.state, SO100.actions, SO100.units) == (JOINTS, JOINTS, UNITS)
