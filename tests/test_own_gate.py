"""The gate of this repository: what its script names is there, and says what it was made of."""

import re
from pathlib import Path

import armtrial
from armtrial.evaluators.baseline import read
from armtrial.evaluators.fitting import check_trials
from armtrial.evaluators.ground import prepare

ROOT = Path(armtrial.__path__[0])
POLICY = re.search(r"^gate_policy=(\S+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)


def test_the_scripts_baseline_has_the_trials_that_the_suite_has() -> None:
    assert POLICY is not None
    file = ROOT / "tests" / "golden" / f"gate-{POLICY[1]}.json"
    kept = read(file)
    ground = prepare(kept.config)
    check_trials(file, kept.ids, "the suite", [trial.id for trial in ground.trials], "")
    assert kept.config.policy == POLICY[1]
    assert set(kept.cameras) == {"front", "wrist"}


def test_the_workflow_names_what_is_there() -> None:
    text = (ROOT / ".github" / "workflows" / "gate.yml").read_text()
    baseline = re.search(r"^  BASELINE: (\S+)", text, re.MULTILINE)
    policy = re.search(r"^  POLICY: (\S+)", text, re.MULTILINE)
    assert baseline is not None
    assert policy is not None
    assert read(ROOT / baseline[1]).config.policy == policy[1]
