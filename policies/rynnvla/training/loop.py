"""One training loop for every stage: it goes on where it stopped, and step k is the same step whoever runs it."""

from __future__ import annotations

import copy
import json
import signal
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

LAST = "last.pt"
LOG = "log.jsonl"


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long, how fast. The rate rises, stays, and falls in a straight line at the end, so that a training can be
    made longer without having known it at its start."""

    steps: int
    batch: int
    rate: float
    muon: bool = False
    """Matrices of layers follow Muon's orthogonal steps, of AdamW's length, instead of AdamW's."""
    warmup: int = 100
    cooldown: int = 0
    """Steps at the end in which the rate falls to `floor`."""
    floor: float = 0.1
    """Of the rate."""
    decay: float = 0.1
    """Weight decay of matrices; vectors have none."""
    betas: tuple[float, float] = (0.9, 0.95)
    clip: float = 1.0
    average: float = 0.0
    """Of the weights, over the last 1 / (1 - average) steps or so; 0: none. The average is what is kept."""
    seed: int = 0
    check_every: int = 500
    save_seconds: float = 120.0

    def factor(self, step: int) -> float:
        """Of the rate, at a step that counts from 0."""
        rising = min(1.0, (step + 1) / max(1, self.warmup))
        left = (self.steps - step) / self.cooldown if self.cooldown else 1.0
        return rising * max(self.floor, min(1.0, left))


class Trainable(Protocol):
    """What a stage brings along."""

    @property
    def module(self) -> nn.Module:
        """What is trained."""
        ...

    def batch(self, stream: np.random.Generator, size: int) -> Any:
        """Drawn with the stream alone."""
        ...

    def losses(self, batch: Any) -> Mapping[str, Tensor]:
        """By name; `total` is what falls."""
        ...

    def check(self, module: nn.Module) -> Mapping[str, float]:
        """Figures on episodes that are not trained on."""
        ...


Told = Callable[[int, Mapping[str, float]], None]
"""Is told the number of steps done and the newest figures."""


class TrainingError(RuntimeError):
    """The numbers ran away; the last good checkpoint is still there."""


class Loop:
    """`Loop(stage, schedule, folder).run()` trains to the last step, from wherever it stands."""

    def __init__(self, stage: Trainable, schedule: Schedule, folder: Path, device: str = "cpu") -> None:
        self.stage, self.schedule, self.folder, self.device = stage, schedule, folder, torch.device(device)
        self.module = stage.module.to(self.device)
        self.optimisers = _optimisers(self.module, schedule)
        self.average = copy.deepcopy(self.module).eval().requires_grad_(False) if schedule.average else self.module
        self.step = 0
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / LAST).exists():
            self._load(folder / LAST)

    def run(self, tell: Told = lambda step, figures: None) -> Mapping[str, float]:
        """The figures of the last check. Ctrl-C ends it behind the step that is under way, with a checkpoint."""
        figures: Mapping[str, float] = {}
        saved = time.monotonic()
        with _patient() as interrupted:
            while self.step < self.schedule.steps and not interrupted():
                losses = self._stepped()
                if self.step % self.schedule.check_every == 0 or self.step == self.schedule.steps:
                    figures = self._checked(losses)
                tell(self.step, {**figures, **losses})
                if time.monotonic() - saved > self.schedule.save_seconds:
                    self.save()
                    saved = time.monotonic()
            self.save()
        if self.step < self.schedule.steps:
            raise KeyboardInterrupt
        return figures or self._figures()

    def save(self) -> None:
        """Whole or not at all."""
        state = {
            "step": self.step,
            "module": self.module.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "average": self.average.state_dict() if self.schedule.average else None,
        }
        part = self.folder / (LAST + ".part")
        torch.save(state, part)
        part.replace(self.folder / LAST)

    def _load(self, file: Path) -> None:
        state = torch.load(file, map_location=self.device, weights_only=True)
        self.module.load_state_dict(state["module"])
        for optimiser, known in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(known)
        if self.schedule.average:
            self.average.load_state_dict(state["average"] or state["module"])
        self.step = state["step"]

    def _stepped(self) -> dict[str, float]:
        schedule = self.schedule
        torch.manual_seed(schedule.seed * 1_000_003 + self.step)
        batch = self.stage.batch(np.random.default_rng([schedule.seed, self.step]), schedule.batch)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = schedule.rate * schedule.factor(self.step)
        self.module.train()
        with torch.autocast(self.device.type, torch.bfloat16):
            losses = self.stage.losses(batch)
        self.module.zero_grad(set_to_none=True)
        losses["total"].backward()
        norm = nn.utils.clip_grad_norm_(self.module.parameters(), schedule.clip)
        if not torch.isfinite(norm):
            raise TrainingError(f"step {self.step}: the gradient's norm is {float(norm)}; lower the rate and go on")
        for optimiser in self.optimisers:
            optimiser.step()
        self.step += 1
        self._averaged()
        return {name: float(loss.detach()) for name, loss in losses.items()}

    @torch.no_grad()
    def _averaged(self) -> None:
        if not self.schedule.average:
            return
        share = min(self.schedule.average, self.step / (self.step + 10))
        for kept, new in zip(self.average.parameters(), self.module.parameters()):
            kept.lerp_(new, 1 - share)
        for kept, new in zip(self.average.buffers(), self.module.buffers()):
            kept.copy_(new)

    @torch.no_grad()
    def _figures(self) -> Mapping[str, float]:
        self.average.eval()
        with torch.autocast(self.device.type, torch.bfloat16):
            return self.stage.check(self.average)

    def _checked(self, losses: Mapping[str, float]) -> Mapping[str, float]:
        figures = self._figures()
        line = {
            "step": self.step,
            "time": round(time.time(), 1),
            **losses,
            **{f"check.{k}": v for k, v in figures.items()},
        }
        with (self.folder / LOG).open("a") as log:
            log.write(json.dumps(line) + "\n")
        return figures


@contextmanager
def _patient() -> Generator[Callable[[], bool]]:
    """Keeps the first Ctrl-C for later, so that no step is half done; the second one is heard at once."""
    heard: list[int] = []

    def hear(number: int, frame: object) -> None:
        heard.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield lambda: bool(heard)
    finally:
        signal.signal(signal.SIGINT, before)


def _optimisers(module: nn.Module, schedule: Schedule) -> list[torch.optim.Optimizer]:
    """Vectors (norms, biases) are not decayed. Muon is for what maps hidden states to hidden states."""
    trained = {name: weight for name, weight in module.named_parameters() if weight.requires_grad}
    inner = {name for name, weight in trained.items() if schedule.muon and weight.ndim == 2 and ".layers." in name}
    groups = [
        {
            "params": [w for name, w in trained.items() if w.ndim > 1 and name not in inner],
            "weight_decay": schedule.decay,
        },
        {"params": [w for w in trained.values() if w.ndim <= 1], "weight_decay": 0.0},
    ]
    found: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=schedule.rate, betas=schedule.betas)]
    if inner:
        matrices = [trained[name] for name in sorted(inner)]
        found.append(
            torch.optim.Muon(matrices, lr=schedule.rate, weight_decay=schedule.decay, adjust_lr_fn="match_rms_adamw")
        )
    return found
