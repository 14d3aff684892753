"""A twin that counts the time spent in it, so that all the rest is known to be the harness's or the policy's."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from armtrial.envs.base import Observation, Played, Size, Start, Step, Vector, Verdict
from armtrial.envs.so100.env import So100Env
from armtrial.tasks.base import Trial


class Timed(So100Env):
    """Its verdict's note is the number of wall seconds that the trial has spent in it."""

    _seconds = 0.0

    def reset(self, trial: Trial) -> Start:
        self._seconds = 0.0
        return self._timed(super().reset, trial)

    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        return self._timed(super().observe, cameras, privileged)

    def step(self, action: Vector) -> Step:
        return self._timed(super().step, action)

    def verdict(self, played: Played) -> Verdict:
        said: Verdict = self._timed(super().verdict, played)
        return replace(said, note=repr(self._seconds))

    def _timed(self, call: Callable[..., Any], *arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return call(*arguments)
        finally:
            self._seconds += time.perf_counter() - began
