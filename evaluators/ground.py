"""What a run stands on: everything its config names, found and checked before anything is started."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..envs.worker import EnvSource
from ..policies.base import Policy
from ..tasks.base import DOMAINS, Suite, Task, Trial
from . import names
from .config import RunConfig
from .errors import UnknownName, UserError

PolicyLike = str | Callable[..., Policy]


@dataclass(frozen=True, slots=True)
class Ground:
    config: RunConfig
    suite: Suite
    tasks: tuple[Task, ...]
    trials: tuple[Trial, ...]
    source: EnvSource
    make_policy: Callable[..., Policy]
    policy_arguments: dict[str, Any]


def prepare(config: RunConfig, policy: PolicyLike | None = None, suite: str | Suite | None = None) -> Ground:
    """Finds everything by name and checks every argument."""
    _check(config)
    suite = suite if isinstance(suite, Suite) else names.suite(config.suite)
    tasks = _chosen(suite, config.task)
    make_policy = policy if callable(policy) else names.POLICY_TABLE.get(config.policy)
    place = names.ENV_TABLE.place(suite.env)
    world_arguments = names.arguments(config.env_arg, names.ENV_TABLE.get(suite.env), "--env-arg", suite.env)
    return Ground(
        config=config,
        suite=suite,
        tasks=tasks,
        trials=tuple(t for t in suite.trials(config.episodes, config.seed_domain) if t.task in {x.name for x in tasks}),
        source=EnvSource(place, tasks, world_arguments),
        make_policy=make_policy,
        policy_arguments=names.arguments(config.policy_arg, make_policy, "--policy-arg", config.policy),
    )


def _check(config: RunConfig) -> None:
    if config.episodes is not None and config.episodes < 1:
        raise UserError(f"--episodes {config.episodes}: a run needs at least one trial of each task")
    if config.execute < 1:
        raise UserError(f"--execute {config.execute}: at least one action of a plan must be executed")
    if config.workers < 0:
        raise UserError(f"--workers {config.workers}: give the number of processes, or 0 to play in this one")
    if config.batch is not None and config.batch < 1:
        raise UserError(f"--batch {config.batch}: a call of the policy answers at least one query")
    if config.seed_domain not in DOMAINS:
        raise UnknownName("seed domain", config.seed_domain, DOMAINS)


def _chosen(suite: Suite, wanted: Sequence[str]) -> tuple[Task, ...]:
    there = [task.name for task in suite.tasks]
    for name in wanted:
        if name not in there:
            raise UnknownName(f"task of suite '{suite.name}'", name, there)
    return tuple(task for task in suite.tasks if not wanted or task.name in wanted)
