"""Short films, tick by tick: what the fingers did becomes events, and the events a label."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from armtrial.tasks.base import End, Event
from armtrial.tasks.grasping import Thing, Tick, Watch
from armtrial.tasks.rubric import Grasp, label, read

OPEN, SHUT = 0.6, 0.1
LOW, HIGH = 0.02, 0.15
REST = 0.015


@dataclass
class Film:
    """A hand over a berry at the origin and a lemon 0.2 m away; `seconds` go by with everything as it is."""

    jaw: float = OPEN
    tips: tuple[float, float, float] = (0.0, 0.0, HIGH)
    speed: float = 0.0
    berry: float = REST
    lemon: float = REST
    touching: str = ""
    ticks: list[Tick] = field(default_factory=list[Tick])

    def go(self, seconds: float = 0.5, **changes: object) -> "Film":
        for name, value in changes.items():
            setattr(self, name, value)
        for _ in range(round(30 * seconds)):
            heights = {"berry": (0.0, self.berry), "lemon": (0.2, self.lemon)}
            things = {
                name: Thing((x, 0.0, z), touched=name == self.touching, gripped=name == self.touching)
                for name, (x, z) in heights.items()
            }
            self.ticks.append(Tick(len(self.ticks) / 30, self.jaw, self.tips, self.speed, things))
        return self

    def events(self) -> Iterator[Event]:
        watch = Watch()
        for tick in self.ticks:
            yield from watch.see(tick)

    def told(self) -> list[str]:
        return [f"{event.kind} {event.object}".strip() for event in self.events()]


def reached() -> Film:
    return Film().go().go(tips=(0.0, 0.0, LOW))


def lifted() -> Film:
    return reached().go(jaw=SHUT, touching="berry").go(1.0, berry=0.08, tips=(0.0, 0.0, 0.085))


def test_a_clean_grasp_is_told_in_order() -> None:
    told = lifted().go(jaw=OPEN, touching="", berry=REST).told()
    assert " ".join(told) == (
        "touched berry jaw_closed berry gripped berry lifted berry jaw_opened berry released berry"
    )


def test_a_miss_closes_and_opens_and_lifts_nothing() -> None:
    film = reached().go(jaw=SHUT).go(1.0, tips=(0.0, 0.0, HIGH)).go(jaw=OPEN)
    assert film.told() == ["jaw_closed berry", "jaw_opened"]


def test_a_slip_is_a_drop_while_the_jaws_hold() -> None:
    film = lifted().go(touching="", berry=REST).go(jaw=OPEN)
    assert film.told()[-3:] == ["lifted berry", "dropped berry", "jaw_opened"]


def test_a_short_loss_of_touch_is_no_drop() -> None:
    film = lifted().go(0.1, touching="").go(1.0, touching="berry")
    assert "dropped berry" not in film.told()


@pytest.mark.parametrize(
    "changes",
    [{"speed": 0.2, "tips": (0.0, 0.0, LOW)}, {"tips": (0.0, 0.0, HIGH)}, {"tips": (0.1, 0.1, LOW)}],
    ids=["in flight", "high up", "nothing near"],
)
def test_shaping_the_jaws_elsewhere_is_no_attempt(changes: dict[str, Any]) -> None:
    assert Film().go(**changes).go(jaw=SHUT).told() == []


def test_jaws_that_were_shaped_in_flight_have_not_closed_on_arrival() -> None:
    assert Film().go(speed=0.2).go(2.0, jaw=0.4).go(1.0, speed=0.0, tips=(0.0, 0.0, LOW)).told() == []


def test_a_thing_that_is_raised_was_closed_upon_however_slowly() -> None:
    film = reached()
    for step in range(60):
        film.go(1 / 30, jaw=OPEN - 0.003 * step)
    assert film.go(1.0, touching="berry", berry=0.08).told()[1:3] == ["jaw_closed berry", "lifted berry"]


def test_the_nearest_thing_is_the_one_that_is_tried_for() -> None:
    film = Film().go(tips=(0.19, 0.0, LOW)).go(jaw=SHUT, touching="lemon").go(1.0, lemon=0.1)
    assert "jaw_closed lemon" in film.told()
    assert film.told()[-1] == "lifted lemon"


def test_touching_again_soon_is_told_once() -> None:
    film = reached().go(0.1, touching="berry").go(0.2, touching="").go(0.1, touching="berry")
    assert film.told() == ["touched berry"]


FILMS: Sequence[tuple[str, Film, list[Grasp]]] = [
    ("no_reach", Film().go(3.0), []),
    ("timeout", reached().go(touching="berry"), []),
    ("missed_grasp", reached().go(jaw=SHUT).go(jaw=OPEN), [Grasp.MISSED]),
    ("slip", lifted().go(touching="", berry=REST), [Grasp.SLIPPED]),
    ("drop", lifted().go(2.0).go(touching="", berry=REST), [Grasp.SLIPPED]),
    ("misplaced", lifted().go(jaw=OPEN, touching="", berry=REST), [Grasp.HELD]),
    (
        "wrong_object",
        Film().go(tips=(0.2, 0.0, LOW)).go(jaw=SHUT, touching="lemon").go(1.0, lemon=0.1),
        [Grasp.WRONG_OBJECT],
    ),
]


@pytest.mark.parametrize(("expected", "film", "attempts"), FILMS, ids=[name for name, _, _ in FILMS])
def test_each_way_to_fail_gets_its_label(expected: str, film: Film, attempts: list[Grasp]) -> None:
    reading = read(film.events(), ["lemon"])
    assert label(reading, End.TIMEOUT) == expected
    assert [attempt.outcome for attempt in reading.closed()] == attempts


def test_a_thing_that_leans_on_an_open_finger_is_not_lifted() -> None:
    film = reached().go(touching="berry").go(1.0, berry=0.08)
    film.ticks = [
        replace(tick, things={name: replace(thing, gripped=False) for name, thing in tick.things.items()})
        for tick in film.ticks
    ]
    assert film.told() == ["touched berry"]


def test_jaws_that_open_a_little_have_opened_and_not_closed_again() -> None:
    assert reached().go(0.2, jaw=SHUT).go(jaw=SHUT + 0.15).told() == ["jaw_closed berry", "jaw_opened"]


def test_jaws_open_from_where_they_were_narrowest() -> None:
    film = reached()
    for jaw in (0.5, 0.4, 0.3, 0.2, SHUT):
        film.go(0.1, jaw=jaw)
    assert film.go(jaw=SHUT + 0.15).told() == ["jaw_closed berry", "jaw_opened"]


def test_what_clings_to_jaws_that_open_is_not_lifted_again() -> None:
    told = lifted().go(0.2, jaw=OPEN).go(touching="", berry=REST).told()
    assert told[-3:] == ["lifted berry", "jaw_opened berry", "released berry"]


def test_what_hops_is_not_lifted() -> None:
    film = reached().go(jaw=SHUT, touching="berry")
    for _ in range(4):
        film.go(0.2, berry=0.08).go(0.2, berry=REST)
    assert "lifted berry" not in film.told()


@pytest.mark.parametrize("jaws_first", [True, False])
def test_what_stands_high_is_lifted_only_from_there(jaws_first: bool) -> None:
    """A pen in its holder, say, that closed jaws touch."""
    film = Film(berry=0.07).go().go(tips=(0.0, 0.0, LOW))
    film.go(jaw=SHUT if jaws_first else OPEN).go(1.0, touching="berry").go(1.0, jaw=SHUT)
    assert "lifted berry" not in film.told()
    assert film.go(1.0, berry=0.095).told()[-1] == "lifted berry"


def test_what_was_lost_rests_where_it_fell_though_the_jaws_stay_closed() -> None:
    film = lifted().go(1.0, touching="", berry=0.07).go(1.0, touching="berry")
    assert film.told().count("lifted berry") == 1
