"""The checkpoint that comes with the package: small enough, whole, and what its card says it is."""

import re

import numpy as np
import pytest
from safetensors import safe_open

from armtrial.envs.so100.env import So100Env
from armtrial.policies.base import Query, World
from armtrial.policies.contract import check_policy
from armtrial.policies.rynnvla.policy import SHIPPED, RynnVla
from armtrial.tasks.tabletop import DISTRACTOR

WEIGHTS = SHIPPED / "model.safetensors"
CARD = (SHIPPED / "README.md").read_text()


@pytest.fixture(scope="module")
def env() -> So100Env:
    return So100Env(DISTRACTOR.tasks)


@pytest.fixture(scope="module")
def policy(env: So100Env) -> RynnVla:
    return RynnVla(World(env.observation_spec, env.action_spec), device="cpu")


def numbers(words: str) -> list[int]:
    """All that the card gives in these words, with commas as it writes them."""
    return [int(found.replace(",", "")) for found in re.findall(rf"([\d,]+) {words}", CARD)]


def test_it_fits_into_a_package() -> None:
    assert WEIGHTS.stat().st_size <= 15_000_000
    assert {file.name for file in SHIPPED.iterdir()} == {"README.md", "config.json", "model.safetensors", "text.json"}


def test_the_card_counts_its_weights() -> None:
    with safe_open(WEIGHTS, framework="np") as weights:
        sizes = [int(np.prod(weights.get_slice(name).get_shape())) for name in weights.keys()]  # noqa: SIM118
    assert numbers("weights") == [sum(sizes)]
    assert 5_000_000 <= sum(sizes) <= 15_000_000


def test_the_card_names_the_version_that_a_run_records(policy: RynnVla) -> None:
    assert policy.spec.version in CARD


def test_it_keeps_the_contract_in_the_twin(env: So100Env, policy: RynnVla) -> None:
    check_policy(policy, World(env.observation_spec, env.action_spec), instruction=DISTRACTOR.tasks[0].instruction)


def test_it_reads_every_task_of_the_table(policy: RynnVla) -> None:
    for task in DISTRACTOR.tasks:
        policy.readable(task.instruction)


def test_where_it_goes_depends_on_what_it_sees(env: So100Env, policy: RynnVla) -> None:
    """The same arm, the same words, two starts: a plan by heart would be the same."""
    ends = [_end(env, policy, number) for number in (0, 2, 4, 6)]
    assert np.ptp(ends) > 3.0


def _end(env: So100Env, policy: RynnVla, number: int) -> float:
    """Degrees of the pan at the end of the first plan."""
    trial = next(trial for trial in DISTRACTOR.trials() if (trial.task, trial.index) == ("block", number))
    env.reset(trial)
    seen = env.observe(policy.spec.cameras)
    (plan,) = policy.plan([Query(0, seen, trial.seed)])
    return float(plan.actions[-1, 0] - seen.state[0])


def test_the_readme_and_the_card_tell_the_same() -> None:
    readme = (SHIPPED.parents[2] / "README.md").read_text()
    shown = readme.partition("rynnvla-twin on distractor-v1")[2].partition("```")[0]
    card = [re.findall(r"\((\d+/\d+)", line) for line in CARD.splitlines() if line.startswith("| `distractor`")]
    table = [re.findall(r"\((\d+/\d+)", line) for line in shown.splitlines() if "/20)" in line or "/60)" in line]
    assert len(table) == 4
    assert card[:4] == table


def test_the_card_says_how_it_was_made_and_what_it_reaches() -> None:
    for heading in ("## Data", "## Training", "## What it reaches", "## Does it read?", "## What it cannot do"):
        assert heading in CARD
    assert "armtrial train rynnvla" in CARD
