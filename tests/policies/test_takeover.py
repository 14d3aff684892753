"""Where the expert takes over, a policy's trial becomes a demonstration from there on."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from armtrial.envs.so100.env import So100Env
from armtrial.evaluators.collect import run as collect
from armtrial.evaluators.drawing import draw
from armtrial.evaluators.folder import RunFolder
from armtrial.evaluators.played import Run, load
from armtrial.policies.base import Plan, Query, World
from armtrial.policies.baselines import Hold
from armtrial.policies.rynnvla.training.store import DrawnEpisodes
from armtrial.policies.wrappers.takeover import TAKEN_OVER, Takeover
from armtrial.tasks.tabletop import SINGLE

TRIAL = SINGLE.trials()[0]


class Watching(Hold):
    """Remembers what it is shown."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.shown: list[Query] = []

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        self.shown.extend(queries)
        return super().plan(queries)


@pytest.fixture
def env() -> Iterator[So100Env]:
    made = So100Env(SINGLE.tasks)
    yield made
    made.close()


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three trials that `hold` begins and the expert ends."""
    out = tmp_path_factory.mktemp("taken") / "run"
    words = ["--suite", "single", "--task", "block", "--episodes", "3", "--policy", "hold", "--wrap", "takeover=2"]
    assert collect([*words, "--workers", "0", "--quiet", "--out", str(out)]) == 0
    return load(out)


def test_what_one_policy_began_the_expert_ends(taken: Run) -> None:
    assert taken.info.policy == "hold+takeover(2)"
    assert taken.info.privileged
    assert taken.scores.overall.success.k == 3
    flagged = [record.result.flags[TAKEN_OVER] for record in taken.records]
    assert all(0 < number < record.result.plans for number, record in zip(flagged, taken.records))


def test_the_hour_is_drawn_for_each_trial(taken: Run) -> None:
    assert len({record.result.plans - record.result.flags[TAKEN_OVER] for record in taken.records}) > 1


def test_a_training_looks_at_what_the_expert_did_alone(taken: Run, tmp_path: Path) -> None:
    draw([taken.folder], tmp_path, (32, 24), every=20, workers=1)
    store = DrawnEpisodes(tmp_path)
    for number, record in enumerate(sorted(taken.records, key=lambda record: record.id)):
        begun = RunFolder(taken.folder).read_steps(record)["plan"][-record.result.flags[TAKEN_OVER]]
        assert begun <= store.ticks(number)[0] < begun + 20


def test_the_policy_within_sees_nothing_privileged(env: So100Env) -> None:
    world = World(env.observation_spec, env.action_spec)
    within = Watching(world)
    policy = Takeover(within, world, "takeover", 600.0)
    env.reset(TRIAL)
    policy.reset(0, TRIAL.id, TRIAL.seed)
    (plan,) = policy.plan([Query(0, env.observe({}, privileged=True), TRIAL.seed)])
    assert plan.flags == ()
    assert [query.observation.privileged for query in within.shown] == [{}]
