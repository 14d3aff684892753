"""What a training looks at is what was to be seen, at the right ticks, whoever drew it and however often."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from armtrial.envs.base import Observation
from armtrial.evaluators import drawing
from armtrial.evaluators.collect import run
from armtrial.evaluators.demonstrations import Demonstration, demonstrations
from armtrial.evaluators.drawing import draw
from armtrial.evaluators.errors import FolderError, Mismatch, UserError
from armtrial.evaluators.folder import RunFolder, read_records
from armtrial.evaluators.ground import prepare
from armtrial.evaluators.played import load
from armtrial.evaluators.replay import replaying
from armtrial.policies.rynnvla.config import SO100
from armtrial.policies.rynnvla.training.store import DrawnEpisodes

SIZE = (48, 32)
LINE = replace(SO100, name="line", state=("x", "jaw"), actions=("x", "jaw"), relative=(0,))


def collect(out: Path, *words: str) -> Path:
    toy = ("--suite", "toy", "--policy", "toy", "--episodes", "2", "--workers", "0")
    assert run([*toy, *words, "--out", str(out), "--quiet"]) == 0
    return out


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six demonstrations."""
    return collect(tmp_path_factory.mktemp("toys") / "toys")


@pytest.fixture(scope="module")
def store(toys: Path) -> DrawnEpisodes:
    """Of all of them, every third tick."""
    return drawn(toys.with_name("drawn"), toys)


def drawn(out: Path, *collections: Path, every: int = 3, workers: int = 1) -> DrawnEpisodes:
    draw(collections, out, SIZE, every, workers)
    return DrawnEpisodes(out)


def looks(collection: Path, demonstration: Demonstration) -> list[Observation]:
    """At every tick."""
    records = {record.id: record for record in read_records(collection)}
    with replaying(prepare(load(collection).info.config).source, 1) as replay:
        record = records[demonstration.trial.id]
        return list(replay.looks(RunFolder(collection), record, dict.fromkeys(replay.cameras, SIZE)))


def test_an_episode_is_its_demonstration_with_the_pictures_of_its_ticks(toys: Path, store: DrawnEpisodes) -> None:
    episode, first = store[2], sorted(demonstrations(toys), key=lambda each: each.trial.id)[2]
    seen = looks(toys, first)
    assert episode.instruction == first.instruction
    np.testing.assert_array_equal(episode.actions, first.actions)
    np.testing.assert_array_equal(episode.states, first.states)
    assert episode.ticks.tolist() == list(range(int(episode.ticks[0]), len(first.actions), 3))
    for view in ("front", "wrist"):
        np.testing.assert_array_equal(episode.pictures[view], [seen[tick].images[view] for tick in episode.ticks])


def told(**privileged: list[float]) -> Observation:
    secret = {name.replace("_", "."): np.array(value) for name, value in privileged.items()}
    return Observation({}, np.zeros(2), "", 0.0, secret)


def test_where_things_are_is_drawn_where_the_world_tells() -> None:
    one = told(sight_front=[0.1, 0.2, 0.3, 0.4], sight_wrist=[0.5, 0.6, -1, -1])
    sights = drawing.sights([one, one])
    assert sights is not None
    assert sights.shape == (2, 2, 2, 2)
    np.testing.assert_allclose(sights[1], [[[0.1, 0.2], [0.3, 0.4]], [[0.5, 0.6], [-1, -1]]])
    assert drawing.sights([told(sight_front=[0.0] * 4)]) is None


def test_any_number_of_workers_draws_the_same(toys: Path, store: DrawnEpisodes, tmp_path: Path) -> None:
    assert drawn(tmp_path, toys, workers=3).digest() == store.digest()


def test_every_tick_is_somewhere_the_first(store: DrawnEpisodes) -> None:
    assert {int(store.ticks(number)[0]) for number in range(len(store))} == {0, 1, 2}


def test_drawing_goes_on_with_what_is_not_there(toys: Path, tmp_path: Path) -> None:
    digest, index = drawn(tmp_path, toys).digest(), tmp_path / "episodes.jsonl"
    index.write_bytes(b"".join(index.read_bytes().splitlines(keepends=True)[:4]))
    told: list[tuple[int, int]] = []
    draw([toys], tmp_path, SIZE, 3, 1, lambda done, of: told.append((done, of)))
    assert told == [(4, 6), (5, 6), (6, 6)]
    assert DrawnEpisodes(tmp_path).digest() == digest


def test_an_interrupt_keeps_what_is_drawn_and_leaves_no_world(toys: Path, tmp_path: Path) -> None:
    def interrupt(done: int, of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw([toys], tmp_path, SIZE, 3, 2, interrupt)
    assert len(DrawnEpisodes(tmp_path)) >= 2
    assert not [child for child in children() if "armtrial" in child]
    assert len(drawn(tmp_path, toys)) == 6


def children() -> list[str]:
    """Command lines of this process's children."""
    found = [path for path in Path("/proc").glob("[0-9]*/stat") if path.read_text().split()[3] == str(os.getpid())]
    return [path.with_name("cmdline").read_text() for path in found]


def test_collections_share_a_store_and_the_same_trial_in_another_world_is_another_episode(
    toys: Path, tmp_path: Path
) -> None:
    other = collect(tmp_path / "other", "--env-arg", "speed=1.0", "--task", "reach")
    store = drawn(tmp_path / "drawn", toys, other, toys)
    assert len(store) == 8
    assert [entry.task for entry in store.entries].count("reach") == 4


def test_a_trial_that_does_not_replay_is_not_drawn(tmp_path: Path) -> None:
    info = collect(tmp_path / "toys") / "run.json"
    info.write_text(info.read_text().replace('"env_arg": []', '"env_arg": ["speed=0.9"]'))
    with pytest.raises(Mismatch, match="does not replay as it was played"):
        drawn(tmp_path / "drawn", tmp_path / "toys", workers=2)
    assert len(DrawnEpisodes(tmp_path / "drawn")) == 0


def test_the_seeds_of_evaluations_are_never_drawn(tmp_path: Path) -> None:
    info = collect(tmp_path / "toys") / "run.json"
    info.write_text(info.read_text().replace('"seed_domain": "demo"', '"seed_domain": "eval"'))
    with pytest.raises(Mismatch, match="nothing is trained on what it is evaluated on"):
        drawn(tmp_path / "drawn", tmp_path / "toys")


def test_a_store_of_other_pictures_is_refused_in_words(toys: Path, store: DrawnEpisodes) -> None:
    with pytest.raises(FolderError, match="48x32 every 3 ticks, not of 48x32 every 4 ticks; draw into another folder"):
        drawn(store.folder, toys, every=4)


def test_what_cannot_be_drawn_is_said(toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="--every 0: a picture is drawn every so many ticks, at least every 1"):
        drawn(tmp_path / "none", toys, every=0)
    with pytest.raises(UserError, match="pictures of 20000x32: each side has 1 to 4096 pixels"):
        draw([toys], tmp_path / "none", (20000, 32), 1, 1)
    monkeypatch.setattr(drawing, "VIEWS", ("front", "top"))
    with pytest.raises(Mismatch, match="the world 'line' has the cameras front, wrist; there is no 'top'"):
        drawn(tmp_path / "none", toys)


def test_an_so100s_block_is_drawn_from_both_cameras(tmp_path: Path) -> None:
    words = ("--suite", "single", "--task", "block", "--policy", "expert", "--episodes", "1", "--workers", "1")
    store = drawn(tmp_path / "drawn", collect(tmp_path / "block", *words), every=20)
    assert store[0].instruction == "Place the green block inside the circle."
    assert {view: stack.shape[1:] for view, stack in store[0].pictures.items()} == {
        "front": (32, 48, 3),
        "wrist": (32, 48, 3),
    }
    assert all(stack[0].std() > 10 for stack in store[0].pictures.values())


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of two episodes."""
    pytest.importorskip("lerobot")
    words = ("--task", "reach", "--format", "lerobot", "--size", "96x64")
    return collect(tmp_path_factory.mktemp("reach") / "reach", *words) / "lerobot"


def learned(dataset: Path, size: tuple[int, int] = (96, 64), every: int = 3) -> Any:
    from armtrial.evaluators.lerobot_episodes import LeRobotEpisodes

    return LeRobotEpisodes(dataset, size, every, LINE)


@pytest.mark.lerobot
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_lerobot_dataset_gives_the_episodes_it_was_written_from(dataset: Path, tmp_path: Path) -> None:
    source = learned(dataset)
    draw([dataset.parent], tmp_path, (96, 64), 1, 1)
    assert len(source) == 2
    for number, demonstration in enumerate(demonstrations(dataset.parent)):
        episode, drawn = source[number], DrawnEpisodes(tmp_path)[number]
        assert episode.instruction == demonstration.instruction
        np.testing.assert_allclose(episode.actions, demonstration.actions[:-1], atol=1e-4)
        np.testing.assert_allclose(episode.states, demonstration.states[:-1], atol=1e-4)
        assert set(np.diff(episode.ticks)) == {3}
        for tick, picture in zip(episode.ticks, episode.pictures["wrist"], strict=True):
            errors = [np.abs(picture - other).mean() for other in drawn.pictures["wrist"].astype(float)]
            assert errors[tick] == min(errors)
            assert errors[tick] < 12


@pytest.mark.lerobot
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_episode_of_several_instructions_is_refused(dataset: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as parquet

    copy = Path(shutil.copytree(dataset, tmp_path / "copy"))
    (file,) = (copy / "meta" / "episodes").rglob("*.parquet")
    rows: Any = parquet.read_table(file)
    place = rows.schema.get_field_index("tasks")
    parquet.write_table(rows.set_column(place, "tasks", [[["Reach."], ["Reach.", "Rest."]]]), file)
    with pytest.raises(Mismatch, match="episode 1 has 2 instructions; a training learns an episode under one"):
        learned(copy)


@pytest.mark.lerobot
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_datasets_pictures_are_cut_around_their_middle(dataset: Path) -> None:
    whole, square = learned(dataset)[0].pictures["front"], learned(dataset, (64, 64))[0].pictures["front"]
    half = learned(dataset, (32, 32))[0].pictures["front"]
    np.testing.assert_array_equal(square, whole[:, :, 16:80])
    assert half.shape[1:] == (32, 32, 3)
    assert np.abs(half.mean((1, 2)) - square.mean((1, 2))).max() < 2


@pytest.mark.lerobot
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_datasets_digest_knows_what_is_read_of_it(dataset: Path) -> None:
    assert learned(dataset).digest() == learned(dataset).digest()
    assert len({learned(dataset, *how).digest() for how in (((96, 64), 3), ((96, 64), 2), ((64, 64), 3))}) == 3


@pytest.mark.lerobot
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"codebase_version": "v2.1"}, "is a dataset of version v2.1; v3.0 is read here"),
        ({"fps": 15}, "has 15 actions per second, 'line' has 30"),
        (
            {"features": {}},
            "'observation.images.front' is not there; a training of 'line' needs videos of front and wrist",
        ),
    ],
)
def test_a_dataset_that_does_not_fit_is_refused(
    changes: dict[str, Any], message: str, dataset: Path, tmp_path: Path
) -> None:
    (tmp_path / "meta").mkdir()
    info = json.loads((dataset / "meta" / "info.json").read_text()) | changes
    (tmp_path / "meta" / "info.json").write_text(json.dumps(info))
    with pytest.raises(UserError, match=message):
        learned(tmp_path)


@pytest.mark.lerobot
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_another_arms_dataset_is_refused(dataset: Path) -> None:
    from armtrial.evaluators.lerobot_episodes import LeRobotEpisodes

    with pytest.raises(Mismatch, match=r"'action' has no shoulder_pan, .*; it has x, jaw"):
        LeRobotEpisodes(dataset, (96, 64), 3)
