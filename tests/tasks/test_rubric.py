"""Events become attempts, stages and one label; each test is a short story told in events."""

import pytest

from armtrial.tasks.base import STAGES, End, Event
from armtrial.tasks.rubric import Grasp, Reading, label, read

GRASPED = ["touched ball", "jaw_closed ball", "gripped ball", "lifted ball"]
PLACED = [*GRASPED, "jaw_opened ball", "placed ball", "released ball"]
MISSED = ["jaw_closed", "jaw_opened"]
MISSED_BALL = ["touched ball", "jaw_closed ball", "jaw_opened"]


def told(*story: str, distractors: tuple[str, ...] = ("cube",)) -> Reading:
    """One event a second: `lifted ball` is a kind and an object."""
    events = [Event(float(second), *words.split()) for second, words in enumerate(story)]
    return read(events, distractors)


def outcomes(*story: str) -> list[Grasp]:
    return [attempt.outcome for attempt in told(*story).closed()]


@pytest.mark.parametrize(
    ("story", "outcome"),
    [
        (MISSED, Grasp.MISSED),
        (["jaw_closed ball", "jaw_opened ball"], Grasp.MISSED),
        ([*GRASPED, "jaw_opened ball"], Grasp.HELD),
        ([*GRASPED, "dropped ball", "jaw_opened"], Grasp.SLIPPED),
        (["jaw_closed cube", "lifted cube", "jaw_opened cube"], Grasp.WRONG_OBJECT),
        (["jaw_closed cube", "lifted cube", "dropped cube", "jaw_opened"], Grasp.WRONG_OBJECT),
        ([*GRASPED, "dropped ball", "lifted ball", "jaw_opened ball"], Grasp.HELD),
    ],
)
def test_an_attempt_is_what_happened_between_closing_and_opening(story: list[str], outcome: Grasp) -> None:
    assert outcomes(*story) == [outcome]


def test_jaws_that_never_open_still_hold() -> None:
    assert outcomes(*GRASPED) == [Grasp.HELD]


def test_closing_again_begins_another_attempt() -> None:
    assert outcomes("jaw_closed", "jaw_closed ball", "lifted ball") == [Grasp.MISSED, Grasp.HELD]


def test_without_closing_there_is_no_attempt() -> None:
    assert outcomes("touched ball", "lifted ball", "dropped ball", "jaw_opened") == []


def test_an_attempt_has_the_time_of_closing_and_the_thing_that_was_lifted() -> None:
    (attempt,) = told("touched cube", "jaw_closed cube", "lifted ball").closed()
    assert (attempt.time, attempt.object) == (1.0, "ball")


def test_failed_attempts_are_counted_since_the_last_one_that_held() -> None:
    assert told(*MISSED, *MISSED).failed_in_a_row == 2
    assert told(*MISSED, *PLACED, *MISSED).failed_in_a_row == 1
    assert told(*MISSED, *PLACED).failed_in_a_row == 0


def test_an_attempt_under_way_has_not_failed_yet() -> None:
    assert told(*MISSED, "jaw_closed").failed_in_a_row == 1


def test_closing_the_attempts_twice_adds_none() -> None:
    reading = told(*GRASPED)
    assert reading.closed() == reading.closed()


@pytest.mark.parametrize(
    ("story", "stages"),
    [
        ([], set()),
        (["touched ball"], {"reach"}),
        (["touched cube", "jaw_closed cube", "lifted cube"], set()),
        (["touched ball", "jaw_closed ball"], {"reach"}),
        (["touched ball", "jaw_closed ball", "gripped ball"], {"reach", "grasp"}),
        (GRASPED, {"reach", "grasp", "lift"}),
        ([*GRASPED, "jaw_opened ball", "released ball"], {"reach", "grasp", "lift"}),
        (PLACED, set(STAGES)),
    ],
)
def test_stages_are_those_that_a_target_reached(story: list[str], stages: set[str]) -> None:
    assert told(*story).stages == stages


@pytest.mark.parametrize(
    ("story", "end", "expected"),
    [
        ([], End.TIMEOUT, "no_reach"),
        (["touched cube"], End.TIMEOUT, "no_reach"),
        (["touched ball"], End.TIMEOUT, "timeout"),
        (MISSED, End.TIMEOUT, "missed_grasp"),
        ([*GRASPED, "dropped ball"], End.TIMEOUT, "slip"),
        (["jaw_closed cube", "lifted cube"], End.TIMEOUT, "wrong_object"),
        (GRASPED, End.TIMEOUT, "timeout"),
        ([*GRASPED, "jaw_opened ball", "released ball"], End.TIMEOUT, "misplaced"),
        (PLACED, End.TIMEOUT, "timeout"),
        (MISSED, End.TOO_MANY_FAILED_GRASPS, "too_many_attempts"),
        (["toppled cup"], End.WORLD, "collision"),
        ([*GRASPED, *["touched ball"] * 3, "dropped ball"], End.TIMEOUT, "drop"),
        ([*GRASPED, "jaw_opened ball", "released ball", "placed ball"], End.TIMEOUT, "timeout"),
        (["collided", "touched ball"], End.TIMEOUT, "timeout"),
        (["toppled cup", "safety_stop"], End.WORLD, "safety_stop"),
    ],
)
def test_a_failure_has_one_label(story: list[str], end: End, expected: str) -> None:
    assert label(told(*story), end) == expected


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (["toppled cup"], "collision"),
        ([*MISSED_BALL, "toppled cup"], "collision"),
        (["touched ball", "toppled ball"], "collision"),
        ([*MISSED_BALL, "toppled ball"], "missed_grasp"),
        (["jaw_closed ball", "touched ball", "toppled ball"], "missed_grasp"),
        ([*MISSED_BALL, "touched ball", "toppled ball"], "collision"),
        ([*GRASPED, "dropped ball", "toppled ball"], "slip"),
        ([*GRASPED, *["touched cube"] * 3, "dropped ball", "jaw_opened", "toppled ball"], "drop"),
        ([*GRASPED, "jaw_opened ball", "released ball", "toppled ball"], "misplaced"),
        ([*PLACED, "toppled ball"], "collision"),
        ([*GRASPED, "dropped ball", "jaw_opened", "toppled ball", *MISSED_BALL, "toppled cup"], "slip"),
    ],
)
def test_what_is_out_of_reach_for_good_failed_by_what_the_hand_did_to_it_last(story: list[str], expected: str) -> None:
    assert label(told(*story), End.TIMEOUT) == expected


def test_placing_it_well_the_second_time_makes_up_for_the_first() -> None:
    misplaced = [*GRASPED, "jaw_opened ball", "released ball"]
    assert told(*misplaced, *PLACED).misplaced is False
    assert told(*PLACED, *misplaced).misplaced is True


def test_reading_one_by_one_is_reading_at_once() -> None:
    reading = Reading(frozenset({"cube"}))
    for second, words in enumerate(PLACED):
        reading.see(Event(float(second), *words.split()))
    assert reading == told(*PLACED)
