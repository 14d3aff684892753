"""A person mends what is in the way, takes a break, looks once more; nobody mends nothing."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from armtrial.envs.rig import Amendment
from armtrial.envs.so100.poses import READY, REST
from armtrial.real.notes import Notes
from armtrial.real.operator import Card, Nobody, Pause
from armtrial.real.preparation import Preparation
from armtrial.real.reading import ArmError, CameraFrozen
from armtrial.real.starts import layout_of
from armtrial.tests.real.rehearsal import SHORT

TRIAL, TASK = SHORT.trials()[0], SHORT.tasks[0]


class Table:
    """Ways and views on which something goes wrong at first, and all that was asked of them, in order."""

    sizes: dict[str, tuple[int, int]] = {}  # noqa: RUF012 -- replaced by nobody

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.asked: list[object] = []

    def revive(self) -> None:
        self.asked.append("revive")

    def go_to(self, pose: Sequence[float]) -> None:
        self.asked.append(pose)
        if self._errors:
            raise self._errors.pop(0)

    def looked(self, cameras: object) -> None:
        self.asked.append("look")

    def reopen(self) -> None:
        self.asked.append("reopen")


class Guest(Nobody):
    name = "ada"

    def __init__(self, pauses: int = 0, refusals: int = 0) -> None:
        self._pauses, self._refusals = pauses, refusals
        self.waited: list[str] = []

    def ready(self, card: Card, last: str) -> Amendment | None:
        self._pauses -= 1
        if self._pauses >= 0:
            raise Pause
        return None

    def accept(self, photo: str, difference: float | None) -> bool:
        self._refusals -= 1
        return self._refusals < 0

    def wait(self, text: str) -> None:
        self.waited.append(text)


def prepared(table: Table, guest: Nobody, attended: bool = True) -> Notes:
    both, notes = cast(Any, table), Notes()
    made = Preparation(both, both, guest, attended=attended, hands=None, starts=None)
    made.prepare(TRIAL, TASK, layout_of(TASK, TRIAL), notes, "")
    return notes


def test_what_is_in_the_way_is_told_until_it_is_mended_and_the_cameras_are_opened_anew() -> None:
    table, guest = Table(ArmError("it is stuck"), CameraFrozen("it is dark")), Guest()
    prepared(table, guest)
    assert guest.waited == ["it is stuck.", "it is dark."]
    assert table.asked == [*["revive", READY, "reopen"] * 2, "revive", READY, "look"]


def test_where_nobody_mends_what_is_in_the_way_is_an_error() -> None:
    with pytest.raises(ArmError, match="it is stuck"):
        prepared(Table(ArmError("it is stuck")), Nobody(), attended=False)


def test_the_arm_rests_in_a_break_and_is_ready_again_after_it() -> None:
    table, guest = Table(), Guest(pauses=1)
    prepared(table, guest)
    assert guest.waited == ["the arm rests."]
    assert table.asked == ["revive", READY, "look", REST, "revive", READY, "look"]


def test_a_start_that_is_not_accepted_is_laid_out_once_more() -> None:
    guest = Guest(refusals=2)
    assert prepared(Table(), guest).accepted_by == "ada"
    assert guest._refusals == -1
