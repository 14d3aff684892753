"""A policy that is shown its pictures at another size."""

from collections.abc import Sequence
from pathlib import Path

from armtrial.envs.line import LineEnv
from armtrial.evaluators import evaluate
from armtrial.policies.base import Plan, Query, World
from armtrial.policies.contract import check_policy
from armtrial.policies.resized import Resized
from armtrial.policies.toy import Blind, Toy

WORLD = World(LineEnv.observation_spec, LineEnv.action_spec)


class Looks(Toy):
    """Remembers the shapes of the pictures it was shown."""

    shapes: set[tuple[int, ...]]

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        self.shapes |= {query.observation.images["front"].shape for query in queries}
        return super().plan(queries)


def test_it_keeps_the_contract() -> None:
    check_policy(Resized(Toy(WORLD), (110, 20)), WORLD, instruction="Bring the ball to the green mark.")


def test_every_camera_it_looks_at_is_drawn_at_the_size_and_its_name_says_so() -> None:
    spec = Resized(Toy(WORLD), (110, 20)).spec
    assert (spec.cameras, spec.name) == ({"front": (110, 20)}, "toy+size(110x20)")


def test_to_a_policy_that_does_not_look_no_size_makes_a_difference() -> None:
    assert Resized(Blind(WORLD), (110, 20)).spec == Blind(WORLD).spec


def test_a_run_of_a_size_shows_the_policy_pictures_of_that_size(tmp_path: Path) -> None:
    Looks.shapes = set()
    run = evaluate(Looks, "toy", task="reach", episodes=2, workers=0, size=(110, 20), out=tmp_path / "run")
    assert Looks.shapes == {(20, 110, 3)}
    assert (run.info.policy, run.info.config.size) == ("toy+size(110x20)", (110, 20))
    assert run.scores.overall.success.k == 2
