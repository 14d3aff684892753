"""Queries are spread over servers, and come back in order."""

import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest

from armtrial.envs.base import Observation
from armtrial.policies.base import Plan, Query, TransportError
from armtrial.policies.remote.lanes import Lanes, urls

QUERIES = [Query(slot, Observation({}, np.array([float(slot)]), "", 0.0), 0) for slot in range(5)]


def echo(server: str, queries: Sequence[Query]) -> list[Plan]:
    return [Plan(query.observation.state[None], flags=(server,)) for query in queries]


@pytest.mark.parametrize("number", [1, 2, 3, 7])
@pytest.mark.parametrize("asked", [0, 1, 5])
def test_plans_come_in_the_order_of_their_queries(number: int, asked: int) -> None:
    lanes = Lanes([f"s{n}" for n in range(number)])
    plans = lanes.planned(QUERIES[:asked], echo)
    assert [plan.actions[0, 0] for plan in plans] == list(range(asked))
    assert len({plan.flags for plan in plans}) == min(number, asked)
    lanes.close()


def test_servers_are_asked_at_the_same_time() -> None:
    together = threading.Barrier(2, timeout=30)

    def meet(server: str, queries: Sequence[Query]) -> list[Plan]:
        together.wait()
        return echo(server, queries)

    lanes = Lanes(["a", "b"])
    assert len(lanes.planned(QUERIES, meet)) == 5
    lanes.close()


def test_a_failure_is_raised_when_no_server_is_asked_any_more() -> None:
    ended: list[str] = []

    def fails(server: str, queries: Sequence[Query]) -> list[Plan]:
        if server == "a":
            raise TransportError("gone")
        time.sleep(0.1)
        ended.append(server)
        return echo(server, queries)

    lanes = Lanes(["a", "b"])
    with pytest.raises(TransportError, match=r"^gone$"):
        lanes.planned(QUERIES, fails)
    assert ended == ["b"]
    lanes.close()


def test_a_url_may_be_said_once_or_several_times() -> None:
    assert urls("x") == ("x",)
    assert urls(("x", "y")) == ("x", "y")
