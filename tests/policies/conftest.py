"""Small tensors, and other processes beside them: threads that wait for each other would cost more than they bring."""

import sys

import pytest


@pytest.fixture(autouse=True)
def one_thread() -> None:
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
