"""What a RynnVLA checkpoint is, as plain data: `config.json` of our own layout, and what the published one implies."""

from __future__ import annotations

import enum

import msgspec

Size = tuple[int, int]
"""(width, height) in pixels."""


class Head(enum.Enum):
    LINEAR = "linear"
    """One layer, as published."""
    MLP = "mlp"
    """Five layers: the ablation."""


class Scaling(enum.Enum):
    """What makes actions comparable numbers."""

    MEAN_STD = "mean_std"
    PERCENTILES = "percentiles"
    """The 1st and the 99th become -1 and 1."""


class _Plain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keyword arguments only; a word too many in a file is a mistake."""


class Embodiment(_Plain, frozen=True):
    """Whose state is read and what the actions mean. A checkpoint of another embodiment is refused."""

    name: str
    state: tuple[str, ...]
    """Names of the state's values, in order."""
    actions: tuple[str, ...]
    relative: tuple[int, ...]
    """Actions that are told as differences: the first from the state's value of the same place, each other from the
    action before it. They are summed up again to be executed. All other actions are told as they are."""
    units: tuple[str, ...]
    """Of the actions; a state of the same name has the same."""
    rate: float
    """Actions per second."""
    chunk: int = 20
    """Actions in a plan."""
    cameras: tuple[str, str] = ("front", "wrist")
    """The world's names of the two views, in the order in which they are read."""


class Statistics(_Plain, frozen=True):
    """Of the training data; relative actions pool the rows of all chunks."""

    action_mean: tuple[float, ...]
    action_std: tuple[float, ...]
    action_low: tuple[float, ...]
    """1st percentile."""
    action_high: tuple[float, ...]
    """99th percentile."""
    state_mean: tuple[float, ...]
    state_std: tuple[float, ...]
    scaling: Scaling = Scaling.MEAN_STD


class Vocabulary(_Plain, frozen=True):
    """Token ids. The defaults are the published model's."""

    size: int = 65540
    bos: int = 0
    front_start: int = 8197
    front_end: int = 8196
    wrist_start: int = 65537
    wrist_end: int = 65538
    state: int = 65539
    action: int = 65536
    row_end: int = 8803
    first_size: int = 8804
    """The id that says a height or width of 0; each `size_unit` pixels add one."""
    size_unit: int = 32
    first_code: int = 4
    """The id of picture code 0, where codes follow one another; a checkpoint's `codes` table wins over it."""


class Pictures(_Plain, frozen=True):
    """What becomes of a camera's picture before it is tokens."""

    short_side: int = 384
    """The picture is brought to this height or width, whichever is smaller, keeping its shape."""
    asked: Size | None = None
    """Rendered at this very size, where a world can; None: 4:3 with the short side above."""
    multiple: int = 32
    """Both edges are cut down to multiples of it, at the bottom and on the right."""
    patch: int = 16
    """Pixels along the edge of what becomes one token."""


class Quantiser(_Plain, frozen=True):
    """The picture tokenizer's shape: the library's `ChameleonVQVAEConfig`."""

    codes: int = 8192
    embed: int = 256
    latent: int = 256
    base: int = 128
    multipliers: tuple[int, ...] = (1, 1, 2, 2, 4)
    blocks: int = 2
    attention: bool = True
    """In the middle block, as published."""
    fold: int = 1
    """Pixels along the edge that the first layer takes as one, and the last one draws at once; published is 1. Each
    doubling leaves out the finest level, which costs most."""


class Backbone(_Plain, frozen=True):
    """The transformer's shape: the library's `ChameleonConfig`."""

    hidden: int = 4096
    mlp: int = 11008
    layers: int = 32
    heads: int = 32
    positions: int = 4096
    head: Head = Head.LINEAR
    dropout: float = 0.05


class Chunks(_Plain, frozen=True):
    """The ActionVAE's shape."""

    latent: int = 32
    hidden: int = 512
    feedforward: int = 3200
    heads: int = 8
    encoder_layers: int = 4
    decoder_layers: int = 7
    dropout: float = 0.1


class Config(_Plain, frozen=True, kw_only=True):
    """Everything but the weights."""

    name: str
    version: str = "1"
    embodiment: Embodiment
    statistics: Statistics
    vocabulary: Vocabulary = Vocabulary()
    pictures: Pictures = Pictures()
    quantiser: Quantiser = Quantiser()
    backbone: Backbone = Backbone()
    chunks: Chunks = Chunks()


SO100 = Embodiment(
    name="so100",
    state=("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper"),
    actions=("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper"),
    relative=(0, 1, 2, 3, 4),
    units=("deg", "deg", "deg", "deg", "deg", "%"),
    rate=30.0,
)

CALVIN = Embodiment(
    name="calvin",
    state=("x", "y", "z", "roll", "pitch", "yaw", "width", *(f"joint_{number}" for number in range(1, 8)), "gripper"),
    actions=("x", "y", "z", "roll", "pitch", "yaw", "gripper"),
    relative=(),
    units=("0.02 m",) * 3 + ("0.05 rad",) * 3 + ("",),
    rate=30.0,
    cameras=("static", "gripper"),
)
"""The world's actions are steps already. Its gripper has two values, nothing between: play with `--wrap threshold`."""
