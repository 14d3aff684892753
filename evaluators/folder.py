"""A run's folder: run.json, records.jsonl and steps/, written so that nothing finished is ever lost.

The file of a trial's steps is complete and synced before the record that names it is appended, and a record
is synced before the next one's steps are written. All that happens beside the trials that follow: what a crash may
cost is the last trial or two, which are played again. A line that it cut short is dropped when the run goes on.
"""

import errno
import fcntl
import hashlib
import io
import os
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..envs.base import Vector
from ..envs.faults import Fault
from ..envs.whole import write_whole
from .errors import FolderError, FolderTaken
from .records import SCHEMA, EpisodeRecord, RecordError, RunInfo, from_line, to_line
from .writing import Writing


class RunFolder:
    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._log: io.FileIO | None = None
        self._writing: Writing | None = None

    @property
    def records_file(self) -> Path:
        return self.path / "records.jsonl"

    @property
    def info_file(self) -> Path:
        return self.path / "run.json"

    def steps_file(self, record: EpisodeRecord) -> Path:
        return self.path / "steps" / f"{take_name(record.id, record.take)}.npz"

    def create(self, info: RunInfo) -> None:
        """Makes the folder, at once or not at all. One that already holds a run is left alone."""
        claim = self.path / f"run.json.{os.getpid()}"
        try:
            (self.path / "steps").mkdir(parents=True, exist_ok=True)
            write_whole(claim, _as_json(info))
            os.link(claim, self.info_file)
        except FileExistsError:
            raise FolderTaken(
                f"{self.path} already holds a run. Go on with it by --resume {self.path}, or choose another --out"
            ) from None
        except OSError as error:
            raise FolderError(f"{self.path} cannot be made: {error.strerror}. Choose another --out") from None
        finally:
            with suppress(OSError):
                claim.unlink(missing_ok=True)

    @contextmanager
    def opened(self) -> Generator[list[EpisodeRecord]]:
        """Takes the folder for writing and gives the records it has. A line cut short at the end is dropped."""
        try:
            log = io.FileIO(self.records_file, "a+")
        except OSError as error:
            raise FolderError(f"{self.records_file} cannot be written: {error.strerror}") from None
        with log:
            self._log = log
            self._lock(log)
            log.seek(0)
            text = log.readall()
            whole = text.rfind(b"\n") + 1
            records = _parsed(text[:whole], self.records_file)
            log.truncate(whole)
            self._writing = Writing()
            try:
                yield records
                self._writing.settle()
            finally:
                self._writing.close()

    def _lock(self, log: io.FileIO) -> None:
        """Two processes in one folder would mix their records."""
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderError(f"{self.path} is being played by another process; wait for it or end it") from None

    def append(
        self, record: EpisodeRecord, steps: dict[str, NDArray[np.generic]] | None, fault: Fault | None
    ) -> EpisodeRecord:
        """Begins to keep a finished take and gives it as it will be read back.

        It is on the disk when the one after the next is appended, or anything else is written. What went wrong with
        it is raised there, and no half of it is left behind.
        """
        assert self._writing is not None, "a record is appended while the folder is opened"
        body = None if steps is None else _packed(steps)
        if body is not None:
            record = replace(record, result=replace(record.result, steps_sha256=hashlib.sha256(body).hexdigest()))
        try:
            line = to_line(record)
        except RecordError as error:
            raise FolderError(f"{record.id} cannot be kept: {error}") from None
        trace = fault.trace if fault is not None else ""
        self._writing.begin(lambda: self._keep(record, body, trace, line))
        return record

    def _keep(self, record: EpisodeRecord, steps: bytes | None, trace: str, line: bytes) -> None:
        """Steps before the record that names them."""
        assert self._log is not None
        log, size = self._log, self._log.seek(0, os.SEEK_END)
        try:
            if steps is not None:
                write_whole(self.steps_file(record), steps)
            if trace:
                write_whole(self.path / "errors" / f"{take_name(record.id, record.take)}.txt", trace.encode())
            if log.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(log.fileno())
        except OSError as error:
            log.truncate(size)
            raise FolderError(
                f"{record.id} could not be written to {self.path}: {error.strerror}. Everything finished before it "
                f"is safe; make room and go on with --resume {self.path}"
            ) from None

    def settle(self) -> None:
        """Waits until all that was appended can be read."""
        if self._writing is not None:
            self._writing.settle()

    def read_steps(self, record: EpisodeRecord) -> dict[str, NDArray[np.generic]]:
        """What was executed and measured, if the file is the one that the record names."""
        path = self.steps_file(record)
        try:
            body = path.read_bytes()
        except OSError as error:
            raise FolderError(f"{path} cannot be read: {error.strerror}; play {record.id} again in a new run") from None
        if hashlib.sha256(body).hexdigest() != record.result.steps_sha256:
            raise FolderError(f"{path} is not what was recorded: its sha256 differs from the record's")
        with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}

    def write_info(self, info: RunInfo) -> None:
        """Says how the run ended, also where a record was lost."""
        if self._writing is not None:
            self._writing.settle()
        self._write(self.info_file, _as_json(info))

    def write(self, name: str, body: bytes) -> Path:
        """A whole file or none, whatever happens in between; after all records."""
        if self._writing is not None:
            self._writing.settle()
            if self._writing.failed:
                raise FolderError(f"{name} is not written: it would count trials that could not be kept")
        return self._write(self.path / name, body)

    def _write(self, path: Path, body: bytes) -> Path:
        try:
            write_whole(path, body)
        except OSError as error:
            raise FolderError(f"{path} could not be written: {error.strerror}") from None
        return path


def _as_json(info: RunInfo) -> bytes:
    return msgspec.json.format(msgspec.json.encode(info), indent=2) + b"\n"


def read_info(path: Path) -> RunInfo:
    file = path / "run.json"
    try:
        info = msgspec.json.decode(file.read_bytes(), type=RunInfo)
    except FileNotFoundError:
        raise FolderError(_no_run(path)) from None
    except NotADirectoryError:
        raise FolderError(f"{path} is a file; a run is the folder that has run.json in it, as {path.parent}") from None
    except OSError as error:
        raise FolderError(f"{file} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FolderError(
            f"{file} is damaged: {error}. Take it from a copy of the run, or play it anew by --out; nothing is lost of "
            "records.jsonl beside it, but only run.json says what was played"
        ) from None
    if info.schema != SCHEMA:
        raise FolderError(f"{file} has schema {info.schema}; this version reads {SCHEMA}")
    return info


def _no_run(path: Path) -> str:
    if not path.exists():
        there = sorted(file.parent.name for file in path.parent.glob("*/run.json"))
        known = f"beside it there are {_some(there, path.name)}" if there else "nor is there a run beside it"
        return f"{path} is no run: there is no such folder; {known}"
    within = sorted(file.parent.name for file in path.glob("*/run.json"))
    runs = f", but in {_some(within, path.name)} below it" if within else ""
    return f"{path} is no run: it has no run.json{runs}"


def _some(names: Sequence[str], meant: str) -> str:
    """Those that read like what was meant, and else the last; as many as fit a line."""
    shown = get_close_matches(meant, names) or names[-3:]
    left = len(names) - len(shown)
    return ", ".join(shown) + (f" and {left} more" if left else "")


def read_records(path: Path) -> list[EpisodeRecord]:
    """The records of a run that may still be played: a last line that is not yet whole is left out."""
    file = path / "records.jsonl"
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FolderError(f"{file} cannot be read: {error.strerror}") from None
    return _parsed(text[: text.rfind(b"\n") + 1], file)


def _parsed(text: bytes, file: Path) -> list[EpisodeRecord]:
    records: list[EpisodeRecord] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            records.append(from_line(line))
        except RecordError as error:
            raise FolderError(
                f"{file}, line {number}: {error}. Remove the line, then resume: its trial is played again"
            ) from None
    return records


def take_name(trial: str, take: int) -> str:
    return trial if take == 1 else f"{trial}.take{take}"


def _packed(arrays: dict[str, NDArray[np.generic]]) -> bytes:
    """An .npz whose bytes depend on the arrays alone."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def steps_of(actions: Vector, states: Vector, plans: Sequence[int]) -> dict[str, NDArray[np.generic]]:
    """What `steps/<trial id>.npz` holds: every executed action, every measured state, the tick of every plan.

    In a trial that its world broke off there is `unanswered` too: the action that it broke at."""
    return {"action": actions, "state": states, "plan": np.array(plans, dtype=np.int32)}


def safe(name: str) -> str:
    """A policy's name as part of a folder's name."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", name).strip("-") or "policy"
