"""Tiny checkpoints of LeRobot's vision-language-action policies, with backbones and tokenizers of their own."""

from pathlib import Path
from typing import Any

import pytest

from armtrial.policies.base import World
from armtrial.tests.policies.lerobot_small import saved, tokenizer

TEXT = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "vocab_size": 64,
    "pad_token_id": 0,
    "model_type": "llama",
}


def smolvlm(folder: Path) -> Path:
    """What SmolVLA takes from a hub: a config, a tokenizer, and how pictures are prepared."""
    import transformers

    library: Any = transformers  # whose names are made when they are asked for

    vision = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 32,
        "patch_size": 8,
    }
    config = library.SmolVLMConfig(text_config=TEXT, vision_config=vision, image_token_id=5, scale_factor=2)
    config.save_pretrained(folder)
    marks = {"fake_image_token": "<around>", "image_token": "<image>", "global_image_token": "<global>"}
    words = library.AutoTokenizer.from_pretrained(tokenizer(folder, **marks, end_of_utterance_token="<end>"))
    pictures, films = library.SmolVLMImageProcessor(), library.SmolVLMVideoProcessor()
    library.SmolVLMProcessor(pictures, words, films).save_pretrained(folder)
    return folder


def smolvla(folder: Path, world: World, **settings: Any) -> Path:
    backbone = smolvlm(folder / "backbone")
    small = {
        "vlm_model_name": str(backbone),
        "load_vlm_weights": False,
        "num_vlm_layers": 2,
        "num_expert_layers": 2,
        "self_attn_every_n_layers": 2,
        "resize_imgs_with_padding": (32, 32),
        "chunk_size": 8,
        "n_action_steps": 8,
        "num_steps": 2,
        "tokenizer_max_length": 8,
        "max_state_dim": 8,
        "max_action_dim": 8,
    }
    return saved(folder / "policy", "smolvla", world, **(small | settings))


def xvla(folder: Path, world: World) -> Path:
    text = {
        "d_model": 32,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32,
        "vocab_size": 64,
        "max_position_embeddings": 128,
    }
    vision = {
        "embed_dim": [8, 8, 16, 16],
        "num_heads": [1, 1, 2, 2],
        "num_groups": [1, 1, 2, 2],
        "depths": [1, 1, 1, 1],
        "window_size": 2,
        "projection_dim": 32,
    }
    small = {
        "florence_config": {"text_config": text, "vision_config": vision},
        "tokenizer_name": str(tokenizer(folder / "tokenizer")),
        "tokenizer_max_length": 8,
        "hidden_size": 32,
        "depth": 1,
        "num_heads": 2,
        "num_domains": 2,
        "len_soft_prompts": 2,
        "dim_time": 8,
        "max_len_seq": 128,
        "action_mode": "auto",
        "num_denoising_steps": 2,
        "chunk_size": 8,
        "n_action_steps": 8,
        "max_state_dim": 8,
        "max_action_dim": 8,
        "num_image_views": 2,
        "resize_imgs_with_padding": (64, 64),
    }
    return saved(folder / "policy", "xvla", world, **small)


def shrunk(patch: pytest.MonkeyPatch) -> None:
    """Pi0 knows two sizes of Gemma, the smaller of 300 M weights: both entries of its table become tiny. Its picture
    encoder stands in no table; its config is cut where the model is built."""
    from lerobot.policies.pi0 import modeling_pi0

    built = modeling_pi0.PaliGemmaForConditionalGenerationWithPiGemma

    def small(config: Any) -> Any:
        vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
        for name, value in {**vision, "projection_dim": 32}.items():
            setattr(config.vision_config, name, value)
        return built(config=config)

    gemma = modeling_pi0.GemmaConfig(width=32, depth=2, mlp_dim=32, num_heads=2, num_kv_heads=1, head_dim=16)
    patch.setattr(modeling_pi0, "get_gemma_config", lambda variant: gemma)
    patch.setattr(modeling_pi0, "PaliGemmaForConditionalGenerationWithPiGemma", small)


def pi0(folder: Path, world: World, patch: pytest.MonkeyPatch) -> Path:
    """LeRobot writes the name of a tokenizer on the hub into its processors, so that ours is put in its place."""
    from lerobot.processor import tokenizer_processor

    words = tokenizer(folder / "tokenizer")
    shrunk(patch)
    found = tokenizer_processor.AutoTokenizer.from_pretrained
    with patch.context() as meanwhile:
        meanwhile.setattr(tokenizer_processor.AutoTokenizer, "from_pretrained", lambda _: found(words))
        return saved(
            folder / "policy",
            "pi0",
            world,
            image_resolution=(28, 28),
            chunk_size=8,
            n_action_steps=8,
            num_inference_steps=2,
            tokenizer_max_length=8,
            max_state_dim=8,
            max_action_dim=8,
        )
