"""Every stage learns something from a handful of made-up episodes, and hands on what it has learned."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from armtrial.policies.rynnvla.config import SO100, Backbone, Chunks, Pictures, Quantiser
from armtrial.policies.rynnvla.training.episodes import Episode, Sights, Source, Vector
from armtrial.policies.rynnvla.training.loop import Schedule
from armtrial.policies.rynnvla.training.recipe import Clips, Recipe, Stage
from armtrial.policies.rynnvla.training.work import Work, WorkError

BRIEF = Schedule(steps=40, batch=8, rate=3e-3, warmup=5, cooldown=10, check_every=20)
TINY = Recipe(
    name="tiny",
    pictures=Pictures(short_side=32, asked=(32, 32), multiple=16, patch=16),
    quantiser=Quantiser(codes=16, embed=8, latent=8, base=32, multipliers=(1, 1, 1), blocks=1, attention=False, fold=4),
    backbone=Backbone(hidden=32, mlp=64, layers=2, heads=2, positions=256, dropout=0.0),
    chunks=Chunks(latent=4, hidden=32, feedforward=64, heads=2, encoder_layers=1, decoder_layers=1, dropout=0.0),
    tokenizer=BRIEF,
    actions=BRIEF,
    stage1=Stage(clips=Clips(frames=2, gap=1, actions=0.0), schedule=BRIEF),
    stage2=Stage(clips=Clips(frames=2, gap=1, share=0.5, later=1.0), schedule=BRIEF),
    stage3=Stage(clips=Clips(frames=2, gap=1, share=0.5, later=1.0, sight=0.3), schedule=BRIEF),
)


class Sweeps(Source):
    """The arm pans at a speed of its own, and a square in the picture shows how far it has come."""

    def __len__(self) -> int:
        return 6

    def __getitem__(self, number: int) -> Episode:
        actions, states = self.motion(number)
        ticks = self.ticks(number)
        pictures = np.full((len(ticks), 32, 32, 3), 60, np.uint8)
        for place, tick in enumerate(ticks):
            column = int(np.clip(16 + states[tick, 0], 0, 26))
            pictures[place, 10:16, column : column + 6] = (40, 200, 60)
        return Episode(
            instruction=self.instruction(number),
            actions=actions,
            states=states,
            ticks=ticks,
            pictures={"front": pictures, "wrist": pictures[:, ::-1].copy()},
        )

    def motion(self, number: int) -> tuple[Vector, Vector]:
        states = np.zeros((41, 6))
        states[:, 0] = (number - 2.5) * 0.2 * np.arange(41)
        states[:, 5] = 20 + 5 * np.sin(np.arange(41) / 5 + number)
        states[:, 1:5] = np.random.default_rng(number).normal(size=4)
        return states[1:] + 0.5, states

    def ticks(self, number: int) -> NDArray[np.int64]:
        return np.arange(0, 40, 4)

    def sights(self, number: int) -> Sights:
        """Of the square; there is no goal."""
        found = np.full((10, 2, 2, 2), -1, np.float32)
        states = self.motion(number)[1][self.ticks(number), 0]
        found[:, :, 0, 0] = (np.clip(16 + states, 0, 26) + 3)[:, None] / 32
        found[:, :, 0, 1] = 13 / 32, 19 / 32
        return found

    def instruction(self, number: int) -> str:
        return "Sweep to the left." if number < 3 else "Sweep to the right, quickly."

    def digest(self) -> str:
        return "sweeps"


def silent(step: int, figures: Mapping[str, float]) -> None: ...


def uncounted(done: int, of: int) -> None: ...


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
    assert Work(tmp_path, longer, Sweeps()).recipe.actions.steps == 50


def test_the_hand_is_told_in_millimetres():
    from armtrial.policies.rynnvla.training.hand import HandEpisodes

    actions, states = HandEpisodes(Sweeps()).motion(0)
    assert actions.tolist() == states[1:].tolist()
    assert np.hypot(states[:, 0], states[:, 1] + 45.2).max() < 500  # nothing is farther from the pan axis
    assert states[:, 5] == pytest.approx(Sweeps().motion(0)[1][:, 5])


def test_episodes_of_the_twin_are_of_its_embodiment():
    from armtrial.envs.so100.units import JOINTS, UNITS

    assert (SO100.state, SO100.actions, SO100.units) == (JOINTS, JOINTS, UNITS)
