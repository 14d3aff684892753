"""The real SO-100 or SO-101 as a world: the same suites, the same records, a person who lays out and judges."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
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
from ..envs.rig import Desk, TrialLog
from ..envs.so100.poses import READY, REST
from ..envs.so100.units import GRIPPER, JOINTS, UNITS, Calibration
from ..tasks.base import Event, Outcome, Task, Trial
from .calibrations import digest
from .console import Keyboard, Terminal
from .films import Filming
from .limits import Limits
from .loop import Loop, Stop
from .moves import gentle, raised
from .notes import Notes
from .operator import Card, Nobody, Operator, Pause, Person
from .pictures import difference, keep, resized
from .reading import ArmError, CameraFrozen, LineLost
from .starts import Starts, in_words, layout_of
from .stop_news import StopNews, on_its_way, said

RATE = 30.0
LOOKS = 3
"""At a camera that gives nothing, at least: the first may take long."""
HOST_STALLS = 5
"""Between two trials, on the way from one pose to another."""
ARRIVED = 6.0
"""Units within which a joint is there: an arm sags."""
WIDTH, HEIGHT = 640, 480
KEYS = {"a": "jaw_closed", "l": "lifted", "d": "dropped"}
"""What a person sees, as the events that the rubric reads."""
TWIN = "twin"


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
        self._pictures, self._want_films, self._stall = pictures, films, stall
        if yes and port != TWIN:
            raise ArmError(f"--yes goes with --port twin: nobody would judge, nor watch, what the arm on {port} does")
        if lockstep and port != TWIN:
            raise ArmError(f"lockstep=True is for --port twin; the arm on {port} moves by the clock")
        self._size = (camera_width, camera_height)
        places = {"front": str(front), "wrist": str(wrist)}
        self._console: Terminal | None = None
        self._starts: Starts | None = None
        self._closed = False
        self._soft, self._follower, cameras = self._built(tasks, places, name, calibration_folder, lockstep)
        try:
            self._console = None if yes else Terminal(console)
            self._follower.connect()
            self._units = Calibration.from_file(self._follower.calibration_file)
        except BaseException:
            self._shut()
            raise
        self._operator: Operator = Nobody() if self._console is None else Person(self._console, operator or _user())
        self._limits = Limits(low=self._units.low, high=self._units.high)
        self._paced = not lockstep
        self.loop = self._begun()
        self.observation_spec = ObservationSpec(dict.fromkeys(cameras, self._size), JOINTS)
        self.action_spec = ActionSpec(
            names=JOINTS,
            low=tuple(self._units.low.tolist()),
            high=tuple(self._units.high.tolist()),
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
        self._halted = False
        """By a person, on the way from one pose to another."""
        self._last_trial = ""

    def _built(
        self, tasks: Sequence[Task], places: Mapping[str, str], name: str, folder: str, lockstep: bool
    ) -> tuple[Any, Any, list[str]]:
        """The software arm, if that is what is wanted; the driver; the names of its cameras."""
        try:
            from . import cameras
            from .driver import Follower
        except ImportError as error:
            raise ArmError(f"--env real needs LeRobot's driver ({error}): pip install 'armtrial[real]'") from None
        if self._port != TWIN:
            configs = cameras.of_places(places, self._size)
            return None, Follower(self._port, name, configs, Path(folder) if folder else None), list(configs)
        from .soft_arm import NAME, SoftArm

        soft = SoftArm(tasks, lockstep=lockstep)
        configs = cameras.of_twin(soft, self._size)
        return soft, Follower(soft.port, NAME, configs, soft.calibration_folder), list(configs)

    @property
    def soft(self) -> Any:
        """The software arm behind the driver, for tests of what can go wrong; None where it is a real one."""
        return self._soft

    def sit_down(self, desk: Desk) -> None:
        self._desk = desk

    def reset(self, trial: Trial) -> Start:
        """The arm goes to the start pose, the table is laid out, and the trial's clock begins."""
        self._leave_trial()
        task = self._tasks[trial.task]
        layout = layout_of(task, trial)
        self._notes = notes = Notes()
        self._made_ready()
        picture = self._shown(trial)
        self._prepared(trial, task, in_words(layout), picture)
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
            self._keyboard = Keyboard(self._console, lambda: self.loop.stop("operator"), _interrupt, told.news)
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
        events, success = self._noticed()
        stop = self.loop.stopped
        return Step(
            row.reading.state.copy(),
            success,
            terminated=stop is not None or self._notes.given_up,
            events=(*events, *self._told(stop)),
            executed=row.goal.copy(),
        )

    def verdict(self, played: Played) -> Verdict:
        self._leave_trial()
        assert self._trial is not None
        notes = self._notes
        stop = notes.stops[0].object.partition(":")[0] if notes.stops else ""
        named = f"safety_stop_{stop}" if stop else "intervention" if notes.interventions else ""
        notes.judgements, notes.void_reason = self._operator.judge(self._trial.id, played, named)
        self._last_trial, last = self._trial.id, notes.judgements[-1]
        label = last.label or ("" if last.outcome is Outcome.SUCCESS else played.label)
        return Verdict(last.outcome, label, "", "; ".join(filter(None, (last.note, *self._lost_films()))), last.by)

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
        return self._notes.log(self._folder, detected, self._paced, rig), self._notes.raw

    def frame(self) -> Image:
        images = self._looked(self.observation_spec.cameras).values()
        return np.concatenate([resized(image, (320, 240)) for image in images], axis=1)

    def close(self) -> None:
        """The arm goes to its rest and is let go there; one that cannot, or is not let, is left holding."""
        if self._closed:
            return
        why: str | None = "interrupted"
        try:
            self._leave_trial()
            self._revive()
            self._go_to(REST)
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

    def _begun(self) -> Loop:
        return Loop(self._follower, self._limits, self._units, RATE, paced=self._paced, stall_seconds=self._stall)

    def _made_ready(self) -> None:
        """In the pose that trials begin in. A person is asked to mend what is in the way, for as long as it takes."""
        while True:
            try:
                self._revive()
                self._go_to(READY)
                if self._console is not None:
                    self._looked(self.observation_spec.cameras)
                return
            except (ArmError, LineLost, CameraFrozen) as error:
                if self._console is None:
                    raise
                self._operator.wait(f"{error}.")
                self._follower.open_cameras()

    def _revive(self) -> None:
        """The line may have been lost in the trial before."""
        try:
            self.loop.check()
        except (ArmError, LineLost):
            self.loop.close()
            self._follower.close()
            self._follower.connect()
            self.loop = self._begun()

    def _go_to(self, pose: Sequence[float]) -> None:
        """Slowly, up before aside. An arm that was stopped must have recovered by itself; a host that stood still for a
        moment goes on from where the arm is."""
        target = np.clip(self._units.to_units(pose), self._limits.low, self._limits.high)
        stop = Stop("host_stalled")
        with self._watched():
            for _ in range(HOST_STALLS):
                stop = self._gone(target)
                if stop is None:
                    self._settle()
                    return
                if stop.reason != "host_stalled":
                    break
        raise ArmError(on_its_way(stop))

    @contextmanager
    def _watched(self) -> Generator[None]:
        """A person stops the arm here as in a trial."""
        self._halted = False
        if self._console is None:
            yield
            return
        if self._console.gone:
            raise ArmError("the terminal is gone, and with it whoever could stop the arm")
        keyboard = Keyboard(self._console, self._halt, _interrupt)
        try:
            yield
        finally:
            keyboard.close()

    def _halt(self) -> None:
        """Noted first: what was stopped is forgotten when the way begins."""
        self._halted = True
        self.loop.stop("operator")

    def _gone(self, target: Vector) -> Stop | None:
        """What stopped it on its way; None where it went all of it."""
        self.loop.forget()
        for goal in [*raised(self.loop.last, self._units), target]:
            if self._halted:
                self.loop.stop("operator")
            path = gentle(self.loop.last, goal, RATE)
            first = self.loop.tick + 1
            self.loop.follow(first, path)
            for tick in range(first, first + len(path) + 1):
                self.loop.row(tick)
                if self.loop.stopped is not None:
                    return self.loop.stopped
        return None

    def _settle(self) -> None:
        """Where it was sent, which may be short of what was wanted: an arm at rest may lie on its floor."""
        gap = np.zeros(GRIPPER)
        for _ in range(round(RATE)):
            gap = np.abs(self.loop.reading.state - self.loop.last)[:GRIPPER]
            if self._halted:
                raise ArmError(on_its_way(Stop("operator")))
            if gap.max() <= ARRIVED:
                return
            self.loop.row(self.loop.tick)
        joint = int(np.argmax(gap))
        raise ArmError(
            f"{JOINTS[joint]} is {gap[joint]:.0f} deg from where it was sent; within {ARRIVED:g} it has arrived. "
            "Look for what it pushes against"
        )

    def _prepared(self, trial: Trial, task: Task, words: tuple[str, ...], picture: Image | None) -> None:
        """Until a person says that the table is laid out, and accepts how it looks."""
        while True:
            done = 0 if self._desk is None else self._desk.done()
            total = 0 if self._desk is None else self._desk.trials
            card = Card(
                trial=trial.id,
                number=done + 1,
                of=total,
                instruction=task.instruction,
                layout=words,
                picture=self._notes.wanted and str(self._folder / self._notes.wanted),
            )
            try:
                amendment = self._operator.ready(card, self._last_trial)
            except Pause:
                self._operator.wait(self._rested())
                self._made_ready()
                continue
            if amendment is not None:
                if self._desk is not None:
                    self._desk.amend(amendment)
                continue
            if self._soft is not None:
                self._soft.lay_out(trial)
            self._photographed(trial, picture)
            if self._operator.accept(self._notes.photo, self._notes.difference):
                self._notes.accepted_by = self._operator.name
                return

    def _rested(self) -> str:
        """What there is to say of it."""
        try:
            self._go_to(REST)
        except (ArmError, LineLost) as error:
            return f"{error}."
        return "the arm rests."

    def _shown(self, trial: Trial) -> Image | None:
        """The start as the twin draws it, in a file that is named to the person."""
        if not self._pictures or self._desk is None:
            return None
        if self._starts is None:
            self._starts = Starts(tuple(self._tasks.values()))
        picture = self._starts.picture(trial, self._size)
        self._notes.wanted = f"starts/{trial.id}.wanted.png"
        keep(picture, self._folder / self._notes.wanted)
        return picture

    def _photographed(self, trial: Trial, wanted: Image | None) -> None:
        if not self._pictures or self._desk is None or "front" not in self.observation_spec.cameras:
            return
        photo = self._looked({"front": self._size})["front"]
        self._notes.photo = f"starts/{self._desk.named(trial.id)}.png"
        keep(photo, self._folder / self._notes.photo)
        self._notes.difference = None if wanted is None else difference(photo, wanted)

    @property
    def _folder(self) -> Path:
        return Path() if self._desk is None else self._desk.folder

    def _looked(self, cameras: Mapping[str, Size]) -> dict[str, Image]:
        """A camera that stands still is waited for a moment; then the arm is held, and the trial cannot go on."""
        images: dict[str, Image] = {}
        for name, size in cameras.items():
            if name not in self.observation_spec.cameras:
                there = ", ".join(self.observation_spec.cameras) or "none"
                raise ArmError(f"the arm has no camera '{name}'. There are: {there}; give them by --front and --wrist")
            images[name] = resized(self._fresh(name), size)
        return images

    def _fresh(self, name: str) -> Image:
        until = time.monotonic() + 1.0
        for number in count(1):
            try:
                image, age = self._follower.picture(name)
            except CameraFrozen:
                if time.monotonic() > until and number >= LOOKS:
                    self.loop.stop("camera_frozen", name)
                    raise
                time.sleep(0.05)
            else:
                if self._running:
                    self._notes.ages.append(age)
                return image
        raise AssertionError("looked at without end")

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

    def _noticed(self) -> tuple[list[Event], bool]:
        """What happened in this tick, and whether the goal is reached, as far as anybody can say."""
        now = self._cursor / RATE
        if self._console is None and self._soft is not None:
            last, events = self._soft.told()
            return [Event(now, event.kind, event.object) for event in events], last.success
        keys = [] if self._keyboard is None else [key for _, key in self._keyboard.taken()]
        notes = self._notes
        notes.declared |= "s" in keys
        notes.given_up |= "f" in keys
        reached_in = [Event(now, "intervention") for key in keys if key == "h"]
        notes.interventions += reached_in
        return [*(Event(now, KEYS[key], self._thing) for key in keys if key in KEYS), *reached_in], notes.declared

    def _told(self, stop: Stop | None) -> tuple[Event, ...]:
        """A stop is told once."""
        if stop is None or self._notes.stops:
            return ()
        self._notes.stops.append(Event(self._cursor / RATE, "safety_stop", said(stop)))
        return tuple(self._notes.stops)

    def _filming(self, trial: Trial) -> Filming | None:
        if not self._want_films or self._desk is None or not self.observation_spec.cameras:
            return None
        name = self._desk.named(trial.id)
        return Filming(
            {camera: self._folder / "videos" / f"{name}.{camera}.mp4" for camera in self.observation_spec.cameras},
            lambda camera: self._follower.picture(camera)[0],
            RATE,
            (lambda: self.loop.tick - self._base) if self._paced else None,
        )

    def _leave_trial(self) -> None:
        """Over when all of it is done: one that is interrupted here is left once more."""
        if not self._running:
            return
        self.loop.attended = False
        self.loop.follow(0, [])
        self._told(self.loop.stopped)
        self._notes.rows, self._notes.late = self.loop.rows[: self._cursor], self.loop.late[: self._cursor]
        if self._keyboard is not None:
            self._keyboard.close()
            self._keyboard = None
        if self._notes.films is not None:
            self._notes.films.close(self._cursor)
            for text in self._lost_films():
                if self._console is not None:
                    self._console.say(text)
        self._running = False

    def _lost_films(self) -> list[str]:
        lost = {} if self._notes.films is None else self._notes.films.lost
        return [f"no film of '{camera}': {why}" for camera, why in lost.items()]

    def _shut(self) -> None:
        self._closed = True
        for part in (self._follower, self._soft, self._console, self._starts):
            if part is not None:
                part.close()


def _user() -> str:
    return os.environ.get("USER", "operator")


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)
