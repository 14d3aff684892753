"""openpi's encoding, to the byte, and what comes from a stranger."""

from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from armtrial.policies.remote.wires.msgpack_numpy import CodecError, packed, unpacked

OBSERVATION: dict[str, Any] = {
    "observation/image": np.arange(12, dtype=np.uint8).reshape(2, 2, 3),
    "state": np.array([0.5, -1.0], dtype=np.float32),
    "gripper": np.float32(0.25),
    "prompt": "go",
}
GOLDEN = bytes.fromhex(
    "84"
    "b16f62736572766174696f6e2f696d616765"  # observation/image
    "84c40b5f5f6e6461727261795f5fc3"  # b"__ndarray__": true
    "c40464617461c40c000102030405060708090a0b"  # b"data"
    "c4056474797065a37c7531"  # b"dtype": "|u1"
    "c4057368617065930202" + "03"  # b"shape": [2, 2, 3]
    "a57374617465"
    "84c40b5f5f6e6461727261795f5fc3c40464617461c4080000003f000080bf"
    "c4056474797065a33c6634c40573686170659102"
    "a767726970706572"
    "83c40d5f5f6e7067656e657269635f5fc3c40464617461cb3fd0000000000000c4056474797065a33c6634"
    "a670726f6d7074a2676f"
)


def test_an_observation_is_packed_to_these_bytes() -> None:
    assert packed(OBSERVATION) == GOLDEN


def test_these_bytes_are_read_as_that_observation() -> None:
    read = unpacked(GOLDEN)
    assert read["prompt"] == "go"
    assert read["gripper"] == np.float32(0.25)
    assert read["gripper"].dtype == np.float32
    assert np.array_equal(read["observation/image"], OBSERVATION["observation/image"])
    read["observation/image"][:] = 0  # the reader's own


VALUES = [
    OBSERVATION,
    {"images": {"cam_high": np.zeros((3, 4, 5), dtype=np.uint8)[:, ::-1]}},
    {"actions": np.linspace(0, 1, 6).reshape(2, 3), "policy_timing": {"infer_ms": 1.5}},
    {"a": (1, 2.5, None, True), "b": np.int64(-3), "c": np.bool_(True), "d": np.float64(2.5)},
    {"empty": np.empty((0, 7)), "scalar": np.array(3), "text": np.array(["a", "bc"])},
    {"fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "big": np.arange(3, dtype=">i2")},
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_the_bytes_are_those_of_openpi_s_own_client(value: Any) -> None:
    theirs = pytest.importorskip("openpi_client.msgpack_numpy")
    assert packed(value) == theirs.Packer().pack(value)
    ours, read = unpacked(packed(value)), theirs.unpackb(packed(value))
    assert str(ours) == str(read)


@given(
    some.sampled_from(["<f4", "<f8", "|u1", "<i8", "|b1", "<f2", ">i2"]),
    some.lists(some.integers(0, 4), max_size=4),
    some.integers(0, 2**32),
)
def test_every_array_comes_back_as_it_was(dtype: str, shape: list[int], seed: int) -> None:
    given_ = np.random.default_rng(seed).uniform(-100, 100, shape).astype(dtype)
    read = unpacked(packed(given_))
    assert (read.dtype, read.shape) == (given_.dtype, given_.shape)
    assert read.tobytes() == given_.tobytes()


@pytest.mark.parametrize("value", [np.array([object()]), np.array([1j]), np.zeros(2, "i4,f4"), object(), {1, 2}, 2**70])
def test_what_openpi_does_not_carry_is_refused_before_it_is_sent(value: Any) -> None:
    with pytest.raises(CodecError, match="cannot travel"):
        packed({"value": value})


def array(dtype: Any = "<f4", shape: Any = (2,), data: Any = b"\0" * 8) -> bytes:
    return msgpack.packb({b"__ndarray__": True, b"data": data, b"dtype": dtype, b"shape": shape})


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (array("|O"), "an array of '|O' came"),
        (array("O"), "an array of 'O' came"),
        (array("|V8"), "an array of '|V8' came"),
        (array("i4,f4"), "an array of 'i4,f4' came"),
        (array("<c8"), "an array of '<c8' came"),
        (array("<f3"), "an array of '<f3' came"),
        (array("<M8[s]"), "came; those of numbers and texts are read"),
        (array(7), "an array of 7 came"),
        (array(shape=(3,)), "has 12 bytes; 8 bytes came"),
        (array(shape=(2**40, 0)), "an array's shape is"),
        (array(shape=(-1,)), "an array's shape is [-1]"),
        (array(shape=(True, 2)), "an array's shape is [True, 2]"),
        (array(shape="2"), "an array's shape is '2'"),
        (array(shape=(1,) * 40), "at most 32 whole numbers"),
        (array(data="text"), "has 8 bytes; a str came"),
        (msgpack.packb({b"__npgeneric__": True, b"data": [1], b"dtype": "<f4"}), "a number of <f4 came as a list"),
        (msgpack.packb({b"__npgeneric__": True, b"data": "x", b"dtype": "<f4"}), "a number of <f4 came as 'x'"),
        (b"\xd4\x05x", "an extension of type 5 came"),
        (msgpack.packb([[]] * 100_001), "more than 100000 maps and lists"),
        (b"\x91" * 5000 + b"\xc0", "this is no msgpack frame"),
        (b"\xdd\xff\xff\xff\xff", "this is no msgpack frame"),
        (b"\xc1", "this is no msgpack frame"),
        (b"", "this is no msgpack frame"),
        (packed([1]) + b"\0", "this is no msgpack frame"),
        (b"\xa2\xff\xfe", "this is no msgpack frame"),
    ],
)
def test_a_frame_that_lies_is_refused(frame: bytes, message: str) -> None:
    with pytest.raises(CodecError) as caught:
        unpacked(frame)
    assert message in str(caught.value)


def test_a_frame_larger_than_agreed_is_not_read() -> None:
    with pytest.raises(CodecError, match="a frame of 12 bytes came; at most 10 are read"):
        unpacked(b"\0" * 12, largest=10)


@given(some.binary(max_size=200))
def test_no_bytes_raise_anything_else(frame: bytes) -> None:
    try:
        unpacked(frame)
    except CodecError:
        return
