"""A suite of one's own is set up once in a world that lives elsewhere, before its run is begun."""

from contextlib import closing

from ..envs.remote import RemoteEnv, WorkerError
from ..tasks.catalog import SUITES
from .errors import UserError
from .ground import Ground


def try_out(ground: Ground) -> None:
    """Each of its tasks: a name that the world does not know would otherwise be told once for every trial."""
    if ground.guest is None or ground.config.suite in SUITES:
        return
    with closing(RemoteEnv(ground.source)) as env:
        for task, trial in {trial.task: trial for trial in ground.trials}.items():
            try:
                env.reset(trial)
            except WorkerError as error:
                said = f"task '{task}' of suite '{ground.suite.name}' cannot be set up: {error}"
                raise UserError(said) from None
