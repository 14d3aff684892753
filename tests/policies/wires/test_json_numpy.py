"""json_numpy's form, to the letter, and what is refused."""

import importlib

import numpy as np
import pytest

from armtrial.policies.remote.wires.json_numpy import packed, twice_unpacked, unpacked

WRITTEN = '{"a": {"__numpy__": "AAAAAAAA8D8AAAAAAAAAQA==", "dtype": "<f8", "shape": [1, 2]}}'


def test_an_array_is_written_with_these_letters() -> None:
    assert packed({"a": np.array([[1.0, 2.0]])}) == WRITTEN
    assert unpacked(WRITTEN)["a"].tolist() == [[1.0, 2.0]]


def test_the_package_json_numpy_writes_and_reads_the_same() -> None:
    try:
        theirs = importlib.import_module("json_numpy")
    except ImportError:
        pytest.skip("json-numpy is not installed")
    values = {
        "picture": np.arange(12, dtype=np.uint8).reshape(2, 2, 3)[:, ::-1],
        "n": np.float32(0.5),
        "t": ["x", 1, None],
    }
    assert packed(values) == theirs.dumps(values)
    assert unpacked(theirs.dumps(values))["picture"].tolist() == values["picture"].tolist()
    assert theirs.loads(packed(values))["n"] == np.float32(0.5)


def test_a_text_that_holds_json_is_read_once_more() -> None:
    assert twice_unpacked(packed(packed([np.array([1, 2])])))[0].tolist() == [1, 2]
    assert twice_unpacked(b'"error"') == "error"


def test_a_scalar_comes_back_as_one_and_an_array_may_be_written_to() -> None:
    assert unpacked(packed(np.float64(3.5))) == 3.5
    unpacked(packed(np.zeros(2)))[0] = 1


@pytest.mark.parametrize(
    "text",
    [
        '{"__numpy__": "AAAA", "dtype": "|O", "shape": [1]}',
        '{"__numpy__": "AAAA", "dtype": "<f8", "shape": [1000000000000]}',
        '{"__numpy__": "AAAA", "dtype": "<f8", "shape": [-1]}',
        '{"__numpy__": "AAAA", "dtype": "nonsense", "shape": [1]}',
        '{"__numpy__": 5, "dtype": "<f8", "shape": [1]}',
        '{"__numpy__": "AAAA"}',
        '{"a": ',
        "[" * 100_000,
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_array_of_numbers_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"^this is no JSON with arrays: "):
        unpacked(text)
