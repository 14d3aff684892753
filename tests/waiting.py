"""What a test waits for is an event and not a length of time: a machine may be as slow as it likes."""

import time
from collections.abc import Callable


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """`seconds`: until it counts as something that never comes."""
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit, f"it had not come to that after {seconds:g} s"
        time.sleep(0.002)
