"""The rules that every policy keeps, as a check that anyone can call from their own tests:

`check_policy(MyPolicy(world), world)`
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..envs.base import ActionError, Env, Observation, Vector
from ..envs.bench import arrays_of, unequal
from ..envs.contract import Rules, insist
from ..tasks.base import Origin, Task, Trial
from .base import Plan, Policy, PolicySpec, Query, World

LOOKS = 4
"""Observations that are shown, each in a slot of its own."""


def check_policy(
    policy: Policy,
    world: World,
    *,
    learned: bool = True,
    instruction: str = "Pick up the block.",
    observations: Sequence[Observation] = (),
) -> None:
    """Raises a `ContractError` that lists every broken rule.

    `policy`: just built for `world`; it is closed afterwards. `learned`: it may not be shown what no camera sees.
    `observations`: to be shown in place of noise, for a policy that raises where it makes nothing of a picture.
    At least two that differ; `observed(env, task, policy.spec)` gives some.
    """
    shown = observations or noise(policy.spec, world, instruction)
    if len(shown) < 2:
        raise ValueError(f"{len(shown)} observation was given; slots can only be told apart with two or more")
    insist(type(policy).__name__, RULES, _Bench(policy, world, shown, learned), Origin.POLICY)


def noise(spec: PolicySpec, world: World, instruction: str) -> list[Observation]:
    """What the spec asks for, filled with noise from a fixed seed; a state lies between the bounds of its action."""
    stream = np.random.default_rng(0)
    bounds = dict(zip(world.action.names, zip(world.action.low, world.action.high)))
    ranges = [bounds.get(name, (-0.1, 0.1)) for name in spec.state or world.observation.state]

    def picture(width: int, height: int) -> NDArray[np.uint8]:
        return stream.integers(0, 256, (height, width, 3), dtype=np.uint8)

    def look() -> Observation:
        images = {name: picture(*size) for name, size in spec.cameras.items()}
        state = np.array([stream.uniform(low, high) for low, high in ranges])
        return Observation(images, state, instruction, 0.0)

    return [look() for _ in range(LOOKS)]


def observed(env: Env, task: Task, spec: PolicySpec) -> list[Observation]:
    """Looks of a world at the starts of the check's own trials, as the spec asks for them."""

    def look(index: int) -> Observation:
        env.reset(trial(index, task.name))
        return copy.deepcopy(env.observe(spec.cameras, spec.privileged))

    return [look(index) for index in range(LOOKS)]


def trial(slot: int, task: str = "check") -> Trial:
    """The trial that a slot plays in the check: a policy that looks its trial up needs to know it."""
    return Trial("train", "check", 1, task, slot)


class _Bench:
    """The policy, with one query for each slot."""

    def __init__(self, policy: Policy, world: World, observations: Sequence[Observation], learned: bool) -> None:
        self.policy, self.spec, self.world, self.learned = policy, policy.spec, world, learned
        self.queries = [Query(slot, seen, trial(slot).seed) for slot, seen in enumerate(observations)]

    def reset(self, *slots: int) -> None:
        for slot in slots or range(len(self.queries)):
            self.policy.reset(slot, trial(slot).id, trial(slot).seed)

    def plans(self, queries: Sequence[Query]) -> list[Plan]:
        """Kept apart from whatever the policy does later."""
        return copy.deepcopy(list(self.policy.plan(copy.deepcopy(queries))))

    def batch(self) -> list[Plan]:
        self.reset()
        return self.plans(self.queries)

    def alone(self, slot: int) -> Vector:
        return self.plans([self.queries[slot]])[0].actions


def _spec(bench: _Bench) -> Iterator[str]:
    if not bench.spec.name.strip() or not bench.spec.name.isprintable():
        yield f"its name is {bench.spec.name!r}; name it in printable letters, with all that changes its behaviour"


def _cameras(bench: _Bench) -> Iterator[str]:
    there = bench.world.observation.cameras
    for name, (width, height) in bench.spec.cameras.items():
        if name not in there:
            yield f"it looks at '{name}'; the world has {', '.join(there)}"
        if width < 1 or height < 1:
            yield f"it looks at '{name}' at {width}x{height}; a size is (width, height) in pixels, both above 0"


def _state(bench: _Bench) -> Iterator[str]:
    wanted, given = bench.spec.state, bench.world.observation.state
    if wanted and wanted != given:
        yield f"it reads {wanted}; the world gives {given}"


def _one_plan_each(bench: _Bench) -> Iterator[str]:
    for queries in (bench.queries, bench.queries[:1]):
        bench.reset()
        if (number := len(bench.plans(queries))) != len(queries):
            yield f"{len(queries)} queries gave {number} plans; give one for each, in order"


def _good_actions(bench: _Bench) -> Iterator[str]:
    for slot, plan in enumerate(bench.batch()):
        try:
            bench.spec.action.checked(plan.actions)
        except ActionError as error:
            yield f"slot {slot}: {error}; give (T, D) actions, clipped to the bounds of the spec"
            return


def _float64(bench: _Bench) -> Iterator[str]:
    for slot, plan in enumerate(bench.batch()):
        kind = getattr(plan.actions, "dtype", type(plan.actions).__name__)
        if kind != np.float64:
            yield f"slot {slot} gave {kind}; cast where the model's numbers become a plan"
            return


def _horizon(bench: _Bench) -> Iterator[str]:
    longest = max(len(plan.actions) for plan in bench.batch())
    if longest > bench.spec.horizon:
        yield f"a plan has {longest} actions and the spec's horizon is {bench.spec.horizon}; give no more than it says"


def _batch_equals_single(bench: _Bench) -> Iterator[str]:
    together = bench.batch()
    bench.reset()
    for slot, plan in enumerate(together if bench.spec.deterministic else []):
        if seen := _apart(plan.actions, bench.alone(slot)):
            yield f"slot {slot}: together and alone {seen}; plan each query for itself, or set deterministic=False"
            return


def _order_of_slots(bench: _Bench) -> Iterator[str]:
    forwards = bench.batch()
    bench.reset()
    backwards = bench.plans(bench.queries[::-1])[::-1]
    for slot, (one, two) in enumerate(zip(forwards, backwards) if bench.spec.deterministic else []):
        if seen := _apart(one.actions, two.actions):
            yield f"slot {slot}: in a batch turned round the plans {seen}; give plans in the order of their queries"
            return


def _repeatable(bench: _Bench) -> Iterator[str]:
    bench.reset()
    if bench.spec.deterministic and (seen := _apart(bench.alone(0), bench.alone(0))):
        yield f"twice the same query, and the plans {seen}; draw from the query's seed, or set deterministic=False"


def _slots_apart(bench: _Bench) -> Iterator[str]:
    bench.reset(0)
    before = bench.alone(0)
    bench.reset(1)
    bench.alone(1)
    if bench.spec.deterministic and (seen := _apart(before, bench.alone(0))):
        yield f"once slot 1 had begun, slot 0's plans {seen}; keep what a trial needs by Query.slot"


def _apart(one: Vector, two: Vector) -> str:
    """How two plans differ; empty where they do not, to the last bit."""
    if np.shape(one) != np.shape(two):
        return f"have the shapes {np.shape(one)} and {np.shape(two)}"
    gap = np.abs(np.subtract(one, two)).max(initial=0.0)
    return "" if np.array_equal(one, two, equal_nan=True) else f"differ by {gap:.3g}"


def _inputs_stay(bench: _Bench) -> Iterator[str]:
    bench.reset()
    queries = copy.deepcopy(bench.queries)
    bench.policy.plan(queries)
    for shown, kept in zip(queries, bench.queries):
        if changed := unequal(arrays_of(shown.observation), arrays_of(kept.observation)):
            yield f"{changed[0]} was written to; work on a copy"
            return


def _plans_stay(bench: _Bench) -> Iterator[str]:
    bench.reset()
    plans = bench.policy.plan(copy.deepcopy(bench.queries))
    given, kept = _actions_of(plans), copy.deepcopy(_actions_of(plans))
    bench.plans(bench.queries[::-1])
    if changed := unequal(given, kept):
        yield f"that of {changed[0]} changed with the next call; give a fresh array each time"


def _actions_of(plans: Sequence[Plan]) -> Mapping[str, NDArray[Any]]:
    return {f"slot {slot}": plan.actions for slot, plan in enumerate(plans)}


def _not_privileged(bench: _Bench) -> Iterator[str]:
    if bench.learned and bench.spec.privileged:
        yield "its spec says privileged=True; leave that to experts and check those with learned=False"


def _closes_twice(bench: _Bench) -> Iterator[str]:
    bench.policy.close()
    bench.policy.close()
    yield from ()


RULES: Rules[_Bench] = {
    "the spec has a name": _spec,
    "the cameras are the world's": _cameras,
    "the state is the world's": _state,
    "a learned policy sees what a camera sees": _not_privileged,
    "there is one plan for each query": _one_plan_each,
    "a plan holds actions within the bounds": _good_actions,
    "a plan is float64": _float64,
    "a plan is no longer than the horizon": _horizon,
    "a plan does not depend on the size of the batch": _batch_equals_single,
    "plans come in the order of their queries": _order_of_slots,
    "the same query has the same plan": _repeatable,
    "slots do not meet": _slots_apart,
    "what a policy is shown stays as it is": _inputs_stay,
    "a plan that was given stays as it is": _plans_stay,
    "closing twice is harmless": _closes_twice,
}
