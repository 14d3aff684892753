import json
from dataclasses import replace
from pathlib import Path

import pytest

from armtrial.evaluators.cli import main
from armtrial.evaluators.config import RunConfig
from armtrial.evaluators.duel import Duel, Rules
from armtrial.evaluators.duel import duel as fight
from armtrial.evaluators.sequential import Stop
from armtrial.reports import duel as report


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(words)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_a_duel_leaves_two_runs_a_page_and_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--policy", "blind", "--policy", "toy", "--suite", "toy", "--workers", "0", "--out", str(tmp_path))
    status, out, err = said(capsys, "duel", *words)
    assert status == 0
    assert "+100.0 points, 95 % confidence sequence +11.0 to +100.0 (only A" in " ".join(out.split())
    assert "B is better than A." in out
    assert "Stopped after 9 of 60 pairs: 102 trials saved." in out
    assert "9 of 60 pairs: only A solved 0, only B 9; B less A +100.0 points" in err
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "duel.json", "duel.md"}
    assert (tmp_path / "a" / "report.md").exists()
    assert json.loads((tmp_path / "duel.json").read_text())["standing"]["stop"] == "better"
    _, out, _ = said(capsys, "compare", str(tmp_path / "a"), str(tmp_path / "b"))
    assert "was stopped by a duel" in " ".join(out.split())


def test_each_side_has_arguments_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sides = ("--policy", "toy", "--policy", "toy", "--a-arg", "horizon=3", "--b-arg", "horizon=7")
    words = (*sides, "--suite", "toy", "--episodes", "1", "--workers", "0", "--out", str(tmp_path), "--quiet")
    assert said(capsys, "duel", *words)[0] == 0
    given = [json.loads((tmp_path / side / "run.json").read_text())["config"]["policy_arg"] for side in "ab"]
    assert given == [["horizon=3"], ["horizon=7"]]


def test_an_error_gives_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sides = ("--policy", "toy", "--policy", "armtrial.tests.worlds:Raises")
    words = (*sides, "--suite", "toy", "--episodes", "2", "--workers", "0", "--out", str(tmp_path), "--quiet")
    assert said(capsys, "duel", *words)[0] == 1


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Duel:
    sides = [RunConfig(policy=name, suite="toy", episodes=1, workers=0) for name in ("blind", "toy")]
    return fight(sides, tmp_path_factory.mktemp("duel"), Rules(alpha=0.05, margin=0.1), lambda _: None)[0]


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        (Stop.WORSE, "A is better than B."),
        (Stop.EQUIVALENT, "A and B are equivalent: they differ by less than 10 points."),
        (None, "Not decided: neither a difference nor its absence (within 10 points) is shown."),
    ],
)
def test_a_duel_says_no_more_than_it_has_shown(found: Duel, stop: Stop | None, words: str) -> None:
    assert report.verdict(replace(found, standing=replace(found.standing, stop=stop))) == words


def test_a_rates_interval_is_a_sequence_too(found: Duel) -> None:
    low, high = found.rates[1]
    assert found.tallies[1].success.interval[0] > low  # type: ignore[index]
    assert high == 1.0
    assert f"{100 * low:.1f} to 100.0" in report.terminal(found)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--policy", "toy", "--suite", "toy"), "a duel takes two policies and a suite: --policy toy --policy random"),
        (("--policy", "toy", "--policy", "toy"), "a duel takes two policies and a suite"),
        (("--policy", "toy", "--policy", "ty", "--suite", "toy"), "no policy is called 'ty'. Did you mean 'toy'?"),
        (
            ("--policy", "toy", "--policy", "toy", "--suite", "toy", "--variation", "dm"),
            "no variation is called 'dm'. ",
        ),
        (("--policy", "a", "--policy", "b", "--suite", "toy", "--margin", "0"), "--margin 0: give points of success"),
        (("--policy", "a", "--policy", "b", "--suite", "toy", "--alpha", "2"), "--alpha 2: the rate of false alarms"),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_status_2(
    words: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = said(capsys, "duel", *words)
    assert status == 2
    assert line in err
    assert len(err.splitlines()) == 1


def test_a_plan_is_a_table_or_figures(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(capsys, "plan", "--expect", "0.9", "--versus", "0.7")
    assert status == 0
    assert "the same trials (McNemar)  58            73            88" in out
    _, out, _ = said(capsys, "plan", "--expect", "0.9", "--versus", "0.7", "--json")
    assert json.loads(out)["needs"][1]["trials"] == [58, 73, 88]


def test_a_plan_of_an_impossible_correlation_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = said(capsys, "plan", "--expect", "0.9", "--versus", "0.7", "--correlation", "0.7")
    assert status == 2
    assert (
        "a correlation of 0.7 is impossible between success rates of 0.7 and 0.9; it lies between -0.22 and 0.51" in err
    )


def test_a_plan_of_per_cent_says_what_is_meant(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = said(capsys, "plan", "--expect", "90", "--versus", "0.7")
    assert (status, err.strip()) == (
        2,
        "armtrial: --expect 90: give a success rate between 0 and 1, as 0.9. 90 % is 0.9.",
    )


def test_both_sides_are_played_alike_but_for_what_is_put_around_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sides = ("--policy", "toy", "--policy", "toy", "--b-wrap", "delay=2", "--wrap", "clip", "--latency", "0.1")
    words = (*sides, "--suite", "toy", "--episodes", "1", "--workers", "0", "--out", str(tmp_path), "--quiet")
    assert said(capsys, "duel", *words)[0] == 0
    configs = [json.loads((tmp_path / side / "run.json").read_text())["config"] for side in "ab"]
    assert [config["wrap"] for config in configs] == [["clip"], ["delay=2", "clip"]]
    assert [config["latency"] for config in configs] == [0.1, 0.1]
