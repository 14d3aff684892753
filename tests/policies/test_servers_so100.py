"""Every wire to somebody else's server plays the twin, and what is played is what the same policy plays here."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("zmq", reason="GR00T over ZMQ is the extra armtrial[pyzmq]")
pytest.importorskip("websockets", reason="vla-eval's websocket is the extra armtrial[websockets]")

from armtrial.envs.worker import EnvSource
from armtrial.evaluators import evaluate
from armtrial.evaluators.records import EpisodeRecord
from armtrial.policies.base import Plan, Policy, PolicySpec, Query, World
from armtrial.tasks.base import Outcome
from armtrial.tasks.tabletop import SINGLE
from armtrial.tests.policies.groot_stub import GrootStub
from armtrial.tests.policies.http_stub import ActStub
from armtrial.tests.policies.vla_eval_stub import VlaEvalStub

HOW: dict[str, Any] = {"task": "block", "episodes": 1, "workers": 0, "size": (64, 48)}


class Drifts(Policy):
    """Where it goes depends on every pixel of both pictures, on every joint and on the words."""

    def __init__(self, world: World) -> None:
        self.spec = PolicySpec(
            name="drifts",
            cameras=dict(world.observation.cameras),
            state=world.observation.state,
            action=world.action,
            horizon=20,
        )

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [Plan(self._drift(query)) for query in queries]

    def _drift(self, query: Query) -> Any:
        seen = query.observation
        look = [
            np.arange(seen.images[name].size) @ seen.images[name].ravel() % 1000 / 1000 for name in ("front", "wrist")
        ]
        push = 3 * (look[0] - look[1]) + 0.01 * len(seen.instruction)
        rows = np.tile(seen.state + push, (self.spec.horizon, 1))
        return rows.clip(self.spec.action.low, self.spec.action.high)


def world() -> World:
    env = EnvSource("armtrial.envs.so100.env:So100Env", SINGLE.tasks, {}).build()
    return World(env.observation_spec, env.action_spec)


def groot(dialect: str) -> Callable[[Policy], AbstractContextManager[Any]]:
    groups = {"single_arm": 5, "gripper": 1}
    return lambda policy: GrootStub(dialect, policy, video=("front", "wrist"), groups=groups, horizon=20)


WIRES: dict[str, tuple[str, Callable[[Policy], AbstractContextManager[Any]], tuple[str, ...]]] = {
    "groot n1.5": ("groot-server", groot("n1.5"), ()),
    "groot n1.6": ("groot-server", groot("n1.6"), ()),
    "groot http": ("groot-server", lambda policy: ActStub("groot", policy, video=("front", "wrist")), ("horizon=20",)),
    "openvla-oft": ("http-act", lambda policy: ActStub("oft", policy), ()),
    "x-vla": ("http-act", lambda policy: ActStub("xvla", policy), ("map=x-vla", "send=domain_id:7")),
    "vla-eval": ("vla-eval", lambda policy: VlaEvalStub(policy), ()),
}
SINGLE_PRECISION = {"groot n1.6"}
"""Its wire rounds what goes over it."""


PLAYED = [name if name == "openvla-oft" else pytest.param(name, marks=pytest.mark.slow) for name in WIRES]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> EpisodeRecord:
    (record,) = evaluate(Drifts, "single", out=tmp_path_factory.mktemp("here") / "run", **HOW).records
    return record


@pytest.mark.parametrize("name", PLAYED)
def test_the_twin_is_played_over_every_wire_as_here(name: str, here: EpisodeRecord, tmp_path: Path) -> None:
    policy, served, said = WIRES[name]
    with served(Drifts(world())) as server:
        run = evaluate(policy, "single", url=server.url, policy_arg=said, out=tmp_path / "run", **HOW)
    (there,) = run.records
    assert there.result.outcome is Outcome.FAILURE
    if name in SINGLE_PRECISION:
        assert (there.result.steps, there.result.plans) == (here.result.steps, here.result.plans)
    else:
        assert there.result == here.result
