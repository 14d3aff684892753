"""The rules that every world keeps, as a check that anyone can call from their own tests:

`check_env(MyEnv([TASK]), TASK)`
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ..tasks.base import Origin, Task
from . import picture_rules, rules
from .base import Env
from .bench import Bench
from .faults import Fault, caught

type Rule[B] = Callable[[B], Iterator[str]]
"""Yields what speaks against a claim, with the values seen and the way out."""
type Rules[B] = Mapping[str, Rule[B]]
"""Claims, and how each is tried."""


class ContractError(AssertionError):
    """Rules that were broken: all of them, one sentence each."""

    def __init__(self, name: str, violations: Sequence[str]) -> None:
        self.violations = tuple(violations)
        super().__init__(f"{name} breaks its contract:" + "".join(f"\n- {violation}" for violation in violations))


def check_env(env: Env, task: Task) -> None:
    """Raises a `ContractError` that lists every broken rule.

    `env`: just built with `task` among its tasks, not reset by anybody; it is closed afterwards.
    """
    insist(type(env).__name__, RULES, Bench(env, task), Origin.WORLD)


def insist[B](name: str, claims: Rules[B], bench: B, origin: Origin) -> None:
    """Tries every rule. One that cannot be tried counts as broken; rules that stop at the same fault share a line."""
    violations: list[str] = []
    stopped: dict[str, list[str]] = {}
    for claim, rule in claims.items():
        found = caught(origin, _tried, rule, bench)
        if isinstance(found, Fault):
            stopped.setdefault(str(found), []).append(claim)
        else:
            violations += [f"{claim}: {seen}" for seen in found]
    for fault, there in stopped.items():
        others = f" (as in {len(there) - 1} more)" if len(there) > 1 else ""
        violations.append(f"{there[0]}: trying it raised {fault}{others}")
    if violations:
        raise ContractError(name, violations)


def _tried[B](rule: Rule[B], bench: B) -> list[str]:
    return list(rule(bench))


RULES: Rules[Bench] = {
    "a step before the first reset raises LifecycleError": rules.not_reset,
    "the specs have names and sizes": rules.specs,
    "a picture is what was asked for": picture_rules.pictures,
    "a picture has the size that was asked for, whichever it is": picture_rules.other_sizes,
    "a state has one finite float64 for each name": rules.states,
    "the instruction says what to do": rules.instruction,
    "nothing privileged is shown unless asked": rules.nothing_privileged,
    "the time is the number of steps over the rate": rules.clock,
    "the same trial has the same start hash": rules.same_start_hash,
    "the same trial looks the same at its start": rules.same_look,
    "the same actions lead to the same states": rules.same_states,
    "the same actions lead to the same end hash": rules.same_end_hash,
    "different ends have different end hashes": rules.telling_end_hash,
    "different trials have different start hashes": rules.different_starts,
    "a step's state is the next look's state": rules.step_equals_look,
    "an array that was given out stays as it is": rules.given_arrays_stay,
    "an array that was given out is the caller's": rules.given_arrays_are_not_read,
    "an action is left as it was": rules.actions_stay,
    "no entry of the state is constant": rules.nothing_constant,
    "a picture shows something": picture_rules.not_blank,
    "no two cameras show the same": picture_rules.not_equal,
    "a picture follows the world": picture_rules.not_frozen,
    "a picture is upright, unmirrored and RGB": picture_rules.upright,
    "the landmarks notice a picture that is turned": picture_rules.telling_landmarks,
    "an event's kind is known": rules.known_kinds,
    "events come in the order of their times": rules.events_in_order,
    "progress is between 0 and 1": rules.progress,
    "a stage never falls": rules.stages,
    "success and terminated are plain bools": rules.plain_flags,
    "the goal is not reached at the start": rules.goal_is_ahead,
    "a step after the verdict raises LifecycleError": rules.not_after_verdict,
    "closing twice is harmless": rules.closes_twice,
}
