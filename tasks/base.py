"""What is asked: tasks, suites, trials, and the words for how a trial went.

Plain data, no simulator. Guest interpreters import this file: it stays valid on Python 3.10.
"""

from __future__ import annotations

import enum
import hashlib
import math
import re
from dataclasses import dataclass

DOMAINS = ("eval", "demo", "train")
"""Where a trial's seed comes from. Only `eval` seeds are even: nothing is evaluated on a seed it was trained on."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*\Z")


class SuccessRule(enum.Enum):
    """When a task counts as done. Scores under different rules are not comparable, so the rule belongs to the task."""

    ONCE = "once"
    """True at any tick; the trial ends there."""
    HELD = "held"
    """True without a break for `hold_seconds`; the trial ends there."""
    LAST = "last"
    """True at the last tick; the trial always runs to its end."""


class Score(enum.Enum):
    """What comparison and gate test."""

    SUCCESS = "success"
    PROGRESS = "progress"


class Outcome(enum.Enum):
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"
    """Something broke: counts as not succeeded and is shown apart."""
    VOID = "void"
    """A person declared that the trial does not count."""


class Origin(enum.Enum):
    """Who is to blame for an ERROR."""

    POLICY = "policy"
    WORLD = "world"
    TRANSPORT = "transport"
    """The way to a remote policy."""
    WORKER = "worker"
    """The process a world lives in died or stopped answering."""


class End(enum.Enum):
    """Why the evaluator stopped stepping."""

    SUCCESS = "success"
    TIMEOUT = "timeout"
    STAGE_TIMEOUT = "stage_timeout"
    TOO_MANY_FAILED_GRASPS = "too_many_failed_grasps"
    WORLD = "world"
    """The world could not go on: `Step.terminated`."""


STAGES = ("reach", "grasp", "lift", "place", "release")
"""Of moving a thing. A trial that fails is told by how far it came."""
EVENT_KINDS = frozenset(
    [
        "jaw_closed",  # with the object at hand, if any
        "jaw_opened",
        "touched",
        "gripped",  # both jaws touch it
        "lifted",
        "dropped",  # lost while the jaws were told to hold
        "released",
        "placed",  # it lies where it should, let go
        "collided",  # hard, with something that is not to be grasped
        "toppled",  # a goal fell over, or a target is out of reach for good: the trial cannot succeed any more
        "safety_stop",
    ]
)
"""What a world may report; an operator's keys come on top."""


@dataclass(frozen=True, slots=True)
class Event:
    """A fact that a world reports. What it means for the score is for `tasks/rubric.py` to say."""

    time: float
    """Seconds since the start of the trial."""
    kind: str
    """One of EVENT_KINDS, or an operator's key."""
    object: str = ""
    """The thing it happened to; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """A named change of the world, so that trial k under it pairs with trial k without it."""

    name: str = "nominal"
    changes: tuple[tuple[str, float | str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to do, with the rules under which it counts. A world's tasks derive from it and add their values."""

    name: str
    env: str
    """The world it is played in: a name from the table, `./file.py:Class` or `package.module:Class`."""
    instruction: str
    max_seconds: float
    """Simulated (or real) time, not the evaluator's."""
    success_rule: SuccessRule
    hold_seconds: float = 0.0
    stage_seconds: float | None = None
    """Time limit of each stage of a chain; None where the task is no chain."""
    stages: int | None = None
    """Subtasks of a chain whose score is how many of them are done in a row; None where no one counts them."""
    last_stage: str = STAGES[-1]
    """Of STAGES: there is none to reach after it. A thing that is only to be lifted is placed nowhere."""
    told_by_stage: tuple[str, ...] = ()
    """Said stage by stage in place of `instruction`; empty where one instruction is for the whole trial."""
    max_failed_grasps: int | None = None
    """More consecutive failed grasps than this end the trial."""
    score: Score = Score.SUCCESS
    variation: Variation = Variation()

    def __post_init__(self) -> None:
        _check_name("task", self.name)
        if not 0 < self.max_seconds < math.inf:
            raise ValueError(f"task '{self.name}': max_seconds is {self.max_seconds:g}; it must be above 0 and finite")
        if not 0 <= self.hold_seconds <= self.max_seconds:
            raise ValueError(
                f"task '{self.name}': hold_seconds is {self.hold_seconds:g}; it lies between 0 and max_seconds, "
                f"{self.max_seconds:g}"
            )
        if not isinstance(self.success_rule, SuccessRule):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(f"task '{self.name}': success_rule is {self.success_rule!r}; it is a SuccessRule")
        if self.last_stage not in STAGES:
            there = ", ".join(STAGES)
            raise ValueError(f"task '{self.name}': last_stage is '{self.last_stage}'; it is one of {there}")

    @property
    def asks(self) -> tuple[str, ...]:
        """Every instruction that an observation may bring; a chain has one for each subtask."""
        return self.told_by_stage or (self.instruction,)


@dataclass(frozen=True, slots=True)
class Trial:
    """An episode with a name. Its seed follows from the name and from nothing else."""

    domain: str
    suite: str
    version: int
    task: str
    index: int

    @property
    def id(self) -> str:
        """Key of every join, also used as file name and part of a URL."""
        return f"{self.suite}-v{self.version}.{self.task}.{self.index:03d}"

    @property
    def seed(self) -> int:
        """48 bits; the lowest is 0 for evaluation and 1 for everything else, so the two never meet."""
        text = f"{self.domain}/{self.suite}-v{self.version}/{self.task}/{self.index}"
        number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")
        return number & ~1 if self.domain == "eval" else number | 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A fixed list of trials."""

    name: str
    version: int
    tasks: tuple[Task, ...]
    per_task: int
    """Trials of each task, unless a run asks for another number."""

    def __post_init__(self) -> None:
        _check_name("suite", self.name)
        for what, value in (("version", self.version), ("per_task", self.per_task)):
            if type(value) is not int or value < 1:
                raise ValueError(f"suite '{self.name}': {what} is {value!r}; it is a whole number above 0")
        names = [task.name for task in self.tasks]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"suite '{self.name}': tasks need different names and at least one; these are {names}")
        if len({task.env for task in self.tasks}) > 1:
            raise ValueError(f"suite '{self.name}': its tasks name several worlds; a suite is played in one")

    @property
    def env(self) -> str:
        return self.tasks[0].env

    def task(self, name: str) -> Task:
        """The task of that name; a `KeyError` names all where there is none."""
        found = {task.name: task for task in self.tasks}
        if name not in found:
            raise KeyError(f"suite '{self.name}' has no task '{name}'. There are: {', '.join(found)}")
        return found[name]

    def trials(self, per_task: int | None = None, domain: str = "eval") -> tuple[Trial, ...]:
        """Trial k of every task comes before trial k + 1 of any, so that a run cut short covers all tasks alike."""
        if domain not in DOMAINS:
            raise ValueError(f"no seed domain is called '{domain}'. There are: {', '.join(DOMAINS)}")
        indices = range(self.per_task if per_task is None else per_task)
        return tuple(
            Trial(domain, self.name, self.version, task.name, index) for index in indices for task in self.tasks
        )


def derived_seed(seed: int, *labels: str | int) -> int:
    """A seed for one purpose (a stream of sampling, a plan), independent of every other purpose's."""
    text = "/".join(str(label) for label in (seed, *labels))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def _check_name(what: str, name: str) -> None:
    if not _NAME.match(name):
        raise ValueError(
            f"{what} name '{name}': lower-case letters, digits, '-' and '_' only, since it becomes part of file names"
        )
