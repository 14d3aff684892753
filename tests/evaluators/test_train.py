"""`armtrial train`: from a collection to a checkpoint that plays, and what it says of a wrong word."""

from pathlib import Path

import msgspec
import pytest

from armtrial.evaluators.cli import main
from armtrial.evaluators.played import load
from armtrial.tests.policies.rynnvla_sweeps import TINY


def trained(*words: str) -> int:
    return main(["train", "rynnvla", *words])


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("tokenizer",), "there are no pictures in"),
        (("tokenizer", "--recipe", "twins"), "no recipe is called 'twins'. Did you mean 'twin'?"),
        (("tokenizer", "--recipe", "none.json"), "recipe none.json cannot be read: No such file or directory"),
        (("draw", "--from", "nowhere"), "nowhere is no run: there is no such folder"),
        (("begin",), "--checkpoint is missing: which one does the training go on from?"),
        (("begin", "--checkpoint", "nowhere"), "nowhere is not a folder; a checkpoint is the folder that"),
    ],
)
def test_what_a_user_can_mend_is_one_line(
    words: tuple[str, ...], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained(*words, "--work", str(tmp_path)) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]  # behind a progress bar, where one was begun
    assert said.startswith("armtrial: ")
    assert line in said


@pytest.mark.slow
def test_a_collection_becomes_a_checkpoint_that_plays(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recipe, demos, work, out = (str(tmp_path / name) for name in ("tiny.json", "demos", "work", "checkpoint"))
    Path(recipe).write_bytes(msgspec.json.encode(TINY))
    one = ("--suite", "single", "--task", "block", "--workers", "1", "--quiet")
    assert main(["collect", *one, "--episodes", "3", "--astray", "0.5", "--out", demos]) == 0
    drawn = ("draw", "--from", demos, "--every", "15", "--workers", "1")
    assert trained(*drawn, "--recipe", recipe, "--work", work) == 0
    assert trained("all", "--recipe", recipe, "--work", work, "--out", out) == 0
    assert "stage3:" in capfd.readouterr().out
    played = ("--policy", "rynnvla", "--checkpoint", out, "--episodes", "1", "--video", "none")
    assert main([*one, *played, "--out", str(tmp_path / "run")]) == 0
    (record,) = load(tmp_path / "run").records
    assert (record.result.error, record.result.plans > 10) == (None, True)
    on = ("--checkpoint", out, "--data", f"{work}/drawn/demos", "--work", str(tmp_path / "on"))
    assert trained("all", "--recipe", recipe, *on, "--out", str(tmp_path / "tuned")) == 0
    assert '"checkpoint-finetuned"' in (tmp_path / "tuned" / "config.json").read_text()
