"""Several servers of one policy: the queries of a call go out to all of them side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ..base import Plan, Query


class Lanes[S]:
    """A server each. They keep nothing between two plans, so that any of them may answer."""

    def __init__(self, servers: Sequence[S]) -> None:
        self.servers = tuple(servers)
        self._threads = ThreadPoolExecutor(len(servers), "lane") if len(servers) > 1 else None

    def planned(self, queries: Sequence[Query], ask: Callable[[S, Sequence[Query]], list[Plan]]) -> list[Plan]:
        """In the order of the queries, each server given its share. The first failure is raised once all have ended."""
        if self._threads is None:
            return ask(self.servers[0], queries)
        number = min(len(self.servers), len(queries))
        asked = [self._threads.submit(ask, self.servers[lane], queries[lane::number]) for lane in range(number)]
        failed = [error for future in asked if (error := future.exception())]
        if failed:
            raise failed[0]
        shares = [iter(future.result()) for future in asked]
        return [next(shares[place % number]) for place in range(len(queries))]

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown()


def urls(url: str | tuple[str, ...]) -> tuple[str, ...]:
    """`--url` said once is a text, and said several times all of them."""
    return (url,) if isinstance(url, str) else tuple(url)
