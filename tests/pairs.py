"""Runs made of records alone, for the tests of those who compare them."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from armtrial.evaluators.config import RunConfig
from armtrial.evaluators.played import Run
from armtrial.evaluators.records import Clock, EpisodeRecord, ErrorNote, Provenance, Result, RunInfo, Sitting
from armtrial.tasks.base import Origin, Outcome, Trial
from armtrial.tasks.rubric import Attempt, Grasp
from armtrial.tasks.toy import TOY

Bools = NDArray[np.bool_]
CLOCK = Clock(started="", wall_seconds=1, world_seconds=1, plan_ms=(), worker="w", host="h")
BUILT = Provenance(commit="", dirty=False, packages={}, machine={}, renderer="", files={})
ENDS = {"s": Outcome.SUCCESS, "r": Outcome.SUCCESS, "f": Outcome.FAILURE, "e": Outcome.ERROR, "v": Outcome.VOID}


def record(trial: Trial, end: str, progress: float | None = None, take: int = 1) -> EpisodeRecord:
    """`end`: s(uccess), r(etried: a success after a miss), f(ailure), e(rror), v(oid)."""
    held = Attempt(time=2.0, object="block", outcome=Grasp.HELD)
    result = Result(
        outcome=ENDS[end],
        label="slip" if end == "f" else "",
        progress=progress,
        steps=1,
        seconds=1.0,
        plans=1,
        attempts=(replace(held, time=1.0, outcome=Grasp.MISSED), held) if end == "r" else (),
        stages=(),
        events=(),
        flags={},
        path=(),
        start_hash=f"start of {trial.id}",
        end_hash="",
        error=ErrorNote(origin=Origin.WORLD, kind="E", message="m") if end == "e" else None,
    )
    return EpisodeRecord(id=trial.id, seed=trial.seed, take=take, trial=trial, result=result, clock=CLOCK)


def run(name: str, ends: str, task: str = "reach", **config: object) -> Run:
    """One trial of the task after the other, as the letters say."""
    return with_records(name, (record(trial, end) for trial, end in zip(trials(task, len(ends)), ends)), **config)


def with_records(name: str, records: Iterable[EpisodeRecord], **config: object) -> Run:
    there = tuple(records)
    info = RunInfo(
        config=replace(RunConfig(policy=name, suite="toy"), **config),  # type: ignore[arg-type]
        suite="toy",
        suite_version=1,
        env="line",
        policy=name,
        policy_version="1",
        privileged=False,
        deterministic=True,
        state=("x",),
        action=("x",),
        rate=10.0,
        tasks=("reach", "fetch", "tour"),
        trials=len({each.id for each in there}),
        sittings=(Sitting(start="", provenance=BUILT),),
    )
    return Run(Path(name), info, there)


def trials(task: str, number: int) -> list[Trial]:
    return [trial for trial in TOY.trials(number) if trial.task == task]


def outcomes(first: float, second: float, latent: float, shape: tuple[int, int], seed: int) -> tuple[Bools, Bools]:
    """Of two policies on the same trials, whose difficulty both feel: by correlated normals."""
    one, other = np.random.default_rng(seed).normal(size=(2, *shape))
    other = latent * one + np.sqrt(1 - latent**2) * other
    return one < ndtri(first), other < ndtri(second)
