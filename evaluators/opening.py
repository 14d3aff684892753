"""Worlds and policy of a run: opened, compared with each other, and closed in the end."""

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from ..envs.faults import Fault, caught
from ..policies.base import Policy, PolicySpec, World
from ..policies.resized import Resized
from ..tasks.base import Origin
from . import pool
from .errors import Mismatch, UserError
from .ground import Ground
from .matching import match
from .output import tell
from .pace import Pace
from .pool import Seat
from .wrapping import wrapped


@contextmanager
def opened(ground: Ground) -> Generator[tuple[Sequence[Seat], Policy, World]]:
    """The worlds before the policy, which is built for one of them."""
    with ExitStack() as stack:
        seats, world = _seats(ground)
        stack.callback(pool.close_all, seats)
        policy = policy_of(ground, world)
        stack.callback(_close, policy)
        match(policy.spec, world, ground.suite.name)
        _check_instructions(ground, policy)
        _check_renderer(ground, policy)
        yield seats, _as_played(ground, policy, world), world


def _seats(ground: Ground) -> tuple[Sequence[Seat], World]:
    """A world that may take longer than most for a trial may do so for its start."""
    workers = min(ground.config.workers, max(1, len(ground.trials)))
    if not workers:
        return pool.open_local(ground.source, 1)
    return pool.open_workers(ground.source, workers, max(pool.START_SECONDS, ground.config.trial_timeout or 0.0))


def policy_of(ground: Ground, world: World) -> Policy:
    """Just built, and known to be a policy; a `UserError` where it is none."""
    policy = caught(Origin.POLICY, _built, ground, world)
    if isinstance(policy, Fault):
        raise UserError(f"policy '{ground.config.policy}' could not be built: {policy} ({policy.where})")
    _check_policy(ground, policy)
    return policy


def _built(ground: Ground, world: World) -> Policy:
    return ground.make_policy(world, **ground.policy_arguments)


def _as_played(ground: Ground, policy: Policy, world: World) -> Policy:
    config = ground.config
    sized = policy if config.size is None else Resized(policy, config.size)
    return wrapped(sized, world, config.wrap, Pace(config.realtime, config.latency))


def _check_policy(ground: Ground, policy: Any) -> None:
    """A third party's object, before anything is asked of it."""
    missing = [name for name in ("reset", "plan", "close") if not callable(getattr(policy, name, None))]
    if missing or not isinstance(getattr(policy, "spec", None), PolicySpec):
        wrong = ", ".join([f"no method '{name}'" for name in missing] or ["a spec that is no PolicySpec"])
        raise UserError(f"policy '{ground.config.policy}' has {wrong}; derive it from armtrial.policies.base.Policy")


def _check_instructions(ground: Ground, policy: Any) -> None:
    """A policy that reads may say before the first trial that it cannot read this: by a method `readable`."""
    readable: Callable[[str], None] | None = getattr(policy, "readable", None)
    if readable is None:
        return
    for name, words in ((task.name, words) for task in ground.tasks for words in task.asks):
        fault = caught(Origin.POLICY, readable, words)
        if isinstance(fault, Fault):
            raise UserError(f"task '{name}': {fault.message}")


def _check_renderer(ground: Ground, policy: Policy) -> None:
    if ground.renderer is not None and ground.renderer.backend == "disabled" and policy.spec.cameras:
        cameras = ", ".join(policy.spec.cameras)
        raise Mismatch(
            f"policy '{policy.spec.name}' looks at {cameras}, but MUJOCO_GL=disabled draws nothing: unset it"
        )


def _close(policy: Policy) -> None:
    """Everything has been played: a policy that cannot close itself costs nothing but a word."""
    fault = caught(Origin.POLICY, policy.close)
    if isinstance(fault, Fault):
        tell(f"armtrial: the policy could not be closed: {fault}")
