"""Each known mistake, planted between a policy and its server, is found by its name."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from armtrial.envs.base import ActionSpec, Control, Gripper, Observation, ObservationSpec, Vector
from armtrial.policies.base import World
from armtrial.policies.golden import Ask, Finding, compared
from armtrial.policies.mistakes import Mistake, mistakes, pairs

NAMES = ("pan", "lift", "elbow", "gripper")
ACTION = ActionSpec(
    names=NAMES,
    low=(-100.0, -100.0, -100.0, 0.0),
    high=(100.0, 100.0, 100.0, 100.0),
    units=("deg", "deg", "deg", "%"),
    control=Control.ABSOLUTE,
    gripper=Gripper.OPENS_AT_HIGH,
    rate=30.0,
)
ARM = World(ObservationSpec({"front": (8, 6), "wrist": (8, 6)}, NAMES), ACTION)
TOLERANCE = 1e-3


def seen() -> Observation:
    stream = np.random.default_rng(0)
    images = {name: stream.integers(0, 256, (6, 8, 3), dtype=np.uint8) for name in ("front", "wrist")}
    return Observation(images, np.array([12.0, -31.0, 47.0, 20.0]), "Pick up the block.", 0.0)


def attentive(look: Observation) -> Vector:
    """Moves by everything it is shown: where each pixel is and of which colour, and by each number."""
    weights = np.random.default_rng(1)
    pictures = [float((look.images[name] * weights.uniform(-1, 1, (6, 8, 3))).mean()) for name in ("front", "wrist")]
    moved = weights.uniform(-0.2, 0.2, (4, 4)) @ look.state + weights.uniform(-0.3, 0.3, (4, 2)) @ np.array(pictures)
    return np.clip(np.array([[9.0, -14.0, 21.0, 30.0]]) + moved, ACTION.low, ACTION.high)


def blind(look: Observation) -> Vector:
    return np.array([[1.0, 2.0, 3.0, 20.0]])


def found(there: Ask, here: Ask = attentive) -> Finding:
    return compared(here, there, [(seen(), seen())], ARM, TOLERANCE)


def planted(mistake: Mistake, policy: Ask = attentive) -> Ask:
    """A server that makes it."""

    def ask(look: Observation) -> Vector:
        plan = policy(look if mistake.see is None else mistake.see(look))
        return plan if mistake.act is None else mistake.act(plan)

    return ask


def flipped(policy: Ask) -> Ask:
    """Written out here, so that the table is not only compared with itself."""
    return lambda look: policy(
        Observation({name: picture[::-1] for name, picture in look.images.items()}, look.state, look.instruction, 0.0)
    )


def in_radians(policy: Ask) -> Ask:
    state = np.array([np.deg2rad(12.0), np.deg2rad(-31.0), np.deg2rad(47.0), 20.0])
    return lambda look: policy(Observation(look.images, state, look.instruction, 0.0))


def shut_for_open(policy: Ask) -> Ask:
    return lambda look: np.hstack([policy(look)[:, :3], 100 - policy(look)[:, 3:]])


def test_the_same_policy_on_both_sides_agrees() -> None:
    assert found(attentive).agree
    assert found(attentive).named == ()


@pytest.mark.parametrize("mistake", mistakes(ARM, seen()), ids=lambda mistake: mistake.name)
def test_a_planted_mistake_is_named(mistake: Mistake) -> None:
    seen_by_check = found(planted(mistake))
    assert not seen_by_check.agree
    assert mistake.name in [one.name for one in seen_by_check.named]
    assert len(seen_by_check.named) == 1


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (flipped, "the pictures are upside down"),
        (in_radians, "radians are taken for degrees in the state"),
        (shut_for_open, "the gripper opens the other way in the actions"),
    ],
)
def test_a_mistake_made_elsewhere_is_named(made: Callable[[Ask], Ask], name: str) -> None:
    assert [one.name for one in found(made(attentive)).named] == [name]


def test_two_mistakes_at_once_are_named_together() -> None:
    both = "the pictures are upside down and the gripper opens the other way in the actions"
    assert [one.name for one in found(flipped(shut_for_open(attentive))).named] == [both]


def test_another_policy_is_no_known_mistake() -> None:
    other = found(lambda look: attentive(look) * 0.9 + 1)
    assert not other.agree
    assert other.named == ()


def test_the_largest_difference_is_told_with_both_values() -> None:
    apart = found(shut_for_open(attentive)).difference
    ours = float(attentive(seen())[0, 3])
    assert (apart.action, apart.name, apart.here, apart.there) == (0, "gripper", ours, 100 - ours)
    assert apart.share == pytest.approx(abs(2 * ours - 100) / 100)


def test_what_a_policy_does_not_look_at_cannot_be_checked() -> None:
    hidden = [mistake.name for mistake in found(blind, blind).hidden]
    assert "the pictures are mirrored" in hidden
    assert "the gripper opens the other way in the state" in hidden
    assert "the gripper opens the other way in the actions" not in hidden


def test_a_policy_that_draws_is_held_against_its_own_spread() -> None:
    stream = np.random.default_rng(3)

    def drawing(look: Observation) -> Vector:
        return attentive(look) + stream.uniform(-1, 1, 4)

    drawn = found(drawing, drawing)
    assert drawn.spread > TOLERANCE
    assert drawn.difference.share > TOLERANCE
    assert drawn.agree
    assert not found(flipped(drawing), drawing).agree


def test_a_plan_that_is_not_a_number_is_no_agreement() -> None:
    assert not found(lambda look: attentive(look) * np.nan).agree


def test_a_policy_that_raises_under_a_mistake_did_not_make_it() -> None:
    def strict(look: Observation) -> Vector:
        if np.array_equal(look.images["front"], seen().images["front"][::-1]):
            raise RuntimeError("nothing is where it should be")
        return attentive(look)

    assert [one.name for one in found(shut_for_open(attentive), strict).named] == [
        "the gripper opens the other way in the actions"
    ]


def test_pairs_are_of_two_kinds() -> None:
    names = [pair.name for pair in pairs(mistakes(ARM, seen()))]
    assert len(names) == len(set(names)) == 5 * 9


def test_pictures_that_nobody_looks_at_are_in_no_doubt() -> None:
    names = [mistake.name for mistake in mistakes(ARM, replace(seen(), images={}))]
    assert names
    assert not [name for name in names if "pictures" in name]
    front = [mistake.name for mistake in mistakes(ARM, replace(seen(), images={"front": seen().images["front"]}))]
    assert "the pictures are mirrored" in front
    assert not [name for name in front if "exchanged" in name and "pictures" in name]


def test_what_one_observation_hides_another_shows() -> None:
    """Grey in all its channels, it does not show whether they are in order."""
    grey = {name: np.repeat(picture[:, :, :1], 3, axis=2) for name, picture in seen().images.items()}
    dull = replace(seen(), images=grey)
    moments = [(dull, dull), (seen(), seen())]
    one, both = (compared(attentive, attentive, some, ARM, TOLERANCE) for some in (moments[:1], moments))
    assert "the pictures are BGR" in [mistake.name for mistake in one.hidden]
    assert "the pictures are BGR" not in [mistake.name for mistake in both.hidden]
