"""The card's commands, with few episodes and steps: from nothing to a checkpoint that plays."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from armtrial.policies.rynnvla.policy import SHIPPED

CARD = (SHIPPED / "README.md").read_text()


def brief(commands: str) -> str:
    """Each stage of a training goes on by a few steps."""
    few = re.sub(r" --steps \d+", "", re.sub(r"--episodes \d+", "--episodes 2", commands))
    steps = iter(range(2, 100, 2))
    return re.sub(
        r"(train rynnvla (?:tokenizer|actions|stage3)) ", lambda found: f"{found[1]} --steps {next(steps)} ", few
    )


@pytest.mark.slow
def test_the_cards_commands_run_as_written(tmp_path: Path) -> None:
    (commands,) = [block for block in re.findall(r"```\n(.*?)```", CARD, re.DOTALL) if "train rynnvla stage3" in block]
    environ = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    play = (
        "\narmtrial eval --policy rynnvla --checkpoint checkpoint --suite single --episodes 1 --video none --out run\n"
    )
    done = subprocess.run(
        ["bash", "-e", "-c", brief(commands) + play],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert {file.name for file in (tmp_path / "checkpoint").iterdir()} == {
        "config.json",
        "model.safetensors",
        "text.json",
    }
    assert len((tmp_path / "run" / "records.jsonl").read_text().splitlines()) == 3
