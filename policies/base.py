"""What a policy is: observations in, plans out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from ..envs.base import ActionSpec, Observation, ObservationSpec, Size, Vector
from ..tasks.base import Origin


class TransportError(Exception):
    """The way to a remote policy failed. The trial is played once more before it becomes an ERROR."""

    origin: ClassVar[Origin] = Origin.TRANSPORT


@dataclass(frozen=True, slots=True)
class World:
    """What a policy may know of the world it will play in, before the first trial."""

    observation: ObservationSpec
    action: ActionSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySpec:
    """What a policy needs and gives; compared with the world before the first step."""

    name: str
    """With everything that changes its behaviour: `toy`, `toy+noise(0.1)`."""
    version: str = "1"
    cameras: Mapping[str, Size] = field(default_factory=dict[str, Size])
    """The pictures it looks at, at the size it looks at them. Empty: nothing is ever rendered for it."""
    state: tuple[str, ...] = ()
    """The names of the state it reads, in order. Empty: it reads none, or takes whatever comes."""
    action: ActionSpec
    horizon: int
    """Actions in a plan."""
    deterministic: bool = True
    """A plan is a function of its query alone."""
    privileged: bool = False
    """It is shown what no camera could see. Every table says so."""

    def __post_init__(self) -> None:
        if type(self.horizon) is not int or self.horizon < 1:
            raise ValueError(f"policy '{self.name}': horizon is {self.horizon!r}; a plan has one action at least")


@dataclass(frozen=True, slots=True)
class Query:
    slot: int
    """Which of the episodes that run side by side is asking."""
    observation: Observation
    seed: int
    """For a policy that draws at random: it follows from the trial and the number of the plan."""


@dataclass(frozen=True, slots=True)
class Plan:
    actions: Vector
    """(T, D), in the units of the policy's action spec."""
    starts_at: float | None = None
    """The time of the first action; None: now."""
    timings: Mapping[str, float] = field(default_factory=dict[str, float])
    """Milliseconds by name: model, transport, server."""
    flags: tuple[str, ...] = ()
    """What was odd about this plan, counted in the report: `no_action_token`."""


class Policy(Protocol):
    """Derive from it to get a `reset` and a `close` that do nothing.

    The class (or any function that gives a policy) is called with the `World` and the `--policy-arg` values.
    """

    spec: PolicySpec

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        """A new trial begins in this slot, or the next stage of a chain."""
        return

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        """One plan for each query, in order; the queries come from as many episodes as are waiting."""
        ...

    def close(self) -> None:
        return
