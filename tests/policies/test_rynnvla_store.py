"""What is drawn comes back bit by bit, in one order, and nothing half-written counts."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armtrial.policies.rynnvla.training.chained import Chained
from armtrial.policies.rynnvla.training.episodes import Episode
from armtrial.policies.rynnvla.training.store import (
    DrawnEpisodes,
    Label,
    Layout,
    StoreError,
    writing,
)

LAYOUT = Layout(size=(8, 6), every=3)


def label(name: str) -> Label:
    return Label(name=name, suite="single", task="pen", variation="nominal", instruction=f"Take the pen, {name}.")


def episode(seed: int, ticks: int = 4) -> Episode:
    stream = np.random.default_rng(seed)
    return Episode(
        instruction="",
        actions=stream.normal(size=(3 * ticks, 6)),
        states=stream.normal(size=(3 * ticks + 1, 6)),
        ticks=np.arange(1, 3 * ticks, 3),
        pictures={view: stream.integers(256, size=(ticks, 6, 8, 3), dtype=np.uint8) for view in ("front", "wrist")},
    )


def fill(folder: Path, *names: str) -> DrawnEpisodes:
    """What is already there is left alone."""
    with writing(folder, LAYOUT) as writer:
        for name in names:
            if name not in writer:
                writer.append(label(name), episode(ord(name)))
    return DrawnEpisodes(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fill(tmp_path, "a", "b", "c")
    return tmp_path


def names(folder: Path) -> list[str]:
    return [entry.name for entry in DrawnEpisodes(folder).entries]


def file(folder: Path, name: str) -> Path:
    return folder / "episodes" / f"{name}.npz"


def test_an_episode_comes_back_as_it_was_drawn(folder: Path) -> None:
    drawn, back = episode(ord("b")), DrawnEpisodes(folder)[1]
    assert back.instruction == "Take the pen, b."
    for before, after in ((drawn.actions, back.actions), (drawn.states, back.states), (drawn.ticks, back.ticks)):
        np.testing.assert_array_equal(before, after)
    for view in ("front", "wrist"):
        np.testing.assert_array_equal(drawn.pictures[view], back.pictures[view])


def test_motion_ticks_and_instruction_are_those_of_the_whole_episode(folder: Path) -> None:
    drawn = DrawnEpisodes(folder)
    for source, number in ((drawn, 2), (Chained([drawn, drawn]), 5)):
        whole, (actions, states) = source[number], source.motion(number)
        np.testing.assert_array_equal(actions, whole.actions)
        np.testing.assert_array_equal(states, whole.states)
        np.testing.assert_array_equal(source.ticks(number), whole.ticks)
        assert source.instruction(number) == whole.instruction


def test_order_and_digest_are_the_same_whoever_was_faster(folder: Path, tmp_path: Path) -> None:
    other = fill(tmp_path / "other", "c", "a", "b")
    assert names(tmp_path / "other") == ["a", "b", "c"]
    assert other.digest() == DrawnEpisodes(folder).digest()


def test_a_digest_is_another_for_other_pictures_and_for_other_words(folder: Path, tmp_path: Path) -> None:
    with writing(tmp_path / "other", LAYOUT) as writer:
        for name in "abc":
            writer.append(label(name), episode(ord(name) + (name == "c")))
    assert DrawnEpisodes(tmp_path / "other").digest() != DrawnEpisodes(folder).digest()
    digest, index = DrawnEpisodes(folder).digest(), folder / "episodes.jsonl"
    index.write_bytes(index.read_bytes().replace(b"Take", b"Hold"))
    assert DrawnEpisodes(folder).digest() != digest


def test_neighbouring_pictures_cost_little(tmp_path: Path) -> None:
    noise = episode(1, ticks=50)
    still = {view: np.repeat(stack[:1], 50, axis=0) for view, stack in noise.pictures.items()}
    with writing(tmp_path, LAYOUT) as writer:
        moving, standing = writer.append(label("a"), noise), writer.append(label("b"), replace(noise, pictures=still))
    assert moving.bytes - standing.bytes > 0.95 * 49 / 50 * sum(stack.nbytes for stack in still.values())


def damaged(folder: Path) -> Iterator[tuple[str, bytes]]:
    index = folder / "episodes.jsonl"
    lines = index.read_bytes().splitlines(keepends=True)
    index.write_bytes(b"".join(lines[:2]) + lines[2][:20])
    yield "a line cut short", b"c"
    index.write_bytes(b"".join(lines))
    file(folder, "a").unlink()
    yield "a file that is gone", b"a"
    fill(folder, "a")
    file(folder, "b").write_bytes(file(folder, "b").read_bytes()[:100])
    yield "a file that is not whole", b"b"


def test_what_is_not_whole_is_drawn_again_and_nothing_else(folder: Path) -> None:
    digest = DrawnEpisodes(folder).digest()
    for what, name in damaged(folder):
        with writing(folder, LAYOUT) as writer:
            assert [known for known in "abc" if known not in writer] == [name.decode()], what
        assert fill(folder, "a", "b", "c").digest() == digest, what


def test_an_index_that_is_cut_short_can_be_read_meanwhile(folder: Path) -> None:
    index = folder / "episodes.jsonl"
    index.write_bytes(index.read_bytes()[:-20])
    assert names(folder) == ["a", "b"]


def test_pictures_of_another_kind_do_not_mix(folder: Path) -> None:
    with (
        pytest.raises(StoreError, match=r"holds pictures of 8x6 every 3 ticks, not of 8x6 every 2 ticks; draw into"),
        writing(folder, Layout(size=(8, 6), every=2)),
    ):
        pass
    assert names(folder) == ["a", "b", "c"]


def test_two_cannot_write_into_one_folder(folder: Path) -> None:
    with (
        writing(folder, LAYOUT),
        pytest.raises(StoreError, match="being drawn into by another process"),
        writing(folder, LAYOUT),
    ):
        pass


def test_a_file_that_was_changed_is_not_read(folder: Path) -> None:
    body = bytearray(file(folder, "a").read_bytes())
    body[-30] ^= 1
    file(folder, "a").write_bytes(body)
    with pytest.raises(StoreError, match=r"a.npz is not what was drawn: its sha256 differs"):
        DrawnEpisodes(folder)[0]


def test_a_full_disk_costs_one_episode_and_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    with writing(folder, LAYOUT) as writer:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"d could not be .*No space left on device.*make room and draw again"):
            writer.append(label("d"), episode(4))
    assert names(folder) == ["a", "b", "c"]
    assert len(list((folder / "episodes").iterdir())) == 3


def test_a_folder_without_drawings_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no drawn episodes"):
        DrawnEpisodes(tmp_path)


def test_chained_sources_count_on(folder: Path, tmp_path: Path) -> None:
    one, two = DrawnEpisodes(folder), fill(tmp_path / "two", "x", "y")
    chain = Chained([one, two])
    assert [chain.instruction(number)[-2] for number in range(len(chain))] == list("abcxy")
    assert chain[-1].instruction == "Take the pen, y."
    assert chain.digest() != Chained([two, one]).digest()
    with pytest.raises(IndexError):
        chain[5]


def test_what_a_drawing_tells_of_its_things_is_kept(tmp_path: Path) -> None:
    sights = np.random.default_rng(0).random((4, 2, 2, 2), np.float32)
    with writing(tmp_path, LAYOUT) as writer:
        writer.append(label("a"), episode(1))
        writer.append(label("b"), replace(episode(2), sights=sights))
    store = DrawnEpisodes(tmp_path)
    assert store.sights(0) is None
    kept = store.sights(1)
    assert kept is not None
    np.testing.assert_array_equal(kept, sights)
    np.testing.assert_array_equal(store[1].sights, sights)
