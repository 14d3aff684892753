"""The training loop on a stage that fits in one line."""

import json
import signal
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from msgspec.structs import replace
from torch import Tensor, nn

from armtrial.policies.rynnvla.training.loop import LAST, LOG, Loop, Schedule, TrainingError

SCHEDULE = Schedule(steps=30, batch=8, rate=0.05, warmup=3, cooldown=10, average=0.9, check_every=10)


class Line:
    """Learns y = 2 x, with dropout, so that all random numbers must be the same for the same result."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.module: nn.Module = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.2), nn.Linear(8, 1))
        self.stop_at: int | None = None
        self.drawn = 0

    def batch(self, stream: np.random.Generator, size: int) -> Tensor:
        self.drawn += 1
        if self.drawn == self.stop_at:
            signal.raise_signal(signal.SIGINT)
        return torch.from_numpy(stream.normal(size=(size, 4)).astype(np.float32))

    def losses(self, batch: Tensor) -> Mapping[str, Tensor]:
        return {"total": (self.module(batch) - 2 * batch.sum(1, keepdim=True)).square().mean()}

    def check(self, module: nn.Module) -> Mapping[str, float]:
        return {"weight": float(next(module.parameters()).sum())}


def test_the_loss_falls(tmp_path: Path):
    losses: list[float] = []
    Loop(Line(), SCHEDULE, tmp_path).run(lambda step, figures: losses.append(figures["total"]))
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


class Deep(Line):
    """With a layer between, as Muon wants them."""

    def __init__(self) -> None:
        super().__init__()
        self.module = nn.Sequential(nn.Linear(4, 8), Inner(), nn.Dropout(0.2), nn.Linear(8, 1))


class Inner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8)])

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


def test_muon_moves_what_lies_between_layers_and_nothing_else(tmp_path: Path):
    adam, muon = (Loop(Deep(), replace(SCHEDULE, muon=on), tmp_path / str(on)) for on in (False, True))
    for loop in (adam, muon):
        loop.run()
    assert [len(loop.optimisers) for loop in (adam, muon)] == [1, 2]
    (matrix,) = muon.optimisers[1].param_groups[0]["params"]
    assert matrix is muon.module.get_parameter("1.layers.0.weight")


@pytest.mark.parametrize("muon", [False, True])
def test_a_training_that_was_stopped_ends_where_an_undisturbed_one_does(tmp_path: Path, muon: bool):
    schedule = replace(SCHEDULE, muon=muon)
    whole = Loop(Deep(), schedule, tmp_path / "whole").run()
    stopped = Deep()
    stopped.stop_at = 14
    with pytest.raises(KeyboardInterrupt):
        Loop(stopped, schedule, tmp_path / "parts").run()
    again = Loop(Deep(), schedule, tmp_path / "parts")
    assert again.step == 14
    assert again.run() == whole


def test_what_is_done_already_takes_no_step(tmp_path: Path):
    figures = Loop(Line(), SCHEDULE, tmp_path).run()
    stage = Line()
    assert Loop(stage, SCHEDULE, tmp_path).run() == figures
    assert stage.drawn == 0


def test_the_log_has_a_line_for_each_check(tmp_path: Path):
    Loop(Line(), SCHEDULE, tmp_path).run()
    lines = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20, 30]
    assert all({"total", "check.weight"} <= line.keys() for line in lines)


def test_numbers_that_run_away_leave_the_last_good_weights(tmp_path: Path):
    stage = Line()
    loop = Loop(stage, SCHEDULE, tmp_path)
    loop.save()
    with torch.no_grad():
        next(stage.module.parameters()).fill_(torch.inf)
    with pytest.raises(TrainingError, match=r"step 0: the gradient's norm is nan; lower the rate and go on"):
        loop.run()
    kept = torch.load(tmp_path / LAST, weights_only=True)
    assert all(torch.isfinite(weight).all() for weight in kept["module"].values())


def test_the_rate_rises_stays_and_falls():
    rates = [SCHEDULE.factor(step) for step in (0, 2, 10, 20, 25, 29)]
    assert rates == pytest.approx([1 / 3, 1, 1, 1, 0.5, 0.1])
