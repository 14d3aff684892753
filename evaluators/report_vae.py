"""`armtrial report-vae`: what the ActionVAE of a checkpoint loses, in degrees and in trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from tabulate import tabulate

from ..envs.base import Vector
from . import api
from .demonstrations import usable
from .errors import UserError
from .flags import STATUSES, Parser, trial_flags
from .folder import RunFolder
from .metrics import succeeded
from .output import show
from .played import Run
from .progress import watcher
from .stats import Rate

DESCRIPTION = """\
Plays the expert twice over the same trials: as it is, and with every chunk of its actions encoded and decoded by the
ActionVAE of a checkpoint. A policy that predicts latents cannot be better than the second. From the first run it also
measures how far a decoded chunk is from the chunk itself, joint by joint and action by action.
"""
EXAMPLES = """\
examples:
  armtrial report-vae --suite single --episodes 20
  armtrial report-vae --checkpoint my-checkpoint --suite single --task pen --episodes 50 --out runs/vae

what is written into --out: expert/ and expert+vae/, two runs like any other, vae.json and vae.md
"""
STRIDE = 5
"""Ticks from one measured chunk to the next: neighbours tell the same."""
HORIZONS = (1, 5, 10, 15, 20)
"""Actions of a chunk whose errors are told, counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """How far decoded chunks are from the chunks."""

    actions: tuple[str, ...]
    units: tuple[str, ...]
    horizons: tuple[int, ...]
    mean: tuple[tuple[float, ...], ...]
    """By action and horizon: the mean absolute error of the target that is executed."""
    high: tuple[tuple[float, ...], ...]
    """Its 99th percentile."""
    chunks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    checkpoint: str
    fidelity: Fidelity
    tasks: tuple[tuple[str, Rate, Rate], ...]
    """By task: the plain expert's success, and that through the ActionVAE."""
    lost: tuple[str, ...]
    """Trials that only the plain expert solves."""
    won: tuple[str, ...]


def run(words: Sequence[str]) -> int:
    flags = _parser().parse_args(words)
    found = _found(flags)
    text = _text(found)
    folder = RunFolder(flags.out)
    folder.write("vae.md", text.encode() + b"\n")
    folder.write("vae.json", msgspec.json.format(msgspec.json.encode(_plain(found))) + b"\n")
    show(text)
    return 0


def _parser() -> Parser:
    parser = Parser("armtrial report-vae", DESCRIPTION, EXAMPLES + "\n" + STATUSES)
    trial_flags(parser)
    parser.add_argument("--checkpoint", metavar="PATH", default="", help="whose ActionVAE (default: the package's own)")
    parser.add_argument("--workers", metavar="N", type=int, help="worlds side by side (default: cores)")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("runs/vae"), help="default: runs/vae")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    return parser


def _found(flags: Any) -> Found:
    from ..policies.rynnvla.checkpoint import load
    from ..policies.rynnvla.policy import checkpoint_folder
    from ..policies.rynnvla.weights import CheckpointError

    try:
        loaded = load(checkpoint_folder(flags.checkpoint))
    except (CheckpointError, ValueError) as error:
        raise UserError(str(error)) from None
    plain = _played("expert", flags)
    through = _played("expert+vae", flags, checkpoint=flags.checkpoint or None)
    good = [{record.id for record in played.records if succeeded(record)} for played in (plain, through)]
    return Found(
        checkpoint=loaded.config.name,
        fidelity=_fidelity(plain, loaded),
        tasks=tuple((task, _rate(plain, task), _rate(through, task)) for task in plain.info.tasks),
        lost=tuple(sorted(good[0] - good[1])),
        won=tuple(sorted(good[1] - good[0])),
    )


def _played(policy: str, flags: Any, **settings: Any) -> Run:
    if not flags.suite:
        raise UserError("--suite is missing: which trials are to be played? As in --suite single")
    asked = {name: getattr(flags, name) for name in ("task", "episodes", "workers") if getattr(flags, name)}
    asked |= {"video": "none", **settings}
    out, shown = flags.out / policy, watcher(flags.quiet)
    if RunFolder(out).info_file.exists():
        return api.resume(out, {"policy": policy, "suite": flags.suite, **asked}, False, shown)
    return api.evaluate(policy, flags.suite, out=out, watcher=shown, **asked)


def _rate(run: Run, task: str) -> Rate:
    counted = [record for record in run.records if record.trial.task == task]
    return Rate(sum(map(succeeded, counted)), len(counted))


def _fidelity(run: Run, loaded: Any) -> Fidelity:
    """Chunks of the trials that succeeded, as a training takes them."""
    from ..policies.rynnvla import actions
    from ..policies.rynnvla.autoencoded import through

    embodiment, scaler = loaded.config.embodiment, actions.Scaler(loaded.config.statistics)
    errors: list[Vector] = []
    for acted, seen in _motions(run):
        rows = actions.chunks(acted, seen, np.arange(0, len(acted), STRIDE), embodiment)
        zero = np.zeros((len(rows), len(embodiment.state)))
        there, back = (actions.absolute(r, zero, embodiment) for r in (rows, through(loaded.vae, scaler, rows)))
        errors.append(np.abs(back - there))
    if not errors:
        raise UserError("the expert solved none of these trials, so there is no chunk to measure")
    told = tuple(horizon for horizon in HORIZONS if horizon <= embodiment.chunk)
    off = np.concatenate(errors)[:, [horizon - 1 for horizon in told]]
    return Fidelity(
        actions=embodiment.actions,
        units=embodiment.units,
        horizons=told,
        mean=_by_action(off.mean(axis=0)),
        high=_by_action(np.percentile(off, 99, axis=0)),
        chunks=len(off),
    )


def _motions(run: Run) -> list[tuple[Vector, Vector]]:
    folder = RunFolder(run.folder)
    records = usable(run.records, run.info.tasks, keep_failures=False)
    read = [folder.read_steps(record) for record in records]
    return [(steps["action"].astype(np.float64), steps["state"].astype(np.float64)) for steps in read]


def _by_action(figures: Vector) -> tuple[tuple[float, ...], ...]:
    """Of (horizons, actions)."""
    return tuple(tuple(round(float(value), 4) for value in column) for column in figures.T)


def _text(found: Found) -> str:
    fidelity = found.fidelity
    named = [f"{name}, {unit}" for name, unit in zip(fidelity.actions, fidelity.units)]
    headers = ("mean (99th percentile)", *(f"action {horizon}" for horizon in fidelity.horizons))
    errors = [
        (name, *(f"{mean:.2f} ({high:.2f})" for mean, high in zip(means, highs)))
        for name, means, highs in zip(named, fidelity.mean, fidelity.high)
    ]
    rates = [(task, str(plain), str(through)) for task, plain, through in found.tasks]
    return "\n\n".join(
        [
            f"ActionVAE of {found.checkpoint}: how far decoded targets are off, over {fidelity.chunks} chunks",
            tabulate(errors, headers=headers, tablefmt="github", disable_numparse=True),
            tabulate(rates, headers=("task", "expert", "expert through the ActionVAE"), tablefmt="github"),
            f"Solved by the plain expert alone: {_listed(found.lost)}; with the ActionVAE alone: {_listed(found.won)}.",
        ]
    )


def _listed(trials: Sequence[str]) -> str:
    return ", ".join(trials) or "none"


def _plain(found: Found) -> dict[str, Any]:
    tasks = [
        {"task": task, "expert": {"k": plain.k, "n": plain.n}, "through": {"k": through.k, "n": through.n}}
        for task, plain, through in found.tasks
    ]
    return {**asdict(found), "tasks": tasks}
