"""The real SO-100 or SO-101 as a world: the same suites, the same records, a person who lays out and judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..envs.base import (
    ActionSpec,
    Control,
    Gripper,
    Image,
    LifecycleError,
    Observation,
    ObservationSpec,
    Played,
    Size,
    Start,
    Step,
    Vector,
    Verdict,
)
from ..envs.digests import digest
from ..envs.rig import Desk, TrialLog
from ..envs.so100.poses import REST
from ..envs.so100.units import JOINTS, UNITS, Calibration
from ..tasks.base import Event, Outcome, Task, Trial
from .console import Keyboard, Terminal, interrupt
from .films import Filming
from .hardware import TWIN, found
from .loop import Loop
from .notes import Notes
from .operator import Nobody, Operator, Person
from .pictures import resized
from .preparation import Preparation
from .reading import ArmError, LineLost
from .starts import Starts, layout_of
from .stop_news import StopNews
from .views import Views
from .ways import Ways

RATE = 30.0
WIDTH, HEIGHT = 640, 480


class So100Arm:
    """A real arm at its table, or, behind the same driver, an arm made of software: `--env real --port twin`."""

    needs_gl = True

    def __init__(
        self,
        tasks: Sequence[Task],
        *,
        port: str,
        front: str | int = "",
        wrist: str | int = "",
        yes: bool = False,
        console: str = "/dev/tty",
        name: str = "follower",
        calibration_folder: str = "",
        operator: str = "",
        rig: str = "",
        films: bool = True,
        pictures: bool = True,
        lockstep: bool = False,
        stall: float = 10.0,
        camera_width: int = WIDTH,
        camera_height: int = HEIGHT,
    ) -> None:
        """`port`: serial port, or twin: an arm made of software. `front`, `wrist`: cameras, by number or path. `name`:
        the id that it was calibrated under. `stall`: seconds that it waits for a policy. `lockstep`: the twin alone:
        time goes on with every step, however fast that is; what --yes means unless --realtime is said. `pictures`:
        whether starts are drawn and photographed."""
        self._tasks, self._port, self._rig = {task.name: task for task in tasks}, port, rig
        self._want_films, self._paced = films, not lockstep
        if yes and port != TWIN:
            raise ArmError(f"--yes goes with --port twin: nobody would judge, nor watch, what the arm on {port} does")
        if lockstep and port != TWIN:
            raise ArmError(f"lockstep=True is for --port twin; the arm on {port} moves by the clock")
        size = (camera_width, camera_height)
        places = {"front": str(front), "wrist": str(wrist)}
        self._console: Terminal | None = None
        self._starts = Starts(tuple(self._tasks.values())) if pictures else None
        self._closed = False
        hardware = found(tasks, port, places, size, name, calibration_folder, lockstep)
        self._soft, self._follower = hardware.soft, hardware.follower
        try:
            self._console = None if yes else Terminal(console)
            self._follower.connect()
            units = Calibration.from_file(self._follower.calibration_file)
            self.ways = Ways(self._follower, units, self._console, RATE, paced=self._paced, stall_seconds=stall)
        except BaseException:
            self._shut()
            raise
        self._operator: Operator = Nobody() if self._console is None else Person(self._console, operator)
        self._views = Views(self._follower, hardware.cameras, size, lambda name: self.loop.stop("camera_frozen", name))
        self._preparation = Preparation(
            self.ways, self._views, self._operator, attended=not yes, hands=self._soft, starts=self._starts
        )
        self.observation_spec = ObservationSpec(self._views.sizes, JOINTS)
        self.action_spec = ActionSpec(
            names=JOINTS,
            low=tuple(units.low.tolist()),
            high=tuple(units.high.tolist()),
            units=UNITS,
            control=Control.ABSOLUTE,
            gripper=Gripper.OPENS_AT_HIGH,
            rate=RATE,
        )
        self._desk: Desk | None = None
        self._trial: Trial | None = None
        self._notes = Notes()
        self._running = False
        self._keyboard: Keyboard | None = None
        self._last_trial = ""

    @property
    def loop(self) -> Loop:
        return self.ways.loop

    @property
    def soft(self) -> Any:
        """The software arm behind the driver, for tests of what can go wrong; None where it is a real one."""
        return self._soft

    def sit_down(self, desk: Desk) -> None:
        self._desk = self._preparation.desk = desk

    def reset(self, trial: Trial) -> Start:
        """The arm goes to the start pose, the table is laid out, and the trial's clock begins."""
        self._leave_trial()
        task = self._tasks[trial.task]
        layout = layout_of(task, trial)
        self._notes = notes = Notes()
        self._preparation.prepare(trial, task, layout, notes, self._last_trial)
        self._trial, self._task, self._thing = trial, task, next(iter(layout.targets))
        self._cursor = self._given = 0
        notes.films = self._filming(trial)
        self.loop.forget()
        self._base, self._first = self.loop.begins, self.loop.reading
        self.loop.attended, self._running = True, True
        if notes.films is not None:
            notes.films.begin()
        self._operator.watch()
        if self._console is not None:
            told = StopNews(lambda: self.loop.stopped)
            self._keyboard = Keyboard(self._console, lambda: self.loop.stop("operator"), interrupt, told.news)
        return Start(layout.values(), tuple(layout.distractors))

    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        if self._trial is None:
            raise LifecycleError("the arm was looked at before its first reset")
        images = self._looked(cameras)
        secret: Mapping[str, Vector] = self._secret() if privileged else {}
        return Observation(images, self._state(), self._task.instruction, self._cursor / RATE, secret)

    def ahead(self, actions: Vector) -> None:
        """What is to be done from the tick that is stepped next."""
        self.loop.follow(self._base + self._cursor, actions)
        self._given = self._cursor + len(actions)

    def step(self, action: Vector) -> Step:
        if not self._running:
            raise LifecycleError("the arm was stepped outside a trial; call reset first")
        tick = self._base + self._cursor
        if self._cursor >= self._given:
            self.loop.follow(tick, [action])
        late = self.loop.paced and self.loop.tick > tick and not np.allclose(self.loop.rows[self._cursor].goal, action)
        row = self.loop.row(tick)
        self._notes.cuts.update(("late",) if late and not row.cut else row.cut)
        self._cursor += 1
        if self._notes.films is not None and not self._paced:
            self._notes.films.take(self._cursor)
        events, success, share = self._noticed()
        stop = self.loop.stopped
        return Step(
            row.reading.state.copy(),
            success,
            terminated=stop is not None or self._notes.given_up,
            progress=share,
            events=(*events, *self._notes.told(stop, self._cursor / RATE)),
            executed=row.goal.copy(),
        )

    def verdict(self, played: Played) -> Verdict:
        self._leave_trial()
        assert self._trial is not None
        notes = self._notes
        notes.judgements, notes.void_reason = self._operator.judge(self._trial.id, played, notes.ended_by)
        self._last_trial, last = self._trial.id, notes.judgements[-1]
        label = last.label or ("" if last.outcome is Outcome.SUCCESS else played.label)
        return Verdict(last.outcome, label, "", "; ".join(filter(None, (last.note, *notes.lost_films))), last.by)

    def trial_log(self) -> tuple[TrialLog, Mapping[str, NDArray[np.generic]]]:
        if self._running:
            self.loop.stop("broken_off")
        self._leave_trial()
        detected = None if self._soft is None else bool(self._soft.told()[0].success)
        rig = {
            "operator": self._operator.name,
            "rig": self._rig,
            "port": self._port,
            "calibration": digest(self._follower.calibration_file),
            "firmware": self._follower.firmware,
        }
        folder = Path() if self._desk is None else self._desk.folder
        return self._notes.log(folder, detected, self._paced, rig), self._notes.raw

    def frame(self) -> Image:
        images = self._looked(self._views.sizes).values()
        return np.concatenate([resized(image, (320, 240)) for image in images], axis=1)

    def close(self) -> None:
        """The arm goes to its rest and is let go there; one that cannot, or is not let, is left holding."""
        if self._closed:
            return
        why: str | None = "interrupted"
        try:
            self._leave_trial()
            self.ways.revive()
            self.ways.go_to(REST)
            self.loop.close()
            self._follower.relax()
            why = None
        except (ArmError, LineLost) as error:
            why = str(error)
        finally:
            self.loop.close()
            if why is not None and self._console is not None:
                self._console.say(f"{why}. The arm is left holding: hold it before you cut its power")
            self._shut()

    def _looked(self, cameras: Mapping[str, Size]) -> dict[str, Image]:
        return self._views.looked(cameras, self._notes.ages if self._running else None)

    def _state(self) -> Vector:
        seen = self._first if not self._cursor else self.loop.rows[self._cursor - 1].reading
        return seen.state.copy()

    def _secret(self) -> Mapping[str, Vector]:
        if self._soft is None:
            raise ArmError(
                "the policy asks to be shown where everything is, which no camera of a real arm tells; play it on "
                "--port twin"
            )
        return self._soft.privileged()

    def _noticed(self) -> tuple[list[Event], bool, float]:
        """What happened in this tick, whether the goal is reached, and how much of it, as far as anybody can say. A key
        tells of no share: that is for the verdict."""
        now, share = self._cursor / RATE, 0.0
        if self._soft is not None:
            last, seen = self._soft.told()
            share = last.progress or 0.0
            if self._console is None:
                return [Event(now, event.kind, event.object) for event in seen], last.success, share
        keys = [] if self._keyboard is None else [key for _, key in self._keyboard.taken()]
        return self._notes.heard(keys, self._thing, now), self._notes.declared, share

    def _filming(self, trial: Trial) -> Filming | None:
        if not self._want_films or self._desk is None or not self.observation_spec.cameras:
            return None
        name = self._desk.named(trial.id)
        return Filming(
            {camera: self._desk.folder / "videos" / f"{name}.{camera}.mp4" for camera in self.observation_spec.cameras},
            lambda camera: self._follower.picture(camera)[0],
            RATE,
            (lambda: self.loop.tick - self._base) if self._paced else None,
        )

    def _leave_trial(self) -> None:
        """Over when all of it is done: one that is interrupted here is left once more."""
        if not self._running:
            return
        if self.loop.attended:  # once it is not, the loop forgets
            self._notes.rows, self._notes.late = self.loop.rows[: self._cursor], self.loop.late[: self._cursor]
        self.loop.attended = False
        self.loop.follow(0, [])
        self._notes.told(self.loop.stopped, self._cursor / RATE)
        if self._keyboard is not None:
            self._keyboard.close()
            self._keyboard = None
        if self._notes.films is not None:
            self._notes.films.close(self._cursor)
            for text in self._notes.lost_films:
                if self._console is not None:
                    self._console.say(text)
        self._running = False

    def _shut(self) -> None:
        self._closed = True
        for part in (self._follower, self._soft, self._console, self._starts):
            if part is not None:
                part.close()
