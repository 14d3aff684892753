"""One memory for each slot, around one model: a policy that looks back must not see its neighbours' past."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

_SHARED = ("_parameters", "_buffers", "_modules", "config")


@dataclass(slots=True)
class _Slot:
    policy: Any
    """With the weights of all and a memory of its own."""
    time: float | None = None
    """Of the look that was answered last."""
    action: Tensor | None = None


class Slots:
    def __init__(self, policy: Any) -> None:
        self._policy = policy
        self._by_slot: dict[int, _Slot] = {}

    def reset(self, slot: int) -> None:
        """LeRobot keeps queues and ensembles beside the weights: these are copied, the weights are not."""
        one = copy.copy(self._policy)
        for name, value in vars(self._policy).items():
            if name not in _SHARED and not name.endswith("_hooks"):
                vars(one)[name] = copy.deepcopy(value)
        one.reset()
        self._by_slot[slot] = _Slot(one)

    def action(self, slot: int, time: float, batch: Mapping[str, Any]) -> Tensor:
        """(1, D). A look that is asked about again is remembered once and answered alike."""
        if slot not in self._by_slot:
            self.reset(slot)
        memory = self._by_slot[slot]
        if memory.action is not None and memory.time == time:
            return memory.action
        action: Tensor = memory.policy.select_action(dict(batch))
        memory.action, memory.time = action, time
        return action
