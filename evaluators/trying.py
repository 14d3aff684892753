"""A suite of one's own is set up once in a world that lives elsewhere, before its run is begun."""

import time
from contextlib import closing

from ..envs.remote import RemoteEnv, WorkerError
from ..tasks.catalog import SUITES
from .errors import UserError
from .ground import Ground

SECONDS = 300.0
"""A world that is silent for longer while it is set up does not get there."""


def try_out(ground: Ground) -> None:
    """Each of its tasks: a name that the world does not know would otherwise be told once for every trial."""
    if ground.guest is None or ground.config.suite in SUITES:
        return
    task = ground.tasks[0].name
    try:
        with closing(RemoteEnv(ground.source, answers_by=time.monotonic() + SECONDS)) as env:
            for trial in {trial.task: trial for trial in ground.trials}.values():
                task, env.answers_by = trial.task, time.monotonic() + SECONDS
                env.reset(trial)
    except WorkerError as error:
        raise UserError(f"task '{task}' of suite '{ground.suite.name}' cannot be set up: {error}") from None
