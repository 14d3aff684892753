"""LeRobot's vision-language-action policies, tiny and random, played through a suite of the twin."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("lerobot")

from armtrial.envs.so100.env import So100Env
from armtrial.evaluators import Run, evaluate
from armtrial.policies.base import Query, World
from armtrial.policies.contract import check_policy, noise
from armtrial.policies.lerobot.policy import LeRobot
from armtrial.tasks.tabletop import SINGLE
from armtrial.tests.policies import lerobot_vlas
from armtrial.tests.policies.lerobot_small import ACT, saved

pytestmark = [pytest.mark.lerobot, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

ENV = So100Env([SINGLE.task("block")])
TWIN = World(ENV.observation_spec, ENV.action_spec)


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever asks for one is told that there is none."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def played(folder: Path, out: Path, **settings: Any) -> Run:
    fixed: dict[str, Any] = {"task": "block", "episodes": 1, "workers": 0, "device": "cpu", "trial_timeout": 120.0}
    return evaluate("lerobot", "single", checkpoint=str(folder), out=out, **(fixed | settings))


@pytest.mark.slow
def test_act_plays_a_trial_of_the_twin_twice_alike(tmp_path: Path) -> None:
    folder = saved(tmp_path / "act", "act", TWIN, **ACT)
    runs = [played(folder, tmp_path / name) for name in ("one", "two")]
    assert not runs[0].broken
    assert runs[0].records[0].result == runs[1].records[0].result


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["smolvla", "xvla", "pi0"])
def test_a_vla_plays_a_trial_of_the_twin(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, arguments = made(kind, tmp_path, TWIN, monkeypatch)
    run = played(folder, tmp_path / "run", policy_arg=arguments)
    assert not run.broken, run.records[0].result.error
    assert (run.info.policy, run.info.deterministic) == (kind, True)
    assert run.records[0].result.steps > 0


def made(kind: str, folder: Path, world: World, patch: pytest.MonkeyPatch) -> tuple[Path, tuple[str, ...]]:
    """The checkpoint, and the arguments that it takes to be played."""
    if kind == "pi0":
        return lerobot_vlas.pi0(folder, world, patch), (f"tokenizer={folder / 'tokenizer'}",)
    make: Callable[[Path, World], Path] = getattr(lerobot_vlas, kind)
    return make(folder, world), ()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["smolvla", "xvla", "pi0"])
def test_a_vla_keeps_the_contract(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, arguments = made(kind, tmp_path, TWIN, monkeypatch)
    said: dict[str, Any] = dict(argument.split("=") for argument in arguments)
    check_policy(LeRobot(TWIN, checkpoint=str(folder), device="cpu", **said), TWIN)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["smolvla", "pi0"])
def test_a_flow_s_noise_is_each_query_s_own_in_a_batch_too(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, arguments = made(kind, tmp_path, TWIN, monkeypatch)
    said: dict[str, Any] = dict(argument.split("=") for argument in arguments)
    policy = LeRobot(TWIN, checkpoint=str(folder), device="cpu", **said)
    asked = [Query(slot, seen, slot) for slot, seen in enumerate(noise(policy.spec, TWIN, "Pick up the block."))]
    for together, query in zip(policy._planned(asked), asked):
        alone = policy.plan([query])[0].actions
        assert torch.allclose(torch.tensor(together.actions), torch.tensor(alone), rtol=0, atol=1e-3)
    other = policy.plan([Query(0, asked[0].observation, 99)])[0].actions
    assert abs(other - policy.plan(asked[:1])[0].actions).max() > 1e-3


@pytest.mark.slow
def test_what_a_model_draws_by_itself_follows_from_the_query_alone(tmp_path: Path) -> None:
    policy = LeRobot(TWIN, checkpoint=str(lerobot_vlas.xvla(tmp_path, TWIN)), device="cpu")
    seen = noise(policy.spec, TWIN, "Pick up the block.")[0]

    def planned(seed: int, state_of_torch: int) -> Any:
        torch.manual_seed(state_of_torch)
        return policy.plan([Query(0, seen, seed)])[0].actions

    assert (planned(1, 5) == planned(1, 6)).all()
    assert (planned(1, 5) != planned(2, 5)).any()


@pytest.mark.slow
def test_a_tokenizer_that_is_not_here_is_named_with_the_ways_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = lerobot_vlas.pi0(tmp_path, TWIN, monkeypatch)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "empty"))
    with pytest.raises(ValueError) as caught:
        LeRobot(TWIN, checkpoint=str(folder), device="cpu")
    said = str(caught.value)
    assert said.startswith(
        "the checkpoint reads with the tokenizer 'google/paligemma-3b-pt-224' (or a folder of yours: --policy-arg "
        "tokenizer=DIR), which is not on this machine: "
    )
    assert said.endswith(
        "Get it where there is a network by `hf download google/paligemma-3b-pt-224`, after `hf auth login` where it "
        "is gated"
    )


@pytest.mark.slow
def test_a_backbone_that_is_not_here_is_named_and_can_be_a_folder(tmp_path: Path) -> None:
    folder = lerobot_vlas.smolvla(tmp_path, TWIN)
    backbone = (tmp_path / "backbone").rename(tmp_path / "moved")
    with pytest.raises(
        ValueError, match=r"^the checkpoint reads with the backbone '.*/backbone' \(or a folder of yours"
    ):
        LeRobot(TWIN, checkpoint=str(folder), device="cpu")
    moved: dict[str, Any] = {"backbone": str(backbone), "tokenizer": str(backbone)}
    assert LeRobot(TWIN, checkpoint=str(folder), device="cpu", **moved).spec.name == "smolvla"


@pytest.mark.slow
def test_a_smolvla_that_began_from_the_hub_s_vlm_is_loaded_without_it_and_as_precisely(tmp_path: Path) -> None:
    """LeRobot would get the VLM's weights from the hub, only to write the checkpoint's over them."""
    folder = lerobot_vlas.smolvla(tmp_path, TWIN)
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config.replace('"load_vlm_weights": false', '"load_vlm_weights": true'))
    for dtype, expected in (("", torch.bfloat16), ("float32", torch.float32)):
        policy = LeRobot(TWIN, checkpoint=str(folder), device="cpu", dtype=dtype)
        vlm = policy._loaded.policy.model.vlm_with_expert.vlm
        assert {weight.dtype for weight in vlm.parameters()} == {expected}
