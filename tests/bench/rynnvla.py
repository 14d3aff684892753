"""What a plan of RynnVLA costs: the package's small model here, and one of the published size where there is a GPU.

python -m armtrial.tests.bench.rynnvla [CHECKPOINT]
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from tabulate import tabulate

from armtrial.envs.base import ActionSpec, Control, Gripper, Observation, ObservationSpec
from armtrial.envs.so100.units import JOINTS, UNITS, Calibration
from armtrial.evaluators.provenance import machine
from armtrial.policies.base import Query, World
from armtrial.policies.rynnvla.action_vae import ActionVae
from armtrial.policies.rynnvla.backbone import Rynn, unfilled
from armtrial.policies.rynnvla.config import SO100, Backbone, Config, Quantiser, Statistics
from armtrial.policies.rynnvla.policy import RynnVla
from armtrial.policies.rynnvla.vq import Vq

REPEATS = 20
VIEW = (384, 512)
"""Height and width of a published view: 640x480 with its short side at 384."""
TEXT = 20
"""Tokens of an instruction."""
BATCHES = (1, 2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class Cost:
    batch: int
    milliseconds: float
    """Of the whole batch."""
    floor: float
    """Milliseconds that its multiplications alone take at the rate of the device's own large ones."""


def median_ms(call: Callable[[], object], device: torch.device) -> float:
    def timed() -> float:
        began = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return 1000 * (time.perf_counter() - began)

    timed()
    return statistics.median(timed() for _ in range(REPEATS))


def small(checkpoint: str) -> tuple[str, float]:
    """The policy's name, and milliseconds a plan, pictures in and actions out."""
    bounds = Calibration()
    action = ActionSpec(
        names=JOINTS,
        low=tuple(bounds.low.tolist()),
        high=tuple(bounds.high.tolist()),
        units=UNITS,
        control=Control.ABSOLUTE,
        gripper=Gripper.OPENS_AT_HIGH,
        rate=30.0,
    )
    policy = RynnVla(World(ObservationSpec({}, JOINTS), action), checkpoint=checkpoint, device="cpu")
    stream = np.random.default_rng(0)
    pictures = {
        name: stream.integers(0, 256, (height, width, 3), dtype=np.uint8)
        for name, (width, height) in policy.spec.cameras.items()
    }
    seen = Observation(pictures, np.zeros(len(JOINTS)), "Place the green block inside the circle.", 0.0)
    return policy.spec.name, median_ms(lambda: policy.plan([Query(0, seen, 0)]), torch.device("cpu"))


@torch.inference_mode()
def large(config: Config, device: torch.device, view: tuple[int, int], batches: tuple[int, ...]) -> list[Cost]:
    """A model with random weights: two views to codes, one pass over the prompt, the latent to a chunk."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    rynn = filled(config, device, dtype)
    vq = Vq(config.quantiser, decoding=False).to(device).eval()
    vae = ActionVae(config.chunks, len(config.embodiment.actions), config.embodiment.chunk).to(device).eval()
    edge = config.quantiser.fold * 2 ** (len(config.quantiser.multipliers) - 1)
    tokens = TEXT + 2 * ((view[0] // edge) * (view[1] // edge + 1) + 4) + 1
    rate = multiplications(device, dtype)

    def asked(batch: int) -> float:
        ids = torch.full((batch, tokens), config.vocabulary.first_code, device=device)
        ids[:, -1] = config.vocabulary.state
        states = torch.zeros(batch, 1, len(config.embodiment.state), device=device)
        pixels = torch.zeros(2 * batch, 3, *view, device=device)

        def plan() -> object:
            vq.codes(pixels)
            seen = rynn(ids, states, None, tokens - 1)
            mean, _ = rynn.latents(seen.state_hidden[:, 0])
            return vae.decode(mean.float()).cpu()

        return median_ms(plan, device)

    return [Cost(batch, asked(batch), 1000 * work(rynn, batch, tokens) / rate) for batch in batches]


def filled(config: Config, device: torch.device, dtype: torch.dtype) -> Rynn:
    rynn = unfilled(config).to(dtype).to_empty(device=device)
    for weight in rynn.parameters():
        torch.nn.init.normal_(weight, std=0.02)
    rotary = rynn.model.rotary_emb
    rynn.model.rotary_emb = type(rotary)(rynn.model.config).to(device)
    return rynn.eval()


def work(rynn: Rynn, batch: int, tokens: int) -> float:
    """Floating-point operations of the layers: weights times tokens, and what attention adds."""
    weights = sum(weight.numel() for name, weight in rynn.named_parameters() if ".layers." in name)
    shape = rynn.model.config
    seen = 2 * tokens**2 * shape.hidden_size * shape.num_hidden_layers
    return batch * (2 * weights * tokens + seen)


def multiplications(device: torch.device, dtype: torch.dtype) -> float:
    """Operations per second of a large product of matrices."""
    edge = 8192 if device.type == "cuda" else 1024
    left, right = (torch.randn(edge, edge, device=device, dtype=dtype) for _ in range(2))
    return 2 * edge**3 / (median_ms(lambda: left @ right, device) / 1000)


def published() -> Config:
    one, nothing = (1.0,) * 6, (0.0,) * 6
    statistics_ = Statistics(
        action_mean=nothing, action_std=one, action_low=nothing, action_high=one, state_mean=nothing, state_std=one
    )
    return Config(
        name="published", embodiment=SO100, statistics=statistics_, quantiser=Quantiser(), backbone=Backbone()
    )


def main() -> None:
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    name, took = small(sys.argv[1] if len(sys.argv) > 1 else "")
    print(f"{name}: {took:.0f} ms a plan, {1000 / took:.1f} plans a second, on the CPU")
    if not torch.cuda.is_available():
        print("no GPU: the published size is not measured")
        return
    costs = large(published(), torch.device("cuda"), VIEW, BATCHES)
    rows = [
        (c.batch, f"{c.milliseconds:.0f}", f"{c.milliseconds / c.batch:.1f}", f"{c.milliseconds / c.floor:.2f}")
        for c in costs
    ]
    print(tabulate(rows, headers=("batch", "ms", "ms a plan", "of the arithmetic floor"), tablefmt="github"))


if __name__ == "__main__":
    main()
