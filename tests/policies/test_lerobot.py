"""LeRobot in process: what is asked of a checkpoint, what it is shown, what becomes of its chunks."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("lerobot")

from armtrial.envs.line import LineEnv
from armtrial.evaluators import evaluate
from armtrial.evaluators.errors import UserError
from armtrial.policies.base import Query, World
from armtrial.policies.contract import check_policy, noise
from armtrial.policies.lerobot.policy import Act, LeRobot, Pi0
from armtrial.tests.policies.lerobot_small import ACT, SIZE, saved

pytestmark = [pytest.mark.lerobot, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

LINE = World(LineEnv.observation_spec, LineEnv.action_spec)


@pytest.fixture(scope="module")
def act(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("act"), "act", LINE, **ACT)


@pytest.fixture(scope="module")
def ensembled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = ACT | {"temporal_ensemble_coeff": 0.01, "n_action_steps": 1}
    return saved(tmp_path_factory.mktemp("ensembled"), "act", LINE, **settings)


def queries(policy: LeRobot, number: int = 3) -> list[Query]:
    return [Query(slot, seen, slot) for slot, seen in enumerate(noise(policy.spec, LINE, "Go."))][:number]


def expected(folder: Path, query: Query) -> np.ndarray:
    """By LeRobot's own hand: its processors around its model, one query."""
    from lerobot.policies.act.modeling_act import ACTPolicy
    from lerobot.policies.factory import make_pre_post_processors

    policy = ACTPolicy.from_pretrained(folder)
    before, after = make_pre_post_processors(policy.config, pretrained_path=str(folder))
    seen = query.observation
    pictures = {f"observation.images.{name}": torch.tensor(image) for name, image in seen.images.items()}
    batch = {key: picture.permute(2, 0, 1).float() / 255 for key, picture in pictures.items()}
    batch |= {"observation.state": torch.tensor(seen.state).float(), "task": seen.instruction}
    chunk = policy.predict_action_chunk(before(batch))
    return torch.stack([after(chunk[:, index])[0] for index in range(8)]).double().numpy()


def test_a_plan_is_what_lerobot_says_within_the_bounds(act: Path) -> None:
    policy = Act(LINE, checkpoint=str(act), device="cpu")
    (query,) = queries(policy, 1)
    (plan,) = policy.plan([query])
    assert np.array_equal(plan.actions, np.clip(expected(act, query), LINE.action.low, LINE.action.high))
    assert {"model", "processors"} == set(plan.timings)


def test_the_spec_is_the_checkpoint_s(act: Path) -> None:
    spec = LeRobot(LINE, checkpoint=str(act), device="cpu").spec
    assert (spec.name, spec.cameras, spec.horizon) == ("act", {"front": SIZE, "wrist": SIZE}, 8)
    assert spec.deterministic
    assert LeRobot(LINE, checkpoint=str(act), device="cpu", horizon=12).spec.horizon == 12


def test_bfloat16_is_less_precise_and_nothing_else(act: Path) -> None:
    whole, half = (LeRobot(LINE, checkpoint=str(act), device="cpu", dtype=dtype) for dtype in ("", "bfloat16"))
    one, other = (policy.plan(queries(policy, 1))[0].actions for policy in (whole, half))
    assert 0 < abs(one - other).max() < 2


@pytest.mark.parametrize("which", ["act", "ensembled"])
def test_it_keeps_the_contract(which: str, request: pytest.FixtureRequest) -> None:
    check_policy(LeRobot(LINE, checkpoint=str(request.getfixturevalue(which)), device="cpu"), LINE)


def test_a_batch_comes_to_what_each_query_comes_to(act: Path) -> None:
    """But for the order in which numbers are added."""
    policy = LeRobot(LINE, checkpoint=str(act), device="cpu")
    asked = queries(policy)
    together = policy._planned(asked)
    for plan, query in zip(together, asked):
        assert np.allclose(plan.actions, policy.plan([query])[0].actions, rtol=0, atol=1e-3)


def test_one_that_looks_back_gives_an_action_a_time_and_slots_do_not_meet(ensembled: Path) -> None:
    policy = LeRobot(LINE, checkpoint=str(ensembled), device="cpu")
    assert policy.spec.horizon == 1
    first, second = queries(policy, 2)

    def at(query: Query, tick: int) -> Query:
        return replace(query, observation=replace(query.observation, time=tick / 30))

    def played(*asked: Query) -> list[Any]:
        for slot in (0, 1):
            policy.reset(slot, "t", 0)
        return [policy.plan([query])[0].actions.tolist() for query in asked]

    alone = played(at(first, 0), at(replace(second, slot=0), 1))
    assert played(at(first, 0), at(second, 0), at(replace(second, slot=0), 1))[::2] == alone
    assert played(at(replace(second, slot=0), 1))[0] != alone[1]


def test_it_plays_the_toy_world_whatever_the_number_of_worlds(act: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"checkpoint": str(act), "device": "cpu", "episodes": 1}
    runs = [evaluate("act", "toy", workers=n, out=tmp_path / str(n), **settings) for n in (0, 3)]
    results = [{record.id: record.result for record in run.records} for run in runs]
    assert results[0] == results[1]
    assert not runs[0].broken
    assert runs[0].info.policy == "act"
    assert runs[0].clocks.overall is not None
    assert [part.name for part in runs[0].clocks.overall.parts] == ["model", "processors"]


def test_cameras_are_renamed_by_a_flag(tmp_path: Path) -> None:
    folder = saved(tmp_path, "act", LINE, {"camera1": "front", "camera2": "wrist"}, **ACT)
    said = "camera1:wrist,camera2:front"
    renamed = LeRobot(LINE, checkpoint=str(folder), device="cpu", cameras=said)
    (query,) = queries(renamed, 1)
    pictures = renamed._keys.batch([query])
    assert np.allclose(pictures["observation.images.camera1"][0, 0], query.observation.images["wrist"][..., 0] / 255)
    with pytest.raises(ValueError) as caught:
        LeRobot(LINE, checkpoint=str(folder), device="cpu")
    assert str(caught.value) == (
        "the checkpoint looks at camera1, camera2; the world has front, wrist. Say which camera 'camera1' is: "
        "--policy-arg cameras=camera1:front,... or camera1:none to do without it"
    )


OTHER = World(
    replace(LINE.observation, state=("x", "jaw", "current")),
    replace(LINE.action, names=("jaw", "x"), low=(0.0, -1.0), high=(100.0, 1.0)),
)


def test_state_and_actions_are_put_in_the_checkpoint_s_order(act: Path) -> None:
    policy = LeRobot(OTHER, checkpoint=str(act), device="cpu", state="x,jaw", action="x,jaw")
    (query,) = queries(LeRobot(LINE, checkpoint=str(act), device="cpu"), 1)
    seen = replace(query.observation, state=np.array([*query.observation.state, 9.0]))
    (plan,) = policy.plan([replace(query, observation=seen)])
    bounded = np.clip(expected(act, query), LINE.action.low, LINE.action.high)
    assert np.array_equal(plan.actions, bounded[:, ::-1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {},
            "the checkpoint reads observation.state of 2 numbers; the world gives 3: x, jaw, current. Say which, ",
        ),
        ({"state": "x,jow"}, "--policy-arg state=x,jow: the world's state has no 'jow'; it has x, jaw, current"),
        (
            {"state": "x,jaw", "action": "x"},
            "the checkpoint's actions have 2 numbers, taken as x; the world is moved by",
        ),
        (
            {"cameras": "top:front"},
            "--policy-arg cameras=top:front: the checkpoint has no 'top'; it looks at front, wri",
        ),
        (
            {"cameras": "front"},
            "--policy-arg cameras=front: 'front' is not KEY:CAMERA; KEY is the checkpoint's, CAMERA ",
        ),
        (
            {"cameras": "front:none,wrist:none"},
            "the checkpoint looks at front, wrist; it can do without some, but not ",
        ),
        ({"dtype": "int8"}, "--policy-arg dtype=int8: a dtype is float32 or bfloat16"),
        ({"state": "x,jaw", "horizon": 13}, "--policy-arg horizon=13: the checkpoint plans 12 actions; give 1 to 12"),
    ],
)
def test_what_does_not_fit_is_told_with_the_flag_that_mends_it(
    act: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        LeRobot(OTHER, checkpoint=str(act), device="cpu", **arguments)
    assert str(caught.value).startswith(message)


def spoiled(act: Path, folder: Path, spoil: Callable[[Path], object]) -> str:
    """What is said of a checkpoint to which this was done."""
    for file in act.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    spoil(folder)
    with pytest.raises(ValueError) as caught:
        LeRobot(LINE, checkpoint=str(folder), device="cpu")
    return str(caught.value).replace(str(folder), "DIR")


def test_a_folder_without_a_checkpoint_says_what_one_has(act: Path, tmp_path: Path) -> None:
    said = spoiled(act, tmp_path, lambda folder: (folder / "config.json").unlink())
    assert said.startswith("DIR holds no config.json; a checkpoint of LeRobot has config.json, model.safetensors")


def test_an_old_checkpoint_is_told_how_it_is_brought_up_to_date(act: Path, tmp_path: Path) -> None:
    said = spoiled(act, tmp_path, lambda folder: (folder / "policy_preprocessor.json").unlink())
    assert said.startswith("DIR lacks policy_preprocessor.json. A checkpoint that is older than LeRobot 0.4 is brought")


def test_weights_that_are_not_there_are_never_random(act: Path, tmp_path: Path) -> None:
    def without_a_weight(folder: Path) -> None:
        from safetensors.torch import load_file, save_file

        weights = load_file(folder / "model.safetensors")
        del weights["model.action_head.weight"]
        save_file(weights, folder / "model.safetensors")

    said = spoiled(act, tmp_path, without_a_weight)
    assert said.startswith("DIR/model.safetensors does not fill the model that config.json describes: 1 of ")
    assert "would stay random (model.action_head.weight, ...)" in said


def test_a_type_of_another_name_is_refused(act: Path) -> None:
    with pytest.raises(ValueError, match=r"holds a policy of type 'act', not 'pi0'; say --policy lerobot$"):
        Pi0(LINE, checkpoint=str(act))


def test_a_folder_that_is_not_there_is_no_name_of_a_hub() -> None:
    with pytest.raises(ValueError, match=r"^--checkpoint ./gone: no such folder; give the one that LeRobot's training"):
        LeRobot(LINE, checkpoint="./gone")


def test_the_command_says_it_in_one_line(act: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"^policy 'smolvla' could not be built: ValueError: .* holds a policy of type 'a"
    ):
        evaluate("smolvla", "toy", workers=0, checkpoint=str(act), out=tmp_path / "run")
    with pytest.raises(UserError, match=r"^'act' needs --checkpoint \.\.\.$"):
        evaluate("act", "toy", workers=0, out=tmp_path / "run")


def test_nobody_else_s_draws_change(act: Path) -> None:
    policy = LeRobot(LINE, checkpoint=str(act), device="cpu")
    torch.manual_seed(7)
    there = torch.rand(3)
    torch.manual_seed(7)
    policy.plan(queries(policy))
    assert torch.equal(torch.rand(3), there)
