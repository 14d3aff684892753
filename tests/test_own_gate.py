"""The gate of this repository: what its script names is there, and says what it was made of."""

import re
from pathlib import Path

import pytest

import armtrial
from armtrial.evaluators.baseline import read
from armtrial.evaluators.fitting import check_trials
from armtrial.evaluators.ground import prepare
from armtrial.tests.robosuite_here import MUST_PLAY

ROOT = Path(armtrial.__path__[0])
NAMED = re.search(r"^gate_policies=\((.+)\)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
POLICIES = NAMED[1].split() if NAMED else []


def test_the_default_policy_is_gated() -> None:
    assert "rynnvla" in POLICIES


@pytest.mark.parametrize("policy", POLICIES)
def test_the_scripts_baselines_have_the_trials_that_the_suite_has(policy: str) -> None:
    file = ROOT / "tests" / "golden" / f"gate-{policy}.json"
    kept = read(file)
    ground = prepare(kept.config)
    check_trials(file, kept.ids, "the suite", [trial.id for trial in ground.trials], "")
    assert kept.config.policy == policy
    assert set(kept.cameras) == {"front", "wrist"}


def test_robosuite_is_played_and_not_skipped() -> None:
    lines = [line.strip() for line in (ROOT / ".ci" / "run").read_text().splitlines()]
    assert f'{MUST_PLAY}=1 .venv/bin/pytest -p no:cacheprovider -m "robosuite and not slow"' in lines


def test_the_workflow_names_what_is_there() -> None:
    text = (ROOT / ".github" / "workflows" / "gate.yml").read_text()
    baseline = re.search(r"^  BASELINE: (\S+)", text, re.MULTILINE)
    policy = re.search(r"^  POLICY: (\S+)", text, re.MULTILINE)
    assert baseline is not None
    assert policy is not None
    assert read(ROOT / baseline[1]).config.policy == policy[1]
