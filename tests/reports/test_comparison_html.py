"""comparison.html: what it shows of runs over the same trials."""

from dataclasses import replace
from pathlib import Path

import pytest

from armtrial.evaluators.compare import compare
from armtrial.evaluators.played import Run
from armtrial.reports import comparison_html
from armtrial.tests.pairs import record, run, trials, with_records
from armtrial.tests.reports.pages import Read

AGAIN = ("armtrial", "compare", "a", "b", "--out", "cmp")
SCRIPT = "<script>alert(1)</script>"


def page(*runs: Run, out: Path = Path("nowhere")) -> Read:
    return Read(comparison_html.of_folder(compare(runs), AGAIN, out).decode())


@pytest.mark.parametrize("ends", [("ssff", "fsfe"), ("s", "s"), ("ffff", "ffff"), ("sfsf", "ssss", "ffsv")])
def test_a_comparison_makes_a_whole_page(ends: tuple[str, ...]) -> None:
    shown = page(*(run(name, each) for name, each in zip("abc", ends)))
    there = {f"#{attributes['id']}" for _, attributes in shown.tags if "id" in attributes}
    assert (shown.opened, shown.crossed, shown.twice) == ([], [], [])
    assert {at for at in shown.addresses if at.startswith("#")} <= there


def test_the_verdict_comes_first_with_its_size_and_its_interval() -> None:
    words = page(run("a", "f" * 12 + "s" * 8), run("b", "s" * 20)).words
    verdict = words.index("reach: B is better than A (B less A: +60.0 points, 95 % CI +34.2 to +78.1, p < 0.001).")
    assert words.index("What it does not show") < verdict < words.index("ahead A / B")


def test_every_rate_stands_with_counts_and_interval() -> None:
    words = page(run("a", "ssfe"), run("b", "ssss")).words
    assert "50.0 % (2/4) 95 % CI 6.8 to 93.2 1 ERROR" in words
    assert "100.0 % (4/4) 95 % CI 39.8 to 100.0" in words


def test_several_tasks_have_a_row_each_and_all_comes_last() -> None:
    both = [[record(trial, end) for task in ("reach", "fetch") for trial in trials(task, 4)] for end in "sf"]
    shown = page(*(with_records(name, records) for name, records in zip("ab", both)))
    assert len(shown.all("tfoot")) == 1
    assert 0 < shown.words.find("all: A is better than B") < shown.words.find("reach, A and B: no difference shown")


def test_trials_that_ended_apart_have_their_film_or_the_command_that_makes_it(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "toy-v1.reach.001.mp4").write_bytes(b"film")
    shown = page(run("a", "sss"), run("b", "sff"), out=tmp_path)
    (film,) = shown.all("video")
    assert film["src"] == "data:video/mp4;base64,ZmlsbQ=="
    assert "toy-v1.reach.001 A: success; B: slip" in shown.words
    assert "armtrial compare a b --out cmp --video --trial toy-v1.reach.002" in shown.words
    assert "toy-v1.reach.000" not in shown.words


def test_a_privileged_side_is_marked_at_the_top() -> None:
    secret = run("a", "sf")
    shown = page(replace(secret, info=replace(secret.info, privileged=True)), run("b", "ss"))
    assert "A is PRIVILEGED" in shown.words.partition("Verdict")[0]


def test_foreign_words_stay_words() -> None:
    bad = run(SCRIPT, "sf")
    bad = replace(bad, info=replace(bad.info, policy_version=SCRIPT), folder=Path(SCRIPT))
    shown = page(bad, run("b", "fs"))
    assert len(shown.all("script")) == 1
    assert shown.words.count(SCRIPT) >= 2


def test_it_says_how_far_the_claim_goes() -> None:
    words = page(run("a", "s"), run("b", "f")).words
    assert "Compared are these policies as they are, on these trials." in words
    assert "No difference shown is not the same as no difference" in words


def of_tours(name: str, low: float) -> Run:
    return with_records(name, [record(t, "f", low + 0.05 * n) for n, t in enumerate(trials("tour", 8))])


def test_tasks_scored_by_progress_have_a_chart_and_counts_of_their_own() -> None:
    shown = page(of_tours("a", 0.1), of_tours("b", 0.5))
    assert "Tasks scored by progress: tour. Means, with 95 % intervals." in shown.words
    assert "per cent of progress" in shown.words
    assert "0 / 8" in shown.words


def test_an_interval_is_told_apart_from_the_adjusted_p() -> None:
    assert "it may leave out 0 where the adjusted p shows nothing" in page(run("a", "s"), run("b", "f")).words


def test_what_is_filmed_is_not_offered_to_be_filmed(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "toy-v1.reach.000.mp4").write_bytes(b"film")
    assert "--video" not in page(run("a", "ss"), run("b", "fs"), out=tmp_path).words
