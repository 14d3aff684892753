"""What an ActionVAE loses, on one trial of the twin and weights that have learned nothing."""

import json
from pathlib import Path

import numpy as np
import pytest

from armtrial.evaluators.cli import main
from armtrial.policies.rynnvla import autoencoded, checkpoint
from armtrial.tests.policies.rynnvla_small import CONFIG, WORDS, models

ASKED = ("--suite", "single", "--task", "block", "--episodes", "1", "--workers", "1", "--quiet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("checkpoint")
    checkpoint.save(out, CONFIG, *models(), WORDS)
    return out


def report(out: Path, folder: Path) -> dict:
    assert main(["report-vae", *ASKED, "--checkpoint", str(folder), "--out", str(out)]) == 0
    return json.loads((out / "vae.json").read_text())


def test_weights_that_learned_nothing_cost_the_expert_its_success(tmp_path: Path, folder: Path):
    found = report(tmp_path, folder)
    assert found["tasks"] == [{"task": "block", "expert": {"k": 1, "n": 1}, "through": {"k": 0, "n": 1}}]
    assert found["lost"] == ["single-v1.block.000"]
    assert not found["won"]
    assert np.array(found["fidelity"]["mean"])[:5, -1].max() > 1


def test_a_vae_that_loses_nothing_costs_nothing(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(autoencoded, "through", lambda vae, scaler, rows: rows)
    found = report(tmp_path, folder)
    assert found["tasks"][0]["through"] == {"k": 1, "n": 1}
    assert np.array(found["fidelity"]["mean"]).max() < 1e-9


def test_the_same_command_again_plays_nothing_again(tmp_path: Path, folder: Path):
    report(tmp_path, folder)
    before = (tmp_path / "expert" / "records.jsonl").read_bytes()
    report(tmp_path, folder)
    assert (tmp_path / "expert" / "records.jsonl").read_bytes() == before


def test_a_checkpoint_that_is_not_there_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["report-vae", *ASKED, "--checkpoint", str(tmp_path / "none"), "--out", str(tmp_path)]) == 2
    assert "is not a folder" in capsys.readouterr().err
