"""Key maps: what a server is sent and by which conventions, and what does not fit a world."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armtrial.envs.base import ActionSpec, Control, Gripper, Observation, ObservationSpec
from armtrial.policies.base import TransportError, World
from armtrial.policies.remote.mapping import PRESETS, MappingError, Turn, keymap
from armtrial.policies.remote.translation import Translation, turned

JOINTS = ("pan", "lift", "elbow", "flex", "roll", "gripper")


def world(joints: int) -> World:
    names = (*(f"joint_{n}" for n in range(joints - 1)), "gripper") if joints != 6 else JOINTS
    action = ActionSpec(
        names=names,
        low=(*(-180.0,) * (joints - 1), 0.0),
        high=(*(180.0,) * (joints - 1), 100.0),
        units=(*("deg",) * (joints - 1), "%"),
        control=Control.ABSOLUTE,
        gripper=Gripper.OPENS_AT_HIGH,
        rate=30.0,
    )
    return World(ObservationSpec({"front": (64, 48), "wrist": (64, 48)}, names), action)


ARM = world(6)


def seen(of: World, size: tuple[int, int] = (224, 224)) -> Observation:
    stream = np.random.default_rng(0)
    pictures = {name: stream.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8) for name in of.observation.cameras}
    return Observation(pictures, np.arange(1, len(of.observation.state) + 1, dtype=np.float64), "Pick it up.", 0.0)


def written(folder: Path, text: str) -> str:
    (folder / "mine.toml").write_text(text)
    return str(folder / "mine.toml")


def test_droid_s_keys_are_flat_and_its_pictures_are_224() -> None:
    droid = world(8)
    translation = Translation(keymap("droid"), droid)
    sent = translation.request(seen(droid))
    assert sorted(sent) == [
        "observation/exterior_image_1_left",
        "observation/gripper_position",
        "observation/joint_position",
        "observation/wrist_image_left",
        "prompt",
    ]
    assert translation.cameras == {"front": (224, 224), "wrist": (224, 224)}
    assert sent["observation/joint_position"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert sent["observation/gripper_position"].tolist() == [8]
    assert sent["observation/exterior_image_1_left"].shape == (224, 224, 3)


def test_aloha_s_pictures_are_nested_and_have_their_channels_first() -> None:
    aloha = world(14)
    sent = Translation(keymap("aloha"), aloha).request(seen(aloha, (64, 48)))
    assert set(sent) == {"images", "state", "prompt"}
    assert {name: picture.shape for name, picture in sent["images"].items()} == {
        "cam_high": (3, 48, 64),
        "cam_right_wrist": (3, 48, 64),
    }
    assert sent["state"].shape == (14,)


def test_libero_s_world_has_eight_numbers_and_seven_actions() -> None:
    arm = world(7)
    libero = World(ObservationSpec(arm.observation.cameras, tuple(f"s{n}" for n in range(8))), arm.action)
    sent = Translation(keymap("libero"), libero).request(seen(libero))
    assert sent["observation/state"].shape == (8,)
    assert set(sent) == {"observation/image", "observation/wrist_image", "observation/state", "prompt"}


def test_an_so100_sends_single_precision_as_its_servers_were_trained_with() -> None:
    sent = Translation(keymap("so100"), ARM).request(seen(ARM))
    assert sent["observation/state"].dtype == np.float32
    assert sent["prompt"] == "Pick it up."


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_a_file_says_what_differs_from_its_base(suffix: str, tmp_path: Path) -> None:
    text = {
        "toml": 'base = "so100"\nsize = [32, 32]\n[cameras]\nimages = { top = "front" }\n[fixed]\ndomain = 3\n',
        "json": json.dumps(
            {"base": "so100", "size": [32, 32], "cameras": {"images": {"top": "front"}}, "fixed": {"domain": 3}}
        ),
    }[suffix]
    file = tmp_path / f"mine.{suffix}"
    file.write_text(text)
    translation = Translation(keymap(str(file)), ARM)
    sent = translation.request(seen(ARM, (32, 32)))
    assert sent["images"]["top"].shape == (32, 32, 3)
    assert sent["domain"] == 3
    assert sent["observation/state"].shape == (6,)
    assert translation.keys.name == "mine"


def test_the_state_goes_out_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    file = written(tmp_path, '[state]\narm = ["roll", "0:2"]\nhand = "gripper"\n')
    sent = Translation(keymap(file), ARM).request(seen(ARM))
    assert sent["arm"].tolist() == [5, 1, 2]
    assert sent["hand"].tolist() == [6]


def test_radians_and_another_gripper_go_out_and_come_back(tmp_path: Path) -> None:
    file = written(tmp_path, 'base = "so100"\nangles = "radians"\ngripper = [1.0, 0.0]\nfloats = "float64"\n')
    translation = Translation(keymap(file), ARM)
    look = seen(ARM)
    sent = translation.request(look)["observation/state"]
    assert sent[:5] == pytest.approx(np.deg2rad(look.state[:5]))
    assert sent[5] == pytest.approx(0.94)
    back = translation.plan({"actions": [sent.tolist()]}, {})
    assert back.actions[0] == pytest.approx(look.state)
    assert back.flags == ()


def test_a_gripper_that_does_not_begin_at_0_is_counted_from_its_own_lowest(tmp_path: Path) -> None:
    low = World(ARM.observation, replace(ARM.action, low=(*ARM.action.low[:5], 20.0)))
    translation = Translation(keymap(written(tmp_path, 'base = "so100"\ngripper = [0.0, 1.0]\n')), low)
    look = replace(seen(ARM), state=np.array([0.0, 0.0, 0.0, 0.0, 0.0, 60.0]))
    assert translation.request(look)["observation/state"][5] == pytest.approx(0.5)
    assert translation.plan({"actions": [[0, 0, 0, 0, 0, 0.25]]}, {}).actions[0, 5] == pytest.approx(40)


def test_pictures_are_turned_and_their_channels_exchanged(tmp_path: Path) -> None:
    file = written(tmp_path, 'base = "so100"\nturn = "180"\nchannels = "bgr"\n')
    look = seen(ARM)
    sent = Translation(keymap(file), ARM).request(look)
    assert np.array_equal(sent["observation/image"], look.images["front"][::-1, ::-1, ::-1])


@pytest.mark.parametrize(
    ("turn", "corner"), [(Turn.NONE, 0), (Turn.MIRRORED, 1), (Turn.UPSIDE_DOWN, 2), (Turn.HALF, 3)]
)
def test_a_turn_says_which_corner_comes_first(turn: Turn, corner: int) -> None:
    picture = np.arange(4, dtype=np.uint8).reshape(2, 2, 1).repeat(3, axis=2)
    assert turned(picture, turn)[0, 0, 0] == corner


def test_columns_are_taken_out_of_a_wider_plan(tmp_path: Path) -> None:
    file = written(tmp_path, 'base = "so100"\ncolumns = [7, 8, 9, 10, 11, 12]\n')
    plan = Translation(keymap(file), ARM).plan({"actions": np.arange(28.0).reshape(2, 14)}, {})
    assert plan.actions.tolist() == [[7, 8, 9, 10, 11, 12], [21, 22, 23, 24, 25, 26]]


def test_what_lies_outside_the_bounds_is_clipped_and_flagged() -> None:
    plan = Translation(keymap("so100"), ARM).plan({"actions": np.full((1, 6), 170.0)}, {})
    assert plan.actions.tolist() == [[170, 170, 170, 170, 170, 100]]
    assert plan.flags == ("clipped",)


def test_a_plan_of_another_width_names_the_way_out() -> None:
    with pytest.raises(TransportError) as caught:
        Translation(keymap("so100"), ARM).plan({"actions": np.zeros((50, 32))}, {})
    assert "have the shape (50, 32); this world takes (T, 6)" in str(caught.value)
    mend = (
        'FILE.toml, as base = "so100" and columns = [0, 1, 2, 3, 4, 5] for the first 6, by --policy-arg map=FILE.toml'
    )
    assert mend in str(caught.value)


def test_no_more_actions_than_the_horizon_are_taken() -> None:
    plan = Translation(keymap("so100"), ARM).plan({"actions": np.zeros((80, 6))}, {})
    assert plan.actions.shape == (50, 6)


def unfit(text: str, folder: Path) -> str:
    with pytest.raises(MappingError) as caught:
        Translation(keymap(written(folder, text)), ARM)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[cameras]\na = "top"\n', "'a' is the camera 'top', the world has (front, wrist)"),
        (
            '[state]\na = ["pan", "hip"]\n',
            "'a' wants hip, the world's state is (pan, lift, elbow, flex, roll, gripper)",
        ),
        ('[state]\na = "2:9"\n', "'a' wants 2:9"),
        ("columns = [1]\n", "'columns' has 1 entries, the world takes 6"),
        ("gripper = [1, 1]\n", "'gripper' is (1.0, 1.0); it is two different numbers"),
        ("[cameras]\na = 3\n", "'a' is 3; say which camera goes there"),
        ("[state]\na = [3]\n", "'a' is [3]; list names of the state"),
        ('base = "alhoa"\n', "is based on 'alhoa'. There are: aloha, droid, libero, so100"),
        ('turn = "90"\n', "Invalid enum value '90'"),
        ("cameros = 3\n", "unknown field `cameros`"),
        ("= 3\n", "cannot be read"),
    ],
)
def test_a_map_that_does_not_fit_says_why(text: str, told: str, tmp_path: Path) -> None:
    assert told in unfit(text, tmp_path)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_for_another_arm_is_refused(preset: str) -> None:
    with pytest.raises(MappingError, match="does not fit this world"):
        Translation(keymap(preset), world(3))


def test_an_unknown_map_is_met_with_what_was_meant() -> None:
    with pytest.raises(MappingError, match=r"no map is called 'alhoa'. Did you mean 'aloha'\? There are: aloha, droid"):
        keymap("alhoa")
    with pytest.raises(MappingError, match=r"the map nowhere.toml cannot be read: No such file"):
        keymap("nowhere.toml")


def test_actions_that_a_model_fills_up_are_cut_as_the_refusal_says(tmp_path: Path) -> None:
    file = tmp_path / "cut.toml"
    file.write_text('base = "so100"\ncolumns = [0, 1, 2, 3, 4, 5]\n')
    filled = np.zeros((50, 32))
    filled[:, :6] = 50.0
    plan = Translation(keymap(str(file)), ARM).plan({"actions": filled}, {})
    assert plan.actions.shape == (50, 6)
    assert (plan.actions == 50.0).all()
