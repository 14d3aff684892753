"""What comes before a trial: the arm is where trials begin, the table is laid out, and its start is accepted."""

from __future__ import annotations

from typing import Protocol

from ..envs.base import Image, Start
from ..envs.rig import Desk
from ..envs.so100.poses import READY, REST
from ..tasks.base import Task, Trial
from ..tasks.tabletop_layout import Layout
from .notes import Notes
from .operator import Card, Operator, Pause
from .pictures import difference, keep
from .reading import ArmError, CameraFrozen, LineLost
from .starts import Starts, in_words
from .views import Views
from .ways import Ways


class Hands(Protocol):
    """What does at once, in a rehearsal, what a person does at the table."""

    def lay_out(self, trial: Trial) -> Start: ...


class Preparation:
    """Of one trial after another; the person has as much time as they want."""

    def __init__(
        self,
        ways: Ways,
        views: Views,
        operator: Operator,
        *,
        attended: bool,
        hands: Hands | None,
        starts: Starts | None,
    ) -> None:
        """`attended`: a person mends what is in the way; else it is an error. `starts`: draws them; None: they are
        neither drawn nor photographed."""
        self._ways, self._views, self._operator = ways, views, operator
        self._attended, self._hands, self._starts = attended, hands, starts
        self.desk: Desk | None = None
        """Without one nothing is kept."""

    def prepare(self, trial: Trial, task: Task, layout: Layout, notes: Notes, last: str) -> None:
        """Until the trial can begin. `last`: the trial whose verdict can be taken back; empty: none."""
        self._make_ready()
        picture = self._drawn(trial, notes)
        words = in_words(layout)
        while True:
            try:
                amendment = self._operator.ready(self._card(trial, task, words, notes.wanted), last)
            except Pause:
                self._operator.wait(self._rested())
                self._make_ready()
                continue
            if amendment is not None:
                if self.desk is not None:
                    self.desk.amend(amendment)
                continue
            if self._hands is not None:
                self._hands.lay_out(trial)
            self._photograph(trial, picture, notes)
            if self._operator.accept(notes.photo, notes.difference):
                notes.accepted_by = self._operator.name
                return

    def _card(self, trial: Trial, task: Task, words: tuple[str, ...], wanted: str) -> Card:
        desk = self.desk
        return Card(
            trial=trial.id,
            number=1 + (0 if desk is None else desk.done()),
            of=0 if desk is None else desk.trials,
            instruction=task.instruction,
            layout=words,
            picture="" if desk is None or not wanted else str(desk.folder / wanted),
        )

    def _make_ready(self) -> None:
        """In the pose that trials begin in. A person is asked to mend what is in the way, for as long as it takes."""
        while True:
            try:
                self._ways.revive()
                self._ways.go_to(READY)
                if self._attended:
                    self._views.looked(self._views.sizes)
                return
            except (ArmError, LineLost, CameraFrozen) as error:
                if not self._attended:
                    raise
                self._operator.wait(f"{error}.")
                self._views.reopen()

    def _rested(self) -> str:
        """What there is to say of it."""
        try:
            self._ways.go_to(REST)
        except (ArmError, LineLost) as error:
            return f"{error}."
        return "the arm rests."

    def _drawn(self, trial: Trial, notes: Notes) -> Image | None:
        """The start as the twin draws it, in a file that is named to the person."""
        if self._starts is None or self.desk is None:
            return None
        picture = self._starts.picture(trial, self._views.size)
        notes.wanted = f"starts/{trial.id}.wanted.png"
        keep(picture, self.desk.folder / notes.wanted)
        return picture

    def _photograph(self, trial: Trial, wanted: Image | None, notes: Notes) -> None:
        if self._starts is None or self.desk is None or "front" not in self._views.sizes:
            return
        photo = self._views.looked({"front": self._views.size})["front"]
        notes.photo = f"starts/{self.desk.named(trial.id)}.png"
        keep(photo, self.desk.folder / notes.photo)
        notes.difference = None if wanted is None else difference(photo, wanted)
