"""report.html as a file: what stands in it, and that foreign words stay words."""

import inspect
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from armtrial.envs.rig import TrialLog
from armtrial.evaluators import evaluate
from armtrial.evaluators.cli import main
from armtrial.evaluators.played import Run
from armtrial.evaluators.records import EpisodeRecord, RunInfo
from armtrial.reports import html
from armtrial.reports.again import again
from armtrial.reports.base import build
from armtrial.reports.evidence import Clip, films, gathered
from armtrial.reports.story import told
from armtrial.tasks.base import Event
from armtrial.tasks.rubric import LABELS, Attempt, Grasp, Reading, _label_of, label
from armtrial.tasks.tabletop import MULTI
from armtrial.tasks.toy import TOY
from armtrial.tests.pairs import run as alike
from armtrial.tests.played import REACH, F, S, record
from armtrial.tests.reports.pages import RUNS, Read, golden, made, page_of, read

SCRIPT = "<script>alert(1)</script>\"'&"
FIXED = {"outcome", "origin", "domain", "seed_domain", "video", "how"}
"""Values that are one of a few words."""


@pytest.mark.parametrize("name", RUNS)
def test_every_run_makes_a_whole_page(name: str, tmp_path: Path) -> None:
    page = read(made(tmp_path, *RUNS[name]))
    assert (page.opened, page.crossed, page.twice) == ([], [], [])
    assert [a["id"] for a in page.all("section")] == [at for at, _ in html.CONTENTS]
    assert not [word for word in ("None,", "nan", "inf ", "NaN") if word in page.words]


@pytest.mark.parametrize("name", RUNS)
def test_every_link_within_a_page_leads_somewhere(name: str, tmp_path: Path) -> None:
    page = read(made(tmp_path, *RUNS[name]))
    there = {f"#{attributes['id']}" for _, attributes in page.tags if "id" in attributes}
    assert {at for at in page.addresses if at.startswith("#")} <= there
    assert [at for at in page.addresses if not at.startswith("#")] == list(html.FILES)


def test_nothing_is_fetched_from_elsewhere() -> None:
    page = page_of(golden())
    assert not [scheme for scheme in ("http:", "https:", "//cdn", "@import", "url(") if scheme in page]
    assert "default-src 'none'" in (Read(page).all("meta")[2]["content"] or "")


def test_foreign_words_stay_words(monkeypatch: pytest.MonkeyPatch) -> None:
    run = poisoned(golden())
    report, evidence = build(run.info, run.records), gathered(run)
    asked = dict.fromkeys(run.info.tasks, SCRIPT)
    page = Read(html.render(report, replace(evidence, instructions=asked, folder=SCRIPT)).decode())
    assert len(page.all("script")) == 1
    assert (page.opened, page.crossed) == ([], [])
    assert page.words.count(SCRIPT) > 100
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]


@pytest.mark.parametrize("part", ["policy", "env_arg", "label", "message", "kind", "note", "command", "cpu"])
def test_each_of_them_is_shown_though(part: str) -> None:
    run = poisoned(golden(), only=part)
    assert SCRIPT in read(run).words


def poisoned(run: Run, only: str = "") -> Run:
    info = msgspec.convert(poison(msgspec.to_builtins(run.info), only), RunInfo)
    config = replace(info.config, env_arg=(f"delay={SCRIPT}",), checkpoint=SCRIPT, policy_arg=(SCRIPT,))
    info = replace(info, config=config) if only in ("", "env_arg") else info
    plain = [msgspec.to_builtins(each) for each in run.records]
    for each in plain:
        each["result"]["note"] = "a note"
    return replace(run, info=info, records=tuple(msgspec.convert(poison(each, only), EpisodeRecord) for each in plain))


def poison(value: Any, only: str, key: str = "") -> Any:
    """Each text is followed by a script, or each under this key."""
    if isinstance(value, dict):
        return {name: poison(each, only, name) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [poison(each, only, key) for each in value]
    return f"{value}{SCRIPT}" if isinstance(value, str) and value and key not in FIXED and only in ("", key) else value


def test_what_no_eye_can_see_is_shown_as_a_question_mark(tmp_path: Path) -> None:
    bad = record(REACH[0], F, label="a\x00b\x1b[31m\u202ec")
    assert "a?b?[31m?c" in read(made(tmp_path, [bad], 1)).words


def test_the_headline_has_its_counts_and_its_interval() -> None:
    assert "67.5 % succeeded (11/16), 95 % interval 40.4 to 86.6; unweighted mean of the tasks" in read(golden()).words


def test_without_trials_the_headline_is_no_data(tmp_path: Path) -> None:
    words = read(made(tmp_path, [], 60)).words
    assert "no data success rate; unweighted mean of the tasks." in words
    assert "UNFINISHED: 0 of 60 trials played" in words


def test_a_privileged_policy_and_seeds_of_training_are_marked_at_the_top(tmp_path: Path) -> None:
    run = made(tmp_path, [record(REACH[0], S)], 1)
    config = replace(run.info.config, seed_domain="demo")
    page = read(replace(run, info=replace(run.info, privileged=True, config=config)))
    top = page.words.partition("Result")[0]
    assert "PRIVILEGED: it is shown what no camera could see" in top
    assert "NO EVALUATION: demo seeds" in top


@pytest.mark.parametrize(
    ("port", "told"), [("twin", "REHEARSAL: an arm made of software"), ("/dev/ttyACM0", "ON A REAL ARM")]
)
def test_what_moved_is_told_at_the_top_and_its_films_are_shown(port: str, told: str, tmp_path: Path) -> None:
    kept = TrialLog(port=port, photo="starts/x.png", films=("videos/x.front.mp4", "videos/x.wrist.mp4"))
    run = made(tmp_path, [replace(record(REACH[0], F), rig=kept)], 1)
    run = replace(run, info=replace(run.info, config=replace(run.info.config, env="real", port=port)))
    film = run.folder / kept.films[0]
    film.parent.mkdir(exist_ok=True)
    film.write_bytes(b"film")
    page = read(run)
    assert told in page.words.partition("Result")[0]
    assert told in build(run.info, run.records).title
    assert [video["src"] for video in page.all("video")] == ["data:video/mp4;base64,ZmlsbQ=="]
    assert {"starts/x.png", *kept.films} <= set(page.addresses)
    assert "armtrial video" not in page.words  # it happened once


def test_where_there_is_no_data_there_is_no_chart(tmp_path: Path) -> None:
    page = read(made(tmp_path, [], 60))
    assert page.all("svg") == []
    for said in ("No trial that counts has been played.", "Nothing was grasped or placed.", "No plan was made."):
        assert said in page.words


def test_a_failure_has_its_reason_its_events_and_the_command_that_replays_it() -> None:
    words = page_of(golden())
    assert "armtrial video tests/golden/run made-up-v3.cup.006" in words.replace(
        str(golden().folder), "tests/golden/run"
    )
    page = read(golden())
    assert "slip . 20.0 s, 10 plans; reached reach, grasp, lift; 1 attempt: 1 slipped." in page.words
    assert "1.0 s the jaws closed on x" in page.words


def test_what_kept_no_steps_is_not_said_to_be_replayed(tmp_path: Path) -> None:
    words = read(made(tmp_path, [record(REACH[0], F)], 1)).words
    assert "No step of it was kept, so nothing can be replayed." in words
    assert "armtrial video" not in words


def test_a_film_within_its_budget_is_held_by_the_page_and_a_further_one_lies_beside_it(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.mp4").write_bytes(b"film" * 100)
    found = films([(name, tmp_path / f"{name}.mp4") for name in "abc"], budget=1100)
    assert [found[name].within for name in "abc"] == [True, True, False]
    assert found["a"].source.startswith("data:video/mp4;base64,ZmlsbW")
    assert found["c"] == Clip("videos/c.mp4", within=False)


def test_failures_are_shown_with_their_films(tmp_path: Path) -> None:
    run = evaluate("random", "toy", episodes=2, workers=0, video="all", out=tmp_path / "run")
    page = read(run)
    shown = page.all("video")
    assert 1 <= len(shown) == len(page.all("article")) <= 6
    assert all((video["src"] or "").startswith("data:video/mp4;base64,") for video in shown)


def test_a_film_of_an_earlier_take_is_not_shown(tmp_path: Path) -> None:
    run = evaluate("random", "toy", task="reach", episodes=1, workers=0, video="all", out=tmp_path / "run")
    (tmp_path / "run" / "videos").mkdir(exist_ok=True)
    film = tmp_path / "run" / "videos" / f"{run.records[0].id}.mp4"
    film.write_bytes(b"film")
    assert list(gathered(run).clips) == [run.records[0].id]
    os.utime(film, (0, 0))
    assert gathered(run).clips == {}


def multi(folder: Path, task: str, asked: str = "multi") -> Run:
    run = made(folder, [record(next(trial for trial in MULTI.trials() if trial.task == task), S)], 1)
    config = replace(run.info.config, suite=asked)
    return replace(run, info=replace(run.info, suite="multi", tasks=(task,), config=config))


def test_figures_of_others_stand_beside_the_same_suite_alone(tmp_path: Path) -> None:
    words = read(multi(tmp_path, "block")).words
    assert "SR 86.7 % 52/60, 75.4 to 94.1 (k derived)" in words
    assert "SR 71.1 % 32/45, 55.7 to 83.6 (k and n derived)" in words
    assert "the two make no ranking" in words
    assert "None are known of the suite toy." in read(made(tmp_path, [record(REACH[0], S)], 1)).words


def test_figures_of_others_do_not_stand_beside_a_suite_of_ones_own_by_that_name(tmp_path: Path) -> None:
    assert "None are known of the suite multi." in read(multi(tmp_path, "block", asked="./mine.py:MULTI")).words


def test_figures_of_tasks_that_were_not_played_are_left_out(tmp_path: Path) -> None:
    assert "RynnVLA-002" in read(multi(tmp_path, "block")).words
    assert "RynnVLA-002" not in read(multi(tmp_path, "pen")).words


def test_what_is_asked_stands_in_the_words_of_the_suite(tmp_path: Path) -> None:
    run = made(tmp_path, [record(REACH[0], S)], 1)
    assert f"reach: “{TOY.task('reach').instruction}”" in read(run).words
    other = replace(run, info=replace(run.info, suite_version=9))
    assert "reach: “" not in read(other).words


def test_what_changed_between_sittings_is_shown_with_both_values() -> None:
    run = golden()
    first = run.info.sittings[0]
    packages = {**first.provenance.packages, "numpy": "2.2.5"}
    second = replace(first, provenance=replace(first.provenance, packages=packages, renderer="egl"))
    page = read(replace(run, info=replace(run.info, sittings=(first, second))))
    assert "numpy: 2.2.6 -> 2.2.5; renderer: none -> egl" in page.words
    assert "Between sittings packages, renderer changed" in page.words


def test_the_page_is_written_beside_the_records_and_again_to_the_byte(tmp_path: Path) -> None:
    page = tmp_path / "run" / "report.html"
    play = "--policy random --suite toy --episodes 1 --workers 0 --video none --quiet --out"
    main([*play.split(), str(page.parent)])
    before = page.read_bytes()
    page.unlink()
    assert main(["report", str(page.parent)]) == 0
    assert page.read_bytes() == before


def test_more_failures_than_a_page_can_show_stand_in_the_table(tmp_path: Path) -> None:
    run = alike(str(tmp_path), "f" * 130)
    page = read(run)
    assert len(page.all("article")) == 100
    assert "30 more failed; they stand in the table of all trials." in page.words
    assert len([a for a in page.all("span") if (a.get("id") or "").startswith("trial-")]) == 130


def test_the_page_of_a_run_that_was_filmed_holds_its_films(tmp_path: Path) -> None:
    play = "--policy blind --suite toy --task reach --episodes 2 --workers 0 --quiet --out"
    assert main([*play.split(), str(tmp_path / "run")]) == 0
    assert len(Read((tmp_path / "run" / "report.html").read_text()).all("video")) == 2


def test_a_film_that_is_made_later_comes_into_the_page(tmp_path: Path) -> None:
    run = evaluate("blind", "toy", task="reach", episodes=2, workers=0, out=tmp_path / "run")
    page = tmp_path / "run" / "report.html"
    assert Read(page.read_text()).all("video") == []
    assert main(["video", str(tmp_path / "run"), run.records[1].id]) == 0
    assert [film["aria-label"] for film in Read(page.read_text()).all("video")] == [f"film of {run.records[1].id}"]


def test_a_python_call_leaves_a_page_with_films_too(tmp_path: Path) -> None:
    evaluate("blind", "toy", task="reach", episodes=1, workers=0, video="failures", out=tmp_path / "run")
    assert len(Read((tmp_path / "run" / "report.html").read_text()).all("video")) == 1


def test_a_run_that_is_cut_says_so_in_its_title(tmp_path: Path) -> None:
    page = page_of(made(tmp_path, *RUNS["a run that was cut"]))
    assert "UNFINISHED: 31 of 60 trials played" in page.partition("</title>")[0]
    assert "UNFINISHED" not in page_of(made(tmp_path, *RUNS["one trial"]))


def test_the_command_that_plays_it_again_stands_at_the_top(tmp_path: Path) -> None:
    run = made(tmp_path, [record(REACH[0], S)], 1)
    config = replace(run.info.config, policy="toy", task=("reach",), wrap=("delay=2",), size=(64, 48), latency=0.2)
    page = read(replace(run, info=replace(run.info, config=replace(config, realtime=True, workers=3))))
    command = "armtrial --policy toy --suite toy --task reach --size 64x48 --wrap delay=2 --latency 0.2"
    assert command in page.words.partition("95 % CI")[0]
    assert f"{command} --" not in page.words


def test_the_command_that_plays_it_again_is_understood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = evaluate("toy", "toy", task="reach", episodes=1, workers=0, execute=5, latency=0.1, out=tmp_path / "run")
    assert main([*again(run.info)[1:], "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("toy-v1.reach.000 ")


def test_a_world_that_goes_on_is_told_with_its_pace(tmp_path: Path) -> None:
    run = made(tmp_path, [record(REACH[0], S)], 1)
    paces = {"agreed": {"latency": 0.2}, "real": {}}
    words = {
        name: read(replace(run, info=replace(run.info, config=replace(run.info.config, realtime=True, **pace)))).words
        for name, pace in paces.items()
    }
    assert "the world went on while the policy thought: 0.2 s a plan, as agreed (--latency)" in words["agreed"]
    assert "plans 200 ms each, as agreed by --latency; really p50 5 ms" in words["agreed"]
    assert "Really; each was taken to last 200 ms. Late: it came when nothing was left" in words["agreed"]
    assert "the world went on while the policy thought: as long as it took" in words["real"]


def test_a_policy_behind_a_server_is_named_with_it(tmp_path: Path) -> None:
    run = made(tmp_path, [record(REACH[0], S)], 1)
    config = replace(run.info.config, policy="openpi", url=("ws://me:secret@gpu:8000/?token=x",))
    page = page_of(replace(run, info=replace(run.info, policy="mine", config=config)))
    assert "<h1>mine by openpi from ws://gpu:8000/ on toy-v1</h1>" in page
    assert "<title>mine by openpi from ws://gpu:8000/ on toy-v1</title>" in page


def test_labels_that_occur_are_explained(tmp_path: Path) -> None:
    words = read(
        made(tmp_path, [record(t, F, label=label) for t, label in zip(REACH, ("slip", "slip", "mine"))], 3)
    ).words
    assert f"slip {LABELS['slip']}" in words
    assert LABELS["drop"] not in words


def test_every_label_of_the_rubric_is_explained() -> None:
    said = set(
        re.findall(r'"([a-z]+(?:_[a-z]+)*)"', "".join(map(inspect.getsource, (label, _label_of, Reading._why_lost))))
    )
    assert said - {"reach"} <= set(LABELS)


def test_what_goes_on_happening_is_one_line_and_the_rest_is_seen() -> None:
    hits = [Event(1.0 + number / 10, "collided", "table") for number in range(30)]
    lines = told([Event(0.5, "touched", "red_block"), *hits, Event(4.5, "dropped", "red_block"), hits[0]])
    assert lines == [
        "0.5 s touched: red block",
        "1.0 to 3.9 s hit hard: table, 30 times",
        "4.5 s dropped: red block",
        "1.0 s hit hard: table",
    ]


def test_attempts_too_short_for_their_letter_are_told_in_turn(tmp_path: Path) -> None:
    many = [Attempt(0.1 * number, "ball", grasp) for number, grasp in enumerate((Grasp.MISSED, Grasp.SLIPPED) * 3)]
    bad = record(REACH[0], F, label="slip", seconds=20.0)
    short = replace(bad, result=replace(bad.result, attempts=tuple(many)))
    wide = replace(bad, result=replace(bad.result, attempts=(replace(many[0], time=1.0),)))
    assert "Attempts in turn: M S M S M S" in read(made(tmp_path, [short], 1)).words
    assert "Attempts in turn" not in read(made(tmp_path, [wide], 1)).words


def test_a_failure_without_a_film_says_how_to_make_one(tmp_path: Path) -> None:
    run = evaluate("blind", "toy", task="reach", episodes=1, workers=0, out=tmp_path / "run")
    assert "No film. The command below makes one." in read(run).words
    assert f"to replay a trial takes armtrial and the run's folder, {tmp_path / 'run'}" in read(run).words
