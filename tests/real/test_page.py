"""The page that leads from unboxing to a report names only flags and commands that there are."""

import shlex
from pathlib import Path

import pytest

from armtrial.evaluators import collect, evaluation
from armtrial.real import arm

PAGE = Path(arm.__file__).with_name("README.md").read_text()


def commands(begin: str) -> list[list[str]]:
    text = PAGE.replace("\\\n", " ")
    found = [shlex.split(line.strip(), comments=True) for line in text.splitlines() if line.strip().startswith(begin)]
    return [words[len(begin.split()) :] for words in found]


@pytest.mark.parametrize("words", commands("python run_eval.py"), ids=" ".join)
def test_every_run_on_the_page_is_understood(words: list[str]) -> None:
    assert vars(evaluation._parser({}).parse_args(words))


def test_the_page_shows_runs_a_dataset_and_a_calibration() -> None:
    assert len(commands("python run_eval.py")) >= 5
    assert [vars(collect._parser().parse_args(words))["source"] for words in commands("armtrial collect")] == [
        "runs/first"
    ]
    assert any("--robot.id=follower" in words for words in commands("lerobot-calibrate"))


def test_every_stop_is_on_the_page() -> None:
    from armtrial.real.limits import BITS

    reasons = {"operator", "policy_stalled", "host_stalled", "line_lost", "stalled_joint", *BITS.values()}
    assert [name for name in reasons if f"safety_stop_{name}" not in PAGE and f"`_{name}`" not in PAGE] == []
