"""Looking at cameras that give pictures, give none for a moment, or stand still."""

import numpy as np
import pytest

from armtrial.envs.base import Image
from armtrial.real import views
from armtrial.real.reading import ArmError, CameraFrozen
from armtrial.real.views import LOOKS, Views

SIZE = (64, 48)


class Lenses:
    """Cameras that give nothing at the first looks."""

    def __init__(self, blind: int = 0) -> None:
        self.looks, self._blind = 0, blind

    def picture(self, name: str) -> tuple[Image, float]:
        self.looks += 1
        if self.looks <= self._blind:
            raise CameraFrozen(name)
        return np.zeros((SIZE[1], SIZE[0], 3), dtype=np.uint8), 0.25

    def open_cameras(self) -> None:
        self._blind = 0


@pytest.fixture
def frozen() -> list[str]:
    return []


def test_a_picture_has_the_shape_that_is_asked_for_and_its_age_is_added(frozen: list[str]) -> None:
    ages = [0.5]
    images = Views(Lenses(), ["front", "wrist"], SIZE, frozen.append).looked({"front": (32, 32)}, ages)
    assert {name: image.shape for name, image in images.items()} == {"front": (32, 32, 3)}
    assert ages == [0.5, 0.25]


def test_a_camera_that_gives_nothing_for_a_moment_is_waited_for(frozen: list[str]) -> None:
    lenses = Lenses(blind=2)
    assert "front" in Views(lenses, ["front"], SIZE, frozen.append).looked({"front": SIZE})
    assert (lenses.looks, frozen) == (3, [])


def test_a_camera_that_stands_still_is_told_before_the_error_and_looked_at_often_enough(
    frozen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(range(0, 1000, 10))
    monkeypatch.setattr(views.time, "monotonic", lambda: next(times))
    lenses = Lenses(blind=1000)
    with pytest.raises(CameraFrozen):
        Views(lenses, ["front"], SIZE, frozen.append).looked({"front": SIZE})
    assert (lenses.looks, frozen) == (LOOKS, ["front"])


def test_a_camera_that_is_not_there_is_named_with_those_that_are(frozen: list[str]) -> None:
    with pytest.raises(ArmError, match=r"no camera 'side'\. There are: front, wrist; give them by --front and --wrist"):
        Views(Lenses(), ["front", "wrist"], SIZE, frozen.append).looked({"side": SIZE})
