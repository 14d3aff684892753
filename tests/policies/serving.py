"""Our server in a thread, for tests that are its clients."""

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from armtrial.envs.faults import Fault
from armtrial.envs.line import LineEnv
from armtrial.policies.base import Policy, World
from armtrial.policies.remote.server.door import Door, Entrance, serve
from armtrial.policies.remote.server.engine import Engine

LINE = World(LineEnv.observation_spec, LineEnv.action_spec)


@dataclass
class Served:
    url: str
    door: Door
    policy: Policy
    engine: Engine


@contextmanager
def served(
    build: Callable[[], Policy], batch: int | None = None, entrance: Entrance | None = None
) -> Generator[Served]:
    """On a free port, until it is left."""
    engine = Engine(build, batch)
    policy = engine.start()
    assert not isinstance(policy, Fault), policy
    stop, loop, doors = asyncio.Event(), asyncio.new_event_loop(), list[Door]()
    ready = threading.Event()

    def opened(door: Door) -> None:
        doors.append(door)
        ready.set()

    going = serve(engine, policy.spec, entrance or Entrance(port=0), stop, opened, seconds=30)
    thread = threading.Thread(target=loop.run_until_complete, args=(going,))
    thread.start()
    try:
        assert ready.wait(30), "the server did not open"
        yield Served(f"ws://127.0.0.1:{doors[0].port}", doors[0], policy, engine)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        loop.close()
        assert not thread.is_alive(), "the server did not stop"
