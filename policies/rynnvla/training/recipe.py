"""What is trained, how large, how long: one value that a training's folder keeps and a model card quotes."""

from __future__ import annotations

import msgspec

from ..config import SO100, Backbone, Chunks, Embodiment, Pictures, Quantiser, Scaling
from .loop import Schedule


class Clips(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sample of the backbone's training looks like, and what each part of its loss weighs."""

    frames: int = 1
    """Looks in a sample; all but the first are predicted."""
    gap: int = 1
    """Looks of the source from one to the next."""
    share: float = 1.0
    """Of the batches that hold `frames` looks; the others hold one, which is all that a policy sees."""
    opening: float = 0.0
    """Share of a batch of single looks that is drawn from an episode's first chunk. Only there nothing but pictures and
    words says where to go: later the arm is on its way, and following it is easier than finding the target."""
    actions: float = 1.0
    """Weight of the latent's L1; 0: the sample holds no state and no action."""
    later: float = 0.0
    """Weight of the L1 of where the arm will be in one second, two, three, ...: where it goes shows what it goes for,
    which a chunk of actions hardly tells while it is far away."""
    sight: float = 0.0
    """Weight of which cell of each picture shows the target and the goal, where a drawing tells: what is to be moved
    is then found long before actions alone would have taught to look for it."""
    tokens: float = 1.0
    """Weight of the next token's cross entropy."""
    z_loss: float = 1e-5


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    clips: Clips
    schedule: Schedule


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    embodiment: Embodiment = SO100
    scaling: Scaling = Scaling.MEAN_STD
    pictures: Pictures = Pictures()
    quantiser: Quantiser = Quantiser()
    backbone: Backbone = Backbone()
    chunks: Chunks = Chunks()
    tokenizer: Schedule | None = None
    """None: the picture tokenizer is taken as it is."""
    actions: Schedule | None = None
    """None: the ActionVAE and the statistics are taken as they are."""
    stage1: Stage | None = None
    """Clips without actions."""
    stage2: Stage | None = None
    """Trajectories of the hand."""
    stage3: Stage
    """The robot's actions."""


TWIN = Recipe(
    name="rynnvla-twin",
    pictures=Pictures(short_side=128, asked=(128, 128)),
    quantiser=Quantiser(
        codes=1024, embed=64, latent=64, base=64, multipliers=(1, 1, 2), blocks=1, attention=False, fold=4
    ),
    backbone=Backbone(hidden=256, mlp=688, layers=5, heads=4, positions=1024, dropout=0.0),
    chunks=Chunks(latent=32, hidden=128, feedforward=512, heads=4, encoder_layers=2, decoder_layers=3, dropout=0.0),
    tokenizer=Schedule(steps=4000, batch=16, rate=2e-3, cooldown=1500, decay=0.0),
    actions=Schedule(steps=4000, batch=128, rate=1e-3, cooldown=2000, average=0.998, decay=1e-4),
    stage3=Stage(
        clips=Clips(frames=2, gap=3, share=0.05, opening=0.3, later=1.0, sight=0.3, tokens=0.1),
        schedule=Schedule(steps=11_500, batch=32, rate=2e-3, muon=True, cooldown=2000, average=0.998),
    ),
)
"""The small model that comes with the package."""

TWIN_AGAIN = msgspec.structs.replace(
    TWIN,
    stage3=Stage(
        clips=TWIN.stage3.clips,
        schedule=Schedule(steps=18_000, batch=32, rate=1e-3, muon=True, cooldown=5000, average=0.998),
    ),
)
"""Goes on with stage 3 once there are demonstrations of how its own mistakes are put right."""

PUBLISHED = Recipe(
    name="rynnvla-001-7b",
    actions=Schedule(steps=300_000, batch=128, rate=1e-5, cooldown=300_000, decay=1e-4),
    stage3=Stage(
        clips=Clips(frames=4),
        schedule=Schedule(steps=20_000, batch=128, rate=2e-5, warmup=100, clip=4.0, seed=180_271),
    ),
)
"""The published sizes and rates. How many steps its third stage took is not published: 20,000 is a guess."""

RECIPES = {"twin": TWIN, "twin-again": TWIN_AGAIN, "published": PUBLISHED}
