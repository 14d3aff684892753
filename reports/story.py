"""A trial's events in words, and its course as a drawing."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from ..evaluators.records import EpisodeRecord
from ..tasks.base import Event, Outcome
from ..tasks.rubric import Attempt, Grasp
from .markup import Markup, element, joined

WIDTH = 360.0
LETTER = 12.0
"""Of a block that has room for its letter."""
WORDS = {
    "jaw_closed": "the jaws closed",
    "jaw_opened": "the jaws opened",
    "touched": "touched",
    "gripped": "gripped",
    "lifted": "lifted",
    "dropped": "dropped",
    "released": "let go",
    "placed": "placed",
    "collided": "hit hard",
    "toppled": "lost for good",
    "safety_stop": "safety stop",
}
ENDED = {Grasp.HELD: "held", Grasp.MISSED: "missed", Grasp.SLIPPED: "slipped", Grasp.WRONG_OBJECT: "took a wrong thing"}
LETTERS = {Grasp.HELD: "H", Grasp.MISSED: "M", Grasp.SLIPPED: "S", Grasp.WRONG_OBJECT: "W"}


def ended(record: EpisodeRecord) -> str:
    """One word or two."""
    result = record.result
    if result.outcome is Outcome.ERROR and result.error is not None:
        return f"ERROR ({result.error.origin.value})"
    if result.outcome is Outcome.VOID:
        return "void"
    return "success" if result.outcome is Outcome.SUCCESS else result.label.replace("_", " ") or "failure"


def told(events: Sequence[Event]) -> list[str]:
    """A line each; what goes on happening is one line with its number, or the rest could not be found among it."""
    runs = [list(alike) for _, alike in groupby(events, key=lambda event: (event.kind, event.object))]
    return [_told(run) for run in runs]


def _told(run: Sequence[Event]) -> str:
    """An operator's own words stay as they are."""
    event, last = run[0], run[-1]
    what = WORDS.get(event.kind, event.kind.replace("_", " "))
    when = f"{event.time:.1f} s" if len(run) == 1 else f"{event.time:.1f} to {last.time:.1f} s"
    on = f"{' on' if event.kind == 'jaw_closed' else ':'} {event.object.replace('_', ' ')}" if event.object else ""
    return f"{when} {what}{on}{f', {len(run)} times' if len(run) > 1 else ''}"


def tries(record: EpisodeRecord) -> Markup | None:
    """The letters of the drawing in turn, where a block of it is too short for its own."""
    found = _blocks(record)
    if all(end - start > LETTER for _, start, end in found):
        return None
    return element("p", f"Attempts in turn: {' '.join(LETTERS[each.outcome] for each, _, _ in found)}", class_="soft")


def summary(record: EpisodeRecord) -> str:
    """What it came to, in a sentence."""
    tries = record.result.attempts
    stages = f"reached {', '.join(record.result.stages)}" if record.result.stages else ""
    grasps = f"{_number(len(tries), 'attempt')}: {_tallied(tries)}" if tries else ""
    lasted = f"{record.result.seconds:.1f} s, {_number(record.result.plans, 'plan')}"
    return "; ".join(filter(None, [lasted, stages, grasps])) + "."


def drawn(record: EpisodeRecord) -> Markup:
    """Attempts as blocks with a letter each, all events as strokes beneath; nothing where nothing happened."""
    result = record.result
    if not (result.events or result.attempts) or result.seconds <= 0:
        return Markup()
    scale = (WIDTH - 16) / result.seconds
    blocks = [_block(*each) for each in _blocks(record)]
    hits = [event for event in result.events if event.kind == "collided"]
    others = [event for event in result.events if event.kind != "collided"]
    strokes = [
        _stroke(8 + min(event.time, result.seconds) * scale, kind)
        for events, kind in ((hits, "grid"), (others, "whisker"))
        for event in events
    ]
    ground = element("line", x1=8.0, x2=WIDTH - 8, y1=30.0, y2=30.0, class_="whisker")
    last = element("text", f"{result.seconds:.1f} s", x=WIDTH - 8, y=52.0, text_anchor="end", class_="axis")
    first = element("text", "0", x=8.0, y=52.0, class_="axis")
    name = f"course of {record.id}: {summary(record)}"
    return element("svg", *blocks, ground, *strokes, first, last, viewBox="0 0 360 56", role="img", aria_label=name)


def _blocks(record: EpisodeRecord) -> list[tuple[Attempt, float, float]]:
    """Attempts, and from where to where each is drawn: to the beginning of the next one."""
    result = record.result
    if result.seconds <= 0:
        return []
    scale = (WIDTH - 16) / result.seconds
    ends = [*(attempt.time for attempt in result.attempts[1:]), result.seconds]
    return [(each, 8 + each.time * scale, 8 + end * scale - 1) for each, end in zip(result.attempts, ends)]


def _tallied(attempts: Sequence[Attempt]) -> str:
    counted = Counter(attempt.outcome for attempt in attempts)
    return ", ".join(f"{number} {ENDED[outcome]}" for outcome, number in counted.items())


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _block(attempt: Attempt, x: float, end: float) -> Markup:
    """Held ones are full, the others hollow."""
    kind = "bar" if attempt.outcome is Grasp.HELD else "hollow"
    wide = max(2.0, end - x)
    box = element("rect", x=x, y=6.0, width=wide, height=18.0, class_=kind)
    letter = element("text", LETTERS[attempt.outcome], x=x + 3, y=19.0, class_="axis") if end - x > LETTER else None
    return joined(box, letter)


def _stroke(x: float, kind: str) -> Markup:
    """Hard hits are pale: there may be hundreds."""
    return element("line", x1=x, x2=x, y1=30.0, y2=38.0, class_=kind)
