"""A checkpoint of LeRobot as a policy: its own model and processors, asked for a chunk or for one action at a time."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from ...envs.base import Vector
from ...envs.extras import install
from ...tasks.base import derived_seed
from ..base import Plan, Policy, PolicySpec, Query, World
from .checkpoint import Choices, Loaded, folder_of, kind_of, load
from .keys import keys_of
from .slots import Slots

THREADS = 2
"""On a CPU, always: another number adds numbers up in another order, and a plan would depend on the machine's cores."""
DTYPES = ("float32", "bfloat16")
_LARGEST_SEED = 2**32


class LeRobot(Policy):
    """Any policy that LeRobot 0.6 saved, in the folder of --checkpoint: ACT, SmolVLA, Pi0, X-VLA, Diffusion, ..."""

    kind: ClassVar[str] = ""
    """The only type that is taken; empty: any."""

    def __init__(
        self,
        world: World,
        *,
        checkpoint: str,
        device: str = "",
        dtype: str = "",
        cameras: str = "",
        state: str = "",
        action: str = "",
        tokenizer: str = "",
        backbone: str = "",
        horizon: int = 0,
        deterministic: bool = False,
    ) -> None:
        """`checkpoint`: the folder, or its name on the hub. `device`: cpu, cuda, ... (default: a GPU where there is
        one). `dtype`: float32 or bfloat16 (default: the checkpoint's). `cameras`: KEY:CAMERA,... where a name of the
        checkpoint's is another than the world's; KEY:none to do without. `state`, `action`: names of the world's, in
        the checkpoint's order. `tokenizer`, `backbone`: folders of what the checkpoint would get from the hub.
        `horizon`: actions in a plan (default: the checkpoint's n_action_steps). `deterministic`: on a GPU too, each
        query by itself."""
        folder = folder_of(checkpoint)
        kind = kind_of(folder)
        if self.kind and kind != self.kind:
            raise ValueError(f"{folder} holds a policy of type '{kind}', not '{self.kind}'; say --policy lerobot")
        if dtype and dtype not in DTYPES:
            raise ValueError(f"--policy-arg dtype={dtype}: a dtype is {' or '.join(DTYPES)}")
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._device = torch.device(device)
        if self._device.type == "cpu":
            torch.set_num_threads(THREADS)
        config = config_of(folder)
        said = {"cameras": cameras, "state": state, "action": action}
        self._keys = keys_of(config.input_features or {}, config.output_features or {}, world, said)
        self._loaded = load(folder, Choices(device, dtype, tokenizer, backbone))
        self._autocast = dtype == "bfloat16" and not hasattr(config, "dtype")
        self._alone = self._device.type == "cpu" or deterministic
        self._slots = Slots(self._loaded.policy) if _one_by_one(self._loaded) else None
        self._takes_noise = _takes_noise(self._loaded.policy)
        self.spec = PolicySpec(
            name=kind,
            version=_digest(folder),
            cameras=self._keys.sizes,
            state=world.observation.state if self._keys.state is not None else (),
            action=world.action,
            horizon=1 if self._slots else _horizon(self._loaded.config, horizon),
            deterministic=self._alone or self._slots is not None,
        )

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        if self._slots:
            self._slots.reset(slot)

    @torch.inference_mode()
    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        if self._slots or self._alone:
            return [plan for query in queries for plan in self._planned([query])]
        return self._planned(queries)

    def _planned(self, queries: Sequence[Query]) -> list[Plan]:
        began = time.perf_counter()
        with self._seeded(queries[0].seed):
            batch = self._loaded.before(self._keys.batch(queries))
            asked = time.perf_counter()
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._autocast):
                chunk = self._chunk(batch, queries)
            if self._device.type == "cuda":
                torch.cuda.synchronize(self._device)
            done = time.perf_counter()
            rows = self._after(chunk)
        took = {"model": 1000 * (done - asked), "processors": 1000 * (time.perf_counter() - done + asked - began)}
        return [Plan(self._keys.actions(row, self.spec.action), timings=took) for row in rows]

    def _chunk(self, batch: Mapping[str, Any], queries: Sequence[Query]) -> torch.Tensor:
        """(B, T, D), as the model counts."""
        if self._slots:
            return self._slots.action(queries[0].slot, queries[0].observation.time, batch)[:, None]
        noise = {"noise": self._noise(queries)} if self._takes_noise else {}
        return self._loaded.policy.predict_action_chunk(batch, **noise)[:, : self.spec.horizon]

    def _after(self, chunk: torch.Tensor) -> Vector:
        """Postprocessors are written for one action of each query."""
        steps = [self._loaded.after(chunk[:, index]) for index in range(chunk.shape[1])]
        return torch.stack(steps, dim=1).double().cpu().numpy()

    def _noise(self, queries: Sequence[Query]) -> torch.Tensor:
        """What a flow begins with, drawn for each query by itself, so that a plan does not depend on its batch."""
        config = self._loaded.config
        shape = (config.chunk_size, config.max_action_dim)
        streams = [torch.Generator().manual_seed(derived_seed(query.seed, "noise")) for query in queries]
        return torch.stack([torch.randn(shape, generator=stream) for stream in streams]).to(self._device)

    @contextlib.contextmanager
    def _seeded(self, seed: int) -> Iterator[None]:
        """Whatever the model draws follows from the query, and nobody else's draws change."""
        devices = [self._device] if self._device.type == "cuda" else []
        kept = random.getstate(), np.random.get_state()
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            random.seed(seed)
            np.random.seed(seed % _LARGEST_SEED)
            try:
                yield
            finally:
                random.setstate(kept[0])
                np.random.set_state(kept[1])


class Act(LeRobot):
    """ACT, as LeRobot trained it, in the folder of --checkpoint."""

    kind = "act"


class SmolVla(LeRobot):
    """SmolVLA, as LeRobot trained it, in the folder of --checkpoint."""

    kind = "smolvla"


class Pi0(LeRobot):
    """Pi0, as LeRobot trained it, in the folder of --checkpoint; one of openpi's runs behind --policy openpi."""

    kind = "pi0"


class Pi05(LeRobot):
    """Pi0.5, as LeRobot trained it, in the folder of --checkpoint; one of openpi's runs behind --policy openpi."""

    kind = "pi05"


class Groot(LeRobot):
    """GR00T N1.7, as LeRobot trained it, in the folder of --checkpoint; older ones run behind --policy groot-server."""

    kind = "groot"


def config_of(folder: Path) -> Any:
    """Read before the weights are, so that a wrong camera is told of at once."""
    try:
        import lerobot.policies  # noqa: F401 -- makes the types of policies known
        from lerobot.configs.policies import PreTrainedConfig
    except ImportError as error:
        raise ValueError(f"LeRobot is missing ({error}): {install('lerobot')}") from None
    return PreTrainedConfig.from_pretrained(folder)


def _one_by_one(loaded: Loaded) -> bool:
    """Whether it must see every tick: it looks back, or averages over its own plans."""
    config = loaded.config
    return config.n_obs_steps > 1 or getattr(config, "temporal_ensemble_coeff", None) is not None


def _takes_noise(policy: Any) -> bool:
    """Flows that say so, and mean it."""
    config, known = policy.config, ("pi0", "pi05", "smolvla")
    return config.type in known and "noise" in inspect.signature(policy.model.sample_actions).parameters


def _horizon(config: Any, asked: int) -> int:
    whole = int(getattr(config, "chunk_size", config.n_action_steps))
    if asked > whole or asked < 0:
        raise ValueError(f"--policy-arg horizon={asked}: the checkpoint plans {whole} actions; give 1 to {whole}")
    return asked or int(config.n_action_steps)


def _digest(folder: Path) -> str:
    """Of what it is, of its weights and of what its processors know: another checkpoint is another version."""
    digest = hashlib.sha256()
    for path in sorted((folder / "config.json", *folder.glob("*.safetensors"), *folder.glob("policy_*.json"))):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]
