"""The figures that the README shows are those that the code prints."""

import re
from dataclasses import replace
from pathlib import Path

from armtrial.reports import terminal
from armtrial.reports.base import build
from armtrial.tasks.tabletop import DISTRACTOR
from armtrial.tests.pairs import with_records
from armtrial.tests.played import S, record

TEXT = (Path(__file__).parents[2] / "README.md").read_text()


def rows(text: str) -> list[str]:
    """Of the table: from the line beneath its heading to the next empty one."""
    _, _, rest = text.partition("----------  --")
    return rest.partition("\n\n")[0].splitlines()[1:]


def test_the_readmes_table_is_what_such_a_run_prints() -> None:
    shown = re.search(
        r"\$ python run_eval\.py --policy expert --suite distractor --episodes (\d+)\n(.*?)```", TEXT, re.S
    )
    assert shown is not None
    trials = DISTRACTOR.trials(int(shown[1]))
    run = with_records("expert", [record(trial, S, progress=1.0) for trial in trials])
    info = replace(run.info, tasks=tuple(task.name for task in DISTRACTOR.tasks))
    printed = rows(terminal.render(build(info, run.records)))
    assert len(printed) == 8
    assert rows(shown[2].rstrip() + "\n\n") == printed
