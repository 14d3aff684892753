"""The gate over the twin: the same policy passes on the same ground, and one that trembles does not."""

import json
from pathlib import Path

import pytest

from armtrial.evaluators.cli import main

pytestmark = pytest.mark.slow
TRIALS = ("--suite", "single", "--episodes", "6", "--workers", "1", "--video", "none", "--quiet")
GATE = ("--workers", "1", "--json", "--quiet")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("twin")
    assert main(["--policy", "expert", *TRIALS, "--out", str(folder / "r")]) == 0
    assert main(["baseline", str(folder / "r"), "--out", str(folder / "b.json"), "--replays", "6"]) == 0
    return folder / "b.json"


def gated(kept: Path, out: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, object]]:
    capsys.readouterr()
    status = main(["gate", "--baseline", str(kept), "--out", str(out), *words, *GATE])
    return status, json.loads(capsys.readouterr().out)["gate"]


def test_the_expert_passes_to_the_bit(kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = gated(kept, tmp_path / "r", capsys)
    assert (status, found["alike"], found["footing"]["pictures"]) == (0, 18, 12)  # type: ignore[index]


def test_an_expert_that_trembles_by_four_degrees_is_found(
    kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shaken = ("--policy-arg", "policy=expert", "--policy-arg", "shake=4.0")
    status, found = gated(kept, tmp_path / "r", capsys, "--policy", "armtrial.tests.faulty:Faulty", *shaken)
    assert status == 1
    assert found["footing"]["moved"] == []  # type: ignore[index]


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (("--env-arg", "delay=6"), {"physics"}),
        (("--look", "pretty"), {"picture of front", "picture of wrist"}),
    ],
)
def test_another_world_is_no_regression(
    words: tuple[str, ...], kinds: set[str], kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, found = gated(kept, tmp_path / "r", capsys, *words)
    moved = {what for each in found["footing"]["moved"] for what in each["what"]}  # type: ignore[index]
    assert (status, moved) == (3, kinds)
