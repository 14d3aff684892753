import re
from dataclasses import replace
from pathlib import Path

import pytest

from armtrial.evaluators.errors import FolderError, Mismatch, UserError
from armtrial.evaluators.folder import RunFolder
from armtrial.evaluators.paired import matched
from armtrial.evaluators.played import Run, load
from armtrial.evaluators.records import to_line
from armtrial.tests.pairs import BUILT, record, run, trials, with_records


def test_a_pair_is_one_trial_as_both_played_it() -> None:
    first, second = matched([run("a", "sf"), run("b", "ss")]).matches
    assert first.trial.id == "toy-v1.reach.000"
    assert second.successes == (False, True)


def test_the_last_take_counts() -> None:
    again = with_records("a", [record(trials("reach", 1)[0], "e"), record(trials("reach", 1)[0], "s", take=2)])
    assert matched([again, run("b", "f")]).matches[0].successes == (True, False)


def test_an_error_counts_as_not_succeeded_and_as_no_progress() -> None:
    broken = with_records("a", [record(trials("tour", 1)[0], "e", progress=0.7)])
    (match,) = matched([broken, run("b", "s", "tour")]).matches
    assert (match.successes, match.progress) == ((False, True), (0.0, 0.0))


def test_void_pairs_are_dropped_and_counted() -> None:
    found = matched([run("a", "svs"), run("b", "ssv")])
    assert ([match.trial.index for match in found.matches], found.voids) == ([0], 2)


def test_what_all_have_is_compared_where_one_asks_for_it() -> None:
    found = matched([run("a", "ssss"), run("b", "ss")], common=True)
    assert (len(found.matches), found.left_out) == (2, 2)


def test_a_trial_that_broke_before_it_began_pairs_by_its_name() -> None:
    broken = record(trials("reach", 1)[0], "e")
    broken = replace(broken, result=replace(broken.result, start_hash=""))
    assert len(matched([with_records("a", [broken]), run("b", "s")]).matches) == 1


def with_start(name: str, start: str) -> Run:
    one = record(trials("reach", 1)[0], "s")
    return with_records(name, [replace(one, result=replace(one.result, start_hash=start))])


def changed(**fields: object) -> Run:
    other = run("b", "ss")
    return Run(other.folder, replace(other.info, **fields), other.records)


def with_file(name: str, digest: str) -> Run:
    one = run(name, "s", env_arg=("calibration=/arm.json",))
    sitting = replace(one.info.sittings[0], provenance=replace(BUILT, files={"/arm.json": digest}))
    return Run(one.folder, replace(one.info, sittings=(sitting,)), one.records)


TWICE = with_records("b", [record(trials("reach", 1)[0], "s"), record(trials("reach", 1)[0], "f")])
REFUSED = [
    ([run("a", "ss"), changed(suite="single")], "a and b differ in the suite: toy and single. Only runs over the same"),
    ([run("a", "ss"), changed(suite_version=2)], "a and b differ in the suite's version: v1 and v2."),
    ([run("a", "s"), run("b", "s", seed_domain="demo")], "a and b differ in the seed domain: eval and demo."),
    ([run("a", "s"), run("b", "s", variation="dim")], "a and b differ in the variation: none and dim."),
    ([run("a", "s"), run("b", "s", look="x")], "a and b differ in the world's arguments: none and look=x."),
    (
        [with_file("a", "1"), with_file("b", "2")],
        "differ in the content of the world's files: /arm.json 1 and /arm.json",
    ),
    (
        [with_start("a", "x"), with_start("b", "y")],
        "a and b start otherwise in 1 of 1 trials, the first of them toy-v1.",
    ),
    ([run("a", "ssss"), run("b", "ss")], "b lacks 2 of the 4 trials, the first of them toy-v1.reach.002, which a has."),
    ([run("a", "ss"), run("b", "ssss")], "a lacks 2 of the 4 trials, the first of them toy-v1.reach.002, which b has."),
    ([run("a", ""), run("b", "s")], "a has no trial that was played: play it by --resume a"),
    ([run("a", "v"), run("b", "s")], "all 1 trials that a and b share are void: there is nothing to compare"),
    ([run("a", "s"), run("a", "s")], "a is named twice; a comparison is one between different runs"),
    (
        [run("a", "s"), TWICE],
        "records.jsonl has toy-v1.reach.000, take 1, more than once (1 in all); a take is recorded",
    ),
]


@pytest.mark.parametrize(("runs", "line"), REFUSED)
def test_runs_that_do_not_pair_are_refused_with_the_way_out(runs: list[Run], line: str) -> None:
    with pytest.raises(UserError, match=re.escape(line)) as told:
        matched(runs)
    assert "\n" not in str(told.value)


def test_nothing_in_common_is_nothing_to_compare() -> None:
    with pytest.raises(UserError, match="a and b have no trial in common: there is nothing to compare"):
        matched([run("a", "s"), run("b", "s", "fetch")], common=True)


def test_a_task_that_was_not_played_is_named_with_those_that_were() -> None:
    with pytest.raises(UserError, match=r"a has no task 'rech'\. There are: reach, fetch, tour"):
        matched([run("a", "s"), run("b", "s")], tasks=["rech"])


def on_disk(one: Run, folder: Path) -> Path:
    RunFolder(folder).create(one.info)
    (folder / "records.jsonl").write_bytes(b"".join(map(to_line, one.records)))
    return folder


def test_a_line_cut_short_at_the_end_is_a_missing_trial(tmp_path: Path) -> None:
    cut = on_disk(run("b", "ss"), tmp_path / "b") / "records.jsonl"
    cut.write_bytes(cut.read_bytes()[:-10])
    with pytest.raises(UserError, match=r"b lacks 1 of the 2 trials, the first of them toy-v1\.reach\.001"):
        matched([run("a", "ss"), load(tmp_path / "b")])


def test_a_line_cut_short_in_the_middle_is_told_by_its_number(tmp_path: Path) -> None:
    cut = on_disk(run("b", "ss"), tmp_path / "b") / "records.jsonl"
    cut.write_bytes(cut.read_bytes().replace(b'"take":1', b'"take', 1))
    with pytest.raises(FolderError, match=r"records\.jsonl, line 1: "):
        load(tmp_path / "b")


def test_a_mismatch_is_one() -> None:
    with pytest.raises(Mismatch):
        matched([run("a", "s"), changed(suite="single")])
