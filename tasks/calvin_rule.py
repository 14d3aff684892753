"""Which chains of subtasks CALVIN asks for: its published rule, from what must be true before a subtask to 1000 chains.

A subtask is given as the changes it can make: each has a condition and an effect. A chain may ask for a subtask only
where exactly one change is possible, and for at most one subtask of each category.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

Situation = Mapping[str, "int | str"]
"""Where everything is, by name, in the order of `POSSIBLE`."""

LENGTH = 5
"""Subtasks of a chain."""
COLOURS = ("red", "blue", "pink")
_PLACES = ("table", "slider_right", "slider_left")
POSSIBLE: Mapping[str, tuple[int | str, ...]] = {
    "led": (0, 1),
    "lightbulb": (0, 1),
    "slider": ("right", "left"),
    "drawer": ("closed", "open"),
    **{f"{colour}_block": _PLACES for colour in COLOURS},
    "grasped": (0,),
}


@dataclass(frozen=True)
class Change:
    condition: Mapping[str, tuple[int | str, ...]]
    """Each of these is one of these values."""
    effect: Situation


@dataclass(frozen=True)
class Subtask:
    category: int
    changes: tuple[Change, ...]

    def after(self, situation: Situation) -> list[Situation]:
        """What every change that is possible here leads to."""
        possible = [c for c in self.changes if all(situation[k] in values for k, values in c.condition.items())]
        return [{**situation, **change.effect} for change in possible]


def _change(condition: Mapping[str, int | str | tuple[int | str, ...]], effect: Situation) -> Change:
    return Change({key: value if isinstance(value, tuple) else (value,) for key, value in condition.items()}, effect)


def _free(condition: Mapping[str, int | str | tuple[int | str, ...]], effect: Situation) -> Change:
    """With nothing in the hand."""
    return _change({**condition, "grasped": 0}, effect)


def _on_the_table(block: str) -> tuple[Change, ...]:
    return (_free({block: "table"}, {block: "table"}),)


def _between(thing: str, before: int | str, after: int | str) -> tuple[Change, ...]:
    return (_free({thing: before}, {thing: after}),)


def _lift(block: str, *places: Mapping[str, int | str]) -> tuple[Change, ...]:
    return tuple(_free(place, {block: "grasped", "grasped": 1}) for place in places)


def _place(fixture: str, state: str, target: str) -> Iterator[Change]:
    for block in _BLOCKS:
        yield _change({block: "grasped", fixture: state, "grasped": 1}, {block: target, "grasped": 0})


def _stack() -> Iterator[Change]:
    for top, bottom in permutations(_BLOCKS, 2):
        effect = {top: "stacked_top", bottom: "stacked_bottom", "grasped": 0}
        yield _change({top: "grasped", bottom: "table", "grasped": 1}, effect)


def _unstack() -> Iterator[Change]:
    for top, bottom in permutations(_BLOCKS, 2):
        yield _free({top: "stacked_top", bottom: "stacked_bottom"}, {top: "table", bottom: "table"})


def _push_into_drawer() -> Iterator[Change]:
    """Only where no other block lies in its way."""
    for block in _BLOCKS:
        others = {other: ("slider_right", "slider_left") for other in _BLOCKS if other != block}
        yield _free({block: "table", **others, "drawer": "open"}, {block: "drawer", "grasped": 0})


_BLOCKS = tuple(f"{colour}_block" for colour in COLOURS)


def _subtasks() -> Iterator[tuple[str, Subtask]]:
    """The order counts: chains are drawn by place in this list."""
    for verb in ("rotate", "push"):
        for block, side in product(_BLOCKS, ("right", "left")):
            yield f"{verb}_{block}_{side}", Subtask(1, _on_the_table(block))
    yield "move_slider_left", Subtask(2, _between("slider", "right", "left"))
    yield "move_slider_right", Subtask(2, _between("slider", "left", "right"))
    yield "open_drawer", Subtask(3, _between("drawer", "closed", "open"))
    yield "close_drawer", Subtask(3, _between("drawer", "open", "closed"))
    for block in _BLOCKS:
        behind = ({block: "slider_left", "slider": "right"}, {block: "slider_right", "slider": "left"})
        yield f"lift_{block}_table", Subtask(4, _lift(block, {block: "table"}))
        yield f"lift_{block}_slider", Subtask(5, _lift(block, *behind))
        yield f"lift_{block}_drawer", Subtask(6, _lift(block, {block: "drawer", "drawer": "open"}))
    sides = [change for side in ("right", "left") for change in _place("slider", side, f"slider_{side}")]
    yield "place_in_slider", Subtask(7, tuple(sides))
    yield "place_in_drawer", Subtask(7, tuple(_place("drawer", "open", "drawer")))
    yield "stack_block", Subtask(10, tuple(_stack()))
    yield "unstack_block", Subtask(11, tuple(_unstack()))
    for light in ("lightbulb", "led"):
        yield f"turn_on_{light}", Subtask(8, _between(light, 0, 1))
        yield f"turn_off_{light}", Subtask(8, _between(light, 1, 0))
    yield "push_into_drawer", Subtask(9, tuple(_push_into_drawer()))


SUBTASKS: Mapping[str, Subtask] = dict(_subtasks())
"""All 34, in the order of the benchmark."""


def situations() -> list[Situation]:
    """The 192 that a chain may begin in: one or two blocks on the table, at most one on either side of the slider."""
    combined = (dict(zip(POSSIBLE, values)) for values in product(*POSSIBLE.values()))
    return [one for one in combined if _roomy(list(one.values()))]


def _roomy(values: list[int | str]) -> bool:
    return values.count("table") in (1, 2) and all(values.count(f"slider_{side}") < 2 for side in ("right", "left"))


def possible(situation: Situation, chain: tuple[str, ...]) -> bool:
    """Every subtask in turn has exactly one way to be done, and no two are of one category."""
    categories = [SUBTASKS[name].category for name in chain]
    if len(set(categories)) < len(categories):
        return False
    for name in chain:
        after = SUBTASKS[name].after(situation)
        if len(after) != 1:
            return False
        situation = after[0]
    return True


def drawn(situation: Situation, stream: np.random.RandomState) -> tuple[str, ...]:
    """Five different subtasks, drawn until they are possible one after the other."""
    names = list(SUBTASKS)
    while True:
        places: list[int] = stream.choice(len(names), size=LENGTH, replace=False).tolist()
        chain = tuple(names[place] for place in places)
        if possible(situation, chain):
            return chain


def generated(number: int = 1000) -> list[tuple[int, tuple[str, ...]]]:
    """The benchmark's chains in its order: the number of the situation each begins in, and its subtasks.

    Every situation draws its share with its own number as the seed; then all are shuffled. Takes a minute or two.
    """
    begins = situations()
    shares = [len(share) for share in np.array_split(range(number), len(begins))]
    chains: list[tuple[int, tuple[str, ...]]] = []
    for index, (situation, share) in enumerate(zip(begins, shares)):
        stream = np.random.RandomState(index)
        chains += [(index, drawn(situation, stream)) for _ in range(share)]
    np.random.RandomState(0).shuffle(chains)  # pyright: ignore[reportArgumentType] -- a list is shuffled as it is
    return chains
