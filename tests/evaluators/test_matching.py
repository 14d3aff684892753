from dataclasses import replace

import pytest

from armtrial.envs.base import Control, Gripper
from armtrial.envs.line import LineEnv
from armtrial.evaluators.errors import Mismatch
from armtrial.evaluators.matching import match
from armtrial.policies.base import PolicySpec, World
from armtrial.policies.toy import Toy

WORLD = World(LineEnv.observation_spec, LineEnv.action_spec)
SPEC = Toy(WORLD).spec


def with_action(**changes: object) -> PolicySpec:
    return replace(SPEC, action=replace(SPEC.action, **changes))  # type: ignore[arg-type]


def test_a_policy_made_for_the_world_fits() -> None:
    match(SPEC, WORLD, "toy")


@pytest.mark.parametrize(
    ("spec", "both_sides"),
    [
        (replace(SPEC, cameras={"top": (64, 64)}), "it looks at camera 'top', the world has (front, wrist)"),
        (replace(SPEC, cameras={"front": (0, 64)}), "it wants camera 'front' at 0x64; both sides go from 1 to 4096"),
        (replace(SPEC, cameras={"wrist": (64, 4097)}), "it wants camera 'wrist' at 64x4097; both sides go from 1 to"),
        (replace(SPEC, state=("jaw", "x")), "it reads the state (jaw, x), the world gives (x, jaw)"),
        (with_action(names=("jaw", "x")), "its actions: (jaw, x), the world's: (x, jaw)"),
        (with_action(units=("mm", "%")), "its units: (mm, %), the world's: (m, %)"),
        (with_action(control=Control.RELATIVE), "its control: relative, the world's: absolute"),
        (with_action(gripper=Gripper.OPENS_AT_LOW), "its gripper: opens_at_low, the world's: opens_at_high"),
        (with_action(rate=10.0), "its rate: 10 Hz, the world's: 30 Hz"),
    ],
)
def test_a_mismatch_shows_both_sides(spec: PolicySpec, both_sides: str) -> None:
    with pytest.raises(Mismatch) as caught:
        match(spec, WORLD, "toy")
    assert both_sides in str(caught.value)
    assert "the world of suite 'toy'" in str(caught.value)
    assert str(caught.value).endswith("(--suite names another)")


def test_all_mismatches_are_told_at_once() -> None:
    with pytest.raises(Mismatch, match=r"rate.*") as caught:
        match(replace(with_action(rate=10.0), state=("jaw",)), WORLD, "toy")
    assert str(caught.value).count(";") == 1
