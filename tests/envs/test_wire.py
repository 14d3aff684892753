"""What is written to a stream is what is read from it, and nothing is built that should not be."""

import enum
import io
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from armtrial.envs import wire
from armtrial.envs.base import Control, Observation, Start, Step
from armtrial.envs.line import LineEnv
from armtrial.envs.locate import LocateError
from armtrial.tasks.base import Event, Trial
from armtrial.tasks.toy import TOY

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.sampled_from(Control)
    | st.builds(Event, st.floats(allow_nan=False), st.text(), st.text())
    | st.builds(Trial, st.text(), st.text(), st.integers(0, 9), st.text(), st.integers(0, 9))
)
KEYS = st.text(st.characters(exclude_characters="~", codec="utf-8")) | st.integers(0, 99)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner),
    max_leaves=20,
)
ARRAYS = arrays.arrays(
    st.sampled_from([np.uint8, np.float64, np.float32, np.int64, np.bool_]),
    arrays.array_shapes(min_dims=0, min_side=0, max_side=4),
)


@dataclass(frozen=True)
class Derived:
    given: int
    computed: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "computed", 2 * self.given)


class Pair(NamedTuple):
    left: int
    right: int


class Level(enum.IntEnum):
    HIGH = 3


def there_and_back(value: Any) -> Any:
    stream = io.BytesIO()
    wire.write(stream, value)
    stream.seek(0)
    return wire.read(stream)


def frame(body: Any) -> io.BytesIO:
    packed = msgpack.packb(body)
    return io.BytesIO(len(packed).to_bytes(4, "big") + packed)


@given(VALUES)
def test_a_value_comes_back_equal_and_of_its_type(value: Any) -> None:
    back = there_and_back(value)
    assert (back, type(back), repr(back)) == (value, type(value), repr(value))


@given(ARRAYS)
def test_an_array_comes_back_to_the_bit(array: np.ndarray) -> None:
    back = there_and_back(array)
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())


@pytest.mark.parametrize("number", [3, wire.LARGE])
def test_an_array_that_came_is_the_receiver_s_to_write_to(number: int) -> None:
    assert there_and_back(np.zeros(number)).flags.writeable


@pytest.mark.parametrize("rows", [2, wire.LARGE])
@pytest.mark.parametrize("turned", [lambda a: a[::-1], lambda a: a.T, lambda a: a[:, 1], np.asfortranarray])
def test_a_view_arrives_as_what_it_shows(turned: Any, rows: int) -> None:
    view = turned(np.arange(3.0 * rows).reshape(rows, 3))
    assert np.array_equal(there_and_back(view), view)


@pytest.mark.parametrize("kind", ["uint8", "bool", "complex128", ">f4", "datetime64[s]"])
def test_large_arrays_keep_their_order_and_their_kind(kind: str) -> None:
    one, two = (np.frombuffer(bytes([fill]) * 16 * wire.LARGE, np.dtype(kind)) for fill in (0, 1))
    back = there_and_back({"two": two, "small": np.arange(3), "pair": (one, two)})
    for sent, came in ((two, back["two"]), (one, back["pair"][0]), (two, back["pair"][1])):
        assert (came.dtype, came.shape, came.tobytes()) == (sent.dtype, sent.shape, sent.tobytes())


def test_the_next_frame_begins_behind_the_large_arrays_of_the_last() -> None:
    stream = io.BytesIO()
    for value in ([np.ones(wire.LARGE), np.zeros(wire.LARGE)], "next"):
        wire.write(stream, value)
    stream.seek(0)
    assert [array.mean() for array in wire.read(stream)] == [1.0, 0.0]
    assert wire.read(stream) == "next"


def test_a_large_array_that_was_cut_off_is_a_stream_that_ended() -> None:
    stream = io.BytesIO()
    wire.write(stream, np.zeros(wire.LARGE))
    with pytest.raises(wire.StreamEnded, match=r"^the stream ended 7 bytes early$"):
        wire.read(io.BytesIO(stream.getvalue()[:-7]))


def test_numbers_of_numpy_arrive_as_numbers_of_python() -> None:
    back = there_and_back([np.float64(0.5), np.int32(3), np.bool_(True)])
    assert (back, [type(value) for value in back]) == ([0.5, 3, True], [float, int, bool])


def test_observations_and_steps_travel_whole() -> None:
    env = LineEnv(TOY.tasks)
    start = env.reset(TOY.trials()[0])
    seen = env.observe({"front": (8, 6)}, privileged=True)
    back: Observation = there_and_back(seen)
    assert np.array_equal(back.images["front"], seen.images["front"])
    assert np.array_equal(back.privileged["marks"], seen.privileged["marks"])
    assert there_and_back(start).hash == start.hash
    step: Step = there_and_back(env.step(np.zeros(2)))
    assert isinstance(step, Step)


def test_a_start_without_dimensions_keeps_its_hash() -> None:
    start = Start({"light": np.array(0.5)})
    assert there_and_back(start).hash == start.hash


def test_suites_and_specs_travel_with_their_own_classes() -> None:
    assert there_and_back(TOY) == TOY
    assert there_and_back(LineEnv.action_spec) == LineEnv.action_spec
    assert there_and_back(replace(LineEnv.observation_spec, state=())).state == ()


def test_a_field_that_is_computed_is_computed_again() -> None:
    assert there_and_back(Derived(4)) == Derived(4)


def test_kinds_of_dict_and_tuple_arrive_as_the_plain_ones() -> None:
    assert there_and_back([OrderedDict(a=1), Pair(1, 2)]) == [{"a": 1}, (1, 2)]


def test_an_enum_of_numbers_stays_an_enum() -> None:
    assert there_and_back(Level.HIGH) is Level.HIGH


def test_frames_follow_each_other_on_a_stream() -> None:
    stream = io.BytesIO()
    for value in (1, "two", (3,)):
        wire.write(stream, value)
    stream.seek(0)
    assert [wire.read(stream) for _ in range(3)] == [1, "two", (3,)]
    with pytest.raises(wire.StreamEnded):
        wire.read(stream)


@pytest.mark.parametrize(("kept", "missing"), [(0, 4), (2, 2), (4, 6), (9, 1)])
def test_a_frame_that_was_cut_off_is_a_stream_that_ended(kept: int, missing: int) -> None:
    stream = frame("hello")
    with pytest.raises(wire.StreamEnded, match=f"^the stream ended {missing} bytes early$"):
        wire.read(io.BytesIO(stream.getvalue()[:kept]))


@pytest.mark.parametrize("value", [{1, 2}, object(), Path("/"), np.array([None])])
def test_what_cannot_travel_is_refused_before_a_byte_is_written(value: Any) -> None:
    stream = io.BytesIO()
    with pytest.raises(TypeError, match="cannot travel between processes"):
        wire.write(stream, [value])
    assert stream.getvalue() == b""


@pytest.mark.parametrize("place", ["subprocess:Popen", "os:system", "builtins:dict", "pathlib:Path"])
@pytest.mark.parametrize("tag", ["~data", "~enum"])
def test_nothing_but_dataclasses_and_enums_is_built(place: str, tag: str) -> None:
    with pytest.raises(TypeError, match=f"^{place} is neither a dataclass nor an enum"):
        wire.read(frame({tag: [place, {}]}))


def test_a_class_that_is_not_there_is_named() -> None:
    with pytest.raises(LocateError, match=r"armtrial\.tasks\.base has no 'Nothing'"):
        wire.read(frame({"~data": ["armtrial.tasks.base:Nothing", {}]}))
