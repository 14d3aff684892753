import csv
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from armtrial.evaluators import Run, evaluate
from armtrial.evaluators.cli import main
from armtrial.reports.base import build
from armtrial.reports.tables import COLUMNS, write_csv, write_parquet
from armtrial.tests import worlds


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(worlds.Raises, "toy", episodes=3, workers=0, out=tmp_path_factory.mktemp("run") / "run")


def read(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_there_is_a_row_for_each_trial_with_its_outcome(run: Run, tmp_path: Path) -> None:
    assert main(["report", str(run.folder), "--csv", str(tmp_path / "t.csv")]) == 1
    rows = read(tmp_path / "t.csv")
    assert tuple(rows[0]) == COLUMNS
    outcomes = {record.id: record.result.outcome.value for record in run.records}
    assert {row["id"]: row["outcome"] for row in rows} == outcomes


def test_what_was_not_measured_is_an_empty_cell_and_no_zero(run: Run, tmp_path: Path) -> None:
    write_csv(build(run.info, run.records).trials, tmp_path / "t.csv")
    row = read(tmp_path / "t.csv")[0]
    assert (row["sparc"], row["path"], row["plans_late"]) == ("", "", "")
    assert row["collisions"] == "0"


def test_a_trial_that_was_played_again_has_one_row(run: Run) -> None:
    assert len(build(run.info, [*run.records, *run.records]).trials) == len(run.records)


def test_text_with_commas_and_line_breaks_comes_back_as_it_was(run: Run, tmp_path: Path) -> None:
    error = next(record for record in run.records if record.result.error)
    write_csv(build(run.info, [error]).trials, tmp_path / "t.csv")
    assert read(tmp_path / "t.csv")[0]["error_message"] == getattr(error.result.error, "message", None)


def test_parquet_has_the_same_columns_with_their_types(run: Run, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet(build(run.info, run.records, run.traces).trials, tmp_path / "t.parquet")
    table = parquet.read_table(tmp_path / "t.parquet")
    assert tuple(table.column_names) == COLUMNS
    assert [str(table.schema.field(name).type) for name in ("seed", "sparc", "first_attempt")] == [
        "int64",
        "double",
        "bool",
    ]
    assert table["id"].to_pylist() == [row.id for row in build(run.info, run.records).trials]


def test_a_run_without_a_trial_is_a_table_without_a_row(run: Run, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_csv((), tmp_path / "t.csv")
    write_parquet((), tmp_path / "t.parquet")
    assert read(tmp_path / "t.csv") == []
    assert (parquet.read_table(tmp_path / "t.parquet").num_rows, len(COLUMNS)) == (0, len(COLUMNS))


def test_without_pyarrow_one_line_says_the_way_out(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(["report", str(run.folder), "--parquet", str(tmp_path / "t.parquet")]) == 2
    assert "--parquet needs pyarrow, which is not installed: pip install pyarrow; --csv" in capsys.readouterr().err


@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_a_table_that_cannot_be_written_is_named(run: Run, write: Callable[..., None], tmp_path: Path) -> None:
    with pytest.raises(
        Exception, match=r"nowhere/t could not be written: No such file or directory. Name another file"
    ):
        write(build(run.info, run.records).trials, tmp_path / "nowhere" / "t")


def test_the_command_prints_the_schema_without_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--schema"]) == 0
    assert '"$schema": "https://json-schema.org/draft/2020-12/schema"' in capsys.readouterr().out
