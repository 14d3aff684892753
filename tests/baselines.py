"""Baselines made of records alone, for the tests of the gate."""

from collections.abc import Iterable

import numpy as np

from armtrial.evaluators.baseline import Author, Baseline, Canary, Kept
from armtrial.evaluators.footing import Footing, Moved
from armtrial.evaluators.packed_actions import Packed
from armtrial.evaluators.played import Run
from armtrial.evaluators.records import EpisodeRecord
from armtrial.tests.pairs import BUILT, record, run, trials, with_records

FIRM = Footing(canaries=1, pictures=1, moved=(), differs=())
"""A ground that is as it was."""
SHAKEN = Footing(
    canaries=2,
    pictures=4,
    moved=(Moved(trial="toy-v1.reach.000", what=("picture of front", "physics"), fault=""),),
    differs=("MuJoCo: 3.17.0 -> 3.18.0",),
)


def baseline_of(run: Run) -> Baseline:
    """With actions that nobody has executed."""
    info, first = run.info, run.records[0]
    actions = Packed.of(np.zeros((3, 2)))
    return Baseline(
        suite=info.suite,
        version=info.suite_version,
        domain=info.config.seed_domain,
        env=info.env,
        tasks=info.tasks,
        policy=Author(name=info.policy, version=info.policy_version, digest="", privileged=info.privileged),
        config=info.config,
        provenance=BUILT,
        cameras={"front": (8, 8)},
        results=tuple(map(Kept.of, run.records)),
        canaries=(Canary(trial=first.id, start="s", end="e", pictures={"front": "p"}, actions=actions),),
    )


def baseline(ends: str, task: str = "reach", **config: object) -> Baseline:
    """One trial of the task after the other, as the letters say."""
    return baseline_of(run("before", ends, task, **config))


def of_tasks(name: str, **ends: str) -> Run:
    """Several tasks: reach="ss", fetch="sf"."""
    return with_records(name, _records(ends.items()))


def _records(ends: Iterable[tuple[str, str]]) -> Iterable[EpisodeRecord]:
    for task, letters in ends:
        for trial, end in zip(trials(task, len(letters)), letters):
            yield record(trial, end, progress=float(end == "s"))
