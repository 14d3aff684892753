import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from armtrial.evaluators.baseline import read, write
from armtrial.evaluators.cli import main
from armtrial.evaluators.drop import Rules
from armtrial.evaluators.gate import Gate, gate, stopped
from armtrial.reports import gate as report
from armtrial.reports.junit import junit
from armtrial.tests.baselines import FIRM, SHAKEN, baseline, baseline_of, of_tasks
from armtrial.tests.pairs import record, run, trials, with_records

Said = Callable[..., tuple[int, str, str]]
QUIET = ("--workers", "1", "--quiet")


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    def call(*words: object) -> tuple[int, str, str]:
        status = main([str(word) for word in words])
        captured = capsys.readouterr()
        return status, " ".join(captured.out.split()), captured.err

    return call


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of the toy policy, and its baseline."""
    folder = tmp_path_factory.mktemp("toy")
    trials = ("--suite", "toy", "--task", "reach", "--episodes", "8", "--workers", "0", "--video", "none", "--quiet")
    assert main(["--policy", "toy", *trials, "--out", str(folder / "toy")]) == 0
    assert main(["--policy", "blind", *trials, "--out", str(folder / "blind")]) == 0
    assert main(["baseline", str(folder / "toy"), "--out", str(folder / "b.json"), "--replays", "3"]) == 0
    return folder


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sixty")
    trials = ("--suite", "toy", "--task", "reach", "--episodes", "60", "--workers", "0", "--video", "none", "--quiet")
    assert main(["--policy", "toy", *trials, "--out", str(folder / "r")]) == 0
    assert main(["baseline", str(folder / "r"), "--out", str(folder / "b.json"), "--replays", "3"]) == 0
    return folder


def test_a_baseline_says_what_is_in_it(toy: Path, tmp_path: Path, said: Said) -> None:
    status, out, _ = said("baseline", toy / "toy", "--out", tmp_path / "b.json", "--replays", 2)
    assert (status, out.partition(": ")[2]) == (
        0,
        "8 trials, 2 with actions to replay, first pictures of front 220x40; 4 kB",
    )


def test_a_run_that_is_as_it_was_gives_status_0(toy: Path, said: Said) -> None:
    status, out, _ = said("gate", toy / "toy", "--baseline", toy / "b.json", *QUIET)
    assert status == 0
    assert "Gate on toy-v1: PASSED" in out
    assert "3 trials of the baseline replayed, 3 pictures drawn: all as they were, to the bit." in out
    assert "8 of 8 trials ended in the same state as before, to the bit." in out


def test_a_worse_policy_gives_status_1(toy: Path, said: Said) -> None:
    status, out, _ = said("gate", toy / "blind", "--baseline", toy / "b.json", *QUIET)
    assert status == 1
    assert "Gate on toy-v1: REGRESSION" in out
    assert "REGRESSION, reach: success -100.0 points, 95 % CI -100.0 to -35.1, p = 0.004." in out


def test_the_trials_of_the_baseline_are_played_where_no_run_is_named(toy: Path, tmp_path: Path, said: Said) -> None:
    words = ("gate", "--baseline", toy / "b.json", "--policy", "blind", "--out", tmp_path / "now", *QUIET)
    assert said(*words)[0] == 1
    assert len((tmp_path / "now" / "records.jsonl").read_text().splitlines()) == 8
    assert (tmp_path / "now" / "report.md").exists()
    assert said("gate", "--baseline", toy / "b.json", "--out", tmp_path / "same", *QUIET)[0] == 0


@pytest.mark.parametrize(("share", "status", "lost"), [(0.0, 0, 0), (0.05, 0, 2), (0.2, 1, 10)])
def test_actions_that_come_late_in_every_fifth_trial_are_found(
    share: float, status: int, lost: int, sixty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faulty = ("--policy", "armtrial.tests.faulty:Faulty", "--policy-arg", "ticks=2000", "--policy-arg")
    words = ("gate", "--baseline", sixty / "b.json", *faulty, f"share={share}", "--out", tmp_path / "r", "--json")
    assert main([str(word) for word in (*words, *QUIET)]) == status
    assert len(json.loads(capsys.readouterr().out)["gate"]["worse"]) == lost


def test_a_moved_ground_gives_status_3_before_anything_is_played(toy: Path, tmp_path: Path, said: Said) -> None:
    words = ("gate", "--baseline", toy / "b.json", "--env-arg", "speed=0.5", "--out", tmp_path / "now", *QUIET)
    status, out, _ = said(*words)
    assert status == 3
    assert "What moved: physics (2 of 3 trials). What differs from the baseline's: world's arguments: none -> " in out
    assert "This is not called a regression" in out
    assert "Re-base by this command with --rebase" in out
    assert not (tmp_path / "now").exists()


def test_a_moved_ground_is_re_based_where_one_asks_for_it(toy: Path, tmp_path: Path, said: Said) -> None:
    words = ("gate", "--baseline", toy / "b.json", "--env-arg", "speed=0.5", "--out", tmp_path / "now", *QUIET)
    status, out, _ = said(*words, "--rebase", tmp_path / "new.json")
    assert status == 0
    assert f"RE-BASED: {tmp_path / 'new.json'} is the new baseline, made of {tmp_path / 'now'}. Not judged: 8/8" in out
    assert len(read(tmp_path / "new.json").canaries) == 3
    assert said("gate", tmp_path / "now", "--baseline", tmp_path / "new.json", *QUIET)[0] == 0


def test_a_new_baseline_lies_beside_the_old_one_unless_it_is_named(toy: Path, tmp_path: Path, said: Said) -> None:
    kept = read(toy / "b.json")
    first = replace(kept.canaries[0], pictures={"front": "another picture"})
    write(replace(kept, canaries=(first, *kept.canaries[1:])), tmp_path / "b.json")
    status, out, _ = said("gate", toy / "toy", "--baseline", tmp_path / "b.json", *QUIET)
    assert status == 3
    assert "What moved: picture of front (1 of 3 trials). Nothing differs that the baseline names" in out
    assert f"armtrial baseline {toy / 'toy'} --out {tmp_path / 'b.json'}" in out
    assert said("gate", toy / "toy", "--baseline", tmp_path / "b.json", "--rebase", *QUIET)[0] == 0
    assert read(tmp_path / "b.rebased.json") == replace(kept, provenance=read(tmp_path / "b.rebased.json").provenance)


def test_a_firm_ground_is_never_re_based(toy: Path, tmp_path: Path, said: Said) -> None:
    words = ("gate", toy / "blind", "--baseline", toy / "b.json", "--rebase", tmp_path / "new.json", *QUIET)
    assert said(*words)[0] == 1
    assert not (tmp_path / "new.json").exists()


def test_summary_and_junit_are_written_whatever_comes_of_it(toy: Path, tmp_path: Path, said: Said) -> None:
    words = ("--markdown", tmp_path / "gate.md", "--junit", tmp_path / "gate.xml", *QUIET)
    assert said("gate", toy / "blind", "--baseline", toy / "b.json", *words)[0] == 1
    assert (tmp_path / "gate.md").read_text().startswith("## Gate on toy-v1: REGRESSION\n")
    suite = ElementTree.parse(tmp_path / "gate.xml").getroot()[0]
    assert suite.attrib == {"name": "armtrial gate", "tests": "10", "failures": "9", "errors": "0", "skipped": "0"}


def test_figures_are_plain_data_with_the_status(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", str(toy / "blind"), "--baseline", str(toy / "b.json"), "--json", *QUIET]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], found["status"], found["exit_status"]) == (1, "regression", 1)
    assert found["gate"]["tasks"][0]["now"]["k"] == 0
    assert found["gate"]["worse"][0]["trial"] == "toy-v1.reach.000"


REFUSED = [
    (("gate",), "the following arguments are required: --baseline. See armtrial gate --help"),
    (("gate", "--baseline", "none.json"), "none.json cannot be read: No such file or directory. Write one: armtrial"),
    (("gate", "r", "--baseline", "b", "--policy", "toy"), "--policy says how trials are played, and r has been; leave"),
    (("gate", "r", "--baseline", "b", "--out", "x"), "--out says how trials are played, and r has been; leave out the"),
    (("gate", "--baseline", "b", "--workers", "0"), "--workers 0: give the number of worlds that play side by side"),
    (("gate", "--baseline", "b", "--min-drop", "100"), "--min-drop 100: give points of success rate from 0 to below"),
    (("baseline", "r"), "the following arguments are required: --out. See armtrial baseline --help"),
    (("baseline", "none", "--out", "b.json"), "none is no run: "),
    (("baseline", "r", "--out", "no/b.json"), "--out no/b.json: there is no folder no. Make it: mkdir -p no"),
    (("baseline", "r", "--out", "/"), "--out / is a folder; name the file in it, as /baseline.json"),
    (("gate", "r", "--baseline", "/"), "/ is a folder; a baseline is one file, which armtrial baseline RUN --out FILE"),
    (
        ("gate", "r", "--baseline", "b", "--markdown", "/dev/null/gate.md"),
        "--markdown /dev/null/gate.md cannot be writ",
    ),
    (("gate", "r", "--baseline", "b", "--junit", "/"), "--junit / is a folder; name a file in it, as /gate.xml"),
    (("gate", "r", "--baseline", "b", "--wrap", "clip"), "--wrap says how trials are played, and r has been; leave"),
    (("gate", "r", "--baseline", "b", "--latency", "0"), "--latency says how trials are played, and r has been; leave"),
    (
        ("gate", "r", "--baseline", "b", "--realtime"),
        "--realtime says how trials are played, and r has been; leave out",
    ),
]


@pytest.mark.parametrize(("words", "line"), REFUSED)
def test_what_a_user_can_mend_is_one_line_and_status_2(words: tuple[str, ...], line: str, said: Said) -> None:
    status, _, err = said(*words)
    assert status == 2
    assert line in err
    assert len(err.splitlines()) == 1


def found(now: str, moved: bool = False) -> Gate:
    return gate(baseline("s" * 20), Path("b.json"), run("now", now), SHAKEN if moved else FIRM, Rules())


def cases(gate: Gate) -> dict[str, list[str]]:
    suite = ElementTree.fromstring(junit(gate))[0]
    return {f"{case.get('classname')}/{case.get('name')}": [child.tag for child in case] for case in suite}


def test_junit_fails_what_got_worse_where_a_drop_is_shown() -> None:
    told = cases(found("f" * 7 + "s" * 13))
    assert told["toy-v1.ground/canary"] == []
    assert told["toy-v1.tasks/reach"] == ["failure"]
    assert told["toy-v1.reach/toy-v1.reach.006"] == ["failure"]
    assert len(told) == 9


def test_junit_skips_a_trial_that_got_worse_where_none_is_shown() -> None:
    told = cases(found("f" + "s" * 19))
    assert (told["toy-v1.tasks/reach"], told["toy-v1.reach/toy-v1.reach.000"]) == ([], ["skipped"])


def test_junit_calls_a_moved_ground_an_error_and_a_re_based_one_skipped() -> None:
    moved = found("f" * 20, moved=True)
    assert cases(moved) == {"toy-v1.ground/canary": ["error"]}
    assert cases(replace(moved, rebased="new.json")) == {"toy-v1.ground/canary": ["skipped"]}


def test_words_that_xml_does_not_allow_are_left_out() -> None:
    worse = found("f" * 7 + "s" * 13)
    odd = replace(worse, worse=(replace(worse.worse[0], now="\x00\x1b[31m<slip> & more"),))
    assert b"got worse: ??[31m&lt;slip&gt; &amp; more" in junit(odd)


def test_the_summary_names_what_moved_what_differs_and_the_way_out() -> None:
    page = report.markdown(found("f" * 20, moved=True))
    assert "What moved: picture of front (1 of 2 trials), physics (1 of 2 trials)." in page
    assert "What differs from the baseline's: MuJoCo: 3.17.0 -> 3.18.0." in page
    assert "Not judged: 20/20 solved before, 0/20 now. Re-base, if that is a score to stand by: armtrial base" in page
    assert "REGRESSION" not in page


def test_a_gate_that_nothing_was_played_for_says_how_to_re_base() -> None:
    text = report.terminal(stopped(baseline("ss"), Path("b.json"), run("now", "ss").info.config, SHAKEN, Rules()))
    assert "Now: now (not played)." in text
    assert "Re-base by this command with --rebase: it plays the trials" in " ".join(text.split())


def test_a_terminal_has_80_columns() -> None:
    for each in (found("s" * 20), found("f" * 20), found("f" * 20, moved=True)):
        assert max(map(len, report.terminal(each).splitlines())) <= 80


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (5, "5 trials are too few to show any."),
        (20, "A drop of 42 points is found with 80 % power by 20 trials; a smaller one may pass."),
    ],
)
def test_a_gate_that_passes_says_what_it_would_have_missed(number: int, words: str) -> None:
    ends = "s" * number
    passed = gate(baseline(ends), Path("b.json"), run("now", ends), FIRM, Rules())
    assert words in report.verdicts(passed)[0]


def failed(gate: Gate) -> dict[str, str]:
    """Messages of the tasks that got worse."""
    suite = ElementTree.fromstring(junit(gate))[0]
    there = {case.get("name") or "": case.find("failure") for case in suite if case.get("classname") == "toy-v1.tasks"}
    return {name: failure.get("message") or "" for name, failure in there.items() if failure is not None}


def test_junit_says_the_p_value_that_the_gate_went_by() -> None:
    """9 lost of one task among two: 0.5^9 = 0.002, twice that among both."""
    before = baseline_of(of_tasks("before", reach="s" * 20, fetch="f" * 20))
    now = of_tasks("now", reach="f" * 9 + "s" * 11, fetch="s" * 9 + "f" * 11)
    told = failed(gate(before, Path("b.json"), now, FIRM, Rules()))
    assert told["reach"].endswith("p 0.0039 as it stands among all tasks (Holm)")


def test_junit_tells_progress_of_a_task_that_is_scored_by_it() -> None:
    sides = [
        with_records(name, [record(t, "f", p) for t in trials("tour", 12)]) for name, p in (("a", 1.0), ("b", 0.4))
    ]
    told = failed(gate(baseline_of(sides[0]), Path("b.json"), sides[1], FIRM, Rules()))
    assert told["tour"].startswith("tour got worse: progress 1.00 before, 0.40 now, p ")


def test_progress_over_too_few_start_states_is_told_to_show_nothing() -> None:
    """The signs of six fall all to one side in 1 of 64 cases, and alpha is 0.01."""
    sides = [with_records(name, [record(t, "f", 0.5) for t in trials("tour", 6)]) for name in "ab"]
    passed = gate(baseline_of(sides[0]), Path("b.json"), sides[1], FIRM, Rules())
    assert "6 trials are too few to show any." in report.verdicts(passed)[0]


def test_the_gates_row_of_all_has_the_interval_of_a_report() -> None:
    sides = [of_tasks(name, reach="s" * 8, fetch="sf") for name in ("before", "now")]
    before, now = (replace(side, info=replace(side.info, tasks=("reach", "fetch"))) for side in sides)
    found = gate(baseline_of(before), Path("b.json"), now, FIRM, Rules())
    whole = now.scores.average
    assert whole is not None
    assert found.overall is not None
    assert found.overall.mean_now == whole.success


def test_a_baseline_that_is_there_is_replaced_by_force_alone(toy: Path, tmp_path: Path, said: Said) -> None:
    file = tmp_path / "b.json"
    file.write_text("something that somebody needs")
    status, _, err = said("baseline", toy / "toy", "--out", file, "--replays", 1)
    assert (status, file.read_text()) == (2, "something that somebody needs")
    assert f"{file} is there already, and later runs are held against it. Replace it by --force, or name another" in err
    assert said("baseline", toy / "toy", "--out", file, "--replays", 1, "--force")[0] == 0
    assert len(read(file).canaries) == 1


def test_a_baseline_that_nothing_can_be_worse_than_is_told_when_it_is_made_and_when_it_is_used(
    toy: Path, tmp_path: Path, said: Said
) -> None:
    words = "NO DROP CAN BE FOUND in any task: no trial of it succeeded in the baseline"
    _, _, err = said("baseline", toy / "blind", "--out", tmp_path / "b.json", "--replays", 1)
    status, out, _ = said("gate", toy / "toy", "--baseline", tmp_path / "b.json", *QUIET)
    assert words in err
    assert (status, words in out) == (0, True)


def test_the_baselines_trials_are_played_in_wrappers_and_at_a_pace(toy: Path, tmp_path: Path, said: Said) -> None:
    words = ("--wrap", "delay=30", "--latency", "0.3", "--out", tmp_path / "now", *QUIET)
    _, out, _ = said("gate", "--baseline", toy / "b.json", *words)
    assert "Now: toy+delay(30)+latency(0.3)" in out
    assert 'The wrapping of the policy differs: [] and ["delay=30"].' in out
    assert 'The pace differs: "the world waits" and "latency(0.3)".' in out


def test_another_argument_of_the_world_is_to_be_left_out_before_anything_is_re_based(
    toy: Path, said: Said, tmp_path: Path
) -> None:
    words = ("gate", "--baseline", toy / "b.json", "--env-arg", "speed=0.5", "--out", tmp_path / "now", *QUIET)
    _, out, _ = said(*words)
    assert 0 < out.find("First leave out what is not meant of --env-arg") < out.find("Re-base by this command")
