"""What charts are made of: figures as they are handed over, and the text, dots, whiskers and lines that show them.

All charts are `WIDTH` units wide, about as many pixels as a phone has, so that their text is readable there too.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..evaluators.stats import Interval
from .markup import Markup, element, joined

WIDTH = 360.0
LONGEST = 26
"""Letters of a name that fit above a row."""
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
POINTS = (-1.0, -0.5, 0.0, 0.5, 1.0)
DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 4")
"""Of lines that share a chart, the first of which is drawn thick."""
LINES = ("one", "two", "three", "four", "five")

Place = Callable[[float, float], tuple[float, float]]
Along = Callable[[float], float]
Pairs = Iterable[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Dot:
    """A figure with its interval, in a row of its own."""

    label: str
    value: float | None
    interval: Interval | None
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one name."""

    name: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """A line that only rises: from 0 at time 0, by steps."""

    name: str
    points: tuple[tuple[float, float], ...]
    """(seconds, share)"""
    band: tuple[Interval, ...] = ()
    """An interval from the start on, and one for each point; empty: none is drawn."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Of latencies: milliseconds."""

    name: str
    marks: tuple[tuple[str, float], ...]
    """(what, value), in rising order."""


def chart(height: float, title: str, told: str, *content: Markup) -> Markup:
    return element(
        "svg",
        element("title", title),
        element("desc", told),
        *content,
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        role="img",
        aria_label=f"{title}: {told}",
    )


def text(x: float, y: float, text: str, **attributes: str) -> Markup:
    return element("text", text, x=x, y=y, **attributes)


def tick(x: float, y: float, told: str) -> Markup:
    line = element("line", x1=x, x2=x, y1=4.0, y2=y, class_="grid")
    return joined(line, text(x, y + 15, told, text_anchor="middle", class_="axis"))


def levels(left: float, right: float, top: float, bottom: float) -> list[Markup]:
    """Lines from 0 to 100 %."""
    heights = [(share, bottom - share * (bottom - top)) for share in SHARES]
    return [
        joined(
            element("line", x1=left, x2=right, y1=y, y2=y, class_="grid"),
            text(left - 5, y + 4, f"{100 * share:.0f}", text_anchor="end", class_="axis"),
        )
        for share, y in heights
    ]


def dot_row(dot: Dot, number: int, y: float, left: float, right: float) -> Markup:
    across = right - left
    label = text(0, y + 4, dot.label, class_="axis")
    value = text(right + 14, y + 4, dot.text, class_="value")
    if dot.value is None:
        return joined(label, value)
    mark = shape(left + dot.value * across, y, number)
    return joined(label, whisker(dot.interval, y, left, across), mark, value)


def difference(dot: Dot, y: float, middle: float, across: float) -> Markup:
    mark = Markup() if dot.value is None else shape(middle + dot.value * across, y + 28, 0)
    name = text(0, y + 13, short(dot.label), class_="name")
    value = text(WIDTH - 4, y + 13, dot.text, class_="value", text_anchor="end")
    return joined(name, value, whisker(dot.interval, y + 28, middle, across), mark)


def whisker(interval: Interval | None, y: float, left: float, across: float) -> Markup:
    if interval is None:
        return Markup()
    low, high = (left + end * across for end in interval)
    ends = f"M{low:.1f} {y - 4:.1f}v8M{low:.1f} {y:.1f}H{high:.1f}M{high:.1f} {y - 4:.1f}v8"
    return element("path", d=ends, class_="whisker")


def shape(x: float, y: float, number: int) -> Markup:
    """Told apart by shape: full circle, hollow diamond, full triangle, cross, and again."""
    number %= 4
    shapes = (
        f"M{x - 5:.1f} {y:.1f}a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
        f"M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z",
        f"M{x:.1f} {y - 6:.1f}l6 10h-12z",
        f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8",
    )
    return element("path", d=shapes[number], class_=("dot", "hollow", "dot", "cross")[number])


def upright(dot: Dot, x: float, top: float, bottom: float) -> Markup:
    if dot.value is None:
        return Markup()
    across = bottom - top
    mark = shape(x, bottom - dot.value * across, 0)
    if dot.interval is None:
        return mark
    low, high = (bottom - end * across for end in dot.interval)
    ends = f"M{x - 4:.1f} {low:.1f}h8M{x:.1f} {low:.1f}V{high:.1f}M{x - 4:.1f} {high:.1f}h8"
    return joined(element("path", d=ends, class_="whisker"), mark)


def bar(dot: Dot, y: float, left: float, right: float) -> Markup:
    long = (dot.value or 0.0) * (right - left)
    return joined(
        text(0, y + 16, dot.label),
        element("rect", x=left, y=y + 4, width=long, height=16.0, class_="bar"),
        whisker(dot.interval, y + 12, left, right - left),
        text(right + 10, y + 16, dot.text, class_="value"),
    )


def stairs(points: Sequence[tuple[float, float]], end: float) -> list[tuple[float, float]]:
    """From (0, 0), across and then up at each point, and on to the end of the axis."""
    corners, level = [(0.0, 0.0)], 0.0
    for x, y in points:
        corners += [(x, level), (x, y)]
        level = y
    return [*corners, (end, level)]


def band(line: Steps, end: float, place: Place) -> Markup:
    """Between the stairs of the lower and of the upper ends."""
    if not line.band:
        return Markup()
    times = [0.0, *(x for x, _ in line.points)]
    low = stairs([(x, ends[0]) for x, ends in zip(times, line.band, strict=True)], end)
    high = stairs([(x, ends[1]) for x, ends in zip(times, line.band, strict=True)], end)
    first = [(x, y) for x, y in high if x >= times[0]]
    last = [(x, y) for x, y in low if x >= times[0]]
    return element("polygon", points=points(place(x, y) for x, y in [*first[1:], *last[:0:-1]]), class_="band")


def spread(spread: Spread, y: float, place: Along) -> Markup:
    name = text(0, y + 14, short(spread.name), class_="name")
    spots = [place(value) for _, value in spread.marks]
    line = element("line", x1=spots[0], x2=spots[-1], y1=y + 38, y2=y + 38, class_="whisker")
    marks = [shape(x, y + 38, number) for number, x in enumerate(spots)]
    return joined(name, text(0, y + 27, in_words(spread), class_="value"), line, *marks)


def legend(name: str, number: int, y: float) -> Markup:
    x = 0.0 if number % 2 == 0 else WIDTH / 2
    kind, dashes = f"line {LINES[number]}", DASHES[number] or None
    sample = element("line", x1=x, x2=x + 34, y1=y - 4, y2=y - 4, class_=kind, stroke_dasharray=dashes)
    return joined(sample, text(x + 40, y, short(name, 18)))


def final(line: Steps) -> str:
    if not line.points:
        return "none succeeded"
    seconds, share = line.points[-1]
    return f"{100 * share:.1f} % had succeeded after {seconds:.1f} seconds, and no more did later"


def in_words(spread: Spread) -> str:
    return ", ".join(f"{what} {digits(value)}" for what, value in spread.marks) + " ms"


def digits(value: float) -> str:
    return f"{value:.{0 if value >= 10 else 1 if value >= 1 else 2}f}"


def short(name: str, longest: int = LONGEST) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def points(pairs: Pairs) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)
