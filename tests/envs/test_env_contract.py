"""The check of worlds names each thing that can be wrong with one: here are worlds with one defect each."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from armtrial.envs.base import Image, Observation, ObservationSpec, Played, Size, Start, Step, Vector, Verdict
from armtrial.envs.contract import RULES, ContractError, check_env
from armtrial.envs.line import LineEnv
from armtrial.tasks.base import Event, Trial
from armtrial.tasks.toy import FETCH


class StepsUnreset(LineEnv):
    def step(self, action: Vector) -> Step:
        return super().step(action) if hasattr(self, "_task") else Step(np.zeros(2), False)


class NamesTwice(LineEnv):
    observation_spec = ObservationSpec(LineEnv.observation_spec.cameras, ("x", "x"))


class FlatCamera(LineEnv):
    def _drawn(self, camera: str, size: Size) -> Image:
        return super()._drawn(camera, size).mean(axis=2).astype(np.uint8)


class FloatPictures(LineEnv):
    def _drawn(self, camera: str, size: Size) -> Any:
        return super()._drawn(camera, size).astype(np.float32)


class ExtraCamera(LineEnv):
    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        return super().observe({**cameras, "wrist": (320, 240)}, privileged)


class OneSize(LineEnv):
    def _drawn(self, camera: str, size: Size) -> Image:
        return super()._drawn(camera, (320, 240))


class NotANumber(LineEnv):
    def _state(self) -> Vector:
        return np.array([self._x, np.nan])


class SinglePrecision(LineEnv):
    def _state(self) -> Any:
        return super()._state().astype(np.float32)


class LongState(LineEnv):
    def _state(self) -> Vector:
        return np.append(super()._state(), self._x)


class Speechless(LineEnv):
    def _instruction(self) -> str:
        return " "


class Indiscreet(LineEnv):
    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        return super().observe(cameras, privileged=True)


class SlowClock(LineEnv):
    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        seen = super().observe(cameras, privileged)
        return replace(seen, time=seen.time * 0.99)


class Unseeded(LineEnv):
    def reset(self, trial: Trial) -> Start:
        start = super().reset(trial)
        return Start({**start.values, "wind": np.random.default_rng().normal(size=1)})


class LeakyLook(LineEnv):
    """The lamp ages with every trial."""

    def reset(self, trial: Trial) -> Start:
        start = super().reset(trial)
        self.trials = getattr(self, "trials", 0) + 1
        self._light *= 0.9**self.trials
        return start


class LeakyReset(LineEnv):
    """Friction grows with every tick ever made."""

    def step(self, action: Vector) -> Step:
        self._reach *= 0.999
        return super().step(action)


class LeakyHash(LineEnv):
    def verdict(self, played: Played) -> Verdict:
        self.played = getattr(self, "played", 0) + 1
        return replace(super().verdict(played), end_hash=str(self.played))


class ConstantHash(LineEnv):
    def verdict(self, played: Played) -> Verdict:
        return replace(super().verdict(played), end_hash="constant")


class OneStart(LineEnv):
    def reset(self, trial: Trial) -> Start:
        return super().reset(replace(trial, index=0))


class StateBeforeAction(LineEnv):
    def step(self, action: Vector) -> Step:
        before = self._state()
        return replace(super().step(action), state=before)


class SharedState(LineEnv):
    def _state(self) -> Vector:
        self.buffer = getattr(self, "buffer", np.zeros(2))
        self.buffer[:] = self._x, self._jaw
        return self.buffer


class SharedPictures(LineEnv):
    def _drawn(self, camera: str, size: Size) -> Image:
        buffers = self.__dict__.setdefault("buffers", {})
        picture = buffers.setdefault((camera, size), np.zeros((size[1], size[0], 3), np.uint8))
        picture[:] = super()._drawn(camera, size)
        return picture


class ReadsWhatItGave(LineEnv):
    """The state that was given out last is where the next step starts from."""

    def step(self, action: Vector) -> Step:
        if hasattr(self, "given"):
            self._x = float(self.given[0])
        step = super().step(action)
        self.given = step.state
        return step

    def reset(self, trial: Trial) -> Start:
        self.__dict__.pop("given", None)
        return super().reset(trial)


class ClipsInPlace(LineEnv):
    def step(self, action: Vector) -> Step:
        return super().step(np.multiply(action, 0.5, out=action))


class DeadEntry(LineEnv):
    def _state(self) -> Vector:
        return np.array([self._x, 100.0])


class BlankCamera(LineEnv):
    def _drawn(self, camera: str, size: Size) -> Image:
        return np.full_like(super()._drawn(camera, size), (10, 20, 30))

    landmarks = None  # type: ignore[assignment]


class EqualCameras(LineEnv):
    def _drawn(self, camera: str, size: Size) -> Image:
        return super()._drawn("front", size)

    def landmarks(self, camera: str, size: Size) -> Any:
        return super().landmarks("front", size)


class FrozenCamera(LineEnv):
    """Shows the start of the trial for ever."""

    def reset(self, trial: Trial) -> Start:
        self.seen: dict[tuple[str, Size], Image] = {}
        return super().reset(trial)

    def _drawn(self, camera: str, size: Size) -> Image:
        if (camera, size) not in self.seen:
            self.seen[camera, size] = super()._drawn(camera, size)
        return self.seen[camera, size].copy()


class UpsideDown(LineEnv):
    def _drawn(self, camera: str, size: Size) -> Image:
        return super()._drawn(camera, size)[::-1]


class Mirrored(LineEnv):
    def _drawn(self, camera: str, size: Size) -> Image:
        return super()._drawn(camera, size)[:, ::-1]


class Rotated(LineEnv):
    def _drawn(self, camera: str, size: Size) -> Image:
        return super()._drawn(camera, size)[::-1, ::-1]


class BlueFirst(LineEnv):
    def _drawn(self, camera: str, size: Size) -> Image:
        return super()._drawn(camera, size)[..., ::-1]


class LandmarkOutside(LineEnv):
    def landmarks(self, camera: str, size: Size) -> Any:
        return [replace(mark, row=mark.row + size[1]) for mark in super().landmarks(camera, size)]


class VagueLandmarks(LineEnv):
    """In the wrist's picture the point is always in the middle: that says nothing of left and right."""

    def landmarks(self, camera: str, size: Size) -> Any:
        marks = super().landmarks(camera, size)
        return [mark for mark in marks if mark.name == "point"] if camera == "wrist" else marks


class NewEvent(LineEnv):
    def step(self, action: Vector) -> Step:
        return replace(super().step(action), events=(Event(self._tick / 30, "sneezed"),))


class EventsBackwards(LineEnv):
    def step(self, action: Vector) -> Step:
        return replace(super().step(action), events=(Event(100.0 - self._tick / 30, "touched", "ball"),))


class PerCent(LineEnv):
    def step(self, action: Vector) -> Step:
        return replace(super().step(action), progress=40.0)


class StageFalls(LineEnv):
    def step(self, action: Vector) -> Step:
        step = super().step(action)
        return replace(step, stage=int(self._tick == 10))


class NumpyBool(LineEnv):
    def step(self, action: Vector) -> Step:
        return replace(super().step(action), success=np.bool_(False))  # type: ignore[arg-type]


class DoneAtStart(LineEnv):
    def step(self, action: Vector) -> Step:
        return replace(super().step(action), success=True)


class StepsAfterEnd(LineEnv):
    def verdict(self, played: Played) -> Verdict:
        verdict = super().verdict(played)
        self._over = False
        return verdict


class ClosesOnce(LineEnv):
    def close(self) -> None:
        del self._tasks


DEFECTS: dict[type[LineEnv], str] = {
    StepsUnreset: "a step before the first reset raises LifecycleError",
    NamesTwice: "the specs have names and sizes",
    FlatCamera: "a picture is what was asked for",
    FloatPictures: "a picture is what was asked for",
    ExtraCamera: "a picture has the size that was asked for, whichever it is",
    OneSize: "a picture has the size that was asked for, whichever it is",
    NotANumber: "a state has one finite float64 for each name",
    SinglePrecision: "a state has one finite float64 for each name",
    LongState: "a state has one finite float64 for each name",
    Speechless: "the instruction says what to do",
    Indiscreet: "nothing privileged is shown unless asked",
    SlowClock: "the time is the number of steps over the rate",
    Unseeded: "the same trial has the same start hash",
    LeakyLook: "the same trial looks the same at its start",
    LeakyReset: "the same actions lead to the same states",
    LeakyHash: "the same actions lead to the same end hash",
    ConstantHash: "different ends have different end hashes",
    OneStart: "different trials have different start hashes",
    StateBeforeAction: "a step's state is the next look's state",
    SharedState: "an array that was given out stays as it is",
    SharedPictures: "an array that was given out stays as it is",
    ReadsWhatItGave: "an array that was given out is the caller's",
    ClipsInPlace: "an action is left as it was",
    DeadEntry: "no entry of the state is constant",
    BlankCamera: "a picture shows something",
    EqualCameras: "no two cameras show the same",
    FrozenCamera: "a picture follows the world",
    UpsideDown: "a picture is upright, unmirrored and RGB",
    Mirrored: "a picture is upright, unmirrored and RGB",
    Rotated: "a picture is upright, unmirrored and RGB",
    BlueFirst: "a picture is upright, unmirrored and RGB",
    LandmarkOutside: "a picture is upright, unmirrored and RGB",
    VagueLandmarks: "the landmarks notice a picture that is turned",
    NewEvent: "an event's kind is known",
    EventsBackwards: "events come in the order of their times",
    PerCent: "progress is between 0 and 1",
    StageFalls: "a stage never falls",
    NumpyBool: "success and terminated are plain bools",
    DoneAtStart: "the goal is not reached at the start",
    StepsAfterEnd: "a step after the verdict raises LifecycleError",
    ClosesOnce: "closing twice is harmless",
}


def violations(env: LineEnv) -> tuple[str, ...]:
    with pytest.raises(ContractError) as caught:
        check_env(env, FETCH)
    return caught.value.violations


@pytest.mark.parametrize(("defect", "claim"), DEFECTS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_world_s_defect_is_named(defect: type[LineEnv], claim: str) -> None:
    assert any(violation.startswith(f"{claim}: ") for violation in violations(defect([FETCH])))


def test_every_rule_has_a_world_that_breaks_it() -> None:
    assert set(DEFECTS.values()) == set(RULES)


def test_all_broken_rules_are_listed_with_what_was_seen() -> None:
    class TwoDefects(Speechless, PerCent):
        pass

    assert violations(TwoDefects([FETCH])) == (
        "the instruction says what to do: it is ' '; give the task's instruction, or that of the current stage",
        "progress is between 0 and 1: it is 40.0; give the part of the task that is done",
    )


def test_a_turned_picture_is_recognised_for_what_it_is() -> None:
    seen = violations(Rotated([FETCH]))[0]
    assert seen.endswith("all of them fit if the pictures are rotated by 180 degrees: turn them back")


def test_rules_that_cannot_be_tried_share_one_line() -> None:
    class Dark(LineEnv):
        def _drawn(self, camera: str, size: Size) -> Image:
            raise OSError("no display")

    (only,) = violations(Dark([FETCH]))
    assert only.startswith("a picture is what was asked for: trying it raised OSError: no display (as in ")
