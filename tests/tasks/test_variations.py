"""A variation changes what it names, and nothing else."""

import numpy as np
import pytest

from armtrial.evaluators.cli import main
from armtrial.tasks.base import Trial
from armtrial.tasks.tabletop import DISTRACTOR, SINGLE, TabletopTask
from armtrial.tasks.tabletop_layout import Layout, sample
from armtrial.tasks.toy import REACH
from armtrial.tasks.variations import RANDOMIZED, SHUFFLED, VARIATIONS, varied

TRIALS = tuple(Trial("demo", "distractor", 1, "pen", index) for index in range(60))


def layouts(randomized: bool) -> list[Layout]:
    task = DISTRACTOR.task("pen")
    chosen = varied(task, RANDOMIZED) if randomized else task
    assert isinstance(chosen, TabletopTask)
    return [sample(chosen, trial) for trial in TRIALS]


def widest(values: list[float]) -> float:
    return float(np.abs(values).max())


def test_randomizing_moves_no_object_by_a_single_bit() -> None:
    for plain, wide in zip(layouts(False), layouts(True), strict=True):
        assert (plain.rig, plain.goal, plain.objects) == (wide.rig, wide.goal, wide.objects)


def test_randomized_light_table_and_cameras_leave_the_ranges_of_every_evaluation() -> None:
    plain, wide = layouts(False), layouts(True)
    for few, many in (
        ([one.light.swing for one in plain], [one.light.swing for one in wide]),
        ([one.surface.turn for one in plain], [one.surface.turn for one in wide]),
        ([one.cameras["front"].shift[0] for one in plain], [one.cameras["front"].shift[0] for one in wide]),
        ([one.cameras["wrist"].turn[2] for one in plain], [one.cameras["wrist"].turn[2] for one in wide]),
    ):
        assert 2 * widest(few) < widest(many) < 3.5 * widest(few)


def test_a_light_is_never_turned_off_and_a_tint_never_black() -> None:
    for wide in layouts(True):
        assert wide.light.strength > 0.5
        assert min(wide.surface.tint) > 0.5


def test_a_task_of_another_world_is_refused_and_not_played_as_it_was() -> None:
    assert varied(SINGLE.task("pen"), RANDOMIZED).variation.name == "randomized"
    with pytest.raises(ValueError, match="task 'reach' of the world 'line' cannot be randomized"):
        varied(REACH, RANDOMIZED)


def test_shuffled_tasks_are_told_another_ones_words_and_start_as_they_are() -> None:
    for suite in (SINGLE, DISTRACTOR):
        told = [varied(task, SHUFFLED, suite.tasks) for task in suite.tasks]
        assert sorted(task.instruction for task in told) == sorted(task.instruction for task in suite.tasks)
        for plain, shuffled in zip(suite.tasks, told, strict=True):
            assert plain.instruction != shuffled.instruction
            trial = Trial("demo", suite.name, 1, plain.name, 3)
            assert isinstance(plain, TabletopTask)
            assert isinstance(shuffled, TabletopTask)
            assert sample(plain, trial) == sample(shuffled, trial)


def test_a_suite_of_one_instruction_cannot_be_shuffled() -> None:
    with pytest.raises(ValueError, match="task 'reach' cannot be shuffled: its suite has no other instruction"):
        varied(REACH, SHUFFLED, (REACH,))


def test_the_help_names_every_variation(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert all(name in said for name in VARIATIONS)
