"""What our own server adds to a plan: a policy that costs nothing behind it, with two 640x480 pictures, on loopback.

python -m armtrial.tests.bench.serve
"""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tabulate import tabulate

from armtrial.envs.base import ActionSpec, Control, Gripper, Observation, ObservationSpec
from armtrial.evaluators.provenance import machine
from armtrial.policies.base import Plan, Policy, PolicySpec, Query, World
from armtrial.policies.remote.openpi import OpenPi
from armtrial.policies.remote.server.door import Door, Entrance, serve
from armtrial.policies.remote.server.engine import Engine

NAMES = ("a", "b", "c", "d", "e", "f")
ACTION = ActionSpec(
    names=NAMES,
    low=(-1.0,) * 6,
    high=(1.0,) * 6,
    units=("",) * 6,
    control=Control.ABSOLUTE,
    gripper=Gripper.NONE,
    rate=30.0,
)
WORLD = World(ObservationSpec({"front": (640, 480), "wrist": (640, 480)}, NAMES), ACTION)
PLANS = 300
WARM = 20
HEADERS = ("queries a call", "ms a plan", "least", "p99", "of the call at the server", "CPU ms of both ends a plan")
AIM = 5.0
"""Milliseconds a plan."""


class Free(Policy):
    """Its plan was made before."""

    def __init__(self, world: World) -> None:
        self.spec = PolicySpec(name="free", cameras=world.observation.cameras, action=world.action, horizon=50)
        self._plan = Plan(np.zeros((50, len(world.action.names))))

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [self._plan] * len(queries)


def observation() -> Observation:
    stream = np.random.default_rng(0)
    pictures = {
        name: stream.integers(0, 256, (height, width, 3), dtype=np.uint8)
        for name, (width, height) in WORLD.observation.cameras.items()
    }
    return Observation(pictures, np.zeros(len(NAMES)), "Do nothing.", 0.0)


def measured(url: str, batch: int) -> list[dict[str, float]]:
    """The timings of each call, and its wall time over its plans."""
    policy = OpenPi(WORLD, url=url)
    seen = observation()
    queries = [Query(slot, seen, 0) for slot in range(batch)]
    for slot in range(batch):
        policy.reset(slot, "bench", 0)
    calls: list[dict[str, float]] = []
    for _ in range(WARM + PLANS // batch):
        began = time.perf_counter()
        plans = policy.plan(queries)
        took = 1000 * (time.perf_counter() - began)
        calls.append(dict(plans[0].timings) | {"each": took / batch})
    policy.close()
    return calls[WARM:]


def cpu_ms(process: int) -> float:
    """Of this process and the other: on a machine with other work it says more than a clock on the wall."""
    times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    ticks = int(times[11]) + int(times[12])
    return 1000 * (time.process_time() + ticks / os.sysconf("SC_CLK_TCK"))


def server() -> None:
    """In a process of its own: prints its port."""

    async def going() -> None:
        engine = Engine(lambda: Free(WORLD))
        engine.start()

        def opened(door: Door) -> None:
            print(door.port, flush=True)

        await serve(engine, Free(WORLD).spec, Entrance(port=0), asyncio.Event(), opened)

    asyncio.run(going())


def main() -> None:
    command = [sys.executable, "-m", "armtrial.tests.bench.serve", "server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = f"ws://127.0.0.1:{int(process.stdout.readline())}"
            rows: list[tuple[str, ...]] = []
            for batch in (1, 4):
                before = cpu_ms(process.pid)
                calls = measured(url, batch)
                spent = (cpu_ms(process.pid) - before) / (batch * (WARM + PLANS // batch))
                each = sorted(call["each"] for call in calls)
                late = each[int(0.99 * len(each))]
                server_ms = statistics.median(call["server"] for call in calls)
                figures = (statistics.median(each), each[0], late, server_ms, spent)
                rows.append((str(batch), *(f"{figure:.2f}" for figure in figures)))
        finally:
            process.terminate()
    print(tabulate(rows, headers=HEADERS, tablefmt="github"))
    print(f"\naim: {AIM:g} ms a plan; {machine()['cpu']}, {machine()['cores']} cores")


if __name__ == "__main__":
    server() if "server" in sys.argv else main()
