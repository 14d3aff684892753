"""What the twin takes for placed, lost and hit: things are put where a hand might leave them, and the world judges."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from armtrial.envs.base import Played, Step, Vector
from armtrial.envs.player import LocalPlayer, Look
from armtrial.envs.so100.env import So100Env
from armtrial.envs.so100.scene import GOAL
from armtrial.envs.so100.senses import Touching
from armtrial.policies.base import Query, World
from armtrial.policies.expert import Expert
from armtrial.tasks.base import End, Suite, Trial
from armtrial.tasks.referee import Referee
from armtrial.tasks.rubric import Grasp
from armtrial.tasks.tabletop import DISTRACTOR, MULTI, SINGLE

LYING = (math.sqrt(0.5), 0.0, math.sqrt(0.5), 0.0)
UPSIDE_DOWN = (0.0, 1.0, 0.0, 0.0)
UPRIGHT = (1.0, 0.0, 0.0, 0.0)
BLOCK, STRAWBERRY, PEN = SINGLE.trials(1)


class Table:
    """A trial in which the arm holds still and things are moved as if by magic."""

    def __init__(self, trial: Trial, suite: Suite = SINGLE) -> None:
        self.env = So100Env(suite.tasks)
        self.start = self.env.reset(trial)
        self.action = self.still()

    def still(self) -> Vector:
        return np.clip(self.env.observe({}).state, self.env.action_spec.low, self.env.action_spec.high)

    def where(self, name: str) -> Vector:
        _, data = self.env.inside()
        return data.body(name).xpos.copy()

    def put(self, name: str, place: Vector | tuple[float, ...], turn: tuple[float, ...] = UPRIGHT) -> None:
        model, data = self.env.inside()
        item = self.env._scene.items[name]
        data.qpos[item.at : item.at + 7] = (*place, *turn)
        first = model.jnt_dofadr[model.body_jntadr[item.body]]
        data.qvel[first : first + 6] = 1e-6  # not 0, with which it would sleep on

    def go(self, ticks: int) -> Iterator[Step]:
        for _ in range(ticks):
            yield self.env.step(self.action)


def told(steps: list[Step]) -> list[str]:
    return [f"{event.kind} {event.object}" for step in steps for event in step.events]


def in_the_circle(height: float = 0.0175) -> Table:
    table = Table(BLOCK)
    table.put("green_block", (*table.where(GOAL)[:2], height))
    return table


def a_cup_over_a_strawberry() -> Table:
    table = Table(STRAWBERRY)
    table.put(GOAL, (*table.where("strawberry")[:2], 0.0705), UPSIDE_DOWN)
    return table


def a_strawberry_in_a_lying_cup() -> Table:
    table = Table(STRAWBERRY)
    table.put(GOAL, (0.03, -0.25, 0.0412), LYING)
    table.put("strawberry", (0.08, -0.25, 0.0161))
    return table


def a_pen_in_a_lying_holder() -> Table:
    table = Table(PEN)
    table.put(GOAL, (0.0, -0.25, 0.0331), LYING)
    table.put("pen", (0.06, -0.25, 0.0091))
    return table


@pytest.mark.parametrize("lay", [a_cup_over_a_strawberry, a_strawberry_in_a_lying_cup, a_pen_in_a_lying_holder])
def test_what_is_in_a_goal_that_has_fallen_over_is_not_placed(lay: Callable[[], Table]) -> None:
    table = lay()
    steps = list(table.go(60))
    assert not any(step.success or step.progress for step in steps)
    assert told(steps) == ["toppled goal"]


@pytest.mark.parametrize("jaw", ["fixed", "moving"])
def test_what_a_jaw_touches_is_not_placed(jaw: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = in_the_circle()
    body = table.env._scene.items["green_block"].body
    touching = Touching({body}, set()) if jaw == "fixed" else Touching(set(), {body})
    monkeypatch.setattr(table.env._senses, "touching", lambda: touching)
    assert not any(step.success for step in table.go(10))
    monkeypatch.undo()
    assert [step.success for step in table.go(1)] == [True]


def test_a_block_in_the_circle_is_placed_when_the_hand_lets_it_go() -> None:
    env = So100Env(SINGLE.tasks)
    expert = Expert(World(env.observation_spec, env.action_spec))
    expert.reset(0, BLOCK.id, BLOCK.seed)
    player = LocalPlayer(env, SINGLE.tasks)
    seen = player.begin(BLOCK, Look({}, privileged=True)).observation
    while seen is not None:
        (plan,) = expert.plan([Query(0, seen, 0)])
        seen = player.advance(plan.actions[:20]).observation
    kinds = [event.kind for event in player.finish(judged=True).events]
    assert kinds.index("lifted") < kinds.index("released") < kinds.index("placed")


def test_what_still_moves_is_not_placed() -> None:
    table = in_the_circle(height=0.3)
    moving, placed = [], []
    for step in table.go(30):
        (placed if step.success else moving).append(table.where("green_block")[2])
    assert min(moving) < 0.05
    assert max(placed) < 0.018


def test_progress_is_the_share_of_what_is_placed() -> None:
    table = Table(MULTI.trials(1)[0], MULTI)
    goal = table.where(GOAL)
    shares = []
    for name, x in (("green_block", -0.03), ("green_block_2", 0.03)):
        table.put(name, (goal[0] + x, goal[1], 0.0175))
        shares += [(step.progress, step.success) for step in list(table.go(10))[-1:]]
    assert shares == [(0.5, False), (1.0, True)]


def test_lifting_what_the_start_names_no_target_is_a_wrong_object() -> None:
    table = Table(DISTRACTOR.trials(1)[0], DISTRACTOR)
    seen = table.env.observe({}, privileged=True).privileged
    others = {name.removeprefix("object.") for name in seen if name.startswith("object.")}
    assert set(table.start.distractors) == others != set()
    list(table.go(1))
    referee = Referee(DISTRACTOR.tasks[0], 30.0, table.start.distractors)
    body = table.env._scene.items[min(others)].body
    table.env._senses.touching = lambda: Touching({body}, {body})
    for _ in range(12):
        table.put(min(others), (0.0, -0.3, 0.1))
        (step,) = table.go(1)
        referee.see(False, False, 0, step.events)
    assert [attempt.outcome for attempt in referee.reading.closed()] == [Grasp.WRONG_OBJECT]


@pytest.mark.parametrize(("distance", "lost"), [(0.44, []), (0.46, ["toppled green_block"])])
def test_a_target_out_of_reach_is_told_once(distance: float, lost: list[str]) -> None:
    table = Table(BLOCK)
    table.put("green_block", (0.0, -0.0452 - distance, 0.0175))
    assert told(list(table.go(20))) == lost


def test_a_target_that_fell_off_the_table_is_out_of_reach() -> None:
    table = Table(BLOCK)
    table.put("green_block", (0.0, -0.2, -0.2))
    assert told(list(table.go(1))) == ["toppled green_block"]


def test_a_hand_that_is_pressed_onto_the_table_is_told() -> None:
    table = Table(BLOCK)
    table.action[2] += 60.0
    assert "collided table" in told(list(table.go(20)))


def test_where_the_circle_lies_is_part_of_how_a_trial_ended() -> None:
    table = Table(BLOCK)
    _, data = table.env.inside()
    played = Played(True, End.SUCCESS, "", 1.0, 0)
    before = table.env.verdict(played).end_hash
    assert table.env.verdict(played).end_hash == before
    data.mocap_pos[0, 0] += 0.001
    assert table.env.verdict(played).end_hash != before
