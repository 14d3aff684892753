"""A run's trials as a table for other programs: CSV, or Parquet where pyarrow is there. The same columns in both."""

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from ..evaluators.errors import FolderError, UserError
from ..evaluators.trial_rows import TrialRow

COLUMNS = tuple(field.name for field in fields(TrialRow))


def write_csv(rows: Sequence[TrialRow], file: Path) -> None:
    """Empty cells are missing values."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(astuple(row) for row in rows)
    _write(file, text.getvalue().encode())


def write_parquet(rows: Sequence[TrialRow], file: Path) -> None:
    """Typed, so that a column in which nothing was measured is still one of numbers."""
    pyarrow, parquet = _pyarrow()
    types = {"str": pyarrow.string(), "int": pyarrow.int64(), "float": pyarrow.float64(), "bool": pyarrow.bool_()}
    schema = pyarrow.schema([(field.name, types[_plain(field.type)]) for field in fields(TrialRow)])
    columns = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
    body = io.BytesIO()
    parquet.write_table(pyarrow.table(columns, schema=schema), body)
    _write(file, body.getvalue())


def _pyarrow() -> tuple[Any, Any]:
    """Asked for by few, and without types."""
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise UserError(
            "--parquet needs pyarrow, which is not installed: pip install pyarrow; --csv writes the same table"
        ) from None


def _plain(kind: object) -> str:
    """`float | None` is a column of floats."""
    name = kind.__name__ if isinstance(kind, type) else str(kind)
    return name.removesuffix(" | None")


def _write(file: Path, body: bytes) -> None:
    try:
        file.write_bytes(body)
    except OSError as error:
        raise FolderError(f"{file} could not be written: {error.strerror}. Name another file") from None
