import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from armtrial.evaluators import Run, evaluate
from armtrial.evaluators import folder as folders
from armtrial.evaluators.errors import FolderError
from armtrial.evaluators.folder import RunFolder, read_info
from armtrial.evaluators.played import load


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return evaluate("toy", "toy", episodes=2, workers=0, out=tmp_path / "run")


def test_what_is_read_back_is_what_was_played(run: Run) -> None:
    again = load(run.folder)
    assert again.records == run.records
    assert again.info == run.info


def test_a_record_names_its_steps_by_their_sha256(run: Run) -> None:
    for record in run.records:
        body = (run.folder / "steps" / f"{record.id}.npz").read_bytes()
        assert hashlib.sha256(body).hexdigest() == record.result.steps_sha256


def test_steps_hold_every_action_every_state_and_every_plans_tick(run: Run) -> None:
    record = run.records[0]
    with np.load(run.folder / "steps" / f"{record.id}.npz") as steps:
        assert steps["action"].shape == (record.result.steps, 2)
        assert steps["state"].shape == (record.result.steps + 1, 2)
        assert len(steps["plan"]) == record.result.plans
        assert steps["plan"][0] == 0


def test_a_run_says_where_and_with_what_it_was_played(run: Run) -> None:
    info = read_info(run.folder)
    assert (info.policy, info.suite, info.suite_version, info.trials) == ("toy", "toy", 1, 6)
    assert info.provenance.packages["numpy"] == np.__version__
    assert info.provenance.machine["cpu"]
    assert [sitting.how for sitting in info.sittings] == ["done"]


@pytest.mark.parametrize(
    ("body", "message"),
    [(b"", "is damaged"), (b"{}", "is damaged"), (b'{"schema": 99', "is damaged"), (b"[]", "is damaged")],
)
def test_a_damaged_run_json_is_named(run: Run, body: bytes, message: str) -> None:
    (run.folder / "run.json").write_bytes(body)
    with pytest.raises(FolderError, match=message):
        read_info(run.folder)


def test_a_record_of_another_schema_is_refused(run: Run) -> None:
    file = run.folder / "records.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"schema":1', b'"schema":7', 1))
    with pytest.raises(FolderError, match=r"line 1: its schema is 7; this version reads 1"):
        load(run.folder)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(FolderError, match=r"cannot be made: Not a directory. Choose another --out"):
        evaluate("toy", "toy", episodes=1, workers=0, out=tmp_path / "file" / "run")


def test_no_half_written_file_is_left_behind(run: Run) -> None:
    RunFolder(run.folder).write("report.md", b"# whole")
    assert not list(run.folder.rglob("*.partial"))


def test_a_record_that_cannot_be_kept_ends_the_run_and_is_counted_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = folders.write_whole

    def refuses(path: Path, body: bytes) -> None:
        if path.name == "toy-v1.fetch.001.npz":
            raise OSError(28, "No space left on device")
        whole(path, body)

    monkeypatch.setattr(folders, "write_whole", refuses)
    with pytest.raises(FolderError, match=r"^toy-v1.fetch.001 could not be written to .* Everything finished before"):
        evaluate("toy", "toy", episodes=3, workers=0, out=tmp_path / "run")
    left = load(tmp_path / "run")
    assert left.info.sittings[0].how == "failed"
    assert "toy-v1.fetch.001" not in {record.id for record in left.records}
    assert len(left.records) >= 4
    assert not (tmp_path / "run" / "scores.json").exists()


def test_steps_are_on_the_disk_before_the_record_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    whole = os.fsync

    def noted(number: int) -> None:
        order.append(Path(f"/proc/self/fd/{number}").readlink().name)
        whole(number)

    monkeypatch.setattr(os, "fsync", noted)
    run = evaluate("toy", "toy", episodes=2, workers=0, out=tmp_path / "run")
    kept = [name for name in order if name == "records.jsonl" or name.endswith(".npz.partial")]
    assert kept == [name for record in run.records for name in (f"{record.id}.npz.partial", "records.jsonl")]


@pytest.mark.parametrize(
    "body", [b"", b'{"schema": 1', b'{"schema": "\xff"}', b'{"config": {"policy": "\xff"}}', b"[1]"]
)
def test_a_damaged_run_is_told_with_the_way_out(body: bytes, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes(body)
    with pytest.raises(FolderError, match=r"run\.json is damaged: .* Take it from a copy of the run, or play it anew"):
        read_info(tmp_path)


def test_of_many_runs_the_one_that_was_meant_is_named(tmp_path: Path) -> None:
    for name in ("exp2", "gr", "ryn2", "toy5", "zz"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").touch()
    with pytest.raises(FolderError, match=r"beside it there are exp2 and 4 more$"):
        read_info(tmp_path / "exp3")


def test_what_is_no_run_is_told_with_those_that_are_near(tmp_path: Path) -> None:
    run = tmp_path / "one"
    run.mkdir()
    (run / "run.json").touch()
    for path, line in (
        (tmp_path / "two", "two is no run: there is no such folder; beside it there are one"),
        (tmp_path, "is no run: it has no run.json, but in one below it"),
        (run / "none", "none is no run: there is no such folder; nor is there a run beside"),
        (run / "run.json", "run.json is a file; a run is the folder that has run.json in it, as .*one"),
    ):
        with pytest.raises(FolderError, match=line):
            read_info(path)
