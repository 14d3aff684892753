"""The check of policies names each thing that can be wrong with one: here are policies with one defect each."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from armtrial.envs.base import ObservationSpec
from armtrial.envs.contract import ContractError
from armtrial.envs.line import LineEnv
from armtrial.policies.base import Plan, PolicySpec, Query, World
from armtrial.policies.baselines import Random
from armtrial.policies.contract import RULES, check_policy, noise, observed
from armtrial.policies.toy import Toy
from armtrial.tasks.toy import FETCH, REACH

LINE = World(LineEnv.observation_spec, LineEnv.action_spec)


class Nameless(Toy):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.spec = replace(self.spec, name="")


class OtherCamera(Random):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.spec = replace(self.spec, cameras={"top": (8, 8)})


class OtherState(Toy):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.spec = replace(self.spec, state=("jaw", "x"))


class Peeks(Toy):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.spec = replace(self.spec, privileged=True)


class LosesOne(Toy):
    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return super().plan(queries)[: max(1, len(queries) - 1)]


class Changed(Toy):
    """Plans that went through `changed`."""

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [self.changed(plan, query, len(queries)) for plan, query in zip(super().plan(queries), queries)]

    def changed(self, plan: Plan, query: Query, batch: int) -> Plan:
        raise NotImplementedError


class OutOfBounds(Changed):
    def changed(self, plan: Plan, query: Query, batch: int) -> Plan:
        return Plan(plan.actions + np.array([0, 50]))


class NotANumber(Changed):
    def changed(self, plan: Plan, query: Query, batch: int) -> Plan:
        return Plan(plan.actions * np.nan)


class NoActions(Changed):
    def changed(self, plan: Plan, query: Query, batch: int) -> Plan:
        return Plan(plan.actions[:0])


class OneActionFlat(Changed):
    def changed(self, plan: Plan, query: Query, batch: int) -> Plan:
        return Plan(plan.actions[0])


class SinglePrecision(Changed):
    def changed(self, plan: Plan, query: Query, batch: int) -> Plan:
        return Plan(plan.actions.astype(np.float32))  # type: ignore[arg-type]


class TooLong(Changed):
    def changed(self, plan: Plan, query: Query, batch: int) -> Plan:
        return Plan(np.tile(plan.actions, (2, 1)))


class FeelsTheBatch(Changed):
    def changed(self, plan: Plan, query: Query, batch: int) -> Plan:
        return Plan(plan.actions * (1 - 1e-12 * batch))


class Sorts(Toy):
    """Gives the plans in the order of the slots."""

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return super().plan(sorted(queries, key=lambda query: query.slot))


class Unseeded(Changed):
    def changed(self, plan: Plan, query: Query, batch: int) -> Plan:
        return Plan(plan.actions * np.random.default_rng().uniform(0.5, 1.0))


class OneMemory(Changed):
    """Remembers the trial that began last, whichever slot it began in."""

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        self.seed = seed

    def changed(self, plan: Plan, query: Query, batch: int) -> Plan:
        return Plan(plan.actions * (self.seed % 97) / 100)


class WritesIntoPictures(Changed):
    def changed(self, plan: Plan, query: Query, batch: int) -> Plan:
        query.observation.images["front"][:] = 0
        return plan


class OneBuffer(Toy):
    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        self.buffer = getattr(self, "buffer", np.zeros((4, 10, 2)))
        for row, plan in zip(self.buffer, super().plan(queries)):
            row[:] = plan.actions
        return [Plan(row) for row in self.buffer[: len(queries)]]


class ClosesOnce(Toy):
    def close(self) -> None:
        del self.spec


DEFECTS: dict[type[Toy] | type[Random], str] = {
    Nameless: "the spec has a name",
    OtherCamera: "the cameras are the world's",
    OtherState: "the state is the world's",
    Peeks: "a learned policy sees what a camera sees",
    LosesOne: "there is one plan for each query",
    OutOfBounds: "a plan holds actions within the bounds",
    NotANumber: "a plan holds actions within the bounds",
    NoActions: "a plan holds actions within the bounds",
    OneActionFlat: "a plan holds actions within the bounds",
    SinglePrecision: "a plan is float64",
    TooLong: "a plan is no longer than the horizon",
    FeelsTheBatch: "a plan does not depend on the size of the batch",
    Sorts: "plans come in the order of their queries",
    Unseeded: "the same query has the same plan",
    OneMemory: "slots do not meet",
    WritesIntoPictures: "what a policy is shown stays as it is",
    OneBuffer: "a plan that was given stays as it is",
    ClosesOnce: "closing twice is harmless",
}


def violations(policy: Toy | Random) -> tuple[str, ...]:
    with pytest.raises(ContractError) as caught:
        check_policy(policy, LINE)
    return caught.value.violations


@pytest.mark.parametrize(("defect", "claim"), DEFECTS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_policy_s_defect_is_named(defect: type[Toy] | type[Random], claim: str) -> None:
    assert any(violation.startswith(f"{claim}: ") for violation in violations(defect(LINE)))


def test_every_rule_has_a_policy_that_breaks_it() -> None:
    assert set(DEFECTS.values()) == set(RULES)


def test_a_bad_action_is_named_with_its_value_and_its_bounds() -> None:
    assert violations(OutOfBounds(LINE)) == (
        "a plan holds actions within the bounds: slot 0: action 0, 'jaw': 150 is outside [0, 100]; --wrap clip cuts "
        "it to that; give (T, D) actions, clipped to the bounds of the spec",
    )


def test_a_policy_that_draws_at_random_may_say_so() -> None:
    policy = Unseeded(LINE)
    policy.spec = replace(policy.spec, deterministic=False)
    check_policy(policy, LINE)


def test_an_expert_is_checked_as_one_that_is_not_learned() -> None:
    check_policy(Peeks(LINE), LINE, learned=False)


def test_one_observation_is_too_few_to_tell_slots_apart() -> None:
    policy = Toy(LINE)
    with pytest.raises(ValueError, match=r"^1 observation was given; slots can only be told apart with two or more$"):
        check_policy(policy, LINE, observations=observed(LineEnv([REACH]), REACH, policy.spec)[:1])


def test_a_policy_that_raises_where_it_sees_nothing_is_checked_with_looks_of_a_world() -> None:
    class Strict(Toy):
        def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
            if "ball" not in queries[0].observation.instruction:
                raise LookupError("no ball is asked for")
            return super().plan(queries)

    assert "LookupError: no ball is asked for" in violations(Strict(LINE))[0]
    policy = Strict(LINE)
    check_policy(policy, LINE, observations=observed(LineEnv([FETCH]), FETCH, policy.spec))


def test_looks_of_a_world_are_as_the_spec_asks() -> None:
    spec = replace(Toy(LINE).spec, privileged=True)
    looks = observed(LineEnv([REACH]), REACH, spec)
    assert [look.images["front"].shape for look in looks] == [(40, 220, 3)] * 4
    assert len({look.state[0] for look in looks}) == 4
    assert set(looks[0].privileged) == {"ball", "marks"}


def test_noise_is_the_same_each_time_and_lies_within_the_bounds() -> None:
    spec = PolicySpec(name="any", cameras={"front": (6, 4)}, action=LINE.action, horizon=1)
    world = World(ObservationSpec({"front": (6, 4)}, ("x", "jaw", "current")), LINE.action)
    first, again = (noise(spec, world, "Go.") for _ in range(2))
    assert all(np.array_equal(one.images["front"], two.images["front"]) for one, two in zip(first, again))
    assert first[0].images["front"].shape == (4, 6, 3)
    assert all(abs(x) <= 1 and 0 <= jaw <= 100 and abs(current) <= 0.1 for x, jaw, current in (o.state for o in first))
