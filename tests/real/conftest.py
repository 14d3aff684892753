"""Tests of an arm by the clock, on a machine that has other things to do."""

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from armtrial.tests.real.slow_host import borne


@pytest.fixture(autouse=True)
def slow_host(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if request.node.get_closest_marker("lerobot") and find_spec("scservo_sdk"):
            borne(patch.setattr)
        yield
