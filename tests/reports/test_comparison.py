"""What a comparison says, in a terminal and in files, and that it says no more than the trials do."""

import json
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg
import pytest

from armtrial.evaluators import evaluate
from armtrial.evaluators.cli import main
from armtrial.evaluators.compare import compare
from armtrial.evaluators.played import Run
from armtrial.reports import comparison
from armtrial.tests.pairs import record, run, trials, with_records

AGAIN = ("armtrial", "compare", "a", "b", "--out", "cmp")


def told(*runs: Run) -> str:
    return " ".join(comparison.terminal(compare(runs), AGAIN).split())


def test_no_difference_shown_is_said_with_what_so_many_trials_can_show() -> None:
    assert "all, A and B: no difference shown; n = 60 can show 20 points or more." not in told(
        run("a", "s" * 60), run("b", "s" * 60)
    )
    text = told(run("a", "s" * 60), run("b", "s" * 60))
    assert "reach, A and B: no difference shown; n = 60 can show 13 points or more." in text


def test_too_few_trials_are_told_to_show_nothing() -> None:
    assert "no difference shown; n = 5 is too few to show any." in told(run("a", "sssff"), run("b", "fsssf"))


def test_a_difference_is_told_with_its_size_its_interval_and_its_level() -> None:
    text = told(run("a", "f" * 12 + "s" * 8), run("b", "s" * 20))
    assert "reach: B is better than A (B less A: +60.0 points, 95 % CI +34.2 to +78.1, p < 0.001)." in text
    assert "Compared are these policies as they are, on these trials." in text


def test_the_better_side_is_named_whichever_it_is() -> None:
    assert "reach: A is better than B (B less A: -100.0 points" in told(run("a", "s" * 20), run("b", "f" * 20))


def test_every_rate_stands_with_counts_and_interval() -> None:
    text = told(run("a", "ssfe"), run("b", "ssss"))
    assert "50.0 % (2/4)" in text
    assert "6.8 to 93.2" in text
    assert "1 ERROR" in text


def test_trials_that_ended_apart_are_listed_with_the_command_that_shows_one() -> None:
    text = comparison.terminal(compare([run("a", "ssf"), run("b", "sfs")]), AGAIN)
    assert "toy-v1.reach.001  success  slip" in text
    assert "  armtrial compare a b --out cmp --video --trial toy-v1.reach.001" in text
    assert "toy-v1.reach.000" not in text


def test_a_terminal_shows_twelve_of_them_and_the_page_all() -> None:
    found = compare([run("a", "s" * 20), run("b", "f" * 20)])
    assert "... and 8 more" in comparison.terminal(found, AGAIN)
    assert comparison.markdown(found, AGAIN).count("`armtrial compare a b --out cmp --video --trial ") == 20


def test_void_and_missing_trials_are_told() -> None:
    found = compare([run("a", "svss"), run("b", "sss")], common=True)
    text = comparison.terminal(found, AGAIN)
    assert "1 void trials are not counted." in text
    assert "1 trials that not all have played are left out" in text


def test_no_line_of_a_table_is_wider_than_80_columns() -> None:
    rows = [record(trial, "s", 0.5) for task in ("reach", "fetch", "tour") for trial in trials(task, 100)]
    text = comparison.terminal(compare([with_records("a", rows), with_records("b", rows)]), AGAIN)
    assert max(map(len, text.splitlines())) <= 80


def test_three_sides_have_letters_and_one_test_of_all() -> None:
    text = told(run("a", "s" * 20), run("b", "s" * 20), run("c", "f" * 20))
    assert "83.2 to 100.0 a" in text
    assert "0.0 to 16.8 b" in text
    assert "Sides that share a letter are not shown to differ." in text


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of two trials each."""
    out = tmp_path_factory.mktemp("runs")
    for policy in ("blind", "toy"):
        evaluate(policy, "toy", task="reach", episodes=2, workers=0, out=out / policy, video="none")
    return out


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(words)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_compare_writes_a_page_and_figures_and_prints_the_table(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = said(capsys, "compare", str(runs / "blind"), str(runs / "toy"), "--out", str(tmp_path))
    assert status == 0
    assert "Comparison on toy-v1" in out
    assert "A: blind" in (tmp_path / "comparison.md").read_text()
    assert "<dd>blind 1" in (tmp_path / "comparison.html").read_text()
    figures = json.loads((tmp_path / "comparison.json").read_text())
    assert figures["overall"]["contrasts"][0]["difference"] == 1.0
    assert figures["overall"]["tallies"][1]["success"]["k"] == 2


def test_a_film_shows_a_trial_as_both_played_it(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--out", str(tmp_path), "--video", "--trial", "toy-v1.reach.001", "--json")
    status, _, err = said(capsys, "compare", str(runs / "blind"), str(runs / "toy"), *words)
    film = tmp_path / "videos" / "toy-v1.reach.001.mp4"
    assert (status, err.strip()) == (0, str(film))
    assert next(imageio_ffmpeg.read_frames(str(film)))["size"] == (644, 512)  # flat ones stand above each other
    assert f"[film](videos/{film.name})" in (tmp_path / "comparison.md").read_text()
    frames, _ = imageio_ffmpeg.count_frames_and_secs(str(film))
    assert frames == 61
    assert (tmp_path / "comparison.html").read_text().count('<video src="data:video/mp4;base64,') == 1


def test_counts_of_others_are_compared_and_told_apart_from_pairs(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = said(capsys, "compare", str(runs / "blind"), "--against", "163/180")
    assert status == 0
    assert "A is worse than the counts: A less the counts -90.6 points" in out
    assert "Boschloo's exact test" in out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("x",), "x alone compares with nothing: name another run, or --against K/N"),
        (("x", "y", "--against", "1/2"), "--against compares one run with counts: name one run"),
        (("x", "y", "--video"), "--video needs --out DIR: a film of several runs belongs to none of their folders"),
        (("x", "y", "--trial", "t"), "--trial names what is filmed: it goes with --video"),
        (("x", "--against", "3"), "--against 3: give successes of trials, as 163/180"),
        (("no-such", "run"), "no-such is no run: there is no such folder; "),
        ((__file__, "run"), f"{__file__} is a file; a run is the folder that has run.json in it, as "),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_status_2(
    words: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = said(capsys, "compare", *words)
    assert status == 2
    assert line in err
    assert len(err.splitlines()) == 1


def test_a_trial_that_a_run_lacks_cannot_be_filmed(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--out", str(tmp_path), "--video", "--trial", "toy-v1.reach.9")
    status, _, err = said(capsys, "compare", str(runs / "blind"), str(runs / "toy"), *words)
    assert status == 2
    assert "blind has no trial 'toy-v1.reach.9'" in err


def test_start_states_that_are_too_few_are_told_to_show_nothing() -> None:
    there = [record(trial, "f", 0.5) for trial in trials("tour", 6)]
    alike = [replace(each, result=replace(each.result, start_hash=str(n % 3))) for n, each in enumerate(there)]
    text = told(with_records("a", alike), with_records("b", alike))
    assert "no difference shown; 3 start states in 6 trials are too few to show any." in text


def test_the_method_of_every_interval_is_named() -> None:
    text = told(run("a", "s"), run("b", "f"))
    assert "exact (Clopper-Pearson) of a task, of all tasks made of theirs (MOVER)" in text
    assert "Tango's 95 % interval of the difference" in text


def test_a_film_that_is_made_now_is_not_offered() -> None:
    found = compare([run("a", "ssf"), run("b", "sfs")])
    assert "--video" not in comparison.terminal(found, AGAIN, films=True)
