"""`armtrial shots` and `armtrial view`: maps, and what is said where nothing can be drawn or shown."""

import numpy as np
import pytest

from armtrial.envs.gl import GlProbe
from armtrial.evaluators import ground, shots, view
from armtrial.evaluators.errors import UserError
from armtrial.tests.calvin_fake import FAKE, FakeCalvin


def test_every_thing_on_a_map_has_a_colour_of_its_own() -> None:
    assert len(set(shots._colours(13))) == 13


def test_a_target_is_marked_on_the_map() -> None:
    places = {"object.plum": np.zeros(3), "object.pen": np.array([0.2, -0.2, 0.0])}
    drawn = [
        shots._map([shots._Start(places, frozenset(targets))], shots.MAP[1] + shots.LABEL, "two")
        for targets in ((), ("object.pen",))
    ]
    dark = [(picture == shots.MARK).all(axis=2).sum() for picture in drawn]
    assert dark[0] == 0 < dark[1]


def test_a_world_that_tells_of_no_places_has_shots_and_no_map() -> None:
    sheet = shots.contact_sheet(FakeCalvin(FAKE.tasks), FAKE, 2)  # type: ignore[arg-type]
    assert sheet.shape == (200 + shots.LABEL, 2 * 400, 3)


def test_without_gl_shots_are_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "disabled")
    with pytest.raises(UserError, match="shots are pictures, and MUJOCO_GL=disabled draws none: unset it"):
        shots.run(["--suite", "single"])


def test_a_screen_without_glfw_is_not_blamed_on_a_variable_nobody_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.setattr(view, "probe", lambda backend, environ: GlProbe(backend, "no such screen"))
    monkeypatch.setattr(ground, "chosen", None)
    with pytest.raises(UserError, match=r"drawn by GLFW, which does not work .*no such screen.*armtrial shots"):
        view.run(["--task", "pen"])
