"""A film has a picture for every tick, and is read back as such."""

import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from armtrial.envs.base import Image
from armtrial.evaluators.film_reader import pictures
from armtrial.real.films import Film, Filming
from armtrial.real.reading import CameraFrozen
from armtrial.tests.waiting import until

SHADES = (20, 70, 120, 170, 220)


def grey(shade: int) -> Image:
    return np.full((64, 96, 3), shade, np.uint8)


def shades(path: Path) -> list[int]:
    """Of every picture, rounded to what was drawn: a film is not exact."""
    return [min(SHADES, key=lambda shade: abs(shade - image.mean())) for image in pictures(path)]


def filmed(path: Path, *taken: tuple[int, int], until: int) -> list[int]:
    film = Film(path, 30.0)
    for number, shade in taken:
        film.add(grey(shade), number)
    film.fill(until)
    film.close()
    return shades(path)


def test_picture_k_is_what_was_seen_at_tick_k(tmp_path: Path) -> None:
    assert filmed(tmp_path / "x.mp4", *enumerate(SHADES), until=5) == list(SHADES)


def test_a_tick_that_nobody_took_shows_what_was_seen_before_and_not_what_came_after(tmp_path: Path) -> None:
    assert filmed(tmp_path / "x.mp4", (0, 20), (3, 120), until=5) == [20, 20, 20, 120, 120]


def test_what_nobody_saw_before_the_first_picture_is_shown_as_it(tmp_path: Path) -> None:
    assert filmed(tmp_path / "x.mp4", (2, 70), until=3) == [70, 70, 70]


def test_a_second_picture_of_a_tick_is_none(tmp_path: Path) -> None:
    assert filmed(tmp_path / "x.mp4", (0, 20), (0, 220), (1, 70), until=2) == [20, 70]


def test_a_camera_that_gives_nothing_is_shown_as_it_was_last(tmp_path: Path) -> None:
    answers: Iterator[int] = iter([20, 70])

    def picture(_: str) -> Image:
        shade = next(answers, None)
        if shade is None:
            raise CameraFrozen("front")
        return grey(shade)

    filming = Filming({"front": tmp_path / "x.mp4"}, picture, 30.0, None)
    for tick in (1, 2, 3):
        filming.take(tick)
    filming.close(4)
    assert shades(tmp_path / "x.mp4") == [20, 70, 70, 70]


def test_beside_the_arm_pictures_are_taken_as_ticks_go_by(tmp_path: Path) -> None:
    taken: list[int] = []

    def picture(_: str) -> Image:
        taken.append(SHADES[min(len(taken), 4)])
        return grey(taken[-1])

    filming = Filming({"front": tmp_path / "x.mp4"}, picture, 30.0, lambda: len(taken))
    filming.begin()
    until(lambda: len(taken) >= 5)
    filming.close(9)
    assert shades(tmp_path / "x.mp4")[:9] == [*SHADES, 220, 220, 220, 220]


@pytest.mark.parametrize("ticks", [None, lambda: 3])
def test_an_encoder_that_is_killed_costs_its_film_and_nothing_else(
    tmp_path: Path, ticks: Callable[[], int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    filming = Filming({name: tmp_path / f"{name}.mp4" for name in ("front", "wrist")}, lambda _: grey(70), 30.0, ticks)
    monkeypatch.setattr(filming._films["front"], "_writer", dead())
    filming.begin()
    if ticks is None:
        filming.take(4)
    filming.close(40)
    assert filming.lost == {"front": "[Errno 32] Broken pipe"}
    assert filming.paths == [tmp_path / "wrist.mp4"]


def dead() -> Generator[None, Any, None]:
    """As imageio's writer, once ffmpeg is gone."""

    def written() -> Generator[None, Any, None]:
        yield
        raise OSError("[Errno 32] Broken pipe\n\nFFMPEG COMMAND:\nffmpeg ...")

    made = written()
    next(made)
    return made


def test_a_folder_that_cannot_be_written_costs_the_film_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "videos").write_text("no folder")
    filming = Filming({"front": tmp_path / "videos" / "x.mp4"}, lambda _: grey(70), 30.0, None)
    filming.take(1)
    filming.close(2)
    assert (list(filming.lost), filming.paths) == (["front"], [])


def test_a_camera_that_never_gave_a_picture_has_no_film_to_be_named(tmp_path: Path) -> None:
    def frozen(_: str) -> Image:
        raise CameraFrozen("front")

    filming = Filming({"front": tmp_path / "x.mp4"}, frozen, 30.0, None)
    filming.close(2)
    assert (filming.lost, filming.paths) == ({}, [])


def test_the_first_picture_is_taken_before_the_clock_runs(tmp_path: Path) -> None:
    seen: list[str] = []
    filming = Filming({"front": tmp_path / "x.mp4"}, lambda name: (seen.append(name), grey(70))[1], 30.0, lambda: 0)
    assert seen == ["front"]
    assert "film" not in [thread.name for thread in threading.enumerate()]
    filming.close(1)


def test_a_film_that_is_gone_is_named() -> None:
    with pytest.raises(Exception, match=r"none.mp4 is gone; put it back"):
        next(pictures(Path("none.mp4")))
