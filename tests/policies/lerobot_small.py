"""Tiny checkpoints of LeRobot's policies with random weights, saved as LeRobot's training saves them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from armtrial.policies.base import World

WORDS = 64
"""That a tokenizer knows."""
SIZE = (32, 24)
"""(width, height)"""
ACT = {
    "pretrained_backbone_weights": None,
    "dim_model": 16,
    "n_heads": 2,
    "dim_feedforward": 16,
    "n_encoder_layers": 1,
    "n_vae_encoder_layers": 1,
    "latent_dim": 2,
    "chunk_size": 12,
    "n_action_steps": 8,
}


def features(world: World, keys: Mapping[str, str] | None = None) -> dict[str, Any]:
    """`keys`: the checkpoint's names of the world's cameras."""
    from lerobot.configs.types import FeatureType, PolicyFeature

    cameras = keys or {name: name for name in world.observation.cameras}
    visual = {
        f"observation.images.{name}": PolicyFeature(FeatureType.VISUAL, (3, SIZE[1], SIZE[0])) for name in cameras
    }
    state = PolicyFeature(FeatureType.STATE, (len(world.observation.state),))
    action = PolicyFeature(FeatureType.ACTION, (len(world.action.names),))
    return {
        "input_features": {"observation.state": state, **visual},
        "output_features": {"action": action},
        "device": "cpu",
        "push_to_hub": False,
    }


def stats(world: World, config: Any) -> dict[str, dict[str, torch.Tensor]]:
    """As of a dataset whose actions fill the bounds."""
    low, high = torch.tensor(world.action.low).float(), torch.tensor(world.action.high).float()
    spread = {"mean": (low + high) / 2, "std": (high - low) / 8, "min": low, "max": high, "q01": low, "q99": high}
    picture = {"mean": torch.full((3, 1, 1), 0.5), "std": torch.full((3, 1, 1), 0.25)}
    pictures = {
        key: picture | {"min": torch.zeros(3, 1, 1), "max": torch.ones(3, 1, 1)} for key in config.image_features
    }
    return {"observation.state": spread, "action": spread, **pictures}


def saved(folder: Path, kind: str, world: World, keys: Mapping[str, str] | None = None, **settings: Any) -> Path:
    """A policy of this type, with its processors."""
    from lerobot.policies.factory import get_policy_class, make_policy_config, make_pre_post_processors

    torch.manual_seed(0)
    config: Any = make_policy_config(kind, **(features(world, keys) | settings))
    policy: Any = get_policy_class(kind)(config)
    for part in (policy, *make_pre_post_processors(config, dataset_stats=stats(world, config))):
        part.save_pretrained(folder)
    return folder


def tokenizer(folder: Path, **tokens: str) -> Path:
    """Of whole words, nearly all unknown. `tokens`: special ones, by the names that a model knows them by."""
    from transformers import PreTrainedTokenizerFast

    words = {
        word: number for number, word in enumerate(["<pad>", "<unk>", "<s>", "</s>", "Pick", "up", "the", "block"])
    }
    words |= {token: number for number, token in enumerate(tokens.values(), len(words))}
    words |= {f"<extra{number}>": number for number in range(len(words), WORDS)}
    whole = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    whole.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=whole,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        extra_special_tokens=tokens,
    )
    fast.save_pretrained(folder)
    return folder
