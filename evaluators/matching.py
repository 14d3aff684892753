"""Policy and world are compared before the first step: a silent mismatch is the dearest of all mistakes."""

from collections.abc import Iterable

from ..envs.base import ActionSpec
from ..policies.base import PolicySpec, World
from .errors import Mismatch
from .flags import LARGEST


def match(policy: PolicySpec, world: World, suite: str) -> None:
    """Raises a `Mismatch` that shows both sides of everything that does not fit."""
    wrong = [*_cameras(policy, world), *_state(policy, world), *_action(policy.action, world.action)]
    if wrong:
        told = f"policy '{policy.name}' does not fit the world of suite '{suite}'"
        raise Mismatch(f"{told}: {'; '.join(wrong)} (--suite names another)")


def _cameras(policy: PolicySpec, world: World) -> list[str]:
    there = world.observation.cameras
    missing = [name for name in policy.cameras if name not in there]
    wrong = [f"it looks at camera '{name}', the world has {_listed(there)}" for name in missing]
    odd = [(name, size) for name, size in policy.cameras.items() if min(size) < 1 or max(size) > LARGEST]
    return wrong + [f"it wants camera '{name}' at {w}x{h}; both sides go from 1 to {LARGEST}" for name, (w, h) in odd]


def _state(policy: PolicySpec, world: World) -> list[str]:
    if not policy.state or policy.state == world.observation.state:
        return []
    return [f"it reads the state {_listed(policy.state)}, the world gives {_listed(world.observation.state)}"]


def _action(policy: ActionSpec, world: ActionSpec) -> list[str]:
    sides = [
        ("actions", _listed(policy.names), _listed(world.names)),
        ("units", _listed(policy.units), _listed(world.units)),
        ("control", policy.control.value, world.control.value),
        ("gripper", policy.gripper.value, world.gripper.value),
        ("rate", f"{policy.rate:g} Hz", f"{world.rate:g} Hz"),
    ]
    return [f"its {what}: {ours}, the world's: {theirs}" for what, ours, theirs in sides if ours != theirs]


def _listed(names: Iterable[str]) -> str:
    return "(" + ", ".join(names) + ")"
