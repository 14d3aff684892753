"""What a config hands to policy and world, whichever of two flags says it and from whichever folder."""

from pathlib import Path
from typing import Any

import pytest

from armtrial.evaluators.arguments import check, said, settled
from armtrial.evaluators.cli import main
from armtrial.evaluators.config import RunConfig
from armtrial.evaluators.errors import UserError
from armtrial.evaluators.played import load

MINE = """
import numpy as np
from armtrial.policies.base import Plan, Policy, PolicySpec

class Mine(Policy):
    def __init__(self, world, *, checkpoint, device="cpu", url="none"):
        self.spec = PolicySpec(name=f"{checkpoint}|{device}|{url}", action=world.action, horizon=5)

    def plan(self, queries):
        return [Plan(np.zeros((5, 2))) for _ in queries]
"""


def config(**given: Any) -> RunConfig:
    return RunConfig(policy="toy", suite="toy", **given)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ({"look": "pretty"}, {"env_arg": ("look=pretty",)}),
        ({"robot_model": "no-such.xml"}, {"env_arg": ("robot_model=no-such.xml",)}),
        ({"checkpoint": "somebody/weights"}, {"policy_arg": ("checkpoint=somebody/weights",)}),
        ({"device": "cuda:0"}, {"policy_arg": ("device=cuda:0",)}),
        ({"url": ("ws://here:1",)}, {"policy_arg": ("url=ws://here:1",)}),
        ({"look": "a", "env_arg": ("delay=2",)}, {"env_arg": ("look=a", "delay=2", "look=a")}),
        ({"look": "a"}, {"look": "a", "env_arg": ("look=a",)}),
    ],
)
def test_the_short_flag_and_the_long_one_are_the_same_run(short: dict[str, Any], long: dict[str, Any]) -> None:
    assert settled(config(**short)) == settled(config(**long)) == config(**short)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"look": "a", "env_arg": ("look=b",)}, "--look a and --env-arg look=b differ, and both say 'look'; say it"),
        ({"policy_arg": ("device=0", "device=1")}, "--policy-arg device=0 and --policy-arg device=1 differ"),
        ({"url": ("x", "y"), "policy_arg": ("url=x",)}, "--url x y and --policy-arg url=x differ"),
    ],
)
def test_what_is_said_twice_and_differs_is_an_error(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        settled(config(**given))


def test_a_short_flag_reads_its_value_as_the_long_one_does() -> None:
    long, short = said(config(policy_arg=("device=0",)), "policy_arg"), said(config(device="0"), "policy_arg")
    assert long["device"].value == short["device"].value == 0


def test_one_server_is_handed_on_as_a_text_and_several_as_all_of_them() -> None:
    assert said(config(url=("ws://a",)), "policy_arg")["url"].value == "ws://a"
    assert said(config(url=("ws://a", "ws://b")), "policy_arg")["url"].value == ("ws://a", "ws://b")


def test_what_was_not_said_is_not_handed_on() -> None:
    assert said(config(), "policy_arg") == said(config(), "env_arg") == {}


def test_what_lies_here_is_named_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "arm.xml").touch()
    monkeypatch.chdir(tmp_path)
    given = config(checkpoint="weights", env_arg=("robot_model=./arm.xml", "calibration=arm.xml"))
    whole = settled(given)
    assert (whole.checkpoint, whole.robot_model) == (f"{tmp_path}/weights", f"{tmp_path}/arm.xml")
    assert whole.env_arg == (f"calibration={tmp_path}/arm.xml",)


def test_a_name_that_a_hub_knows_and_a_word_that_is_also_a_folder_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nvidia").mkdir()
    monkeypatch.chdir(tmp_path)
    given = config(checkpoint="somebody/weights", env_arg=("actuators=nvidia",))
    assert settled(given) == given


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of a policy with weights in the folder that it was started from."""
    (tmp_path / "home" / "weights").mkdir(parents=True)
    (tmp_path / "home" / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path / "home")
    words = "--policy ./mine.py:Mine --checkpoint weights --device cuda:1 --url a --url b --suite toy --task reach"
    more = "--episodes 1 --workers 0 --video none --quiet"
    assert main([*words.split(), *more.split(), "--out", str(tmp_path / "run")]) == 0
    return tmp_path / "run"


def test_a_policy_is_handed_what_its_flags_say_and_run_json_keeps_it(run: Path) -> None:
    info = load(run).info
    assert info.policy == f"{run.parent}/home/weights|cuda:1|('a', 'b')"
    assert (info.config.device, info.config.url, info.config.policy_arg) == ("cuda:1", ("a", "b"), ())


def test_a_run_goes_on_from_another_folder_with_the_same_weights(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run)
    (run / "records.jsonl").write_bytes(b"")
    assert main(["--resume", str(run), "--quiet"]) == 0
    assert len(load(run).records) == 1


@pytest.mark.parametrize("words", ["--checkpoint other", "--device cpu", "--url a", "--look pretty", "--size 64x64"])
def test_what_these_flags_say_is_part_of_what_a_run_keeps(
    run: Path, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["--resume", str(run), *words.split()]) == 2
    flag, value = words.removeprefix("--").split()
    assert f"was started with {flag}=" in (said := capsys.readouterr().err)
    assert value.split("x")[0] in said


def test_a_missing_argument_is_asked_for_by_its_short_flag(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["--policy", f"{run.parent}/home/mine.py:Mine", "--suite", "toy", "--dry-run"]) == 2
    assert "Mine' needs --checkpoint ..." in capsys.readouterr().err


def made(
    world: object,
    *,
    ticks: int | None = None,
    speed: float = 1.0,
    name: str = "",
    on: bool = False,
    rest: tuple[int, ...] = (),
    free=None,  # type: ignore[no-untyped-def]
) -> None: ...


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ticks=1.5", "'ticks' of 'it' is 1.5; it takes a whole number or None"),
        ("ticks=true", "'ticks' of 'it' is True; it takes a whole number or None"),
        ("ticks=abc", "'ticks' of 'it' is 'abc'; it takes a whole number or None"),
        ("speed=nan", "'speed' of 'it' is 'nan'; it takes a finite number"),
        ("speed=1e999", "'speed' of 'it' is inf; it takes a finite number"),
        ("speed=true", "'speed' of 'it' is True; it takes a finite number"),
        ("on=1", "'on' of 'it' is 1; it takes True or False"),
        ("name=3", """'name' of 'it' is 3; it takes a text. Is it meant as a text, quote it: name='"3"'"""),
    ],
)
def test_an_argument_of_another_type_than_its_annotation_is_refused_before_anything_starts(
    text: str, message: str
) -> None:
    given = said(config(env_arg=(text,)), "env_arg")
    with pytest.raises(UserError) as caught:
        check(given, made, "env_arg", "it")
    assert str(caught.value) == f"--env-arg: {message}"


@pytest.mark.parametrize(
    "text", ["ticks=none", "ticks=2", "speed=2", "speed=.5", "name='3'", "on=true", "rest=7", "free=x"]
)
def test_what_fits_the_annotation_or_has_none_in_plain_types_is_handed_on(text: str) -> None:
    check(said(config(env_arg=(text,)), "env_arg"), made, "env_arg", "it")


def test_the_twins_delay_is_checked_before_its_world_is_built(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--policy", "hold", "--suite", "single", "--env-arg", "delay=true", "--dry-run"]
    assert main(words) == 2
    assert "'delay' of 'so100' is True; it takes a whole number or None" in capsys.readouterr().err
