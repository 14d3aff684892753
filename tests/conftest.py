"""MuJoCo settles how it draws when it is imported: a backend is chosen before any test module is. Signals reach what
tests start, however the tests themselves were started."""

import os
import signal

import pytest

from armtrial.envs.gl import GlError, chosen
from armtrial.envs.guests import Guest
from armtrial.tests import robosuite_here

DRAWS = (
    "so100",
    "test_gl.py",
    "test_gym.py",
    "test_contracts.py",
    "test_expert.py",
    "test_doctor.py",
    "test_collect.py",
)
"""Parts of the names of tests that draw with MuJoCo, or whose files do."""
UNABLE = ""
"""Why nothing can be drawn here; empty where it can."""

try:
    os.environ.update(chosen(os.environ).environ)
except GlError as error:
    UNABLE = str(error)


def pytest_configure() -> None:
    """`nohup` and jobs in the background ignore signals, and what they start would too."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A machine without GL skips what draws and says what to install; CI must have it."""
    if UNABLE and any(part in item.nodeid for part in DRAWS):
        if os.environ.get("CI"):
            pytest.fail(UNABLE, pytrace=False)
        pytest.skip(UNABLE)


@pytest.fixture(scope="session")
def robosuite() -> Guest:
    """What robosuite is played with."""
    return robosuite_here.found()
