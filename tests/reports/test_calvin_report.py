"""What a report of chains says, and that others' figures stand beside it with what they leave unsaid."""

from dataclasses import replace
from pathlib import Path

import pytest

from armtrial.envs.calvin.checkout import COMMIT
from armtrial.evaluators import Run, evaluate
from armtrial.evaluators.records import ErrorNote
from armtrial.reports import html, markdown, terminal
from armtrial.reports.base import Report, build
from armtrial.reports.details import details
from armtrial.tasks.base import Origin, Outcome
from armtrial.tests.calvin_fake import FAKE, Pusher


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(Pusher, FAKE, episodes=12, workers=0, out=tmp_path_factory.mktemp("run") / "run")


def report_of(run: Run) -> Report:
    return build(run.info, run.records, run.traces)


def test_the_average_length_and_the_rates_in_a_row_stand_beneath_the_table(run: Run) -> None:
    said = " ".join(terminal.render(report_of(run)).split())
    assert "length 2.50 of 5 on average (95 % CI" in said
    assert "1: 83.3 % (10/12, 51.6 to 97.9); 2: 66.7 %" in said
    assert "length: 2.50 of 5 on average" in markdown.render(report_of(run))


def test_chains_that_broke_are_told_beside_the_average(run: Run) -> None:
    first, *rest = run.records
    note = ErrorNote(origin=Origin.POLICY, kind="E", message="m")
    broken = replace(first, result=replace(first.result, outcome=Outcome.ERROR, progress=None, error=note))
    told = dict(details(build(run.info, [broken, *rest])))["length"]
    assert told.endswith("12 chains; 1 broke, counted with what was done before")


def test_where_every_chain_broke_no_length_is_told(run: Run) -> None:
    note = ErrorNote(origin=Origin.WORLD, kind="E", message="m")
    broken = [
        replace(r, result=replace(r.result, outcome=Outcome.ERROR, progress=None, error=note)) for r in run.records
    ]
    assert "length" not in terminal.render(build(run.info, broken))


def test_one_chain_is_one_chain(run: Run) -> None:
    assert dict(details(build(run.info, run.records[:1])))["length"].endswith("1 chain")


def of_commit(run: Run, commit: str) -> Run:
    sitting = run.info.sittings[0]
    made = replace(sitting.provenance, upstream={"calvin_env": commit})
    return replace(run, info=replace(run.info, sittings=(replace(sitting, provenance=made),)))


def test_another_commit_of_upstream_is_told_in_every_report(run: Run) -> None:
    older = of_commit(run, "1431a46bd36b")
    said = "calvin_env 1431a46bd36b is not 797142c, which is meant: in older ones an LED that is on at a chain's start"
    pages = terminal.render(report_of(older)), markdown.render(report_of(older))
    assert all(said in " ".join(page.split()) for page in pages)
    assert "1431a46bd36b is not 797142c" in html.of_run(older, report_of(older)).decode()


def test_the_commit_that_is_meant_raises_no_doubt_and_stands_on_the_page(run: Run) -> None:
    meant = of_commit(run, COMMIT)
    assert "is not 797142c" not in terminal.render(report_of(meant))
    assert f"<dd>calvin_env {COMMIT}</dd>" in html.of_run(meant, report_of(meant)).decode()


def test_the_figures_can_be_rebuilt_from_the_folder(run: Run) -> None:
    from armtrial.evaluators.played import load

    assert build(load(run.folder).info, load(run.folder).records, run.traces).scores == run.scores


def test_others_figures_stand_beside_the_result_with_their_caveats(run: Run) -> None:
    page = html.of_run(run, report_of(run)).decode()
    for text in (
        "4.16 of 5",
        "2.38 to 4.69 of 5",
        "repository pins 1431a46; here 797142c is meant",
        "a prompt of its own for placing in the slider",
        "721/1000",
    ):
        assert text in page
    assert Path(run.folder, "run.json").is_file()
