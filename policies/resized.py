"""A policy that is shown its pictures at another size than it asks for."""

from collections.abc import Sequence
from dataclasses import replace

from ..envs.base import Size
from .base import Plan, Policy, Query


class Resized(Policy):
    """The same policy in all else. Its name has the size, since what it sees changes what it does."""

    def __init__(self, policy: Policy, size: Size) -> None:
        """`size`: of the pictures of every camera that it looks at."""
        self._policy = policy
        asked = policy.spec
        name = f"{asked.name}+size({size[0]}x{size[1]})"
        self.spec = replace(asked, name=name, cameras=dict.fromkeys(asked.cameras, size)) if asked.cameras else asked

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        self._policy.reset(slot, trial_id, seed)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return self._policy.plan(queries)

    def close(self) -> None:
        self._policy.close()
