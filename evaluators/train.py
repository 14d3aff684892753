"""`armtrial train`: the steps from demonstrations to a checkpoint, each of which goes on where it stopped."""

import argparse
import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .errors import UnknownName, UserError

MODELS = ("rynnvla",)
STEPS = ("draw", "begin", "tokenizer", "actions", "stage1", "stage2", "stage3", "pack")
INTERRUPTED = 130
LINE_SECONDS = 60.0
"""From one line of a log to the next."""

DESCRIPTION = """\
Trains RynnVLA from demonstrations, step by step. A step that was interrupted goes on where it stopped.
"""
EPILOG = """\
steps, in their order:
  draw        replays collections and draws the pictures that the training looks at, into WORK/drawn
  begin       goes on from --checkpoint, ours or the published layout: its shapes, and a recipe that suits it
  tokenizer   pictures to codes and back
  actions     chunks of actions to a few numbers and back (the ActionVAE)
  stage1      the transformer: what comes next in clips without actions
  stage2      the same with the trajectories of the hand, and what it will do
  stage3      the robot's own states and actions, with later pictures as a regulariser
  pack        one folder for --checkpoint: config.json, model.safetensors, text.json
  all         all of them; what is done already takes no time

examples:
  armtrial collect --suite single --episodes 500 --out data/single
  armtrial train rynnvla draw --from data/single --work work --every 3
  armtrial train rynnvla all --work work --out my-checkpoint
  python run_eval.py --policy rynnvla --checkpoint my-checkpoint --suite single
  armtrial train rynnvla stage3 --work work --steps 40000        a stage made longer goes on from where it is
  armtrial train rynnvla all --recipe mine.json --data lerobot/my-dataset --work work --out mine
                                                                 from a LeRobotDataset
  armtrial train rynnvla all --checkpoint my-checkpoint --data lerobot/my-dataset --work tuned --out tuned/checkpoint
                                                                 a checkpoint, finetuned on more data

A recipe is plain JSON. `twin`, `twin-again` and `published` come with the package; WORK/recipe.json shows the one
that a folder was begun with, and is a start for one's own.

exit status: 0 trained; 2 something you can mend, said in one line; 130 interrupted
"""


def run(argv: Sequence[str]) -> int:
    flags = _parser().parse_args(argv)
    steps = STEPS if flags.step == "all" else (flags.step,)
    try:
        for step in steps:
            if flags.step == "all" and not _wanted(step, flags):
                continue
            _STEPS[step](flags)
    except KeyboardInterrupt:
        Console(stderr=True).print(f"interrupted; the same command goes on from what is in {flags.work}")
        return INTERRUPTED
    return 0


def _wanted(step: str, flags: argparse.Namespace) -> bool:
    """Nothing is drawn that nobody named, and a recipe may leave steps out."""
    if step in ("draw", "begin"):
        return bool(flags.source if step == "draw" else flags.checkpoint)
    return step == "pack" or getattr(_recipe(flags), step) is not None


def _draw(flags: argparse.Namespace) -> None:
    from .drawing import draw

    if not flags.source:
        raise UserError("--from is missing: which collections are to be drawn? armtrial collect makes them")
    pictures = _recipe(flags).pictures
    size = pictures.asked or (pictures.short_side * 4 // 3, pictures.short_side)
    with _bar() as bar:
        for folder in flags.source:
            task = bar.add_task(f"drawing {folder.name}", total=None)
            draw(
                [folder],
                flags.work / "drawn" / folder.name,
                size,
                flags.every,
                flags.workers,
                _counting(bar, task),
                flags.until,
            )


def _begin(flags: argparse.Namespace) -> None:
    from ..policies.rynnvla.training.work import Work

    if flags.checkpoint is None:
        raise UserError("--checkpoint is missing: which one does the training go on from?")
    with _told():
        _start(flags).give(Work(flags.work, _recipe(flags), _source(flags), "cpu"))


def _start(flags: argparse.Namespace) -> Any:
    """Read once: it may have many weights."""
    from ..policies.rynnvla.checkpoint import Parts
    from ..policies.rynnvla.training.beginning import Start

    if flags.start is None:
        with _told():
            flags.start = Start(flags.checkpoint, Parts(tokenizers=flags.tokenizers))
    return flags.start


@contextmanager
def _told() -> Generator[None]:
    """What the user can mend, in one line."""
    from ..policies.rynnvla.text import TextError
    from ..policies.rynnvla.training.loop import TrainingError
    from ..policies.rynnvla.training.store import StoreError
    from ..policies.rynnvla.training.work import WorkError
    from ..policies.rynnvla.vocabulary import VocabularyError
    from ..policies.rynnvla.weights import CheckpointError

    try:
        yield
    except (CheckpointError, StoreError, TextError, TrainingError, VocabularyError, WorkError) as error:
        raise UserError(str(error)) from None


def _learn(step: str) -> Callable[[argparse.Namespace], None]:
    def learn(flags: argparse.Namespace) -> None:
        from ..policies.rynnvla.training.work import Work

        with _told():
            work = Work(flags.work, _scheduled(_recipe(flags), step, flags.steps), _source(flags), flags.device)
            with _bar() as bar:
                task = bar.add_task(step, total=_schedule(work.recipe, step).steps)
                figures = _called(work, step, _telling(bar, task, step), _counting(bar, bar.add_task("encoding")))
        Console().print(f"{step}: {_figures(figures)}")

    return learn


def _called(work: Any, step: str, tell: Any, count: Any) -> Mapping[str, float]:
    method = getattr(work, step)
    return method(tell, count) if step.startswith("stage") else method(tell)


def _pack(flags: argparse.Namespace) -> None:
    from ..policies.rynnvla.training.work import Work

    if flags.out is None:
        raise UserError("--out is missing: where is the checkpoint to be written?")
    with _told():
        Work(flags.work, _recipe(flags), _source(flags), "cpu").pack(flags.out)
    Console().print(f"{flags.out} is a checkpoint: python run_eval.py --policy rynnvla --checkpoint {flags.out}")


_STEPS: dict[str, Callable[[argparse.Namespace], None]] = {
    "draw": _draw,
    "begin": _begin,
    **{step: _learn(step) for step in STEPS[2:-1]},
    "pack": _pack,
}


def _recipe(flags: argparse.Namespace) -> Any:
    """By name, from a file, the one that the folder was begun with, or what suits the checkpoint that it goes on from,
    which says what shapes it has."""
    begun = flags.work / "recipe.json"
    name = flags.recipe or (str(begun) if begun.exists() else "")
    if flags.checkpoint is None:
        return _named_recipe(name or "twin", begun)
    start = _start(flags)
    return start.shaped(_named_recipe(name, begun) if name else start.recipe)


def _named_recipe(name: str, begun: Path) -> Any:
    from ..policies.rynnvla.training.recipe import RECIPES, Recipe

    if name in RECIPES:
        return RECIPES[name]
    if not name.endswith(".json"):
        raise UnknownName("recipe", name, RECIPES)
    try:
        return msgspec.json.decode(Path(name).read_bytes(), type=Recipe)
    except OSError as error:
        raise UserError(f"recipe {name} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"recipe {name} is no recipe: {error}. {begun} of a training is an example") from None


def _schedule(recipe: Any, step: str) -> Any:
    """None where the recipe leaves the step out."""
    found = getattr(recipe, step)
    found = getattr(found, "schedule", found)
    if found is None:
        raise UserError(f"recipe '{recipe.name}' has no step '{step}'")
    return found


def _scheduled(recipe: Any, step: str, steps: int | None) -> Any:
    if steps is None:
        return recipe
    if steps < 1:
        raise UserError(f"--steps {steps}: a training takes at least one")
    longer = msgspec.structs.replace(_schedule(recipe, step), steps=steps)
    part = getattr(recipe, step)
    whole = msgspec.structs.replace(part, schedule=longer) if hasattr(part, "schedule") else longer
    return msgspec.structs.replace(recipe, **{step: whole})


def _source(flags: argparse.Namespace) -> Any:
    """Drawn episodes, or a LeRobotDataset's, or several of them."""
    from ..policies.rynnvla.training.chained import Chained
    from ..policies.rynnvla.training.store import DrawnEpisodes
    from .lerobot_episodes import LeRobotEpisodes

    folders = flags.data or sorted(path for path in (flags.work / "drawn").glob("*") if path.is_dir())
    if not folders:
        raise UserError(
            f"there are no pictures in {flags.work / 'drawn'}; armtrial train rynnvla draw --from COLLECTION makes "
            "them, and --data DIR takes those of another training or a LeRobotDataset"
        )
    pictures = _recipe(flags).pictures
    size = pictures.asked or (pictures.short_side * 4 // 3, pictures.short_side)

    def opened(folder: Path) -> Any:
        if (folder / "meta" / "info.json").exists():
            return LeRobotEpisodes(folder, size=size, every=flags.every)
        return DrawnEpisodes(folder)

    try:
        return Chained([opened(folder) for folder in folders])
    except ValueError as error:
        raise UserError(str(error)) from None


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _counting(bar: Progress, task: Any) -> Callable[[int, int], None]:
    return lambda done, of: bar.update(task, completed=done, total=of)


def _telling(bar: Progress, task: Any, step: str) -> Callable[[int, Mapping[str, float]], None]:
    """Where nobody sees a bar move, a line a minute."""
    told = time.monotonic()

    def tell(done: int, figures: Mapping[str, float]) -> None:
        nonlocal told
        bar.update(task, completed=done, description=f"{step} {_figures(figures)}")
        if not bar.console.is_terminal and time.monotonic() - told > LINE_SECONDS:
            told = time.monotonic()
            bar.console.print(f"{step} {done}: {_figures(figures)}", soft_wrap=True)

    return tell


def _figures(figures: Mapping[str, float]) -> str:
    return " ".join(f"{name} {value:.4g}" for name, value in figures.items())


def _parser() -> argparse.ArgumentParser:
    from .flags import Parser

    parser = Parser("armtrial train", DESCRIPTION, EPILOG)
    parser.add_argument("model", choices=MODELS, help="what is trained")
    parser.add_argument("step", choices=(*STEPS, "all"), help="see below")
    parser.add_argument(
        "--work", type=Path, metavar="DIR", required=True, help="where everything of this training lies"
    )
    parser.add_argument(
        "--recipe",
        metavar="R",
        default="",
        help="twin, twin-again, published, or a file (default: the folder's own, else twin)",
    )
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="DIR", nargs="+", default=[], help="draw: collections"
    )
    parser.add_argument(
        "--every", type=int, metavar="N", default=3, help="draw: ticks from one picture to the next (3)"
    )
    parser.set_defaults(start=None)
    parser.add_argument("--checkpoint", type=Path, metavar="DIR", help="begin: the one to go on from")
    parser.add_argument(
        "--tokenizers", type=Path, metavar="DIR", help="begin: of the published layout, if they are not in it"
    )
    parser.add_argument("--until", type=int, metavar="N", help="draw: only the first N ticks of an episode (all)")
    parser.add_argument("--workers", type=int, metavar="N", default=os.cpu_count() or 1, help="draw: processes")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", nargs="+", default=[], help="drawn episodes or LeRobotDatasets"
    )
    parser.add_argument("--steps", type=int, metavar="N", help="instead of the recipe's number")
    parser.add_argument("--device", metavar="D", default="cpu", help="cpu, cuda, cuda:1 (default: cpu)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="pack: the checkpoint's folder")
    return parser
