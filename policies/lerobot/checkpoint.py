"""A folder that LeRobot's `save_pretrained` wrote, and its model and processors, whole or not at all."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ...envs.faults import Fault, caught
from ...tasks.base import Origin

PARTS = ("config.json", "model.safetensors", "policy_preprocessor.json", "policy_postprocessor.json")
_ON_A_HUB = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_SAMPLE = 16
"""Numbers of every tensor that are compared with the file's."""
_HUB_SAID = (
    "huggingface.co",
    "offline mode",
    "couldn't find them",
    "not a valid model identifier",
    "gated repo",
    "repo id must",
    "can't load",
)
"""In what is raised where something of a hub is not here and cannot be had."""


@dataclass(frozen=True, slots=True)
class Loaded:
    config: Any
    policy: Any
    before: Any
    """The preprocessor: pictures, state and instruction to what the model reads."""
    after: Any
    """The postprocessor: what the model says to actions."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user says in place of what the checkpoint does."""

    device: str
    dtype: str = ""
    """float32 or bfloat16; empty: the checkpoint's."""
    tokenizer: str = ""
    backbone: str = ""


def folder_of(checkpoint: str) -> Path:
    """The folder that is named, or a copy of the hub's."""
    path = Path(checkpoint).expanduser()
    if path.is_dir():
        nested = path / "pretrained_model"
        return nested if nested.is_dir() and not (path / "config.json").is_file() else path
    if not _ON_A_HUB.fullmatch(checkpoint):
        raise ValueError(f"--checkpoint {checkpoint}: no such folder; give the one that LeRobot's training saved")
    from huggingface_hub import snapshot_download

    there = caught(Origin.POLICY, snapshot_download, checkpoint)
    if isinstance(there, Fault):
        raise ValueError(
            f"--checkpoint {checkpoint} is no folder here, and the hub does not give it: {_first(there.message)}. Get "
            f"it where there is a network by `hf download {checkpoint}`, or give a folder"
        )
    return Path(there)


def kind_of(folder: Path) -> str:
    """The policy's type, with every file there that LeRobot 0.6 writes."""
    missing = [name for name in PARTS if not (folder / name).is_file()]
    if "config.json" in missing:
        raise ValueError(f"{folder} holds no config.json; a checkpoint of LeRobot has {', '.join(PARTS)}")
    kind = json.loads((folder / "config.json").read_text()).get("type")
    if not isinstance(kind, str):
        raise ValueError(f"{folder / 'config.json'} has no 'type'; it is no policy of LeRobot's")
    if missing:
        raise ValueError(
            f"{folder} lacks {', '.join(missing)}. A checkpoint that is older than LeRobot 0.4 is brought up to date "
            f"by `python -m lerobot.processor.migrate_policy_normalization --pretrained-path {folder}`"
        )
    return kind


def load(folder: Path, choices: Choices) -> Loaded:
    """Nothing is loaded that the checkpoint brings itself: its backbone's weights are among its own."""
    from lerobot.configs.policies import PreTrainedConfig
    from lerobot.policies.factory import get_policy_class, make_pre_post_processors

    with _told() as said, _hub_named(folder):
        config: Any = PreTrainedConfig.from_pretrained(folder)
        cast_vlm = _settled(config, choices)
        policy: Any = get_policy_class(config.type).from_pretrained(folder, config=config)
        _check_weights(policy, folder, said.getvalue())
        if cast_vlm:
            policy.model.vlm_with_expert.vlm.to(torch.bfloat16)
        overrides: dict[str, Any] = {"device_processor": {"device": choices.device}}
        if choices.tokenizer:
            overrides["tokenizer_processor"] = {"tokenizer_name": choices.tokenizer}
        before, after = make_pre_post_processors(
            config, pretrained_path=str(folder), preprocessor_overrides=overrides, postprocessor_overrides={}
        )
    return Loaded(config, policy.eval(), before, after)


def _settled(config: Any, choices: Choices) -> bool:
    """Writes into the config; whether SmolVLA's VLM is to be cast as LeRobot does that loads it from the hub."""
    config.device = choices.device
    config.use_amp = False
    if hasattr(config, "pretrained_backbone_weights"):
        config.pretrained_backbone_weights = None
    if hasattr(config, "compile_model"):
        config.compile_model = False
    if choices.dtype and hasattr(config, "dtype"):
        config.dtype = choices.dtype
    if choices.backbone:
        for name in ("vlm_model_name", "base_model_path"):
            if hasattr(config, name):
                setattr(config, name, choices.backbone)
    from_hub = bool(getattr(config, "load_vlm_weights", False))
    if from_hub:
        config.load_vlm_weights = False
    return from_hub and choices.dtype != "float32"


def _check_weights(policy: Any, folder: Path, said: str) -> None:
    """LeRobot goes on with random weights where a file does not fit, and says so in passing."""
    from safetensors import safe_open

    state = {name: value for name, value in policy.state_dict().items() if value.numel()}
    found: dict[str, str] = {}
    wrong: list[str] = []
    with safe_open(folder / "model.safetensors", "pt") as file:
        names = set(file.keys())
        for name, value in state.items():
            there = next((key for key in (name, name.removeprefix("model.")) if key in names), None)
            if there is None:
                continue
            found[name] = there
            kept = file.get_tensor(there)
            if kept.shape != value.shape or not torch.equal(_sample(kept.to(value.dtype)), _sample(value.cpu())):
                wrong.append(name)
    places = {state[name].data_ptr() for name in found}
    lost = [name for name, value in state.items() if name not in found and value.data_ptr() not in places]
    whole = set(found.values()) == names
    if wrong or not found or (lost and whole) or "without loading pretrained weights" in said:
        named = ", ".join((wrong or lost)[:3])
        raise ValueError(
            f"{folder / 'model.safetensors'} does not fill the model that config.json describes: "
            f"{len(wrong) + len(lost)} of {len(state)} weights would stay random ({named}, ...). It was written for "
            "another config or by another version of LeRobot"
        )


def _sample(value: torch.Tensor) -> torch.Tensor:
    return value.flatten()[:_SAMPLE]


@contextlib.contextmanager
def _told() -> Iterator[io.StringIO]:
    """What LeRobot prints while it loads is kept from standard output, which is the result's."""
    said = io.StringIO()
    before = logging.root.level
    logging.root.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(said):
            yield said
    finally:
        logging.root.setLevel(before)


@contextlib.contextmanager
def _hub_named(folder: Path) -> Iterator[None]:
    """An error that says what of a hub is missing, and how to get it."""
    try:
        yield
    except (OSError, ValueError) as error:
        if not any(word in str(error).lower() for word in _HUB_SAID):
            raise
        raise ValueError(_how_to_get(folder, error)) from error


def _how_to_get(folder: Path, error: Exception) -> str:
    needs = needed(folder)
    named = "; ".join(f"the {what} '{name}' (or a folder of yours: --policy-arg {what}=DIR)" for what, name in needs)
    known = dict.fromkeys(name for _, name in needs if _ON_A_HUB.fullmatch(name))
    commands = " and ".join(f"`hf download {name}`" for name in known)
    reason = _first(str(error))
    way = f". Get it where there is a network by {commands}, after `hf auth login` where it is gated" if known else ""
    return f"the checkpoint reads with {named or 'something of a hub'}, which is not on this machine: {reason}{way}"


def needed(folder: Path) -> list[tuple[str, str]]:
    """What is not in the checkpoint itself: (tokenizer or backbone, its name)."""
    config = json.loads((folder / "config.json").read_text())
    steps = json.loads((folder / "policy_preprocessor.json").read_text()).get("steps", [])
    tokenizers = [step.get("config", {}).get("tokenizer_name") for step in steps]
    backbones = [config.get("vlm_model_name"), config.get("base_model_path")]
    return [
        *(("backbone", name) for name in backbones if name),
        *(("tokenizer", name) for name in tokenizers if name),
    ]


def _first(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else "it says nothing"
