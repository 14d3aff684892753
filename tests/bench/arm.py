"""How punctual an arm's loop is at 30 Hz: LeRobot's driver on software servos, alone and with a twin behind them.

python -m armtrial.tests.bench.arm [SECONDS]
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from tabulate import tabulate

from armtrial.envs.so100.units import Calibration
from armtrial.evaluators import evaluate
from armtrial.evaluators.provenance import machine
from armtrial.real.limits import Limits
from armtrial.real.loop import Loop
from armtrial.tasks.base import Suite
from armtrial.tasks.tabletop import SINGLE
from armtrial.tests.real.lines import follower, line

SECONDS, RATE = 60.0, 30.0
AIM = 5.0
"""Milliseconds that 99 of 100 ticks may come late, on a machine with nothing else to do."""


def of_the_line(seconds: float) -> list[float]:
    """Nobody draws and nothing moves: what reading six servos and writing six goals leaves."""
    with tempfile.TemporaryDirectory() as folder, line(lockstep=False) as bus:
        arm = follower(bus, Path(folder))
        arm.connect()
        units = Calibration.from_file(arm.calibration_file)
        loop = Loop(arm, Limits(low=units.low, high=units.high), units, RATE, paced=True)
        loop.attended = True
        began = loop.tick
        swing = 10 * np.sin(np.arange(round(seconds * RATE)) / 20)
        loop.follow(began + 1, loop.last + np.outer(swing, [1, 0, 0, 0, 1, 0]))
        time.sleep(seconds)
        loop.close()
        arm.close()
        return loop.late[:]


def of_a_trial(seconds: float, video: str) -> tuple[float, float, float]:
    """The twin behind the servos, in the same process: median, 99th percentile and most."""
    task = replace(SINGLE.tasks[0], max_seconds=seconds)
    with tempfile.TemporaryDirectory() as folder:
        run = evaluate(
            "hold",
            Suite(name="still", version=1, tasks=(task,), per_task=1),
            out=Path(folder) / "run",
            env="real",
            port="twin",
            yes=True,
            workers=0,
            video=video,
            realtime=True,
        )
    log = run.records[0].rig
    if log is None or log.jitter_ms is None:
        raise SystemExit(f"the trial was not played: {run.records[0].result.error}")
    return log.jitter_ms


def row(name: str, late: Sequence[float]) -> list[str]:
    return [name, *(f"{value:.2f}" for value in late), "yes" if late[1] < AIM else "no"]


def main(seconds: float) -> None:
    here, load = machine(), ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"{seconds:g} s each at {RATE:g} Hz; {here['cpu']}, {here['cores']} cores, load {load}\n")
    alone = np.quantile(1000 * np.array(of_the_line(seconds)), (0.5, 0.99, 1.0))
    rows = [row("driver and line", alone.tolist())]
    rows.append(row("a twin behind it", of_a_trial(seconds, "none")))
    rows.append(row("and two films", of_a_trial(seconds, "all")))
    print(tabulate(rows, ["ticks late, ms", "median", "p99", "most", f"p99 < {AIM:g}"], tablefmt="simple"))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
