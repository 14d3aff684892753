"""What goes wrong between a policy and its server, each as something that can be done to an observation or a plan."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..envs.base import ActionSpec, Gripper, Image, Observation, Vector
from .base import World

See = Callable[[Observation], Observation]
Act = Callable[[Vector], Vector]
Pixels = Callable[[Image], Image]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A server that makes it gives `act(plan(see(observation)))` for `observation`."""

    name: str
    """As the end of a sentence: "the pictures are mirrored"."""
    kind: str
    """Two of one kind are not made at once."""
    see: See | None = None
    act: Act | None = None
    mend: str = ""
    """The line of a key map that undoes it on our side, where there is one."""


def mistakes(world: World, seen: Observation) -> list[Mistake]:
    """Those that the world's numbers and the pictures that are looked at allow, the commonest first."""
    return [*_pictures(seen), *_grippers(world), *_angles(world), *_orders(world)]


def pairs(single: Sequence[Mistake]) -> Iterator[Mistake]:
    """Two at once: one of the pictures and one of the numbers. Wrong orders are left out, being many."""
    shown = [mistake for mistake in single if mistake.kind == "pictures"]
    told = [mistake for mistake in single if mistake.kind in ("gripper", "angles")]
    for one, two in itertools.product(shown, told):
        mend = ", ".join(filter(None, (one.mend, two.mend)))
        yield Mistake(f"{one.name} and {two.name}", "both", _after(one.see, two.see), two.act, mend)


def _after(first: See | None, second: See | None) -> See:
    def see(seen: Observation) -> Observation:
        for change in (first, second):
            seen = seen if change is None else change(seen)
        return seen

    return see


def _pictures(seen: Observation) -> list[Mistake]:
    """None where nothing is looked at; cameras are exchanged where their pictures are of one size."""
    if not seen.images:
        return []
    changes: dict[str, tuple[Pixels, str]] = {
        "turned by 180 degrees": (lambda picture: picture[::-1, ::-1], 'turn = "180"'),
        "upside down": (lambda picture: picture[::-1], 'turn = "upside_down"'),
        "mirrored": (lambda picture: picture[:, ::-1], 'turn = "mirrored"'),
        "BGR": (lambda picture: picture[:, :, ::-1], 'channels = "bgr"'),
    }
    found = [
        Mistake(f"the pictures are {name}", "pictures", _each(change), mend=mend)
        for name, (change, mend) in changes.items()
    ]
    shapes = {camera: picture.shape for camera, picture in seen.images.items()}
    for one, two in itertools.combinations(shapes, 2):
        if shapes[one] != shapes[two]:
            continue
        found.append(Mistake(f"the pictures of '{one}' and '{two}' are exchanged", "pictures", _exchanged(one, two)))
    return found


def _each(change: Pixels) -> See:
    def see(seen: Observation) -> Observation:
        return replace(seen, images={name: np.ascontiguousarray(change(p)) for name, p in seen.images.items()})

    return see


def _exchanged(one: str, two: str) -> See:
    """Only where both are seen, at one size; a server may look at fewer."""

    def see(seen: Observation) -> Observation:
        pictures = dict(seen.images)
        if one in pictures and two in pictures and pictures[one].shape == pictures[two].shape:
            pictures[one], pictures[two] = pictures[two], pictures[one]
        return replace(seen, images=pictures)

    return see


def _grippers(world: World) -> list[Mistake]:
    action = world.action
    if action.gripper is Gripper.NONE:
        return []
    total = action.low[-1] + action.high[-1]
    state = _numbers(world, action.names[-1:], lambda value: total - value)

    def act(plan: Vector) -> Vector:
        return np.concatenate([plan[:, :-1], total - plan[:, -1:]], axis=1)

    mend = f"gripper = [{action.high[-1]:g}, {action.low[-1]:g}]"
    what = "the gripper opens the other way"
    return [
        Mistake(f"{what} in the actions", "gripper", act=act),
        Mistake(f"{what} in the state", "gripper", state),
        Mistake(f"{what} in state and actions", "gripper", state, act, mend),
    ]


def _angles(world: World) -> list[Mistake]:
    action = world.action
    angles = tuple(name for name, unit in zip(action.names, action.units) if unit == "deg")
    if not angles:
        return []
    found: list[Mistake] = []
    for name, factor in (
        ("degrees are taken for radians", 180 / np.pi),
        ("radians are taken for degrees", np.pi / 180),
    ):
        state = _numbers(world, angles, _times(factor))
        back, on = _scaled(action, angles, 1 / factor), _scaled(action, angles, factor)
        found += [
            Mistake(f"{name} in the state", "angles", state),
            Mistake(f"{name} in the actions", "angles", act=on),
            Mistake(f"{name} in the state, and back in the actions", "angles", state, back, 'angles = "radians"'),
        ]
    return found


def _times(factor: float) -> Callable[[float], float]:
    return lambda value: value * factor


def _scaled(action: ActionSpec, names: Sequence[str], factor: float) -> Act:
    scale = np.array([factor if name in names else 1.0 for name in action.names])
    return lambda plan: plan * scale


def _numbers(world: World, names: Sequence[str], change: Callable[[float], float]) -> See:
    """Of the state, the entries of these names."""
    there = world.observation.state

    def see(seen: Observation) -> Observation:
        state = [change(float(v)) if name in names else float(v) for name, v in zip(there, seen.state)]
        return replace(seen, state=np.array(state))

    return see


def _orders(world: World) -> list[Mistake]:
    found: list[Mistake] = []
    for names, told, of_state in (
        (world.observation.state, "the state", True),
        (world.action.names, "the actions", False),
    ):
        for name, order in _permutations(names).items():
            see, act = (_state_in(order), None) if of_state else (None, _plan_in(order))
            found.append(Mistake(f"{told} comes in another order: {name}", "order", see, act))
    return found


def _permutations(names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """By their words: turned round, the last first, and two exchanged."""
    straight = tuple(range(len(names)))
    there: dict[tuple[int, ...], str] = {}
    for one, two in itertools.combinations(straight, 2):
        order = list(straight)
        order[one], order[two] = two, one
        there.setdefault(tuple(order), f"'{names[one]}' and '{names[two]}' exchanged")
    there.setdefault((*straight[-1:], *straight[:-1]), f"'{names[-1]}' first" if names else "")
    there.setdefault((*straight[1:], *straight[:1]), f"'{names[0]}' last" if names else "")
    there.setdefault(straight[::-1], "turned round")
    there.pop(straight, None)
    return {name: order for order, name in there.items()}


def _state_in(order: Sequence[int]) -> See:
    return lambda seen: replace(seen, state=seen.state[list(order)])


def _plan_in(order: Sequence[int]) -> Act:
    return lambda plan: plan[:, list(order)]
