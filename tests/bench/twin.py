"""What the twin costs, by CPU time where the machine is shared: physics, pictures, resets, the expert, workers.

python -m armtrial.tests.bench.twin
"""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tabulate import tabulate

from armtrial.envs.gl import chosen
from armtrial.evaluators import Run, evaluate
from armtrial.evaluators.provenance import machine
from armtrial.tasks.tabletop import DISTRACTOR, SINGLE
from armtrial.tests.bench.overhead import span

SIZE = {"front": (224, 224), "wrist": (224, 224)}
REPEATS = 5


def cpu(call: Callable[[], object], times: int) -> float:
    """CPU seconds of one call; the median of several series."""
    series: list[float] = []
    for _ in range(REPEATS):
        began = time.process_time()
        for _ in range(times):
            call()
        series.append((time.process_time() - began) / times)
    return statistics.median(series)


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


def pictures() -> tuple[float, float]:
    """CPU milliseconds of a two-camera pair, `fast` and `pretty` in turn."""
    from armtrial.envs.so100.env import So100Env

    looks = [So100Env(DISTRACTOR.tasks, look=look) for look in ("fast", "pretty")]
    for env in looks:
        env.reset(DISTRACTOR.trials()[0])
        env.observe(SIZE)
    pairs = [[1000 * cpu(lambda env=env: env.observe(SIZE), 4) for env in looks] for _ in range(REPEATS)]
    for env in looks:
        env.close()
    fast, pretty = np.median(np.array(pairs), axis=0)
    return float(fast), float(pretty)


def reset() -> float:
    """CPU milliseconds, after the first of a scene."""
    from armtrial.envs.so100.env import So100Env

    env = So100Env(DISTRACTOR.tasks)
    trials = DISTRACTOR.trials()[:30]
    for trial in trials[:3]:
        env.reset(trial)
    turn = iter(range(10**9))
    return 1000 * cpu(lambda: env.reset(trials[next(turn) % 30]), 30)


def played(policy: str, workers: int, episodes: int) -> tuple[Run, float]:
    """A whole run over `single`, and the wall seconds from its first trial to its last."""
    folder = Path(tempfile.mkdtemp())
    try:
        run = evaluate(policy, SINGLE, workers=workers, episodes=episodes, out=folder / "run")
        return run, span([record.clock for record in run.records])
    finally:
        shutil.rmtree(folder)


def expert_speed() -> tuple[float, float]:
    """Simulated seconds per wall second on one core, and the share of the time that was neither world nor policy."""
    run, seconds = played("expert", 1, 8)
    simulated = sum(record.result.seconds for record in run.records)
    inside = sum(r.clock.world_seconds + sum(r.clock.plan_ms) / 1000 for r in run.records)
    return simulated / seconds, 1 - inside / sum(r.clock.wall_seconds for r in run.records)


def scaling() -> float:
    """Trials per hour of two workers over those of one, for a policy that looks at nothing."""
    ratios = [played("hold", 1, 4)[1] / played("hold", 2, 4)[1] for _ in range(3)]
    return statistics.median(ratios)


def main() -> None:
    os.environ.update(chosen(os.environ).environ)
    fast, pretty = pictures()
    speed, overhead = expert_speed()
    rows: Sequence[tuple[str, str]] = [
        ("physics among distractors, contacts read", f"{physics():,.0f} steps per CPU second"),
        ("two pictures at 224x224, fast", f"{fast:.1f} ms CPU"),
        ("two pictures at 224x224, pretty", f"{pretty:.1f} ms CPU, {pretty / fast:.1f} times fast"),
        ("reset after the first of a scene", f"{reset():.1f} ms CPU"),
        ("expert, one worker", f"{speed:.0f} times real time"),
        ("time that is neither world nor policy", f"{100 * overhead:.1f} %"),
        ("two workers against one", f"{scaling():.2f} times the trials"),
    ]
    print(tabulate(rows, headers=("the SO-100 twin", "median")))
    print(f"\n{machine()['cpu']}, {machine()['cores']} cores, {chosen(os.environ)}")


if __name__ == "__main__":
    main()
