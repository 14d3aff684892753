"""A training that goes on from a checkpoint keeps what it can and learns the rest, whichever layout that has."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from armtrial.policies.rynnvla import checkpoint, published
from armtrial.policies.rynnvla.checkpoint import Parts
from armtrial.policies.rynnvla.config import SO100
from armtrial.policies.rynnvla.text import Published
from armtrial.policies.rynnvla.training import beginning
from armtrial.policies.rynnvla.training.beginning import Start
from armtrial.policies.rynnvla.training.recipe import Clips, Recipe, Stage
from armtrial.policies.rynnvla.training.work import Work, WorkError
from armtrial.policies.rynnvla.weights import CheckpointError
from armtrial.tests.policies.rynnvla_small import CODES, CONFIG, WORDS, models, published_folder
from armtrial.tests.policies.rynnvla_sweeps import BRIEF, TINY, Sweeps, silent, uncounted

STILL = msgspec.structs.replace(BRIEF, steps=1, batch=2, rate=0.0)
"""A step that changes nothing: what was handed on is what comes out."""
RECIPE = msgspec.structs.replace(
    TINY, actions=msgspec.structs.replace(BRIEF, steps=2), stage3=Stage(clips=Clips(frames=1), schedule=STILL)
)


class FewLooks(Sweeps):
    """Published pictures are large."""

    def ticks(self, number: int) -> NDArray[np.int64]:
        return np.array([0, 20])


@pytest.fixture
def own(tmp_path: Path) -> Path:
    checkpoint.save(tmp_path / "own", CONFIG, *models(), WORDS)
    return tmp_path / "own"


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Without what a training has to learn: no ActionVAE, no statistics, no heads."""
    sixteenth = msgspec.structs.replace(CONFIG.quantiser, multipliers=(1,) * 5)
    folder = published_folder(tmp_path / "theirs", msgspec.structs.replace(CONFIG, quantiser=sixteenth))
    (folder / "step_900.pt").unlink()
    (folder / "statistics.json").unlink()
    return folder


def begun(folder: Path, given: Path, recipe: Recipe = RECIPE, **parts: Path) -> Work:
    start = Start(given, Parts(**parts))
    work = Work(folder, start.shaped(recipe), FewLooks())
    start.give(work)
    return work


def same(one: torch.nn.Module, other: torch.nn.Module) -> set[str]:
    """The parts that are equal in both."""
    left, right = one.state_dict(), other.state_dict()
    equal = {name: torch.equal(left[name], right[name]) for name in left if name in right}
    parts = {name.split(".")[0] for name in equal}
    return {part for part in parts if all(kept for name, kept in equal.items() if name.split(".")[0] == part)}


def test_of_our_own_checkpoint_all_is_kept_and_stage_3_goes_on(own: Path, tmp_path: Path):
    work = begun(tmp_path / "work", own)
    work.stage3(silent, uncounted)
    work.pack(tmp_path / "out")
    before, after = checkpoint.load(own), checkpoint.load(tmp_path / "out")
    assert same(before.rynn, after.rynn) == {"model", "lm_head", "action_head", "state_projection"}
    assert same(before.vq, after.vq) == same(before.vq, before.vq)
    assert same(before.vae, after.vae) == same(before.vae, before.vae)
    assert (after.config.statistics, after.text) == (before.config.statistics, before.text)
    assert after.config.name == "own-finetuned"


def test_for_other_joints_the_actions_are_learned_anew(own: Path, tmp_path: Path):
    other = msgspec.structs.replace(RECIPE, embodiment=msgspec.structs.replace(SO100, relative=(0, 1)))
    work = begun(tmp_path / "work", own, other)
    with pytest.raises(WorkError, match=r"last\.pt is missing; `armtrial train rynnvla actions` makes it"):
        work.stage3(silent, uncounted)
    work.actions(silent)
    work.stage3(silent, uncounted)
    assert same(checkpoint.load(own).rynn, work.rynn()) == {"model", "lm_head"}


def test_from_the_published_layout_to_a_checkpoint_that_reads_its_words(theirs: Path, tmp_path: Path):
    work = begun(tmp_path / "work", theirs)
    work.actions(silent)
    work.stage3(silent, uncounted)
    work.pack(tmp_path / "out")
    loaded = checkpoint.load(tmp_path / "out")
    given = published.beginning(theirs, Parts())
    assert isinstance(loaded.text, Published)
    assert loaded.text.ids("pick block") == [40000, 40001]
    assert loaded.codes.tolist() == [4 + CODES - 1 - code for code in range(CODES)]
    assert torch.equal(loaded.vq.state_dict()["quantize.embedding.weight"], given.pictures["quantize.embedding.weight"])
    learned = published.backbone(theirs, loaded.config, torch.device("cpu"), torch.bfloat16, begin=True)
    assert same(learned.float(), loaded.rynn) == {"model", "lm_head"}


def test_picture_tokens_of_the_published_kind_are_asked_at_their_own_ids(theirs: Path, tmp_path: Path):
    work = begun(tmp_path / "work", theirs)
    work.actions(silent)
    sighted = msgspec.structs.replace(work.recipe, stage3=Stage(clips=Clips(frames=1, sight=0.3), schedule=STILL))
    figures = Work(work.folder, sighted, FewLooks()).stage3(silent, uncounted)
    assert figures["cell"] > 0


def test_tokenizers_may_lie_elsewhere(theirs: Path, tmp_path: Path):
    shutil.move(theirs / "original_tokenizers", tmp_path / "tokenizers")
    with pytest.raises(CheckpointError, match=r"vqgan\.ckpt is missing"):
        begun(tmp_path / "work", theirs)
    assert begun(tmp_path / "work", theirs, tokenizers=tmp_path / "tokenizers").vq().training is False


def test_what_was_begun_stays_as_it_is(own: Path, theirs: Path, tmp_path: Path):
    work = begun(tmp_path / "work", own)
    before = (work.folder / "begun" / "last.pt").stat().st_mtime_ns
    begun(tmp_path / "work", own)
    assert (work.folder / "begun" / "last.pt").stat().st_mtime_ns == before
    with pytest.raises(WorkError, match=r"was begun with another recipe"):
        begun(tmp_path / "work", theirs)


def test_a_folder_with_a_training_in_it_is_left_alone(own: Path, tmp_path: Path):
    recipe = Start(own).shaped(RECIPE)
    (tmp_path / "work" / "stage3").mkdir(parents=True)
    with pytest.raises(WorkError, match=r"holds another training already \(stage3\); begin in another folder"):
        Start(own).give(Work(tmp_path / "work", recipe, Sweeps()))


def test_what_was_taken_over_by_half_is_taken_over_again(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put = beginning._put  # pyright: ignore[reportPrivateUsage]

    def stopped(folder: Path, weights: Mapping[str, torch.Tensor]) -> None:
        if folder.name == "begun":
            raise KeyboardInterrupt
        put(folder, weights)

    monkeypatch.setattr(beginning, "_put", stopped)
    with pytest.raises(KeyboardInterrupt):
        begun(tmp_path / "work", own)
    monkeypatch.undo()
    begun(tmp_path / "work", own).stage3(silent, uncounted)


def test_whoever_names_no_recipe_gets_one_that_suits_the_checkpoint(theirs: Path, tmp_path: Path):
    other = msgspec.structs.replace(SO100, name="another", relative=(0, 1))
    checkpoint.save(tmp_path / "own", msgspec.structs.replace(CONFIG, embodiment=other), *models(), WORDS)
    ours = Start(tmp_path / "own").shaped(Start(tmp_path / "own").recipe)
    assert (ours.embodiment, ours.backbone, ours.actions) == (other, CONFIG.backbone, None)
    published = Start(theirs).shaped(Start(theirs).recipe)
    assert (published.stage3.schedule.rate, published.chunks.hidden) == (2e-5, 512)


def test_a_checkpoint_that_is_written_over_has_the_words_of_the_new_one(theirs: Path, tmp_path: Path):
    work = begun(tmp_path / "work", theirs)
    checkpoint.save_text(work.words(), tmp_path / "work")
    assert isinstance(checkpoint.read_text(tmp_path / "work"), Published)
    checkpoint.save_text(WORDS, tmp_path / "work")
    assert checkpoint.read_text(tmp_path / "work") == WORDS
