"""What a run stands on: everything its config names, found and checked before anything is started."""

import math
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ..envs.catalog import ENVS, GUESTS, NEEDS_GL
from ..envs.gl import GlChoice, GlError, chosen
from ..envs.guests import ARGUMENT, Doubt, Guest, GuestError
from ..envs.locate import locate
from ..envs.worker import EnvSource
from ..policies.base import Policy
from ..tasks.base import DOMAINS, Suite, Task, Trial
from ..tasks.catalog import SUITES
from ..tasks.variations import VARIATIONS, varied
from . import names
from .arguments import Argument, check, said, settled
from .config import VIDEO, RunConfig
from .errors import UnknownName, UserError
from .flags import LARGEST
from .wrapping import wrap_of

PolicyLike = str | Callable[..., Policy]
ARM_OF, REAL = "so100", "armtrial.real.arm:So100Arm"
"""The world that a real arm can take the place of, and the arm."""
SLOWEST = 60.0
"""Seconds: nobody waits longer for a plan."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What `start` and `resume` play."""

    config: RunConfig
    suite: Suite
    tasks: tuple[Task, ...]
    trials: tuple[Trial, ...]
    source: EnvSource
    make_policy: Callable[..., Policy]
    policy_arguments: dict[str, Any]
    renderer: GlChoice | None
    """What draws the pictures; None where the world needs no GL."""
    guest: Guest | None = None
    """For a world in an interpreter of its own: what it stands on."""

    @property
    def upstream(self) -> dict[str, str]:
        """Commits or versions of other people's code that the world is made of, by name."""
        return {} if self.guest is None else dict(self.guest.upstream)

    @property
    def handed(self) -> tuple[object, ...]:
        """What world and policy are given by name; some of it is files."""
        return *self.source.arguments.values(), *self.policy_arguments.values()

    @property
    def weights(self) -> str:
        """Of a policy of the user's, whose version says nothing of them."""
        return self.config.checkpoint if ":" in self.config.policy else ""

    @property
    def doubt(self) -> Doubt | None:
        return None if self.guest is None else self.guest.doubt


def prepare(config: RunConfig, policy: PolicyLike | None = None, suite: str | Suite | None = None) -> Ground:
    """Finds everything by name and checks every argument."""
    _check(config)
    config = portable(config)
    _settle_gl(config)
    suite = suite if isinstance(suite, Suite) else names.suite(config.suite)
    tasks = _varied(_chosen(suite, config.task), suite, config.variation)
    make_policy = policy if callable(policy) else names.POLICY_TABLE.factory(config.policy)
    of_policy = said(config, "policy_arg")
    check(of_policy, make_policy, "policy_arg", config.policy)
    place = _place(config, suite)
    guest = _guest(config, place)
    renderer = _renderer(config, place) if guest is None else guest.renderer
    if guest is not None:
        config = settled(replace(config, **guest.settles))
    elif renderer is not None and config.workers == 0:
        os.environ.update(renderer.environ)  # MuJoCo reads it when it is imported, which the next line does
    return Ground(
        config=config,
        suite=suite,
        tasks=tasks,
        trials=_listed(suite, config, tasks),
        source=_source(config, suite, tasks, renderer, guest),
        make_policy=make_policy,
        policy_arguments={name: argument.value for name, argument in of_policy.items()},
        renderer=renderer,
        guest=guest,
    )


def portable(config: RunConfig) -> RunConfig:
    """The same from any folder, the user's files by their whole path, and in one spelling."""
    policy, suite = names.POLICY_TABLE.absolute(config.policy), names.SUITE_TABLE.absolute(config.suite)
    realtime = config.realtime or config.latency is not None or _own_clock(config)
    return settled(replace(config, policy=policy, suite=suite, realtime=realtime))


def _own_clock(config: RunConfig) -> bool:
    """An arm does not wait for its policy, unless it is of software and in step with it."""
    return config.env == "real" and not _lockstep(config)


def _lockstep(config: RunConfig) -> bool:
    """Of an arm of software: as it is said, or else where nobody watches and nobody asked for realtime."""
    lockstep = said(config, "env_arg").get("lockstep")
    return config.yes and not config.realtime if lockstep is None else lockstep.value is True


def _place(config: RunConfig, suite: Suite) -> str:
    """The name of the world that is played in."""
    if config.env == "sim":
        if config.yes:
            raise UserError("--yes answers for the person beside an arm; it goes with --env real")
        return suite.env
    if suite.env != ARM_OF:
        raise UserError(f"--env real plays what is made for '{ARM_OF}'; suite '{suite.name}' is for '{suite.env}'")
    if config.workers:
        raise UserError(f"--workers {config.workers}: there is one arm, which is played from here; leave it out, or 0")
    if not config.port:
        raise UserError("--env real needs --port: a serial port as /dev/ttyACM0, or twin to rehearse")
    if config.latency is not None:
        raise UserError("--latency does not go with --env real: an arm does not wait for an agreed time")
    return REAL


def _listed(suite: Suite, config: RunConfig, tasks: Sequence[Task]) -> tuple[Trial, ...]:
    chosen = {task.name for task in tasks}
    try:
        return tuple(trial for trial in suite.trials(config.episodes, config.seed_domain) if trial.task in chosen)
    except ValueError as error:
        raise UserError(f"--episodes: {error}") from None


def _guest(config: RunConfig, env: str) -> Guest | None:
    """For a world in an interpreter of its own; None for any other."""
    if env not in GUESTS:
        return None
    given = said(config, "env_arg")
    try:
        found: Guest = locate(GUESTS[env])({name: argument.value for name, argument in given.items()}, os.environ)
    except GuestError as error:
        raise UserError(str(error)) from None
    arguments = {name: given.get(name, Argument(value, "the environment")) for name, value in found.arguments.items()}
    check(arguments, names.ENV_TABLE.factory(env), "env_arg", env, (ARGUMENT,))
    return found


def _source(
    config: RunConfig, suite: Suite, tasks: tuple[Task, ...], renderer: GlChoice | None, guest: Guest | None
) -> EnvSource:
    """A world under another Python may not even be importable here, so that its arguments are its own to check."""
    given = said(config, "env_arg")
    interpreter = str(given.pop("interpreter").value) if "interpreter" in given else ""
    place = _place(config, suite)
    if place == REAL:
        given |= {"yes": Argument(config.yes, "--yes"), "films": Argument(config.video != "none", "--video")}
        given |= {"lockstep": given.get("lockstep", Argument(_lockstep(config), "--yes"))}
    interpreter = interpreter if guest is None else guest.interpreter
    if not interpreter:
        check(given, names.ENV_TABLE.factory(place), "env_arg", suite.env)
    elif config.workers == 0:
        raise UserError("--workers 0 plays in this process; another interpreter needs --workers 1 or more")
    return EnvSource(
        place=names.ENV_TABLE.place(place),
        tasks=tasks,
        arguments={name: argument.value for name, argument in given.items()},
        environ=renderer.environ if renderer else {},
        interpreter=interpreter,
        moves=place == REAL,
    )


def _settle_gl(config: RunConfig) -> None:
    """MuJoCo reads its backend when it is imported, and a world in a file of the user's imports it before it can be
    asked whether it draws. That matters in this process alone: any other is given its variables."""
    if config.workers == 0 and config.suite not in SUITES and not os.environ.get("MUJOCO_GL"):
        with suppress(GlError):
            os.environ.update(chosen(os.environ).environ)


def _needs_gl(config: RunConfig, env: str) -> bool:
    """The package's own by the table, so that nothing is imported; any other says so itself, by `needs_gl = True`.
    Under another Python it may not be importable here, and brings its own way to draw."""
    if env == REAL:
        return True  # it draws the starts that a person lays out
    if env in ENVS:
        return env in NEEDS_GL
    if "interpreter" in said(config, "env_arg"):
        return False
    return bool(getattr(names.ENV_TABLE.factory(env), "needs_gl", False))


def _renderer(config: RunConfig, env: str) -> GlChoice | None:
    if not _needs_gl(config, env):
        return None
    try:
        return chosen(os.environ)
    except GlError as error:
        raise UserError(f"{error} A policy that does not look needs none: MUJOCO_GL=disabled") from None


def _check(config: RunConfig) -> None:
    if config.episodes is not None and config.episodes < 1:
        raise UserError(f"--episodes {config.episodes}: a run needs at least one trial of each task")
    if config.execute < 1:
        raise UserError(f"--execute {config.execute}: at least one action of a plan must be executed")
    if config.workers < 0:
        raise UserError(f"--workers {config.workers}: give the number of processes, or 0 to play in this one")
    if config.batch is not None and config.batch < 1:
        raise UserError(f"--batch {config.batch}: a call of the policy answers at least one query")
    if config.trial_timeout is not None and not 0 < config.trial_timeout < math.inf:
        raise UserError(f"--trial-timeout {config.trial_timeout:g}: give a number of seconds above 0")
    if config.size is not None and not all(1 <= edge <= LARGEST for edge in config.size):
        raise UserError(f"--size {config.size[0]}x{config.size[1]}: each side has 1 to {LARGEST} pixels, as in 640x480")
    if config.latency is not None and not 0 <= config.latency <= SLOWEST:
        raise UserError(f"--latency {config.latency:g}: a plan takes 0 to {SLOWEST:g} seconds, as 0.2")
    for text in config.wrap:
        wrap_of(text)
    if config.video not in VIDEO:
        raise UnknownName("choice of videos", config.video, VIDEO)
    if config.seed_domain not in DOMAINS:
        raise UnknownName("seed domain", config.seed_domain, DOMAINS)


def _chosen(suite: Suite, wanted: Sequence[str]) -> tuple[Task, ...]:
    there = [task.name for task in suite.tasks]
    for name in wanted:
        if name not in there:
            raise UnknownName(f"task of suite '{suite.name}'", name, there)
    return tuple(task for task in suite.tasks if not wanted or task.name in wanted)


def _varied(tasks: tuple[Task, ...], suite: Suite, name: str) -> tuple[Task, ...]:
    if not name:
        return tasks
    if name not in VARIATIONS:
        raise UnknownName("variation", name, VARIATIONS)
    try:
        return tuple(varied(task, VARIATIONS[name], suite.tasks) for task in tasks)
    except ValueError as error:
        raise UserError(str(error)) from None
