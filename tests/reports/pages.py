"""What a page is made of, read back, and runs to make pages of."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

from armtrial.evaluators.played import Run, load
from armtrial.evaluators.records import EpisodeRecord
from armtrial.reports import html
from armtrial.reports.base import build
from armtrial.tasks.toy import TOY
from armtrial.tests.pairs import with_records
from armtrial.tests.played import E, F, S, V, record

GOLDEN = Path(__file__).parents[1] / "golden" / "run"
EMPTY = ("meta", "br", "link")
TRIALS = TOY.trials(60)


@dataclass
class Read(HTMLParser):
    """Of a page: its elements with their attributes, its text, and what is not closed as it was opened."""

    page: str
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list[tuple[str, dict[str, str | None]]])
    text: list[str] = field(default_factory=list[str])
    opened: list[str] = field(default_factory=list[str])
    crossed: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.opened.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.opened):
            self.text.append(data)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    @property
    def twice(self) -> list[str | None]:
        """ids that are not one element's."""
        counted = Counter(attributes["id"] for _, attributes in self.tags if "id" in attributes)
        return [name for name, number in counted.items() if number > 1]

    @property
    def addresses(self) -> list[str]:
        return [value or "" for _, a in self.tags for name, value in a.items() if name in ("href", "src")]


def page_of(run: Run) -> str:
    return html.of_run(run, build(run.info, run.records, run.traces)).decode()


def read(run: Run) -> Read:
    return Read(page_of(run))


def golden() -> Run:
    return load(GOLDEN)


def made(folder: Path, records: Sequence[EpisodeRecord], planned: int | None = None) -> Run:
    run = with_records(str(folder), records)
    return run if planned is None else replace(run, info=replace(run.info, trials=planned))


RUNS = {
    "no trial": ([], 60),
    "one trial": ([record(TRIALS[0], S)], 1),
    "failures only": ([record(trial, F, label="no_reach") for trial in TRIALS[:9]], 9),
    "errors and voids only": ([record(t, V if n % 2 else E) for n, t in enumerate(TRIALS[:9])], 9),
    "a run that was cut": ([record(trial, S if trial.index % 2 else F) for trial in TRIALS[:31]], 60),
    "three tasks": ([record(trial, F if trial.index % 3 else S, seconds=trial.index + 1) for trial in TRIALS], 180),
}
"""Records, and how many trials the list has."""
