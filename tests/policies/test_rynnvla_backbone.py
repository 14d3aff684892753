"""The backbone computes what the library's model computes, with states in place and the action read at them."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from armtrial.policies.rynnvla.attention import looked_back
from armtrial.policies.rynnvla.backbone import Rynn
from armtrial.policies.rynnvla.config import Backbone, Config, Head
from armtrial.policies.rynnvla.norm import normed
from armtrial.tests.policies.rynnvla_small import CONFIG, with_backbone

STATE = CONFIG.vocabulary.state


def made(config: Config = CONFIG) -> Rynn:
    """With norms that are not all ones, as a trained model's."""
    torch.manual_seed(0)
    rynn = Rynn(config).eval()
    for name, weight in rynn.named_parameters():
        if "norm" in name:
            nn.init.normal_(weight, 1.0 if name.endswith("weight") else 0.0, 0.3)
    return rynn


def drawn(count: int, length: int, states: tuple[int, ...] = ()) -> Tensor:
    """Ids of codes and words, and states at the given places."""
    ids = torch.randint(STATE + 3, CONFIG.vocabulary.size, (count, length), generator=torch.Generator().manual_seed(1))
    ids[:, list(states)] = STATE
    return ids


def test_hidden_states_are_the_librarys_where_no_state_is():
    rynn, ids = made(), drawn(3, 40)
    with torch.no_grad():
        ours, theirs = rynn(ids, torch.zeros(3, 0, 6)).hidden, rynn.model(input_ids=ids).last_hidden_state
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_hidden_states_are_the_librarys_with_projected_states_put_in():
    rynn, ids, states = made(), drawn(2, 20, (5, 19)), torch.randn(2, 2, 6)
    with torch.no_grad():
        embedded = rynn.model.embed_tokens(ids)
        embedded[:, [5, 19]] = rynn.state_projection(states)
        theirs = rynn.model(inputs_embeds=embedded).last_hidden_state
        assert torch.allclose(rynn(ids, states).hidden, theirs, atol=1e-5)


def test_a_state_changes_what_comes_at_and_behind_it_and_nothing_before():
    rynn, ids = made(), drawn(1, 20, (10,))
    with torch.no_grad():
        one, other = (rynn(ids, torch.full((1, 1, 6), value)).hidden for value in (0.0, 1.0))
    changed = (one != other).any(-1)[0]
    assert changed.tolist() == [False] * 10 + [True] * 10


def test_the_hidden_state_at_the_state_is_what_actions_are_read_from():
    rynn, ids = made(), drawn(2, 20, (4, 11))
    with torch.no_grad():
        seen = rynn(ids, torch.randn(2, 2, 6))
    assert seen.state_positions.tolist() == [[4, 11]] * 2
    assert torch.equal(seen.state_hidden, seen.hidden[:, [4, 11]])


def test_a_latent_is_the_heads_two_halves():
    rynn, hidden = made(), torch.randn(3, 32)
    mean, spread = rynn.latents(hidden)
    assert mean.shape == spread.shape == (3, CONFIG.chunks.latent)
    assert torch.equal(torch.cat([mean, spread], -1), rynn.action_head(hidden))


@pytest.mark.parametrize("length", [12, 17])
def test_a_sequence_gives_the_same_in_a_padded_batch_and_alone(length: int):
    rynn, ids, states = made(), drawn(2, 30), torch.randn(2, 1, 6)
    ids[0, 29] = ids[1, length - 1] = STATE
    ids[1, length:] = 0
    mask = torch.arange(30) < torch.tensor([[30], [length]])
    with torch.no_grad():
        together = rynn(ids, states, mask).state_hidden[1]
        alone = rynn(ids[1:, :length], states[1:]).state_hidden[0]
    assert torch.allclose(together, alone, atol=1e-5)


def test_padding_on_the_left_is_refused():
    mask = torch.tensor([[False, True, True, True]])
    with pytest.raises(ValueError, match="filled up on its left or in its middle; fill it up on its right"):
        made()(drawn(1, 4), torch.zeros(1, 0, 6), mask)


def test_as_many_states_as_state_tokens_are_needed():
    with pytest.raises(ValueError, match="1 state tokens in 1 sequences, and 1 x 2 states"):
        made()(drawn(1, 9, (8,)), torch.zeros(1, 2, 6))


@pytest.mark.parametrize("numbers", [torch.float32, torch.bfloat16])
def test_what_is_not_asked_for_changes_nothing_that_is(numbers: torch.dtype):
    rynn, ids, states = made(), drawn(2, 30, (29,)), torch.randn(2, 1, 6)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=numbers is torch.bfloat16):
        whole, part = rynn(ids, states).hidden, rynn(ids, states, since=13).hidden
    assert torch.allclose(part[:, 13:].float(), whole[:, 13:].float(), atol=1e-5 if numbers is torch.float32 else 0.1)
    assert not part[:, :13].any()


def test_training_in_bfloat16_goes_where_training_in_float32_goes():
    """The two take different paths through attention and norms."""
    gradients = [gradient(numbers) for numbers in (torch.float32, torch.bfloat16)]
    assert functional.cosine_similarity(*gradients, dim=0) > 0.99


def test_dropped_residuals_are_for_training_alone():
    rynn, ids, none = made(with_backbone(dropout=0.5)), drawn(1, 20), torch.zeros(1, 0, 6)
    with torch.no_grad():
        assert torch.equal(rynn.eval()(ids, none).hidden, rynn(ids, none).hidden)
        assert not torch.equal(rynn.train()(ids, none).hidden, rynn(ids, none).hidden)


def test_the_five_layers_of_the_ablation_have_the_published_widths():
    with torch.device("meta"):
        rynn = Rynn(with_backbone(hidden=4096, heads=32, mlp=8, layers=1, head=Head.MLP))
    shapes = {name: tuple(w.shape) for name, w in rynn.action_head.state_dict().items() if name.endswith("weight")}
    outputs = 2 * CONFIG.chunks.latent
    assert shapes == {
        "0.weight": (2048, 4096),
        "2.weight": (1024, 2048),
        "4.weight": (512, 1024),
        "6.weight": (256, 512),
        "8.weight": (outputs, 256),
    }


def test_the_published_size_has_seven_billion_parameters_under_their_names():
    with torch.device("meta"):
        rynn = Rynn(published())
    counted = {name.split(".")[0]: 0 for name, _ in rynn.named_parameters()}
    for name, weight in rynn.named_parameters():
        counted[name.split(".")[0]] += weight.numel()
    norms = 32 * 2 * 2 * 31 * 128
    assert counted["model"] == 6_476_288_000 + 268_451_840 + norms
    assert counted["lm_head"] == 268_451_840
    assert counted["action_head"] + counted["state_projection"] == 4096 * 64 + 64 + 6 * 4096 + 4096


def published() -> Config:
    import msgspec

    from armtrial.policies.rynnvla.config import Chunks, Vocabulary

    return msgspec.structs.replace(CONFIG, backbone=Backbone(), vocabulary=Vocabulary(), chunks=Chunks())


def gradient(numbers: torch.dtype) -> Tensor:
    rynn, ids = made(), drawn(4, 30, (29,))
    with torch.autocast("cpu", torch.bfloat16, enabled=numbers is torch.bfloat16):
        seen = rynn(ids, torch.linspace(-1, 1, 24).view(4, 1, 6), since=28)
        mean, spread = rynn.latents(seen.state_hidden)
        (mean.float() - spread.float() - 1).abs().mean().backward()
    found = [weight.grad for weight in rynn.parameters() if weight.grad is not None]
    return torch.cat([weight.flatten() for weight in found])


@pytest.mark.parametrize("asking", [9, 4, 1])
def test_attention_in_pieces_is_the_librarys_attention(monkeypatch: pytest.MonkeyPatch, asking: int):
    in_pieces(monkeypatch)
    query, key, value = (torch.randn(3, 2, 9, 4, dtype=torch.float64) for _ in range(3))
    whole = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    assert torch.allclose(looked_back(query[:, :, -asking:], key, value), whole[:, :, -asking:])


def test_the_way_back_through_attention_in_pieces_is_right(monkeypatch: pytest.MonkeyPatch):
    in_pieces(monkeypatch)
    parts = [torch.randn(2, 2, 7, 3, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    assert gradcheck(lambda query, key, value: looked_back(query[:, :, 2:], key, value), parts)


def test_the_norm_and_its_way_back_are_the_librarys():
    x = torch.randn(2, 3, 8, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(8, dtype=torch.float64, requires_grad=True)
    assert torch.allclose(normed(x, weight, 1e-5, x.dtype), functional.rms_norm(x, (8,), weight, 1e-5))
    assert gradcheck(lambda x, weight: normed(x, weight, 1e-5, x.dtype), [x, weight])


def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("armtrial.policies.rynnvla.attention.ROWS", 3)
    monkeypatch.setattr("armtrial.policies.rynnvla.attention.WEIGHTS", 40)


def gradcheck(call: Any, inputs: list[Tensor]) -> bool:
    return torch.autograd.gradcheck(call, inputs)
