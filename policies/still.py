"""The action under which a robot stays where it is."""

from collections.abc import Sequence

import numpy as np

from ..envs.base import ActionError, ActionSpec, Control, Gripper, Vector
from .base import World


class Still:
    """What was asked for last; before that, where the robot is."""

    def __init__(self, action: ActionSpec, columns: Sequence[int] | None) -> None:
        """`columns`: where the state has what an action names; None: it does not."""
        self._action, self._columns = action, columns

    def __call__(self, last: Vector | None, state: Vector) -> Vector:
        """`last`: the action that was executed last; None: nothing was."""
        if self._action.control is Control.RELATIVE:
            return self._unmoved(last)
        if last is not None:
            return last
        if self._columns is None:
            raise ActionError(
                f"the arm is to hold still before its first action ({', '.join(self._action.names)}), and the world's "
                "state does not have all of these; play without --realtime, --latency and --wrap delay"
            )
        return np.clip(state[list(self._columns)], self._action.low, self._action.high)

    def _unmoved(self, last: Vector | None) -> Vector:
        """No change, but for a gripper, which is told where to be."""
        still = self._action.snapped(np.clip(np.zeros(len(self._action.names)), self._action.low, self._action.high))
        if last is not None and self._action.gripper is not Gripper.NONE:
            still[-1] = last[-1]
        return still


def still_in(world: World) -> Still:
    names, state = world.action.names, world.observation.state
    there = all(name in state for name in names)
    return Still(world.action, [state.index(name) for name in names] if there else None)
