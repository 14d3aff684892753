"""Figures that others published on the tasks of a suite: read from `published.toml`, the one place where they stand."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ..evaluators.stats import Rate

FILE = Path(__file__).with_name("published.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    id: str
    title: str
    where: str
    """Robot, rooms and trials."""
    tasks: str
    """In its words."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One percentage with its counts."""

    suite: str
    source: str
    """A source's id."""
    model: str
    printed: float
    """Per cent, as published."""
    k: int
    n: int
    derived: tuple[str, ...] = ()
    """Which of k and n nobody published: they follow from the percentage."""
    seen: str
    """Where the percentage was read."""
    measure: str = "SR"
    task: str = ""
    """Of the suite; empty: all its tasks together."""

    @property
    def rate(self) -> Rate:
        return Rate(self.k, self.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """One mean, of which no counts were published: the average length of CALVIN's chains."""

    suite: str
    source: str
    """A source's id."""
    model: str
    printed: float
    """Subtasks in a row, as published."""
    highest: float | None = None
    """Where several runs of the same model were published, `printed` is the lowest of their figures."""
    n: int
    """Chains."""
    caveat: str
    """Why it is not to be compared with a figure of ours without a thought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    source: tuple[Source, ...]
    figure: tuple[Figure, ...]
    average: tuple[Average, ...] = ()

    def of(self, suite: str, tasks: tuple[str, ...]) -> tuple[Figure, ...]:
        """Those of the suite, without tasks that were not played."""
        return tuple(f for f in self.figure if f.suite == suite and (not f.task or f.task in tasks))

    def averages(self, suite: str) -> tuple[Average, ...]:
        return tuple(average for average in self.average if average.suite == suite)

    def sources(self, figures: tuple[Figure | Average, ...]) -> tuple[Source, ...]:
        named = {figure.source for figure in figures}
        return tuple(source for source in self.source if source.id in named)


def published() -> Published:
    return msgspec.convert(tomllib.loads(FILE.read_text()), type=Published)
