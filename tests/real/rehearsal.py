"""What the tests of a rehearsal share: short trials, an arm on which things go wrong, policies, and a person."""

import os
import pty
import re
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from armtrial.envs.base import Start, Step, Vector
from armtrial.policies.base import Plan, Policy, PolicySpec, Query, World
from armtrial.real import registers as reg
from armtrial.real.arm import So100Arm
from armtrial.tasks.base import Suite, Task, Trial
from armtrial.tasks.tabletop import SINGLE

SHORT = Suite(name="short", version=1, tasks=(replace(SINGLE.tasks[0], max_seconds=2.0),), per_task=2)
"""Two seconds for a block."""
QUICK: Mapping[str, Any] = {
    "env": "real",
    "port": "twin",
    "workers": 0,
    "env_arg": ("lockstep=True", "pictures=False"),
}
AT = 20
"""The tick at which something goes wrong."""


class FaultyArm(So100Arm):
    """In every trial of index 0 something goes wrong; before the next one it is put right."""

    def __init__(self, tasks: Sequence[Task], *, fault: str = "", **settings: Any) -> None:
        super().__init__(tasks, **settings)
        self._fault = fault

    def reset(self, trial: Trial) -> Start:
        bus = self.soft.bus
        bus.faults.stalled.clear()
        self.soft.frozen.clear()
        for servo in bus.servos:
            servo.put(reg.TEMPERATURE, 31)
            servo.put(reg.VOLTAGE, 74)
            servo.put(reg.STATUS, 0)
        with suppress(OSError):
            if not os.path.lexists(bus.port):
                bus.plug_in()
        self._index = trial.index
        return super().reset(trial)

    def step(self, action: Vector) -> Step:
        if self._cursor == AT and self._index == 0:
            self._break()
        return super().step(action)

    def _break(self) -> None:
        bus = self.soft.bus
        if self._fault == "heat":
            bus.servos[3].put(reg.TEMPERATURE, 65)
        elif self._fault == "supply":
            bus.servos[0].put(reg.VOLTAGE, 48)
        elif self._fault == "stall":
            bus.faults.stalled.add(2)
        elif self._fault == "noise":
            bus.faults.dropped = bus.faults.corrupted = 1
        elif self._fault == "pulled":
            bus.unplug()
        elif self._fault == "loose":
            bus.unplug()
            threading.Timer(0.3, bus.plug_in).start()
        elif self._fault == "frozen":
            self.soft.frozen.add("front")


class Swing(Policy):
    """Lifts the upper arm, a little more with every plan."""

    cameras: Mapping[str, tuple[int, int]] = {}

    def __init__(self, world: World) -> None:
        self.spec = PolicySpec(
            name="swing",
            state=world.observation.state,
            action=world.action,
            horizon=10,
            cameras=self.cameras,
        )

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        self._plans = 0

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        self._plans += 1
        goals = [query.observation.state.copy() for query in queries]
        for goal in goals:
            goal[1] += 20.0
        return [Plan(goal[None].repeat(10, axis=0)) for goal in goals]


class Looking(Swing):
    cameras = {"front": (64, 48)}  # noqa: RUF012 -- replaced by nobody


class Sleepy(Swing):
    """Thinks for three seconds, once, in the trial of index 0."""

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        super().reset(slot, trial_id, seed)
        self._sleeps = trial_id.endswith("000")

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        if self._sleeps and self._plans == 2:
            time.sleep(3.0)
        return super().plan(queries)


class Sitter:
    """A person at a terminal of their own: waits for words, presses keys."""

    def __init__(self, script: Sequence[tuple[str, str]]) -> None:
        """(what is waited for, the keys that answer it), one after another."""
        self._master, self._slave = pty.openpty()
        self.console = os.ttyname(self._slave)
        self._script = list(script)
        self.seen = ""
        self._thread = threading.Thread(target=self._sit, daemon=True)
        self._thread.start()

    @property
    def left(self) -> list[tuple[str, str]]:
        """What was never asked."""
        return self._script

    def _sit(self) -> None:
        unread = ""
        with suppress(OSError):
            while self._script:
                said = os.read(self._master, 4096).decode()
                self.seen += said
                unread += said
                while self._script and (found := re.search(self._script[0][0], unread)):
                    unread = unread[found.end() :]
                    keys = self._script.pop(0)[1]
                    for key in keys:
                        os.write(self._master, key.encode())
                        time.sleep(0.01)
