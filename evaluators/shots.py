"""`armtrial shots`: pictures of the starts of a suite's trials, and a map of where its things lie."""

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw

from ..envs.base import Image, Start, Vector
from ..envs.remote import RemoteEnv
from ..tasks.base import Suite, Trial
from .config import RunConfig
from .errors import UserError
from .flags import Parser, Repeatable, world_flags, world_of
from .ground import prepare
from .output import show

EXAMPLES = """\
examples:
  %(prog)s                                   the suites of the table, into shots/
  %(prog)s --suite distractor --trials 6 --look pretty --out pretty

exit status: 0 drawn; 2 something you can mend, said in one line
"""
SUITES = ("single", "multi", "distractor")
LABEL = 18
"""Pixels above each picture."""
METRES_TO_PIXELS = 900.0
MAP = (720, 460)
"""Pixels of a map: 0.8 m along the table's edge, half a metre into it."""
BASE_AT = (360, 60)
"""Where the arm's base stands on the map, which looks down with the arm's front towards the lower edge."""
MARK = (30, 30, 30)
"""Around what is to be put somewhere."""
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Start:
    """Of a trial, as a map shows it."""

    places: Mapping[str, Vector]
    targets: frozenset[str]
    """Those of the places whose things are to be put somewhere."""


def run(argv: Sequence[str]) -> int:
    flags = _parser().parse_args(argv)
    if flags.trials < 1:
        raise UserError(f"--trials {flags.trials}: a sheet shows at least one trial of each task")
    for name in flags.suite or SUITES:
        ground = prepare(RunConfig(policy="hold", suite=name, **world_of(flags)))
        if ground.renderer is not None and ground.renderer.backend == "disabled":
            raise UserError("shots are pictures, and MUJOCO_GL=disabled draws none: unset it")
        env = RemoteEnv(ground.source)
        try:
            sheet = contact_sheet(env, ground.suite, flags.trials)
        finally:
            env.close()
        _save(flags.out / f"{ground.suite.name}.png", sheet)
    return 0


def contact_sheet(env: RemoteEnv, suite: Suite, trials: int) -> Image:
    """A row for each task: the first trials side by side, then the map of all of the task's starts, where a world tells
    where things lie."""
    rows = [_row(env, suite, task.name, trials) for task in suite.tasks]
    return np.concatenate(rows, axis=0)


def _row(env: RemoteEnv, suite: Suite, task: str, trials: int) -> Image:
    listed = [trial for trial in suite.trials(max(trials, suite.per_task)) if trial.task == task]
    shots = [_shot(env, trial) for trial in listed[:trials]]
    if not _places(env.reset(listed[0])):
        return np.concatenate(shots, axis=1)
    starts = [_start(env, trial) for trial in listed]
    return np.concatenate([*shots, _map(starts, shots[0].shape[0], f"{task}: {len(starts)} starts")], axis=1)


def _start(env: RemoteEnv, trial: Trial) -> _Start:
    """A world that tells which of its things is the target tells it as `target.<name>`."""
    places = _places(env.reset(trial))
    secret = env.observe({}, privileged=True).privileged
    return _Start(places, frozenset(name for name in places if name.replace("object.", "target.") in secret))


def _shot(env: RemoteEnv, trial: Trial) -> Image:
    env.reset(trial)
    return _labelled(env.frame(), trial.id)


def _labelled(picture: Image, text: str) -> Image:
    strip = np.full((LABEL, picture.shape[1], 3), 255, dtype=np.uint8)
    page = Pictures.fromarray(np.concatenate([strip, picture]))
    ImageDraw.Draw(page).text((4, 3), text, fill=(0, 0, 0))
    return np.asarray(page)


def _map(starts: Sequence[_Start], height: int, title: str) -> Image:
    """Seen from above; one colour for each thing, a dark rim around targets, squares for goals."""
    page = Pictures.new("RGB", MAP, (250, 250, 248))
    draw = ImageDraw.Draw(page)
    draw.rectangle((BASE_AT[0] - 45, BASE_AT[1] - 20, BASE_AT[0] + 45, BASE_AT[1] + 64), fill=(240, 150, 60))
    names = sorted({name for start in starts for name in start.places})
    colours = dict(zip(names, _colours(len(names))))
    targets = frozenset[str]().union(*(start.targets for start in starts))
    for start in starts:
        for name, place in start.places.items():
            _dot(draw, place, colours[name], square=name == "goal", marked=name in start.targets)
    for number, name in enumerate(names[:24]):
        words = name.removeprefix("object.") + (" (target)" if name in targets else "")
        draw.text((6, 6 + 14 * number), words, fill=colours[name])
    share = height / MAP[1]
    return _labelled(np.asarray(page.resize((round(MAP[0] * share), height - LABEL))), title)


def _places(start: Start) -> Mapping[str, Vector]:
    """What a world samples on its table: x, y and yaw by name."""
    return {
        name: value
        for name, value in start.values.items()
        if (name == "goal" or name.startswith("object.")) and value.shape == (3,)
    }


def _colours(number: int) -> list[Colour]:
    """As many as there are things, all different: hues around the wheel, every other one darker."""
    tones = [colorsys.hsv_to_rgb(index / number, 0.9, 0.85 - 0.35 * (index % 2)) for index in range(number)]
    return [(round(255 * red), round(255 * green), round(255 * blue)) for red, green, blue in tones]


def _dot(draw: ImageDraw.ImageDraw, place: Vector, colour: Colour, square: bool, marked: bool) -> None:
    x, y = BASE_AT[0] + METRES_TO_PIXELS * float(place[0]), BASE_AT[1] - METRES_TO_PIXELS * float(place[1])
    box = (x - 5, y - 5, x + 5, y + 5)
    if square:
        draw.rectangle(box, outline=colour, width=2)
    else:
        draw.ellipse(box, fill=colour, outline=MARK if marked else colour, width=2)


def _save(path: Path, picture: Image) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Pictures.fromarray(picture).save(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}. Choose another --out") from None
    show(str(path))


def _parser() -> Parser:
    parser = Parser(
        "armtrial shots",
        "Contact sheets: the first trials of every task as both cameras see them, and a map of all starts.",
        EXAMPLES,
    )
    parser.add_argument("--suite", action=Repeatable, metavar="S", help=f"repeatable (default: {', '.join(SUITES)})")
    parser.add_argument("--trials", type=int, default=2, metavar="N", help="pictures a task; even trials rig a, odd b")
    parser.add_argument("--out", type=Path, default=Path("shots"), metavar="DIR", help="folder (default: shots)")
    world_flags(parser)
    return parser
