"""GR00T's bytes, as its own servers write and read them."""

import io

import msgpack
import numpy as np
import pytest

from armtrial.envs.base import Observation
from armtrial.policies.remote.groot_dialects import DIALECTS, rows, seen, told_apart, wanted
from armtrial.policies.remote.groot_keys import LANGUAGE, Keys
from armtrial.policies.remote.wires.groot_payload import Modality, PayloadError, packed, unpacked

HEADER = "93 4e 55 4d 50 59 01 00 76 00"
"""numpy's magic, version 1.0, and a header of 118 letters."""


def npy(described: str, body: str) -> bytes:
    """A .npy file, byte for byte."""
    return bytes.fromhex(HEADER) + described.encode().ljust(117) + b"\n" + bytes.fromhex(body)


ONES = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 2), }", "0000803f 00000040")
PIXEL = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1, 3), }", "010203")
PLACE = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }", "000000000000f03f 0000000000000040")


def array(body: bytes) -> bytes:
    """{"__ndarray_class__": True, "as_npy": bin8}"""
    return b"\x82\xb1__ndarray_class__\xc3\xa6as_npy\xc4" + bytes([len(body)]) + body


def text(words: str) -> bytes:
    return (bytes([0xA0 + len(words)]) if len(words) < 32 else bytes([0xD9, len(words)])) + words.encode()


LOOK = Observation({"front": np.array([[[1, 2, 3]]], np.uint8)}, np.array([1.0, 2.0]), "Go.", 0.0)
KEYS = Keys({"cam": "front"}, {"arm": ("x", "jaw")}, {"arm": ("x", "jaw")})


def test_n1_5_is_asked_with_these_bytes() -> None:
    question = DIALECTS["n1.5"].question([seen(LOOK, KEYS, ("x", "jaw"))], LANGUAGE)
    assert packed({"endpoint": "get_action", "data": question, "api_token": "t"}) == (
        b"\x83\xa8endpoint\xaaget_action\xa4data\x83"
        + (text("video.cam") + array(PIXEL) + text("state.arm") + array(PLACE) + text(LANGUAGE) + b"\x91\xa3Go.")
        + b"\xa9api_token\xa1t"
    )


def test_n1_6_is_asked_with_these_bytes() -> None:
    question = DIALECTS["n1.6"].question([seen(LOOK, KEYS, ("x", "jaw"))], LANGUAGE)
    batch = PIXEL.replace(b"(1, 1, 1, 3), }   ", b"(1, 1, 1, 1, 3), }")
    assert packed({"endpoint": "get_action", "data": question}) == (
        b"\x82\xa8endpoint\xaaget_action\xa4data\x82\xabobservation\x83"
        + (b"\xa5video\x81\xa3cam" + array(batch) + b"\xa5state\x81\xa3arm" + array(ONES))
        + (b"\xa8language\x81" + text(LANGUAGE) + b"\x91\x91\xa3Go." + b"\xa7options\xc0")
    )


def test_endpoints_without_input_are_asked_with_these_bytes() -> None:
    assert packed({"endpoint": "get_modality_config"}) == b"\x81\xa8endpoint\xb3get_modality_config"
    assert packed({"endpoint": "reset", "data": {"options": None}}) == (
        b"\x82\xa8endpoint\xa5reset\xa4data\x81\xa7options\xc0"
    )


def test_an_answer_of_n1_6_is_read_from_these_bytes() -> None:
    answer = unpacked(b"\x92\x81\xa3arm" + array(ONES) + b"\x80")
    assert DIALECTS["n1.6"].groups(answer)["arm"].tolist() == [[[1.0, 2.0]]]


def test_an_answer_of_n1_5_is_read_from_these_bytes_though_its_gripper_is_squeezed() -> None:
    squeezed = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "0000803f 00000040")
    answer = unpacked(b"\x82" + text("action.arm") + array(PLACE) + text("action.gripper") + array(squeezed))
    groups = DIALECTS["n1.5"].groups(answer)
    assert {key: rows.tolist() for key, rows in groups.items()} == {"arm": [[[1, 2]]], "gripper": [[[1], [2]]]}


def config(name: str, body: bytes) -> bytes:
    return b"\x81\xa6action\x82\xb8__ModalityConfig_class__\xc3" + text(name) + body


FIELDS = b'{"delta_indices":[0,1],"modality_keys":["action.arm"]}'
AS_TEXT = config("as_json", bytes([0xD9, len(FIELDS)]) + FIELDS)
AS_MAP = b"\x82\xaddelta_indices\x92\x00\x01\xadmodality_keys\x91\xa3arm"


def test_groups_are_put_into_the_order_of_the_world_s_actions() -> None:
    keys = Keys({}, {}, {"gripper": ("jaw",), "arm": ("y", "x")})
    groups = {"arm": np.array([[[1.0, 2.0]]]), "gripper": np.array([[[3.0]]])}
    assert rows(groups, keys, ("x", "y", "jaw"))[0].tolist() == [[2.0, 1.0, 3.0]]


@pytest.mark.parametrize(
    ("body", "dialect"),
    [(AS_TEXT, "n1.5"), (config("as_json", AS_MAP), "n1.6"), (config("as_dict", AS_MAP), "n1.6")],
)
def test_the_dialects_are_told_apart_by_these_bytes(body: bytes, dialect: str) -> None:
    heard = unpacked(body)
    assert told_apart(heard).name == dialect
    assert (wanted(heard).action, wanted(heard).horizon) == (("arm",), 2)


def test_an_array_comes_back_as_it_was_sent() -> None:
    sent = np.arange(24, dtype=np.int16).reshape(2, 3, 4)[:, ::2]
    back = unpacked(packed({"a": sent}))["a"]
    assert (back.dtype, back.tolist()) == (sent.dtype, sent.tolist())


def promising(shape: str) -> bytes:
    return b"\x81\xa1a" + array(npy(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}", ""))


def pickled() -> bytes:
    body = io.BytesIO()
    np.save(body, np.array([{}], dtype=object), allow_pickle=True)
    return msgpack.packb({"a": {"__ndarray_class__": True, "as_npy": body.getvalue()}})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (promising("(9999999999,)"), "an array of 79999999992 bytes in which 0 are left"),
        (promising("(-1,)"), "an array of -8 bytes in which 0 are left"),
        (pickled(), "an array of object; only numbers are read"),
        (b"\x81\xa1a\x82\xb1__ndarray_class__\xc3\xa6as_npy\xc4\x02hi", "no msgpack of GR00T's"),
        (b"\x81\xa1a\x81\xb1__ndarray_class__\xc3", "no msgpack of GR00T's: 'as_npy'"),
        (config("as_json", b"\xa1{"), "no msgpack of GR00T's"),
        (config("as_json", b"\x82\xaddelta_indices\x91\xa1x\xadmodality_keys\x91\x01"), "a modality with the keys"),
        (b"\x91" * 5000, "no msgpack of GR00T's"),
        (b"HTTP/1.1 400 Bad Request", "24 bytes that are no msgpack of GR00T's: "),
        (b"", "0 bytes that are no msgpack of GR00T's"),
    ],
)
def test_bytes_of_an_enemy_are_refused(body: bytes, message: str) -> None:
    with pytest.raises(PayloadError) as caught:
        unpacked(body)
    assert message in str(caught.value)


def test_a_numpy_scalar_is_not_sent_since_no_server_reads_it() -> None:
    with pytest.raises(TypeError, match="a float32 cannot be sent to GR00T; give arrays"):
        packed({"a": np.float32(1)})


def test_a_modality_is_read_without_its_other_fields() -> None:
    body = b"\x83\xaddelta_indices\x92\x00\x01\xadmodality_keys\x91\xa3arm\xaeaction_configs\xc0"
    assert unpacked(config("as_json", body)) == {"action": Modality(("arm",), (0, 1), False)}
