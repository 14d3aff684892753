"""Made-up episodes that a training learns something from within seconds, and a recipe as small."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from armtrial.policies.rynnvla.config import Backbone, Chunks, Pictures, Quantiser
from armtrial.policies.rynnvla.training.episodes import Episode, Sights, Source, Vector
from armtrial.policies.rynnvla.training.loop import Schedule
from armtrial.policies.rynnvla.training.recipe import Clips, Recipe, Stage

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
        states = self.motion(number)[1][self.ticks(number), 0]
        found = np.full((len(states), 2, 2, 2), -1, np.float32)
        found[:, :, 0, 0] = (np.clip(16 + states, 0, 26) + 3)[:, None] / 32
        found[:, :, 0, 1] = 13 / 32, 19 / 32
        return found

    def instruction(self, number: int) -> str:
        return "Sweep to the left." if number < 3 else "Sweep to the right, quickly."

    def digest(self) -> str:
        return "sweeps"


def silent(step: int, figures: Mapping[str, float]) -> None: ...


def uncounted(done: int, of: int) -> None: ...
