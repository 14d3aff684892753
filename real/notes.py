"""What is noted of one trial on an arm while it runs, and the log and the arrays that it ends as."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..envs.rig import Judgement, TrialLog
from ..tasks.base import Event
from .films import Filming
from .loop import Row, Stop
from .stop_news import said

KEYS = {"a": "jaw_closed", "l": "lifted", "d": "dropped"}
"""What a person sees, as the events that the rubric reads."""


@dataclass(slots=True)
class Notes:
    wanted: str = ""
    """Files are named from the run's folder."""
    photo: str = ""
    difference: float | None = None
    accepted_by: str = ""
    films: Filming | None = None
    interventions: list[Event] = field(default_factory=list[Event])
    stops: list[Event] = field(default_factory=list[Event])
    ages: list[float] = field(default_factory=list[float])
    """Seconds, of every picture that the policy was shown."""
    cuts: Counter[str] = field(default_factory=Counter[str])
    declared: bool = False
    """A person says that the goal is reached."""
    given_up: bool = False
    rows: Sequence[Row] = ()
    """Once the trial is over; as is what follows."""
    late: Sequence[float] = ()
    judgements: tuple[Judgement, ...] = ()
    void_reason: str = ""

    def heard(self, keys: Sequence[str], thing: str, now: float) -> list[Event]:
        """What the keys of one tick say of the thing."""
        self.declared |= "s" in keys
        self.given_up |= "f" in keys
        reached_in = [Event(now, "intervention") for key in keys if key == "h"]
        self.interventions += reached_in
        return [*(Event(now, KEYS[key], thing) for key in keys if key in KEYS), *reached_in]

    def told(self, stop: Stop | None, now: float) -> tuple[Event, ...]:
        """A stop is told once."""
        if stop is None or self.stops:
            return ()
        self.stops.append(Event(now, "safety_stop", said(stop)))
        return tuple(self.stops)

    @property
    def ended_by(self) -> str:
        """A stop, or a hand that reached in, as a label; empty: neither."""
        stop = self.stops[0].object.partition(":")[0] if self.stops else ""
        return f"safety_stop_{stop}" if stop else "intervention" if self.interventions else ""

    @property
    def lost_films(self) -> list[str]:
        lost = {} if self.films is None else self.films.lost
        return [f"no film of '{camera}': {why}" for camera, why in lost.items()]

    def log(self, folder: Path, detected: bool | None, paced: bool, rig: Mapping[str, str]) -> TrialLog:
        """`detected`: by a detector of success; `rig`: operator, port, calibration and what else stays the same."""
        readings = [row.reading for row in self.rows]
        return TrialLog(
            **rig,
            wanted=self.wanted,
            photo=self.photo,
            difference=self.difference,
            accepted_by=self.accepted_by,
            films=() if self.films is None else tuple(path.relative_to(folder).as_posix() for path in self.films.paths),
            detected=detected,
            interventions=tuple(self.interventions),
            stops=tuple(self.stops),
            verdicts=self.judgements,
            amended=False,
            void_reason=self.void_reason,
            cuts=dict(sorted(self.cuts.items())),
            jitter_ms=_milliseconds(self.late, 0.5, 0.99, 1.0) if paced and self.late else None,
            picture_age_ms=_milliseconds(self.ages, 0.5, 1.0) if self.ages else None,
            hottest=max((float(reading.temperature.max()) for reading in readings), default=None),
            voltage=min((float(reading.voltage.min()) for reading in readings), default=None),
        )

    @property
    def raw(self) -> Mapping[str, NDArray[np.generic]]:
        """What was sent and measured, tick by tick."""
        if not self.rows:
            return {}
        names = {"state": "present"} | {name: name for name in ("load", "temperature", "voltage", "current", "errors")}
        return {
            "raw_time": np.array([row.time for row in self.rows]),
            "raw_goal": np.array([row.goal for row in self.rows], dtype=np.float32),
            **{
                f"raw_{called}": np.array([getattr(row.reading, name) for row in self.rows], dtype=np.float32)
                for name, called in names.items()
            },
        }


def _milliseconds(seconds: Sequence[float], *shares: float) -> Any:
    return tuple(round(1000 * float(value), 3) for value in np.quantile(seconds, shares))
