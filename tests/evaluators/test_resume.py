"""A run that is killed, interrupted or cut short goes on as if nothing had happened."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from armtrial.evaluators import Run, evaluate
from armtrial.evaluators.api import resume
from armtrial.evaluators.errors import FolderError, Mismatch
from armtrial.evaluators.played import load
from armtrial.evaluators.progress import Silent
from armtrial.evaluators.runner import pending
from armtrial.policies.toy import Toy
from armtrial.tests import worlds
from armtrial.tests.waiting import until

ROOT = Path(__file__).parents[2]
SLOW = "armtrial.tests.worlds:SLOW"
LONG = ("--episodes", "200")
"""Not over before it is interrupted, however late that comes."""


def command(*words: str) -> list[str]:
    return [sys.executable, str(ROOT / "run_eval.py"), "--quiet", "--video", "none", *words]


def started(out: Path, workers: int, *more: str, stderr: int = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
    words = ("--policy", "random", "--suite", SLOW, "--workers", str(workers), "--out", str(out), *more)
    return subprocess.Popen(command(*words), stdout=subprocess.DEVNULL, stderr=stderr)


def lines(run: Path) -> int:
    file = run / "records.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0


def wait_for(run: Path, number: int) -> None:
    until(lambda: lines(run) >= number and (run / "run.json").exists())


def results(run: Path) -> str:
    return json.dumps(json.loads((run / "scores.json").read_text())["results"])


def test_killed_at_many_points_then_resumed_gives_the_results_of_an_undisturbed_run(tmp_path: Path) -> None:
    whole = started(tmp_path / "whole", 2)
    assert whole.wait(120) == 0
    for number in (0, 1, 17, 40, 59):
        process = resumed(tmp_path / "killed") if number else started(tmp_path / "killed", 2)
        wait_for(tmp_path / "killed", number)
        process.kill()
        process.wait()
    assert resumed(tmp_path / "killed").wait(120) == 0
    assert lines(tmp_path / "killed") == 60
    assert results(tmp_path / "killed") == results(tmp_path / "whole")


def resumed(run: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command("--resume", str(run)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_ctrl_c_ends_cleanly_and_prints_the_command_to_go_on(tmp_path: Path) -> None:
    process = started(tmp_path / "run", 2, *LONG, stderr=subprocess.PIPE)
    wait_for(tmp_path / "run", 3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"python run_eval.py --resume {tmp_path / 'run'}" in said.decode()
    assert "Traceback" not in said.decode()
    assert load(tmp_path / "run").info.sittings[0].how == "interrupted"


def played(out: Path, number: int = 3) -> Run:
    return evaluate("toy", "toy", episodes=number, workers=0, out=out)


def cut(run: Path, keep: int, rest: bytes = b"") -> None:
    file = run / "records.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:keep]) + rest)


def test_a_last_line_cut_short_is_dropped_and_its_trial_played_again(tmp_path: Path) -> None:
    whole = results_of(played(tmp_path / "run"))
    line = (tmp_path / "run" / "records.jsonl").read_bytes().splitlines()[4]
    cut(tmp_path / "run", 4, line[:100])
    assert len(load(tmp_path / "run").records) == 4
    again = resume(tmp_path / "run", {}, False, Silent())
    assert results_of(again) == whole


def results_of(run: Run) -> dict[str, object]:
    return {record.id: record.result for record in run.records}


def test_a_damaged_line_in_the_middle_is_named_and_nothing_is_thrown_away(tmp_path: Path) -> None:
    played(tmp_path / "run")
    file = tmp_path / "run" / "records.jsonl"
    before = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([before[0], before[1][:50] + b"\n", *before[2:]]))
    with pytest.raises(FolderError, match=r"records.jsonl, line 2: .* Remove the line, then resume"):
        resume(tmp_path / "run", {}, False, Silent())
    assert lines(tmp_path / "run") == 9


def test_a_finished_run_resumed_plays_nothing(tmp_path: Path) -> None:
    before = played(tmp_path / "run")
    assert resume(tmp_path / "run", {}, False, Silent()).records == before.records


@pytest.mark.parametrize("change", [{"policy": "blind"}, {"episodes": 9}, {"task": ("reach",)}, {"execute": 1}])
def test_what_is_played_cannot_change(change: dict[str, object], tmp_path: Path) -> None:
    played(tmp_path / "run")
    with pytest.raises(Mismatch, match="a run keeps what it plays"):
        resume(tmp_path / "run", change, False, Silent())


def test_how_it_is_played_may_change(tmp_path: Path) -> None:
    whole = results_of(played(tmp_path / "run"))
    cut(tmp_path / "run", 2)
    assert results_of(resume(tmp_path / "run", {"workers": 2}, False, Silent())) == whole


def test_a_run_of_another_suite_version_is_refused(tmp_path: Path) -> None:
    evaluate("toy", "armtrial.tests.worlds:ONE_REACH", episodes=2, workers=0, out=tmp_path / "run")
    info = tmp_path / "run" / "run.json"
    info.write_text(
        info.read_text().replace("worlds:ONE_REACH", "worlds:NEXT_VERSION").replace('"task": []', '"task": ["reach"]')
    )
    with pytest.raises(Mismatch, match=r"played on toy-v1; this version has toy-v2"):
        resume(tmp_path / "run", {}, False, Silent())


def test_a_folder_with_a_run_is_never_written_over(tmp_path: Path) -> None:
    played(tmp_path / "run")
    with pytest.raises(FolderError, match=r"already holds a run. Go on with it by --resume"):
        played(tmp_path / "run")


def test_retry_errors_plays_them_again_and_keeps_both_records(tmp_path: Path) -> None:
    broken = evaluate(worlds.Raises, "toy", episodes=2, workers=0, out=tmp_path / "run")
    assert broken.scores.overall.errors == {"policy": 3}
    info = tmp_path / "run" / "run.json"
    info.write_text(info.read_text().replace("armtrial.tests.worlds:Raises", "toy"))
    mended = resume(tmp_path / "run", {}, True, Silent())
    assert len(mended.records) == 6 + 3
    assert mended.scores.overall.errors == {}
    assert mended.scores.overall.success.k == mended.scores.overall.success.n == 6


def test_a_run_killed_before_its_second_take_plays_it_when_resumed(tmp_path: Path) -> None:
    run = evaluate(worlds.LosesTheWire, "toy", episodes=2, workers=0, out=tmp_path / "run")
    first = next(record for record in run.records if record.result.error)
    assert pending([first.trial], [first]) == [(first.trial, 2)]
    assert pending([first.trial], run.records) == []


def test_a_run_that_is_being_played_cannot_be_resumed(tmp_path: Path) -> None:
    process = started(tmp_path / "run", 1, *LONG)
    wait_for(tmp_path / "run", 1)
    with pytest.raises(FolderError, match="is being played by another process"):
        resume(tmp_path / "run", {"workers": 0}, False, Silent())
    process.kill()
    process.wait()


@pytest.mark.skipif(os.geteuid() != 0, reason="a small disk can be mounted by root only: run as root")
def test_a_full_disk_loses_no_finished_trial(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no disk could be mounted: {mounted.stderr.decode().strip()}")
    try:
        with pytest.raises(FolderError, match=r"No space left on device. Everything finished before it is safe"):
            evaluate(Toy, "toy", workers=0, out=disk / "run")
        kept = load(disk / "run").records
        assert 0 < len(kept) < 60
        assert all((disk / "run" / "steps" / f"{record.id}.npz").exists() for record in kept)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_run_keeps_the_commit_of_the_code_that_its_world_is_made_of(tmp_path: Path) -> None:
    played(tmp_path / "run")
    info = tmp_path / "run" / "run.json"
    info.write_text(info.read_text().replace('"upstream": {}', '"upstream": {"calvin_env": "797142c588c2"}'))
    said = r"was started with calvin_env 797142c588c2, and here it is none; .* Go back to that one, or start"
    with pytest.raises(Mismatch, match=said):
        resume(tmp_path / "run", {}, False, Silent())


def test_a_progress_that_no_trial_can_make_is_refused(tmp_path: Path) -> None:
    played(tmp_path / "run")
    file = tmp_path / "run" / "records.jsonl"
    file.write_text(file.read_text().replace('"progress":1.0', '"progress":7', 1))
    with pytest.raises(FolderError, match=r"line \d: its progress is 7, which lies between 0 and 1. Remove the line"):
        load(tmp_path / "run")


@pytest.mark.parametrize("name", ["arm.json", "arm"])
@pytest.mark.parametrize(("content", "why"), [("0.9", "sha256 [0-9a-f]{12} then, [0-9a-f]{12} now"), (None, "is gone")])
def test_a_file_that_the_world_is_handed_keeps_its_content(
    name: str, content: str | None, why: str, tmp_path: Path
) -> None:
    file, out = tmp_path / name, tmp_path / "run"
    file.write_text("1.0")
    evaluate(
        "toy", "armtrial.tests.worlds:CALIBRATED", env_arg=(f"calibration={file}",), episodes=1, workers=0, out=out
    )
    assert len(resume(out, {}, False, Silent()).records) == 3
    file.write_text(content) if content else file.unlink()
    with pytest.raises(Mismatch, match=rf"{name} is not what .* was started with \(.*{why}\)"):
        resume(out, {}, False, Silent())


OWN_POLICY = """
from armtrial.policies.toy import Toy

class Mine(Toy):
    def __init__(self, world, checkpoint):
        super().__init__(world)
"""


@pytest.mark.parametrize("weights", ["w.pt", "w"])
def test_an_own_policys_weights_keep_their_content(weights: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OWN_POLICY)
    checkpoint, out = tmp_path / weights, tmp_path / "run"
    file = checkpoint if checkpoint.suffix else checkpoint / "model.pt"
    file.parent.mkdir(exist_ok=True)
    file.write_text("0.0")
    evaluate(f"{tmp_path}/mine.py:Mine", "toy", checkpoint=str(checkpoint), episodes=1, workers=0, out=out)
    assert len(resume(out, {}, False, Silent()).records) == 3
    file.write_text("0.3")
    with pytest.raises(Mismatch, match=rf"{weights} is not what .* was started with \(sha256"):
        resume(out, {}, False, Silent())
