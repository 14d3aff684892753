"""What the twin costs, by CPU time where the machine is shared: physics, pictures, resets, the expert, workers.

python -m armtrial.tests.bench.twin
"""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from tabulate import tabulate

from armtrial.envs.catalog import ENVS
from armtrial.envs.gl import chosen
from armtrial.envs.player import Look
from armtrial.envs.remote import Worker
from armtrial.envs.worker import EnvSource
from armtrial.evaluators import evaluate
from armtrial.evaluators.provenance import machine
from armtrial.evaluators.records import EpisodeRecord
from armtrial.policies.base import Plan, Policy, PolicySpec, Query, World
from armtrial.tasks.base import Suite, Trial
from armtrial.tasks.tabletop import DISTRACTOR, SINGLE

SIZE = {"front": (224, 224), "wrist": (224, 224)}
REPEATS = 5
STEPS = 1500
SHORT = 10.0
"""Seconds of the trials of a policy that never succeeds; the expert needs about as many."""


class Looks(Policy):
    """Sees both pictures every 20 ticks, and thinks nothing: it stays where it is."""

    def __init__(self, world: World) -> None:
        state = world.observation.state
        self.spec = PolicySpec(name="looks", cameras=SIZE, state=state, action=world.action, horizon=20)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [Plan(np.tile(query.observation.state, (self.spec.horizon, 1))) for query in queries]


def cpu(call: Callable[[], object], times: int) -> float:
    """CPU seconds of one call; the median of several series."""
    return statistics.median(series(call, times) for _ in range(REPEATS))


def series(call: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - began) / times


def physics() -> float:
    """Steps per CPU second with random targets among distractors; the world's own reading of contacts is included."""
    from armtrial.envs.so100.env import So100Env
    from armtrial.envs.so100.model import STEPS_PER_TICK

    env = So100Env(DISTRACTOR.tasks)
    env.reset(DISTRACTOR.trials()[0])
    stream = np.random.default_rng(0)
    targets = [stream.uniform(env.action_spec.low, env.action_spec.high) for _ in range(10)]
    turn = iter(range(10**9))
    return STEPS_PER_TICK / cpu(lambda: env.step(targets[next(turn) // 15 % 10]), 150)


def pictures() -> tuple[float, float, list[float]]:
    """CPU milliseconds of a two-camera pair, `fast` and `pretty` in turn, and what one is of the other each time."""
    from armtrial.envs.so100.env import So100Env

    looks = [So100Env(DISTRACTOR.tasks, look=look) for look in ("fast", "pretty")]
    for env in looks:
        env.reset(DISTRACTOR.trials()[0])
        env.observe(SIZE)
    pairs = [[1000 * series(lambda env=env: env.observe(SIZE), 5) for env in looks] for _ in range(3 * REPEATS)]
    for env in looks:
        env.close()
    fast, pretty = np.median(np.array(pairs), axis=0)
    return float(fast), float(pretty), sorted(pretty / fast for fast, pretty in pairs)


def reset() -> float:
    """CPU milliseconds, after the first of a scene."""
    from armtrial.envs.so100.env import So100Env

    env = So100Env(DISTRACTOR.tasks)
    trials = DISTRACTOR.trials()[:30]
    for trial in trials[:3]:
        env.reset(trial)
    turn = iter(range(10**9))
    return 1000 * cpu(lambda: env.reset(trials[next(turn) % 30]), 30)


def suite(seconds: float | None) -> Suite:
    """`single` in a twin that counts its time, with another time limit if one is given."""
    place = "armtrial.tests.bench.timed:Timed"
    tasks = [replace(task, env=place, max_seconds=seconds or task.max_seconds) for task in SINGLE.tasks]
    return replace(SINGLE, name="timed", tasks=tuple(tasks))


KINDS = {
    "the expert": ("expert", suite(None), 16),
    "a policy that looks": (Looks, suite(SHORT), 8),
    "rynnvla": ("rynnvla", suite(SHORT), 4),
}
"""Policy, suite and trials a task: one that draws nothing and plans for long, the other way round, and one that does
both."""

SHARED = ("the expert", "a policy that looks")
"""Of which the workers do most: a model computes in the process that they work for."""


def played(kind: str, workers: int, tasks: int) -> tuple[EpisodeRecord, ...]:
    """The records of a whole run over the first tasks of `single`, in the order in which they were kept."""
    policy, asked, episodes = KINDS[kind]
    names = tuple(task.name for task in asked.tasks[:tasks])
    folder = Path(tempfile.mkdtemp())
    try:
        return evaluate(policy, asked, workers=workers, episodes=episodes, task=names, out=folder / "run").records
    finally:
        shutil.rmtree(folder)


def started(record: EpisodeRecord) -> float:
    return datetime.fromisoformat(record.clock.started).timestamp()


def ended(record: EpisodeRecord) -> float:
    return started(record) + record.clock.wall_seconds


def harness(kind: str) -> tuple[float, float]:
    """Simulated seconds per wall second with one worker, and the share of the wall time that is the harness's own.

    Its own is all from the start of one trial to the start of the next that is spent neither in the world's methods
    nor in the policy's `plan`: exchanges, checks, rules, records, their way to the disk. The first trial of each
    task, which builds its scene, is left out.
    """
    tasks = len(SINGLE.tasks)
    records = played(kind, 1, tasks)
    counted, last = records[tasks:-1], records[-1]
    wall = started(last) - started(counted[0])
    inside = sum(float(record.result.note) + sum(record.clock.plan_ms) / 1000 for record in counted)
    return sum(record.result.seconds for record in counted) / wall, 1 - inside / wall


def rate(kind: str, workers: int) -> float:
    """Trials per second of one task while all workers play: none builds its scene, none has run out of trials."""
    records = played(kind, workers, 1)
    names = {record.clock.worker for record in records}
    begins = max(min(ended(record) for record in records if record.clock.worker == name) for name in names)
    ends = max(started(record) for record in records)
    shares = [max(0.0, min(ended(r), ends) - max(started(r), begins)) / r.clock.wall_seconds for r in records]
    return sum(shares) / (ends - begins)


def scaling(kind: str) -> float:
    """Trials of two workers over those of one; the median of several pairs of runs."""
    return statistics.median(rate(kind, 2) / rate(kind, 1) for _ in range(REPEATS))


def ceiling() -> float:
    """Steps of two worlds side by side over those of one: what the machine gives without a harness."""
    trial, here = SINGLE.trials()[0], chosen(os.environ).environ
    workers = [Worker(environ=here) for _ in range(2)]
    try:
        for worker in workers:
            worker.call("open", EnvSource(ENVS["so100"], SINGLE.tasks, {}, here))
        pairs = [(_seconds(workers[:1], trial), _seconds(workers, trial)) for _ in range(REPEATS)]
        return statistics.median(2 * alone / together for alone, together in pairs)
    finally:
        for worker in workers:
            worker.stop()


def _seconds(workers: Sequence[Worker], trial: Trial) -> float:
    """In which each of them stands still for a while."""
    states = [worker.call("begin", trial, Look({})).observation.state for worker in workers]
    began = time.perf_counter()
    for worker, state in zip(workers, states):
        worker.submit("advance", np.tile(state, (STEPS, 1)))
    for worker in workers:
        worker.receive()
    return time.perf_counter() - began


def main() -> None:
    os.environ.update(chosen(os.environ).environ)
    fast, pretty, ratios = pictures()
    rows: list[tuple[str, str]] = [
        ("physics among distractors, contacts read", f"{physics():,.0f} steps per CPU second"),
        ("two pictures at 224x224, fast", f"{fast:.1f} ms CPU"),
        ("two pictures at 224x224, pretty", f"{pretty:.1f} ms CPU"),
        (
            "fast pictures for one that is pretty",
            f"{statistics.median(ratios):.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f})",
        ),
        ("reset after the first of a scene", f"{reset():.1f} ms CPU"),
        ("two worlds against one, without a harness", f"{ceiling():.2f} times the steps"),
    ]
    for kind in KINDS:
        speeds, shares = zip(*(harness(kind) for _ in range(REPEATS)))
        rows += [
            (f"{kind}, one worker", f"{statistics.median(speeds):.0f} times real time"),
            (f"{kind}: the harness's own time", f"{100 * statistics.median(shares):.1f} %"),
        ]
        if kind in SHARED:
            rows.append((f"{kind}: two workers against one", f"{scaling(kind):.2f} times the trials"))
    print(tabulate(rows, headers=("the SO-100 twin", "median")))
    print(f"\n{machine()['cpu']}, {machine()['cores']} cores, {chosen(os.environ)}, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
