"""What a report of chains says, and that others' figures stand beside it with what they leave unsaid."""

from pathlib import Path

import pytest

from armtrial.evaluators import Run, evaluate
from armtrial.reports import html, markdown, terminal
from armtrial.reports.base import Report, build
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


def test_the_figures_can_be_rebuilt_from_the_folder(run: Run) -> None:
    from armtrial.evaluators.api import load

    assert build(load(run.folder).info, load(run.folder).records, run.traces).scores == run.scores


def test_others_figures_stand_beside_the_result_with_their_caveats(run: Run) -> None:
    page = html.of_run(run, report_of(run)).decode()
    for text in ("4.16 of 5", "2.38 to 4.69 of 5", "a prompt of its own for placing in the slider", "721/1000"):
        assert text in page
    assert Path(run.folder, "run.json").is_file()
