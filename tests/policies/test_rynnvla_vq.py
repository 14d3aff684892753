"""The picture tokenizer is the published one in all but size."""

from typing import Any, cast

import pytest
import torch
from torch import Tensor
from transformers.models.chameleon.modeling_chameleon import ChameleonVQVAE

from armtrial.policies.rynnvla.config import Quantiser
from armtrial.policies.rynnvla.vq import Vq, fitting, library_config, published

NARROW = Quantiser(codes=32, embed=8, latent=16, base=32, multipliers=(1, 2), blocks=2)
"""As published in all but size: two blocks, attention in the middle, nothing folded."""
FOLDED = Quantiser(codes=32, embed=8, latent=16, base=32, multipliers=(1, 2), blocks=1, attention=False, fold=4)


def seeded(shape: Quantiser) -> Vq:
    """Its codes are among the latents, so that many are used."""
    torch.manual_seed(0)
    vq = Vq(shape).eval()
    latents = vq.latents(pixels(2)).permute(0, 2, 3, 1).flatten(0, 2)
    vq.quantize.embedding.weight.data.copy_(latents[torch.randperm(len(latents))[: shape.codes]])
    return vq


def pixels(number: int, edge: int = 32) -> Tensor:
    return torch.rand(number, 3, edge, edge, generator=torch.Generator().manual_seed(1)) * 2 - 1


def published_names(levels: int, blocks: int) -> set[str]:
    """The names of `vqgan.ckpt`, told apart from the code: of levels that all but the last change their width."""

    def both(name: str) -> set[str]:
        return {f"{name}.weight", f"{name}.bias"}

    def block(name: str, widens: bool) -> set[str]:
        parts = ["norm1", "conv1", "norm2", "conv2", *(["nin_shortcut"] if widens else [])]
        return set().union(*(both(f"{name}.{part}") for part in parts))

    names = {"quantize.embedding.weight"}
    for side in ("encoder", "decoder"):
        names |= block(f"{side}.mid.block_1", False) | block(f"{side}.mid.block_2", False)
        for part in (
            "conv_in",
            "norm_out",
            "conv_out",
            *(f"mid.attn_1.{x}" for x in ("norm", "q", "k", "v", "proj_out")),
        ):
            names |= both(f"{side}.{part}")
    for level in range(levels):
        for number in range(blocks):
            names |= block(f"encoder.down.{level}.block.{number}", level > 0 and number == 0)
        for number in range(blocks + 1):
            names |= block(f"decoder.up.{level}.block.{number}", level < levels - 1 and number == 0)
        names |= both(f"encoder.down.{level}.downsample.conv") if level < levels - 1 else set()
        names |= both(f"decoder.up.{level}.upsample.conv") if level else set()
    return names | both("quant_conv") | both("post_quant_conv")


def test_names_are_those_of_the_published_file() -> None:
    assert set(Vq(NARROW).state_dict()) == published_names(levels=2, blocks=2)


def test_the_published_size_has_the_published_shapes() -> None:
    with torch.device("meta"):
        shapes = {name: tuple(weight.shape) for name, weight in Vq(Quantiser()).state_dict().items()}
    assert shapes["quantize.embedding.weight"] == (8192, 256)
    assert shapes["encoder.conv_in.weight"] == (128, 3, 3, 3)
    assert shapes["encoder.down.4.block.0.nin_shortcut.weight"] == (512, 256, 1, 1)
    assert shapes["encoder.conv_out.weight"] == (256, 512, 3, 3)
    assert shapes["decoder.conv_in.weight"] == (512, 256, 3, 3)
    assert shapes["decoder.up.4.block.2.conv2.weight"] == (512, 512, 3, 3)
    assert shapes["decoder.up.1.block.0.nin_shortcut.weight"] == (128, 256, 1, 1)
    assert shapes["decoder.conv_out.weight"] == (3, 128, 3, 3)


def test_the_published_file_loads_and_its_training_is_left_out() -> None:
    weights = seeded(NARROW).state_dict()
    file = {**weights, "loss.discriminator.main.0.weight": torch.zeros(1)}
    loaded = Vq(NARROW)
    loaded.load_state_dict(published(file))
    assert all(torch.equal(weight, weights[name]) for name, weight in loaded.state_dict().items())


def test_latents_and_codes_are_the_librarys() -> None:
    vq, library = seeded(NARROW), ChameleonVQVAE(library_config(NARROW)).eval()
    library.load_state_dict({n: w for n, w in vq.state_dict().items() if not n.startswith("decoder.")})
    found: Any = library.encode(cast(Any, pixels(2)))
    assert torch.equal(vq.quant_conv(found.last_hidden_state), vq.latents(pixels(2)))
    assert torch.equal(vq.codes(pixels(2)).flatten(), found.image_tokens)
    assert len(vq.codes(pixels(2)).unique()) > 4


def test_a_code_is_the_nearest_one() -> None:
    vq = seeded(NARROW)
    latents = vq.latents(pixels(1))[0].flatten(1).T
    distances = torch.cdist(latents, vq.quantize.embedding.weight)
    assert torch.equal(vq.codes(pixels(1)).flatten(), distances.argmin(1))


@pytest.mark.parametrize(("shape", "grid"), [(NARROW, (16, 16)), (FOLDED, (4, 4))])
def test_pictures_of_codes_have_the_pictures_size(shape: Quantiser, grid: tuple[int, int]) -> None:
    vq = seeded(shape)
    codes = vq.codes(pixels(2))
    assert fitting(shape, (32, 32)) == grid == tuple(codes.shape[1:])
    assert vq.pictures(codes).shape == (2, 3, 32, 32)


def test_rows_of_codes_are_rows_of_the_picture() -> None:
    wide = torch.zeros(1, 3, 32, 64)
    assert seeded(FOLDED).codes(wide).shape == (1, 4, 8)


def test_without_its_decoder_the_codes_are_the_same() -> None:
    vq, lean = seeded(NARROW), Vq(NARROW, decoding=False).eval()
    lean.load_state_dict({n: w for n, w in vq.state_dict().items() if not n.startswith("decoder.")})
    assert torch.equal(lean.codes(pixels(1)), vq.codes(pixels(1)))
    with pytest.raises(ValueError, match="made without its decoder"):
        lean.pictures(vq.codes(pixels(1)))


def test_a_width_that_cannot_be_normalised_is_refused() -> None:
    with pytest.raises(ValueError, match=r"layers of width \[48, 48\]; .* multiple of 32"):
        Vq(Quantiser(base=48, multipliers=(1, 1)))


def test_a_picture_that_is_no_grid_of_codes_is_refused() -> None:
    with pytest.raises(ValueError, match="100x128 is no grid of codes; each covers 16x16 pixels"):
        fitting(Quantiser(), (100, 128))
