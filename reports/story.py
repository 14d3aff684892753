"""A trial's events in words, and its course as a drawing."""

from collections import Counter
from collections.abc import Sequence

from ..evaluators.records import EpisodeRecord
from ..tasks.base import Event, Outcome
from ..tasks.rubric import Attempt, Grasp
from .markup import Markup, element, joined

WIDTH = 360.0
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


def told(event: Event) -> str:
    """An operator's own words stay as they are."""
    what = WORDS.get(event.kind, event.kind.replace("_", " "))
    if not event.object:
        return f"{event.time:.1f} s {what}"
    return f"{event.time:.1f} s {what}{' on' if event.kind == 'jaw_closed' else ':'} {event.object.replace('_', ' ')}"


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
    starts = [attempt.time for attempt in result.attempts]
    ends = [*starts[1:], result.seconds]
    blocks = [_block(attempt, 8 + attempt.time * scale, 8 + end * scale) for attempt, end in zip(result.attempts, ends)]
    strokes = [_stroke(8 + min(event.time, result.seconds) * scale) for event in result.events]
    ground = element("line", x1=8.0, x2=WIDTH - 8, y1=30.0, y2=30.0, class_="whisker")
    last = element("text", f"{result.seconds:.1f} s", x=WIDTH - 8, y=52.0, text_anchor="end", class_="axis")
    first = element("text", "0", x=8.0, y=52.0, class_="axis")
    name = f"course of {record.id}: {summary(record)}"
    return element("svg", *blocks, ground, *strokes, first, last, viewBox="0 0 360 56", role="img", aria_label=name)


def _tallied(attempts: Sequence[Attempt]) -> str:
    counted = Counter(attempt.outcome for attempt in attempts)
    return ", ".join(f"{number} {ENDED[outcome]}" for outcome, number in counted.items())


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _block(attempt: Attempt, x: float, end: float) -> Markup:
    """Held ones are full, the others hollow."""
    kind = "bar" if attempt.outcome is Grasp.HELD else "hollow"
    wide = max(2.0, end - x - 1)
    box = element("rect", x=x, y=6.0, width=wide, height=18.0, class_=kind)
    letter = element("text", LETTERS[attempt.outcome], x=x + 3, y=19.0, class_="axis") if wide > 12 else None
    return joined(box, letter)


def _stroke(x: float) -> Markup:
    return element("line", x1=x, x2=x, y1=30.0, y2=38.0, class_="whisker")
