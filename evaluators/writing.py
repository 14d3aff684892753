"""Writing to the disk while the next trial is already under way."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait


class Writing:
    """One thing after another, in the order in which they came, in a thread of its own.

    What goes wrong is raised once, by whoever waits next, also where an interrupt came in between.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "armtrial-writing")
        self._under_way: deque[Future[None]] = deque()
        self.failed = False

    def begin(self, write: Callable[[], None]) -> None:
        """Waits only for what came before the last one: a slow disk holds the run up, but no single sync does."""
        self._under_way.append(self._thread.submit(write))
        self.settle(leave=1)

    def settle(self, leave: int = 0) -> None:
        """Waits until no more than `leave` are under way."""
        while len(self._under_way) > leave:
            wait([self._under_way[0]])
            error = self._under_way.popleft().exception()
            if error is not None and not self.failed:
                self.failed = True
                raise error

    def close(self) -> None:
        """Whatever was begun is done."""
        self._thread.shutdown()
