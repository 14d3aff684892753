"""Who lays out the table and judges: a person at a terminal, or in a rehearsal nobody at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from ..envs.base import RUBRIC, Played
from ..envs.rig import Amendment, Judgement
from ..tasks.base import Outcome
from .console import INTERRUPT, Console, line

LABELS = (
    "no_reach",
    "missed_grasp",
    "slip",
    "drop",
    "wrong_object",
    "misplaced",
    "collision",
    "timeout",
    "other",
)
"""Why a trial failed, as the twin's rubric says it, in the order of their keys. Enter keeps what it ended by: a stop,
or a hand that reached in."""
VOID_REASONS = (
    "wrong_start",
    "somebody_interfered",
    "arm_broken",
    "camera_moved",
    "light_changed",
    "policy_server_down",
)
"""Why a trial may not count. Whether it went well is none of them."""

HELP = "s success so far   f give up   a attempt   l lifted   d dropped   h I reached in   SPACE or Ctrl-C STOP"
READY = "Enter: it is laid out   u: take back the last verdict   p: pause   q: stop here, to be resumed"
JUDGE = "s success   f failure   v void   n note"
JUDGE_STOPPED = "the arm was stopped, which is no success:   f failure   v void   n note"
STOPPED = "safety_stop"
"""How the labels of all stops begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is shown before a trial."""

    trial: str
    number: int
    """Of the list, from 1."""
    of: int
    instruction: str
    layout: tuple[str, ...]
    """What lies where, in words."""
    picture: str
    """File that shows it; empty where nothing could be drawn."""


class Pause(Exception):
    """The person wants a break: the arm rests until they are back."""


class Operator(Protocol):
    name: str

    def ready(self, card: Card, last: str) -> Amendment | None:
        """Until the table is laid out. `last`: the trial whose verdict can be taken back; empty: none. A `Pause` where
        there shall be one."""
        ...

    def accept(self, photo: str, difference: float | None) -> bool:
        """Whether the start is as it should be."""
        ...

    def watch(self) -> None:
        """The trial begins."""
        ...

    def judge(self, trial: str, played: Played, stop: str) -> tuple[tuple[Judgement, ...], str]:
        """All that was said, the last of which counts, and why it is void."""
        ...

    def wait(self, text: str) -> None:
        """Until the person says go on."""
        ...


class Nobody:
    """Every prompt is answered yes; what the twin's rubric says is the verdict."""

    name = RUBRIC

    def ready(self, card: Card, last: str) -> Amendment | None:
        return None

    def accept(self, photo: str, difference: float | None) -> bool:
        return True

    def watch(self) -> None:
        """There is nobody to tell."""

    def judge(self, trial: str, played: Played, stop: str) -> tuple[tuple[Judgement, ...], str]:
        success = played.success and not stop.startswith(STOPPED)
        outcome = Outcome.SUCCESS if success else Outcome.FAILURE
        return (Judgement(now(), outcome, "" if success else stop or played.label, self.name),), ""

    def wait(self, text: str) -> None:
        """Goes on."""


class Person:
    def __init__(self, console: Console, name: str) -> None:
        """`name`: empty: the user's."""
        self.console, self.name = console, name or os.environ.get("USER", "operator")
        self._ends: dict[str, str] = {}
        """Of each trial that was judged, what it was ended by."""

    def ready(self, card: Card, last: str) -> Amendment | None:
        say = self.console.say
        say(f"\n[{card.number}/{card.of}] {card.trial}\n  {card.instruction}")
        for text in card.layout:
            say(f"  {text}")
        if card.picture:
            say(f"  as in {card.picture}")
        while True:
            key = self._asked(READY, "\n", "u", "p", "q")
            if key == "\n":
                return None
            if key == "p":
                raise Pause
            if key == "q":
                raise KeyboardInterrupt
            if not last:
                say("no verdict was given in this sitting")
                continue
            say(f"the verdict of {last} is taken back. What is it?")
            judgements, reason = self._judged(last, self._ends.get(last, ""))
            return Amendment(last, judgements[-1], reason)

    def accept(self, photo: str, difference: float | None) -> bool:
        told = "" if difference is None else f", {100 * difference:.1f} % off what is wanted"
        return self._asked(f"start photo: {photo or 'none'}{told}.   Enter: accept   r: once more", "\n", "r") == "\n"

    def watch(self) -> None:
        self.console.say(f"GO.   {HELP}")

    def judge(self, trial: str, played: Played, stop: str) -> tuple[tuple[Judgement, ...], str]:
        ended = stop or f"{'success' if played.success else played.label}, {played.end.value}"
        self.console.say(f"{trial}: {ended} after {played.steps} ticks")
        self._ends[trial] = stop or played.label
        return self._judged(trial, self._ends[trial])

    def wait(self, text: str) -> None:
        self._asked(f"{text}   Enter: go on", "\n")

    def _judged(self, trial: str, label: str) -> tuple[tuple[Judgement, ...], str]:
        """Until one is kept. All that were given are."""
        given: list[Judgement] = []
        note = ""
        while True:
            stopped = label.startswith(STOPPED)
            question = f"verdict of {trial}?   {JUDGE_STOPPED if stopped else JUDGE}"
            key = self._asked(question, *("fvn" if stopped else "sfvn"))
            if key == "n":
                note = line(self.console, "note, and Enter:")
                continue
            judgement, reason = self._judgement(key, label, note)
            given.append(judgement)
            told = f"{judgement.outcome.value} {judgement.label or reason}".strip()
            if self._asked(f"{told}.   Enter: keep it   u: take it back", "\n", "u") == "\n":
                return tuple(given), reason

    def _judgement(self, key: str, label: str, note: str) -> tuple[Judgement, str]:
        made = Judgement(now(), Outcome.SUCCESS, "", self.name, note)
        if key == "s":
            return made, ""
        if key == "v":
            reason = self._choice("why does it not count?", VOID_REASONS, "")
            return replace(made, outcome=Outcome.VOID, label=f"void_{reason}"), reason
        return replace(made, outcome=Outcome.FAILURE, label=self._choice("why?", LABELS, label)), ""

    def _choice(self, question: str, names: Sequence[str], otherwise: str) -> str:
        keys = {str(number): name for number, name in enumerate(names, start=1)}
        listed = "   ".join(f"{key} {name}" for key, name in keys.items())
        asked = f"{question}   {listed}" + (f"   Enter: {otherwise}" if otherwise else "")
        key = self._asked(asked, *keys, *(["\n"] if otherwise else []))
        return keys.get(key, otherwise)

    def _asked(self, question: str, *among: str) -> str:
        """What was typed before is no answer to it: an Enter too many would start an arm."""
        self.console.flush()
        self.console.say(question)
        while True:
            key = self.console.key()
            if key == INTERRUPT:
                raise KeyboardInterrupt
            key = "\n" if key == "\r" else key
            if key in among:
                return key


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
