"""Workers share the machine's cores, also where they draw."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from armtrial.envs.base import Observation
from armtrial.envs.line import LineEnv
from armtrial.envs.worker import EnvSource
from armtrial.evaluators import pool
from armtrial.tasks.toy import TOY


class Tells(LineEnv):
    """Says in its instruction with how many threads Mesa draws in its process."""

    def observe(self, *_: Any, **__: Any) -> Observation:
        return replace(super().observe({}), instruction=os.environ.get("LP_NUM_THREADS", "Mesa's choice"))


@contextmanager
def seats(number: int, environ: dict[str, str]) -> Iterator[list[pool.WorkerSeat]]:
    opened, _ = pool.open_workers(EnvSource(f"{__file__}:Tells", TOY.tasks, {}, environ), number)
    try:
        yield opened
    finally:
        pool.close_all(opened)


def told(number: int, **environ: str) -> set[str]:
    answers: set[str] = set()
    with seats(number, environ) as opened:
        for seat in opened:
            seat.submit("reset", TOY.trials()[0], allowed=30)
            seat.receive()
            seat.submit("observe", {}, allowed=30)
            answers.add(seat.receive().instruction)
    return answers


@pytest.mark.parametrize(
    ("workers", "cores", "threads"), [(1, 8, "Mesa's choice"), (2, 8, "4"), (2, 2, "0"), (3, 1, "0")]
)
def test_workers_draw_with_their_share_of_the_cores(
    workers: int, cores: int, threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert told(workers) == {threads}


def test_who_sets_the_number_of_threads_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LP_NUM_THREADS", "3")
    assert told(2) == {"3"}
    monkeypatch.delenv("LP_NUM_THREADS")
    assert told(2, LP_NUM_THREADS="5") == {"5"}
