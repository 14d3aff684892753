"""What goes wrong while a trial is filmed costs its film, says why in a line, and changes nothing else."""

import os
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from armtrial.envs.base import Image, Start, Step, Vector
from armtrial.envs.line import LineEnv
from armtrial.envs.living import _LIVING  # pyright: ignore[reportPrivateUsage]
from armtrial.envs.worker import EnvSource
from armtrial.evaluators import Run, evaluate, filming, video
from armtrial.evaluators.cli import main
from armtrial.evaluators.errors import UserError
from armtrial.evaluators.folder import RunFolder
from armtrial.tasks.base import Suite, Trial
from armtrial.tasks.toy import TOY
from armtrial.tests.waiting import until


class Filmed(LineEnv):
    """The line world, of which one thing goes wrong in the second of its trials."""

    def reset(self, trial: Trial) -> Start:
        self._bad = trial.index == 1
        return super().reset(trial)

    def frame(self) -> Image:
        return self.spoiled(super().frame()) if self._bad else super().frame()

    def spoiled(self, frame: Image) -> Image:
        return frame


class Together(Filmed):
    """Does not begin before another one is there."""

    def reset(self, trial: Trial) -> Start:
        seats = Path(os.environ["SEATS"])
        seats.mkdir(exist_ok=True)
        (seats / str(os.getpid())).touch()
        until(lambda: len(list(seats.iterdir())) == 2)
        return super().reset(trial)


class RaisingFrame(Filmed):
    def spoiled(self, frame: Image) -> Image:
        raise ArithmeticError("no such light")


class GrayFrame(Filmed):
    def spoiled(self, frame: Image) -> Image:
        return frame[:, :, 0]


class FloatFrame(Filmed):
    def spoiled(self, frame: Image) -> Image:
        return frame / 255  # type: ignore[return-value]


class NoFrame(Filmed):
    def spoiled(self, frame: Image) -> Image:
        return None  # type: ignore[return-value]


class DyingFrame(Filmed):
    def spoiled(self, frame: Image) -> Image:
        os._exit(7)


class HangingFrame(Filmed):
    def spoiled(self, frame: Image) -> Image:
        time.sleep(600)
        return frame


class GrowingFrame(Filmed):
    def spoiled(self, frame: Image) -> Image:
        return frame[: 100 + self._tick]


class OddFrame(Filmed):
    def frame(self) -> Image:
        return super().frame()[:33, :35]


class DivergesLater(Filmed):
    def step(self, action: Vector) -> Step:
        if self._bad:
            raise ArithmeticError("the solver diverged")
        return super().step(action)


def suite(world: type[LineEnv]) -> Suite:
    task = replace(TOY.tasks[0], env=f"{__file__}:{world.__name__}")
    return replace(TOY, tasks=(task,), per_task=3)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three trials that fail and can be filmed."""
    return evaluate("blind", "toy", task="reach", episodes=3, workers=0, out=tmp_path_factory.mktemp("run") / "run")


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> RunFolder:
    return RunFolder(Path(shutil.copytree(run.folder, tmp_path / "run")))


def source(world: type[LineEnv]) -> EnvSource:
    return EnvSource(f"{__file__}:{world.__name__}", suite(world).tasks, {})


def filmed(run: Run, folder: RunFolder, world: type[LineEnv]) -> list[video.Film]:
    return list(video.film(folder, run.records, source(world)))


@pytest.mark.parametrize(
    ("world", "why"),
    [
        (RaisingFrame, "ArithmeticError: no such light"),
        (DivergesLater, "ArithmeticError: the solver diverged"),
        (GrayFrame, "frame gave (240, 640) in uint8; a picture is (height, width, 3) in uint8"),
        (FloatFrame, "frame gave (240, 640, 3) in float64; a picture is (height, width, 3) in uint8"),
        (NoFrame, "frame gave a NoneType; it owes a picture"),
        (GrowingFrame, "frame gave (103, 640, 3) after (100, 640, 3); all pictures of a film have one size"),
        (DyingFrame, "WorkerDied: the worker process ended with exit status 7"),
    ],
)
def test_what_a_world_does_wrong_costs_one_film_and_is_said(
    world: type[LineEnv], why: str, run: Run, folder: RunFolder
) -> None:
    films = filmed(run, folder, world)
    assert [film.fault for film in films] == ["", why, ""]
    assert [film.path.exists() for film in films] == [True, False, True]
    assert len(list((folder.path / "videos").iterdir())) == 2


def test_a_world_that_hangs_is_ended_after_a_films_time(
    run: Run, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "FILM_SECONDS", 5.0)
    began = time.monotonic()
    films = filmed(run, folder, HangingFrame)
    assert time.monotonic() - began < 60
    assert ["no answer within" in film.fault for film in films] == [False, True, False]
    assert films[2].path.exists()


@pytest.mark.parametrize("body", [None, b"not what was recorded"])
def test_steps_that_are_gone_or_changed_cost_one_film(body: bytes | None, run: Run, folder: RunFolder) -> None:
    steps = folder.steps_file(run.records[1])
    steps.unlink() if body is None else steps.write_bytes(body)
    faults = [film.fault for film in filmed(run, folder, Filmed)]
    assert [bool(fault) for fault in faults] == [False, True, False]
    assert faults[1].startswith(str(steps))


def test_several_worlds_film_side_by_side(
    run: Run, folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEATS", str(tmp_path / "seats"))
    films = list(video.film(folder, run.records, source(Together), workers=2))
    assert sorted(film.trial for film in films) == sorted(record.id for record in run.records)
    assert all(film.path.exists() and not film.fault for film in films)


def test_a_filming_that_is_stopped_leaves_no_world_and_no_half_film(run: Run, folder: RunFolder) -> None:
    filming = video.film(folder, [*run.records] * 5, source(Filmed), workers=2)
    next(filming)
    filming.close()
    assert not [process for process in list(_LIVING) if process.poll() is None]
    assert not list((folder.path / "videos").glob("*.partial.mp4"))


def test_an_odd_side_is_continued_by_a_pixel(run: Run, folder: RunFolder) -> None:
    film = filmed(run, folder, OddFrame)[0]
    reader = imageio_ffmpeg.read_frames(str(film.path))
    assert next(reader)["size"] == (36, 34)
    reader.close()


def test_a_film_is_as_long_as_its_trial(run: Run, folder: RunFolder) -> None:
    film = filmed(run, folder, Filmed)[0]
    frames, _ = imageio_ffmpeg.count_frames_and_secs(str(film.path))
    assert frames == 1 + run.records[0].result.steps // 3


def test_a_film_that_is_there_is_kept_until_its_trial_is_played_again(run: Run, folder: RunFolder) -> None:
    filmed(run, folder, Filmed)
    assert video.missing(folder, run.records) == []
    steps = folder.steps_file(run.records[1])
    steps.with_suffix(".npz").touch()
    assert video.missing(folder, run.records) == [run.records[1]]


def test_a_world_that_does_not_start_is_one_error(run: Run, folder: RunFolder) -> None:
    with pytest.raises(UserError, match=r"^nothing more can be filmed: the world could not start: LocateError"):
        list(video.film(folder, run.records, EnvSource("armtrial.tests.worlds:Nowhere", (), {})))


def test_an_odd_picture_becomes_an_even_one() -> None:
    picture = np.arange(45, dtype=np.uint8).reshape(3, 5, 3)
    even = video._even(picture)
    assert even.shape == (4, 6, 3)
    assert np.array_equal(even[:3, :5], picture)


def broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    (tmp_path / "suite.py").write_text(
        "from armtrial.tests.evaluators.test_video import *\nSUITE = suite(RaisingFrame)\n"
    )
    words = ("--policy", "blind", "--suite", f"{tmp_path}/suite.py:SUITE", "--workers", "1")
    status = main([*words, "--out", str(tmp_path / "run")])
    return status, capsys.readouterr().err


def test_a_film_that_fails_leaves_the_status_of_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = broken(tmp_path, capsys)
    assert status == 0
    assert "armtrial: toy-v1.reach.001 could not be filmed: ArithmeticError: no such light\n" in said
    assert re.search(r"2 films in .*videos, in \d+ s", said)


def test_a_finished_run_that_is_resumed_films_only_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(tmp_path, capsys)
    assert main(["--resume", str(tmp_path / "run")]) == 0
    assert "filming 1 trial ..." in capsys.readouterr().err


def test_the_command_films_what_is_missing_and_ends_with_1_if_it_cannot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(tmp_path, capsys)
    assert main(["video", str(tmp_path / "run")]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("could not be filmed")) == ("", 1)


def test_a_trial_that_is_named_is_filmed_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken(tmp_path, capsys)
    film = tmp_path / "run" / "videos" / "toy-v1.reach.000.mp4"
    film.write_bytes(b"")
    assert main(["video", str(tmp_path / "run"), "toy-v1.reach.000"]) == 0
    assert capsys.readouterr().out == f"{film}\n"
    assert film.stat().st_size > 0


def test_a_trial_that_is_not_there_is_answered_with_the_nearest_few(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(tmp_path, capsys)
    assert main(["video", str(tmp_path / "run"), "nonsense"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("armtrial: no trial that can be filmed is called 'nonsense'. Nearest: toy-v1.reach.00")
    assert said.endswith(f"All 3 stand in {tmp_path / 'run' / 'records.jsonl'}\n")


def test_films_that_take_long_say_how_far_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(filming, "SECONDS_BETWEEN_LINES", 0.0)
    run = evaluate("blind", "toy", task="reach", episodes=3, workers=0, out=tmp_path / "run")
    run = replace(run, info=replace(run.info, config=replace(run.info.config, video="failures")))
    assert filming.film_run(run, quiet=False)
    told = capsys.readouterr().err
    assert [line.partition(";")[0].partition(",")[0] for line in told.splitlines() if " of 3 films" in line] == [
        "1 of 3 films",
        "2 of 3 films",
    ]
    assert "s to go" in told
