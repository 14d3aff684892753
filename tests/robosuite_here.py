"""What robosuite is played with on this machine, for the tests that need it."""

import os

import pytest

from armtrial.envs.guests import Guest, GuestError
from armtrial.envs.robosuite.guest import guest

MUST_PLAY = "ARMTRIAL_TESTS_PLAY_ROBOSUITE"
"""A variable under which these tests fail where they would be skipped."""


def found() -> Guest:
    try:
        return guest({}, os.environ)
    except GuestError as error:
        said = f"robosuite cannot be played here: {error}"
    if os.environ.get(MUST_PLAY):
        pytest.fail(f"{said}; {MUST_PLAY} is set", pytrace=False)
    pytest.skip(f"{said}; to fail where it is skipped: {MUST_PLAY}=1")
