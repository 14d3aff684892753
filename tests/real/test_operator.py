"""What a person is asked and may answer."""

from collections.abc import Sequence

import pytest

from armtrial.envs.base import Played
from armtrial.real.operator import Card, Nobody, Person
from armtrial.tasks.base import End, Outcome

PLAYED = Played(True, End.SUCCESS, "", 1.0, 60)
CARD = Card(trial="b", number=2, of=2, instruction="Place it.", layout=(), picture="")


class Scripted:
    """Keys that were typed ahead, until they are dropped, and those that answer each prompt."""

    gone = False

    def __init__(self, ahead: str, *answers: str) -> None:
        self._ahead, self._answers = list(ahead), list("".join(answers))
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def flush(self) -> None:
        self._ahead.clear()

    def key(self, seconds: float | None = None) -> str:
        return (self._ahead or self._answers).pop(0)

    def close(self) -> None:
        """Nothing is open."""


def judged(stop: str, keys: Sequence[str]) -> tuple[Outcome, str, Scripted]:
    console = Scripted("", *keys)
    judgements, _ = Person(console, "ada").judge("a", PLAYED, stop)
    return judgements[-1].outcome, judgements[-1].label, console


def test_what_was_typed_ahead_answers_nothing() -> None:
    """An Enter too many at the verdict would start the arm of the next trial."""
    console = Scripted("\n\n\n", "q")
    with pytest.raises(KeyboardInterrupt):
        Person(console, "ada").ready(CARD, "")
    assert not Person(Scripted("\n", "r"), "ada").accept("", None)


def test_a_trial_that_ended_well_may_be_a_success() -> None:
    assert judged("", "s\n")[0] is Outcome.SUCCESS


def test_after_a_safety_stop_no_success_is_offered_nor_taken() -> None:
    outcome, label, console = judged("safety_stop_operator", "sf\n\n")
    assert (outcome, label) == (Outcome.FAILURE, "safety_stop_operator")
    assert not any("s success" in text for text in console.said)


def test_nor_is_it_when_the_verdict_is_taken_back() -> None:
    console = Scripted("", "f\n\n", "usv1\n")
    person = Person(console, "ada")
    person.judge("a", PLAYED, "safety_stop_overload")
    amendment = person.ready(CARD, "a")
    assert amendment is not None
    assert amendment.judgement.outcome is Outcome.VOID


def test_a_hand_that_reached_in_may_still_be_judged_a_success() -> None:
    assert judged("intervention", "s\n")[0] is Outcome.SUCCESS


def test_nobody_calls_a_stopped_trial_a_success_either() -> None:
    judgements, _ = Nobody().judge("a", PLAYED, "safety_stop_overload")
    assert (judgements[0].outcome, judgements[0].label) == (Outcome.FAILURE, "safety_stop_overload")
