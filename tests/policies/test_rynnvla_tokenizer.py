"""The picture tokenizer's training: codes that are used, small things that survive, steps that can be taken again."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from armtrial.policies.rynnvla.config import Pictures, Quantiser
from armtrial.policies.rynnvla.pictures import picture, pixels
from armtrial.policies.rynnvla.training import tokenizer
from armtrial.policies.rynnvla.training.chunks import held_out
from armtrial.policies.rynnvla.training.episodes import Episode
from armtrial.policies.rynnvla.training.loop import Loop, Schedule
from armtrial.policies.rynnvla.training.tokenizer import Followed, Learner, TokenizerStage
from armtrial.policies.rynnvla.vq import Vq, published

TINY = Quantiser(codes=48, embed=8, latent=16, base=32, multipliers=(1, 2), blocks=1, attention=False, fold=4)
THING = (20, 220, 40)
FREE, STEPS = 40, 130


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer, "FREE", FREE)


def scenes(number: int, seed: int = 0) -> np.ndarray:
    """Grey tables of 32x32, each with one green thing of 5x5."""
    stream = np.random.default_rng(seed)
    found = np.full((number, 32, 32, 3), 120, np.uint8)
    for scene, (row, column) in zip(found, stream.integers(2, 25, (number, 2))):
        scene[row : row + 5, column : column + 5] = THING
    return found


def middles(pictures: np.ndarray) -> np.ndarray:
    """Where each picture's thing is: the middle of what is closer to green than to grey."""
    green = np.abs(pictures.astype(int) - THING).sum(-1) < np.abs(pictures.astype(int) - 120).sum(-1)
    return np.array([np.argwhere(thing).mean(0) if thing.any() else (-99, -99) for thing in green])


def stage() -> TokenizerStage:
    return TokenizerStage(scenes(200), scenes(20, seed=1), TINY)


def schedule(steps: int) -> Schedule:
    return Schedule(steps=steps, batch=8, rate=8e-3, warmup=10, decay=0.0, check_every=1000)


def test_training_keeps_where_small_things_are(tmp_path: Path) -> None:
    learned, seen = stage(), scenes(20, seed=1)
    figures = Loop(learned, schedule(STEPS), tmp_path).run()
    learned.learner.eval()
    drawn = picture(learned.learner.pictures(learned.learner.codes(pixels(torch.from_numpy(seen)))))
    apart = np.linalg.norm(middles(drawn) - middles(seen), axis=1)
    assert np.median(apart) < 1.0
    assert figures["perplexity"] > 10


def test_training_goes_on_as_if_never_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer, "FREE", 4)
    Loop(stage(), schedule(8), tmp_path / "stopped").run()
    resumed, straight = stage(), stage()
    Loop(resumed, schedule(12), tmp_path / "stopped").run()
    Loop(straight, schedule(12), tmp_path / "straight").run()
    wanted = straight.learner.state_dict()
    assert all(torch.equal(weight, wanted[name]) for name, weight in resumed.learner.state_dict().items())
    assert int(straight.learner.followed.steps) == 12


def test_what_is_learned_loads_as_a_picture_tokenizer() -> None:
    torch.manual_seed(0)
    learner, vq = Learner(TINY), Vq(TINY)
    vq.load_state_dict(published(learner.state_dict()))
    assert torch.equal(vq.encoder.conv_in.weight, learner.encoder.conv_in.weight)


def clusters(*sizes: int) -> Tensor:
    """Latents around as many points far apart, as many around each."""
    torch.manual_seed(0)
    middles = 100 * torch.eye(len(sizes), TINY.embed)
    return torch.cat([middle + torch.randn(size, TINY.embed) for middle, size in zip(middles, sizes)])


def followed(latents: Tensor, steps: int) -> Tensor:
    """Codes after as many steps behind the free ones."""
    followed, codes = Followed(TINY), torch.zeros(TINY.codes, TINY.embed)
    followed.steps += tokenizer.FREE
    for _ in range(steps):
        followed(latents, codes)
    return codes


def test_what_is_rare_gets_a_code_of_its_own() -> None:
    latents = clusters(500, 400, 2)
    codes = followed(latents, 1)
    error = (latents - codes[tokenizer.nearest(latents, codes)]).norm(dim=1)
    assert error[-2:].max() < 10


def test_a_code_is_the_mean_of_its_latents() -> None:
    latents = clusters(500, 400, 200)
    codes = followed(latents, 400)
    choice = tokenizer.nearest(latents, codes)
    means = torch.stack([latents[choice == code].mean(0) for code in choice.unique()])
    assert torch.allclose(codes[choice.unique()], means, atol=0.2)


def test_no_code_stays_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    latents = clusters(500, 400, 200)
    used = len(tokenizer.nearest(latents, followed(latents, 300)).unique())
    monkeypatch.setattr(tokenizer, "IDLE", 0.0)
    monkeypatch.setattr(Followed, "_begin", lambda self, latents, codes: self.count.add_(1.0))
    assert used > TINY.codes * 0.9
    assert len(tokenizer.nearest(latents, followed(latents, 300)).unique()) < used / 2


def test_rounding_hands_the_gradient_through() -> None:
    latents = clusters(500, 400).requires_grad_()
    codes, follow = torch.zeros(TINY.codes, TINY.embed), Followed(TINY)
    follow.steps += tokenizer.FREE
    rounded, _ = follow(latents, codes)
    rounded.sum().backward()
    assert latents.grad is not None
    assert (latents.grad == 1).all()
    assert len(rounded.detach().round(decimals=3).unique(dim=0)) <= TINY.codes


def test_the_first_steps_round_nothing() -> None:
    latents, codes = clusters(20), torch.zeros(TINY.codes, TINY.embed)
    rounded, commitment = Followed(TINY)(latents, codes)
    assert torch.equal(rounded, latents)
    assert commitment == 0
    assert not codes.any()


def test_a_small_thing_weighs_more_a_pixel_than_its_table() -> None:
    (weight,) = tokenizer.rareness(torch.from_numpy(scenes(1)))
    assert weight.mean() == pytest.approx(1)
    assert weight.max() / weight.min() == pytest.approx(((32 * 32 - 25) / 25) ** 0.5)


def test_used_codes_are_counted() -> None:
    assert tokenizer.usage(torch.tensor([[3, 3], [5, 5]]), 8) == pytest.approx({"used": 2, "perplexity": 2})


def test_differences_are_grey_levels() -> None:
    batch = torch.full((1, 10, 10, 3), 100, dtype=torch.uint8)
    drawn = batch.clone()
    drawn[0, 0, 0] += 51
    found = tokenizer.differences(pixels(drawn), pixels(batch), batch)
    assert (found["l1"], found["off"]) == (pytest.approx(0.51), pytest.approx(0.01))
    assert found["psnr"] == pytest.approx(20 * np.log10(255 / 5.1), abs=0.01)


class Painted:
    """A source whose episode n has n in every pixel of the front view, and 100 + n in the wrist's."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __len__(self) -> int:
        return self._number

    def __getitem__(self, number: int) -> Episode:
        looks = np.ones((7, 32, 32, 3), np.uint8)
        empty = np.zeros((21, 6))
        views = {"front": looks * np.uint8(number), "wrist": looks * np.uint8(100 + number)}
        return Episode(instruction="", actions=empty[1:], states=empty, ticks=np.arange(7) * 3, pictures=views)


def test_pictures_come_from_both_views_and_held_out_episodes_are_never_trained_on() -> None:
    train, check = tokenizer.sample_pictures(Painted(60), Pictures(short_side=32), seed=0)  # pyright: ignore[reportArgumentType]
    assert {int(n) % 100 for n in np.unique(check)} == {n for n in range(60) if held_out(n)}
    assert {int(n) % 100 for n in np.unique(train)} == {n for n in range(60) if not held_out(n)}
    assert len(train) + len(check) == 60 * 7 * 2


def test_sampled_pictures_are_brought_to_size() -> None:
    train, _ = tokenizer.sample_pictures(Painted(2), Pictures(short_side=64), seed=0)  # pyright: ignore[reportArgumentType]
    assert train.shape == (2 * 7 * 2, 64, 64, 3)


def test_a_small_sample_has_as_many_looks_of_each_episode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer, "LOOKS", 30)
    monkeypatch.setattr(tokenizer, "EPISODES", 10)
    train, _ = tokenizer.sample_pictures(Painted(60), Pictures(short_side=32), seed=0)  # pyright: ignore[reportArgumentType]
    _, looks = np.unique(train[:, 0, 0, 0], return_counts=True)
    assert set(looks) == {3}
    assert len(looks) <= 10 * 2


def test_pictures_that_are_no_grid_of_codes_are_refused() -> None:
    with pytest.raises(ValueError, match="32x30 is no grid of codes; each covers 8x8 pixels"):
        TokenizerStage(scenes(2)[:, :30], scenes(2), TINY)
