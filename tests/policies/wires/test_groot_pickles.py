"""Files of torch.save from a server are read without running what is in them."""

import io
import os
import pickle
import zipfile
from typing import Any

import numpy as np
import pytest
import torch

from armtrial.policies.remote.wires.groot_payload import PayloadError
from armtrial.policies.remote.wires.groot_pickles import packed, unpacked


def saved(value: Any) -> bytes:
    body = io.BytesIO()
    torch.save(value, body)
    return body.getvalue()


class Attack:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


@pytest.mark.parametrize("kind", ["float32", "float64", "int64", "uint8", "bool"])
def test_arrays_and_plain_values_come_through(kind: str) -> None:
    value = {"action.arm": np.arange(6).reshape(2, 3).astype(kind), "n": [1, 2.5, None, "x"]}
    back = unpacked(saved(value))
    assert (back["action.arm"].tolist(), back["n"]) == (value["action.arm"].tolist(), value["n"])
    assert back["action.arm"].dtype == kind


def test_an_array_that_numpy_1_wrote_comes_through() -> None:
    """It names a module by the place where it was before numpy 2."""
    body = saved({"a": np.ones(2)})
    older = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as files, zipfile.ZipFile(older, "w") as out:
        for name in files.namelist():
            text = files.read(name)
            out.writestr(name, text.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert older.getvalue() != body
    assert unpacked(older.getvalue())["a"].tolist() == [1.0, 1.0]


def test_a_tensor_becomes_an_array() -> None:
    assert unpacked(saved({"a": torch.ones(2, dtype=torch.bfloat16)}))["a"].tolist() == [1.0, 1.0]


def test_what_is_packed_is_what_such_a_server_reads() -> None:
    question = {"endpoint": "get_action", "data": {"video.webcam": np.zeros((1, 2, 2, 3), np.uint8)}}
    back = torch.load(io.BytesIO(packed(question)), weights_only=False)
    assert back["data"]["video.webcam"].tolist() == question["data"]["video.webcam"].tolist()


def test_a_file_that_would_run_a_command_runs_none(tmp_path: Any) -> None:
    for body in (saved({"a": Attack(f"touch {tmp_path}/here")}), pickle.dumps(Attack(f"touch {tmp_path}/here"))):
        with pytest.raises(PayloadError, match=r"bytes that are no torch.save of GR00T's: "):
            unpacked(body)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "body", [b"", b"ERROR", b"PK\x03\x04", saved({"a": 1})[:200], saved(np.array([{}], dtype=object))]
)
def test_bytes_of_an_enemy_are_refused(body: bytes) -> None:
    with pytest.raises(PayloadError):
        unpacked(body)
