"""What every world does: each function yields what speaks against one claim of `contract.py`, and the way out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..tasks.base import EVENT_KINDS, Event
from .base import LifecycleError
from .bench import TRIALS, Arrays, Bench, arrays_of, unequal


def not_reset(bench: Bench) -> Iterator[str]:
    try:
        bench.env.step(bench.targets(0)[0])
    except LifecycleError:
        return
    yield "a step went through; raise LifecycleError where no trial is running"


def specs(bench: Bench) -> Iterator[str]:
    for what, names in (("state", bench.env.observation_spec.state), ("action", bench.env.action_spec.names)):
        if not names or len(set(names)) < len(names):
            yield f"the {what}'s names are {names}; give each entry a name of its own"
    for name, (width, height) in bench.cameras.items():
        if width < 1 or height < 1:
            yield f"camera '{name}' is {width}x{height}; a size is (width, height) in pixels, both above 0"


def states(bench: Bench) -> Iterator[str]:
    names = bench.env.observation_spec.state
    for state in (bench.takes[0].before.state, *(step.state for take in bench.takes for step in take.steps)):
        if state.dtype != np.float64 or state.shape != (len(names),):
            yield f"one is {state.shape} {state.dtype}; give a float64 array of shape ({len(names)},) for {names}"
            return
        if not np.isfinite(state).all():
            yield f"one is {state}; a world that can measure nothing raises instead"
            return


def instruction(bench: Bench) -> Iterator[str]:
    instruction = bench.takes[0].before.instruction
    if not instruction.strip():
        yield f"it is {instruction!r}; give the task's instruction, or that of the current stage"


def nothing_privileged(bench: Bench) -> Iterator[str]:
    bench.reset()
    if shown := sorted(bench.env.observe(bench.cameras).privileged):
        yield f"{shown} were shown without asking; fill them in only where privileged=True"


def clock(bench: Bench) -> Iterator[str]:
    rate = bench.env.action_spec.rate
    for take in bench.takes:
        for ticks, seen in ((0, take.before), (len(take.steps), take.after)):
            if seen is not None and abs(seen.time * rate - ticks) > 1e-3:
                yield f"after {ticks} steps it is {seen.time:g} s; at {rate:g} per second it is {ticks / rate:g} s"
                return


def same_start_hash(bench: Bench) -> Iterator[str]:
    first, again = bench.takes[0].start.hash, bench.takes[2].start.hash
    if first != again:
        yield f"two resets gave {first[:8]} and {again[:8]}; draw every value from trial.seed and nothing else"


def same_look(bench: Bench) -> Iterator[str]:
    first, again = bench.takes[0].before, bench.takes[2].before
    differing = unequal(arrays_of(first), arrays_of(again))
    differing += ["the instruction"] if first.instruction != again.instruction else []
    if differing:
        yield f"two resets differ in {', '.join(differing)}; put the whole world back, lights and fixtures too"


def same_states(bench: Bench) -> Iterator[str]:
    first, again = bench.takes[0].states, bench.takes[2].states
    if first.shape != again.shape:
        yield f"it ended after {len(first) - 1} and {len(again) - 1} steps; reset whatever a step reads"
    elif not np.array_equal(first, again, equal_nan=True):
        tick = int(np.argwhere((first != again).any(axis=1))[0, 0])
        gap = np.abs(first[tick] - again[tick]).max()
        yield f"they differ from tick {tick} on, there by {gap:.3g}; reset whatever a step reads, solver's memory too"


def same_end_hash(bench: Bench) -> Iterator[str]:
    first, again = bench.takes[0].verdict.end_hash, bench.takes[2].verdict.end_hash
    if first != again:
        yield f"they are {first[:8]} and {again[:8]}; take it over the exact state and nothing else"


def telling_end_hash(bench: Bench) -> Iterator[str]:
    one, two = bench.takes[:2]
    if one.verdict.end_hash == two.verdict.end_hash != "" and not np.array_equal(one.states[-1], two.states[-1]):
        yield f"it is {one.verdict.end_hash[:8]} after two trials that ended apart; take it over the final state"


def different_starts(bench: Bench) -> Iterator[str]:
    hashes = [bench.reset(index).hash for index in range(TRIALS)]
    if len(set(hashes)) < TRIALS:
        yield f"{TRIALS} trials gave {len(set(hashes))}; sample from trial.seed and give what was sampled in Start"


def step_equals_look(bench: Bench) -> Iterator[str]:
    bench.reset()
    for tick, step in enumerate(bench.play(bench.targets(0))):
        state = bench.env.observe({}).state
        if not np.array_equal(step.state, state, equal_nan=True):
            yield f"after tick {tick} the step gave {step.state} and the look {state}; measure after the action in both"
            return


def given_arrays_stay(bench: Bench) -> Iterator[str]:
    bench.reset()
    given = arrays_of(bench.look())
    kept = copy.deepcopy(given)
    for tick, step in enumerate(bench.play(bench.targets(1))):
        given[f"the state of step {tick}"], kept[f"the state of step {tick}"] = step.state, step.state.copy()
    bench.look()
    if changed := unequal(given, kept):
        yield f"{changed[0]} changed while the world went on; give copies, not views of what is simulated"


def given_arrays_are_not_read(bench: Bench) -> Iterator[str]:
    def ending(touch: Callable[[NDArray[Any]], None]) -> Arrays:
        start = bench.reset()
        for array in (*start.values.values(), *arrays_of(bench.look()).values()):
            touch(array)
        for step in bench.play(bench.targets(1)):
            touch(step.state)
        return arrays_of(bench.look())

    if changed := unequal(ending(lambda _: None), ending(_scribble)):
        yield f"writing into arrays that were given out changed {changed[0]}; give copies"


def _scribble(array: NDArray[Any]) -> None:
    if array.flags.writeable:
        np.add(array, 1, out=array)


def actions_stay(bench: Bench) -> Iterator[str]:
    bench.reset()
    actions = bench.targets(2)
    before = actions.copy()
    for _ in bench.play(actions):
        pass
    if not np.array_equal(actions, before):
        tick = int(np.argwhere((actions != before).any(axis=1))[0, 0])
        yield f"{before[tick]} became {actions[tick]}; work on a copy"


def nothing_constant(bench: Bench) -> Iterator[str]:
    states = np.concatenate([take.states for take in bench.takes])
    for name, low, high in zip(bench.env.observation_spec.state, states.min(axis=0), states.max(axis=0)):
        if low == high:
            seen = f"'{name}' is {low:g} throughout {len(states)} ticks of random targets"
            yield f"{seen}; measure it, or leave it out of the state"


def _events(bench: Bench) -> list[list[Event]]:
    return [[event for step in take.steps for event in step.events] for take in bench.takes]


def known_kinds(bench: Bench) -> Iterator[str]:
    for kind in sorted({event.kind for events in _events(bench) for event in events} - EVENT_KINDS):
        yield f"there is a '{kind}'; the rubric reads {', '.join(sorted(EVENT_KINDS))}"


def events_in_order(bench: Bench) -> Iterator[str]:
    for events in _events(bench):
        for earlier, later in pairwise([Event(0.0, "the start of the trial"), *events]):
            if not later.time >= earlier.time:
                seen = f"'{later.kind}' at {later.time:g} s comes after '{earlier.kind}' at {earlier.time:g} s"
                yield f"{seen}; stamp events with the seconds since the start of the trial"
                return


def progress(bench: Bench) -> Iterator[str]:
    for take in bench.takes:
        for step in take.steps:
            if step.progress is not None and not 0.0 <= step.progress <= 1.0:
                yield f"it is {step.progress}; give the part of the task that is done"
                return


def stages(bench: Bench) -> Iterator[str]:
    for take in bench.takes:
        stages = [0, *(step.stage for step in take.steps)]
        if any(later < earlier for earlier, later in pairwise(stages)):
            yield f"a trial went through the stages {sorted(set(stages))} and fell; count the subtasks solved so far"
            return


def plain_flags(bench: Bench) -> Iterator[str]:
    for step in bench.takes[0].steps:
        for name, flag in (("success", step.success), ("terminated", step.terminated)):
            if type(flag) is not bool:
                yield f"{name} is a {type(flag).__module__}.{type(flag).__name__}; records hold plain values: bool(...)"
                return


def goal_is_ahead(bench: Bench) -> Iterator[str]:
    for index in range(TRIALS):
        bench.reset(index)
        step = bench.env.step(bench.still())
        if step.success or step.stage:
            seen = f"trial {index} has success {step.success} and stage {step.stage} after one step of holding still"
            yield f"{seen}; sample starts away from the goal"
            return


def not_after_verdict(bench: Bench) -> Iterator[str]:
    bench.reset()
    action = bench.still()
    bench.env.step(action)
    bench.judge(1)
    try:
        bench.env.step(action)
    except LifecycleError:
        return
    yield "a step went through; raise LifecycleError until the next reset"


def closes_twice(bench: Bench) -> Iterator[str]:
    bench.env.close()
    bench.env.close()
    yield from ()
