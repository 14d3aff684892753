"""`armtrial shots`: pictures of the starts of a suite's trials, and a map of where its things lie."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw

from ..envs.base import Image, Start, Vector
from ..envs.remote import RemoteEnv
from ..tasks.base import Suite, Trial
from .config import RunConfig
from .errors import UserError
from .ground import prepare

LABEL = 18
"""Pixels above each picture."""
METRES_TO_PIXELS = 900.0
MAP = (720, 460)
"""Pixels of a map: 0.8 m along the table's edge, half a metre into it."""
BASE_AT = (360, 60)
"""Where the arm's base stands on the map, which looks down with the arm's front towards the lower edge."""
COLOURS = ((40, 150, 60), (200, 50, 50), (50, 80, 200), (150, 60, 170), (230, 140, 20), (90, 90, 90))


def run(argv: Sequence[str]) -> int:
    flags = _parser().parse_args(argv)
    if flags.trials < 1:
        raise UserError(f"--trials {flags.trials}: a sheet shows at least one trial of each task")
    for name in flags.suite or ["single", "multi", "distractor"]:
        ground = prepare(RunConfig(policy="hold", suite=name, video="none"))
        env = RemoteEnv(ground.source)
        try:
            sheet = contact_sheet(env, ground.suite, flags.trials)
        finally:
            env.close()
        _save(flags.out / f"{ground.suite.name}.png", sheet)
    return 0


def contact_sheet(env: RemoteEnv, suite: Suite, trials: int) -> Image:
    """A row for each task: the first trials side by side, then the map of all of the task's starts."""
    rows = [_row(env, suite, task.name, trials) for task in suite.tasks]
    return np.concatenate(rows, axis=0)


def _row(env: RemoteEnv, suite: Suite, task: str, trials: int) -> Image:
    listed = [trial for trial in suite.trials(max(trials, suite.per_task)) if trial.task == task]
    shots = [_shot(env, trial) for trial in listed[:trials]]
    starts = [env.reset(trial) for trial in listed]
    return np.concatenate([*shots, _map(starts, shots[0].shape[0], f"{task}: {len(starts)} starts")], axis=1)


def _shot(env: RemoteEnv, trial: Trial) -> Image:
    env.reset(trial)
    return _labelled(env.frame(), trial.id)


def _labelled(picture: Image, text: str) -> Image:
    strip = np.full((LABEL, picture.shape[1], 3), 255, dtype=np.uint8)
    page = Pictures.fromarray(np.concatenate([strip, picture]))
    ImageDraw.Draw(page).text((4, 3), text, fill=(0, 0, 0))
    return np.asarray(page)


def _map(starts: Sequence[Start], height: int, title: str) -> Image:
    """Seen from above; one colour for each thing, squares for goals."""
    page = Pictures.new("RGB", MAP, (250, 250, 248))
    draw = ImageDraw.Draw(page)
    draw.rectangle((BASE_AT[0] - 45, BASE_AT[1] - 20, BASE_AT[0] + 45, BASE_AT[1] + 64), fill=(240, 150, 60))
    names = sorted({name for start in starts for name in _places(start)})
    colours = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}
    for start in starts:
        for name, place in _places(start).items():
            _dot(draw, place, colours[name], square=name == "goal")
    for number, name in enumerate(names[:24]):
        draw.text((6, 6 + 14 * number), name.removeprefix("object."), fill=colours[name])
    share = height / MAP[1]
    return _labelled(np.asarray(page.resize((round(MAP[0] * share), height - LABEL))), title)


def _places(start: Start) -> Mapping[str, Vector]:
    """What a world samples on its table: x, y and yaw by name."""
    return {
        name: value
        for name, value in start.values.items()
        if (name == "goal" or name.startswith("object.")) and value.shape == (3,)
    }


def _dot(draw: ImageDraw.ImageDraw, place: Vector, colour: tuple[int, int, int], square: bool) -> None:
    x, y = BASE_AT[0] + METRES_TO_PIXELS * float(place[0]), BASE_AT[1] - METRES_TO_PIXELS * float(place[1])
    box = (x - 5, y - 5, x + 5, y + 5)
    if square:
        draw.rectangle(box, outline=colour, width=2)
    else:
        draw.ellipse(box, fill=colour)


def _save(path: Path, picture: Image) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Pictures.fromarray(picture).save(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}. Choose another --out") from None
    print(path)


def _parser() -> argparse.ArgumentParser:
    parser: Any = argparse.ArgumentParser(
        prog="armtrial shots",
        description="Contact sheets: the first trials of every task as both cameras see them, and a map of all starts.",
        epilog="example: armtrial shots --suite distractor --trials 6 --out shots",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--suite", action="append", metavar="S", help="repeatable (default: single, multi, distractor)")
    parser.add_argument("--trials", type=int, default=2, metavar="N", help="pictures a task; even trials rig a, odd b")
    parser.add_argument("--out", type=Path, default=Path("shots"), metavar="DIR", help="folder (default: shots)")
    return parser
