"""A trial that its world breaks off keeps all that is needed to break it again."""

import numpy as np
import pytest

from armtrial.envs.base import Step, Vector
from armtrial.envs.line import LineEnv
from armtrial.envs.player import LocalPlayer, Look
from armtrial.tasks.toy import TOY


class Brittle(LineEnv):
    """Breaks at its fourth action, and writes into whatever it is given."""

    def step(self, action: Vector) -> Step:
        if self._tick == 3:
            action[:] = np.nan
            raise ArithmeticError("the simulation diverged")
        return super().step(action)


def test_the_action_at_which_the_world_broke_is_kept_apart_from_those_it_answered() -> None:
    player, plan = LocalPlayer(Brittle(TOY.tasks), TOY.tasks), np.random.default_rng(0).uniform(size=(10, 2))
    player.begin(TOY.trials()[0], Look({}))
    with pytest.raises(ArithmeticError):
        player.advance(plan.copy())
    closing = player.finish(judged=False)
    assert (len(closing.actions), len(closing.states)) == (3, 4)
    np.testing.assert_array_equal(closing.unanswered, plan[3:4])


def test_where_nothing_broke_every_action_was_answered() -> None:
    player = LocalPlayer(LineEnv(TOY.tasks), TOY.tasks)
    player.begin(TOY.trials()[0], Look({}))
    player.advance(np.zeros((10, 2)))
    assert player.finish(judged=False).unanswered.shape == (0, 2)
