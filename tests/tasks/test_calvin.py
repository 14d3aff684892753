"""CALVIN's list: what the digests of the public benchmark say of chains and start states, and the rule behind them."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from armtrial.tasks.base import Trial
from armtrial.tasks.calvin import (
    CALVIN,
    INSTRUCTIONS,
    SLIDER_PROMPT,
    CalvinTask,
    chain_of,
    chains,
    fnv,
    start_state,
)
from armtrial.tasks.calvin_rule import SUBTASKS, generated, possible, situations
from armtrial.tasks.variations import varied

DIGEST_OF_CHAINS = "13bc4fad80a302e6405e5f4f800cc028789a245409cd12df39b783099ad4860f"
DIGEST_OF_STARTS = "1a25eaf9bb3f57459937b95423f2a673e277945064e5c09c9c7cb97b3ff87150"
DIGEST_OF_THE_ROBOT = "e57f9815fd4d4b97721d183f114f67aae5c71f170547f45249a3440b8892a2ae"
TASK = CALVIN.tasks[0]


def digest(body: list[list[object]]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def test_the_chains_are_those_of_the_public_benchmark() -> None:
    assert digest([[dict(chain.situation), list(chain.subtasks)] for chain in chains()]) == DIGEST_OF_CHAINS


@pytest.mark.slow
def test_the_published_rule_draws_the_chains_again() -> None:
    begins = situations()
    assert digest([[dict(begins[number]), list(subtasks)] for number, subtasks in generated()]) == DIGEST_OF_CHAINS


def test_the_start_states_are_those_of_the_public_benchmark() -> None:
    scenes = np.array([start_state(chain.situation).scene for chain in chains()])
    assert scenes.shape == (1000, 24)
    assert hashlib.sha256(scenes.tobytes()).hexdigest() == DIGEST_OF_STARTS


def test_the_robot_starts_every_chain_as_in_the_public_benchmark() -> None:
    robots = [start_state(chain.situation).robot for chain in chains()]
    assert {robot.shape for robot in robots} == {(15,)}
    assert {hashlib.sha256(robot.tobytes()).hexdigest() for robot in robots} == {DIGEST_OF_THE_ROBOT}


def test_a_start_state_draws_from_a_stream_of_its_own() -> None:
    np.random.seed(1)
    before = np.random.get_state()[1].tolist()  # type: ignore[index]
    start_state(chains()[0].situation)
    assert np.random.get_state()[1].tolist() == before  # type: ignore[index]


def test_the_hash_of_a_text_is_over_utf_16_and_begins_at_zero() -> None:
    assert (fnv("test"), fnv("hello world")) == (3910690890, 3799943344)


def test_the_chains_begin_in_192_situations() -> None:
    assert len(situations()) == len({json.dumps(chain.situation) for chain in chains()}) == 192


def test_every_chain_is_possible_and_takes_no_category_twice() -> None:
    assert all(possible(chain.situation, chain.subtasks) for chain in chains())
    assert not possible(chains()[0].situation, ("rotate_red_block_left", "push_red_block_left"))


def test_every_subtask_is_asked_for_in_words_of_its_own() -> None:
    assert INSTRUCTIONS.keys() == SUBTASKS.keys()
    assert len(set(INSTRUCTIONS.values())) == len(SUBTASKS) == 34


def test_the_slider_prompt_changes_one_sentence_and_no_other() -> None:
    task = varied(TASK, SLIDER_PROMPT)
    assert isinstance(task, CalvinTask)
    changed = [name for name in SUBTASKS if task.asking(name) != INSTRUCTIONS[name]]
    assert changed == ["place_in_slider"]


def test_the_first_trials_are_the_first_chains() -> None:
    assert [chain_of(trial) for trial in CALVIN.trials(20)] == list(chains()[:20])
    assert len(CALVIN.trials()) == 1000


def test_a_longer_list_than_the_benchmarks_is_refused() -> None:
    with pytest.raises(ValueError, match="1001 trials of suite 'calvin': it is a list of 1000 chains"):
        CALVIN.trials(1001)


def test_chains_of_other_seeds_are_drawn_by_the_same_rule() -> None:
    drawn = [chain_of(Trial("train", "calvin", 1, "abc-d", index)) for index in range(4)]
    assert drawn == [chain_of(Trial("train", "calvin", 1, "abc-d", index)) for index in range(4)]
    assert all(possible(chain.situation, chain.subtasks) for chain in drawn)


def test_a_scene_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="its scene is 'E'; there are A, B, C, D"):
        replace(TASK, scene="E")  # type: ignore[arg-type]


def test_a_chain_has_five_times_360_ticks() -> None:
    assert (TASK.max_seconds, TASK.stage_seconds, TASK.stages) == (60.0, 12.0, 5)
