"""The default policy behind our server plays the twin as it does in process."""

from pathlib import Path
from typing import Any

import pytest
from rynnvla_small import CONFIG, WORDS, models
from serving import served

from armtrial.envs.base import ActionSpec, Control, Gripper, ObservationSpec
from armtrial.envs.so100.units import JOINTS, UNITS, Calibration
from armtrial.evaluators import evaluate
from armtrial.policies.base import World
from armtrial.policies.contract import check_policy
from armtrial.policies.remote.openpi import OpenPi
from armtrial.policies.rynnvla import checkpoint
from armtrial.policies.rynnvla.policy import RynnVla

BOUNDS = Calibration()
ARM = World(
    ObservationSpec({"front": (640, 480), "wrist": (640, 480)}, JOINTS),
    ActionSpec(
        names=JOINTS,
        low=tuple(BOUNDS.low.tolist()),
        high=tuple(BOUNDS.high.tolist()),
        units=UNITS,
        control=Control.ABSOLUTE,
        gripper=Gripper.OPENS_AT_HIGH,
        rate=30.0,
    ),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("checkpoint")
    checkpoint.save(out, CONFIG, *models(), WORDS)
    return str(out)


def test_a_served_rynnvla_keeps_the_contract_whatever_the_batch(folder: str) -> None:
    with served(lambda: RynnVla(ARM, checkpoint=folder, device="cpu")) as server:
        check_policy(OpenPi(ARM, url=server.url), ARM, instruction="Pick up the green block.")


@pytest.mark.slow
def test_a_served_rynnvla_makes_the_same_so100_records_as_in_process(folder: str, tmp_path: Path) -> None:
    played: dict[str, Any] = {"task": ("block",), "episodes": 1, "workers": 1, "video": "none"}
    here = evaluate("rynnvla", "single", checkpoint=folder, device="cpu", out=tmp_path / "here", **played)
    with served(lambda: RynnVla(ARM, checkpoint=folder, device="cpu")) as server:
        there = evaluate("openpi", "single", url=(server.url,), out=tmp_path / "there", **played)
    assert [record.result for record in here.records] == [record.result for record in there.records]
    (steps,) = (tmp_path / "here" / "steps").iterdir()
    assert steps.read_bytes() == (tmp_path / "there" / "steps" / steps.name).read_bytes()
