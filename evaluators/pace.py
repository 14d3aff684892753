"""Whether a world waits while the policy thinks, and how long thinking takes where it does not."""

import math
from dataclasses import dataclass

HAIR = 1e-6
"""Of a tick: what is nearer to a whole number of them is that number, whatever the last bits of a product say."""


@dataclass(frozen=True, slots=True)
class Pace:
    realtime: bool = False
    """The world's clock runs on while the policy thinks."""
    latency: float | None = None
    """Seconds that every plan takes; None: as long as it took."""

    @property
    def measured(self) -> bool:
        """No two runs are alike: what happens depends on how fast the machine was."""
        return self.realtime and self.latency is None

    @property
    def mark(self) -> str:
        """What the policy's name says of it; empty where the world waits."""
        if not self.realtime:
            return ""
        return "realtime" if self.latency is None else f"latency({self.latency:g})"

    def thinking(self, milliseconds: float, rate: float) -> int:
        """Ticks until a plan is there that took so long: it begins with a tick, never between two."""
        if not self.realtime:
            return 0
        seconds = milliseconds / 1000 if self.latency is None else self.latency
        return ticks_until(seconds * rate)


WAITS = Pace()


def ticks_until(ticks: float) -> int:
    """The first whole number that is not before it."""
    return math.ceil(ticks - HAIR)
