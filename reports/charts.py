"""Charts as SVG within the page: each has a title and a description, says its numbers in text, and does not rest on
colour alone.

All are `WIDTH` units wide, about as many pixels as a phone has, so that their text is readable there too.
"""

import math
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
    """An interval for each point; empty: none is drawn."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Of latencies: milliseconds."""

    name: str
    marks: tuple[tuple[str, float], ...]
    """(what, value), in rising order."""


def success(groups: Sequence[Group], title: str, axis: str = "per cent of trials") -> Markup:
    """Dots with whiskers on a scale from 0 to 100 %; the second row of a group has a hollow mark."""
    left, right, top = 46.0, 236.0, 6.0
    parts: list[Markup] = []
    for group in groups:
        parts.append(_text(0, top + 12, _short(group.name), class_="name"))
        for number, dot in enumerate(group.dots):
            parts.append(_dot_row(dot, number, top + 30 + 18 * number, left, right))
        top += 34 + 18 * len(group.dots)
    grid = [_tick(left + share * (right - left), top - 6, f"{100 * share:.0f}") for share in SHARES]
    under = _text((left + right) / 2, top + 26, axis, class_="axis", text_anchor="middle")
    told = [f"{group.name}: {', '.join(f'{dot.label} {dot.text}' for dot in group.dots)}" for group in groups]
    return _chart(top + 32, title, "; ".join(told), *grid, *parts, under)


def differences(dots: Sequence[Dot], title: str) -> Markup:
    """Dots with whiskers about a line at 0, from -100 to 100 points."""
    left, right, top, row = 18.0, WIDTH - 18, 4.0, 40.0
    middle, across = (left + right) / 2, (right - left) / 2
    parts = [_difference(dot, top + row * number, middle, across) for number, dot in enumerate(dots)]
    end = top + row * len(dots)
    ticks = [_tick(middle + share * across, end, f"{100 * share:+.0f}" if share else "0") for share in POINTS]
    zero = element("line", x1=middle, x2=middle, y1=4.0, y2=end, class_="whisker")
    axis = _text(middle, end + 32, "points", class_="axis", text_anchor="middle")
    told = "; ".join(f"{dot.label}: {dot.text}" for dot in dots)
    return _chart(end + 38, title, told, *ticks, zero, *parts, axis)


def attempts(dots: Sequence[Dot], title: str, axis: str) -> Markup:
    """Dots at 1, 2, ... with whiskers, joined by a line."""
    left, right, top, bottom = 34.0, WIDTH - 12, 12.0, 172.0
    across = (right - left) / len(dots)
    at = [left + across * (number + 0.5) for number in range(len(dots))]
    high = [bottom - (dot.value or 0.0) * (bottom - top) for dot in dots]
    path = element("polyline", points=_points(zip(at, high)), class_="line one")
    marks = [_upright(dot, x, top, bottom) for dot, x in zip(dots, at)]
    labels = [
        joined(
            _text(x, bottom + 16, dot.label, text_anchor="middle"),
            _text(x, bottom + 31, dot.text, text_anchor="middle", class_="value"),
        )
        for dot, x in zip(dots, at)
    ]
    told = ", ".join(f"by attempt {dot.label}: {dot.text}" for dot in dots)
    under = _text((left + right) / 2, bottom + 49, axis, class_="axis", text_anchor="middle")
    return _chart(bottom + 56, title, told, *_levels(left, right, top, bottom), path, *marks, *labels, under)


def funnel(dots: Sequence[Dot], title: str) -> Markup:
    """A bar for each stage, with the whisker of its interval."""
    left, right, top, high = 62.0, 248.0, 4.0, 26.0
    parts = [_bar(dot, top + high * number, left, right) for number, dot in enumerate(dots)]
    end = top + high * len(dots)
    grid = [_tick(left + share * (right - left), end, f"{100 * share:.0f}") for share in SHARES]
    axis = _text((left + right) / 2, end + 32, "per cent of trials", class_="axis", text_anchor="middle")
    told = ", ".join(f"{dot.label} {dot.text}" for dot in dots)
    return _chart(end + 38, title, told, *grid, *parts, axis)


def over_time(lines: Sequence[Steps], seconds: float, title: str) -> Markup:
    """`seconds`: where the axis ends. At most five lines, of which the first is the thick one, with its band."""
    left, right, top, bottom = 34.0, WIDTH - 12, 12.0, 172.0
    scale = (right - left) / seconds
    grown = [_stairs(line.points, seconds) for line in lines]
    drawn = [
        element(
            "polyline",
            points=_points((left + x * scale, bottom - y * (bottom - top)) for x, y in points),
            class_=f"line {LINES[number]}",
            stroke_dasharray=DASHES[number] or None,
        )
        for number, points in enumerate(grown)
    ]
    band = _band(lines[0], seconds, lambda x, y: (left + x * scale, bottom - y * (bottom - top)))
    ticks = [_tick(left + at * scale, bottom, f"{at:g}") for at in nice(seconds)]
    axis = _text((left + right) / 2, bottom + 31, "seconds in the world's time", class_="axis", text_anchor="middle")
    legend = [_legend(line.name, number, bottom + 50 + 16 * (number // 2)) for number, line in enumerate(lines)]
    end = bottom + 44 + 16 * math.ceil(len(lines) / 2)
    told = "; ".join(f"{line.name}: {_final(line)}" for line in lines)
    return _chart(end, title, told, *_levels(left, right, top, bottom), *ticks, band, *drawn, axis, *legend)


def latency(spreads: Sequence[Spread], title: str) -> Markup:
    """Marks on a logarithmic scale, joined by a line."""
    left, right, top, row = 14.0, WIDTH - 20, 4.0, 50.0
    values = [value for spread in spreads for _, value in spread.marks]
    low, high = decades(min(values), max(values))
    scale = (right - left) / (high - low)
    parts = [
        _spread(spread, top + row * number, lambda value: left + (_log(value, low) - low) * scale)
        for number, spread in enumerate(spreads)
    ]
    end = top + row * len(spreads)
    ticks = [_tick(left + (power - low) * scale, end, f"{10.0**power:g}") for power in range(low, high + 1)]
    axis = _text((left + right) / 2, end + 32, "milliseconds, each step ten times", class_="axis", text_anchor="middle")
    told = "; ".join(f"{spread.name}: {_marks_in_words(spread)}" for spread in spreads)
    return _chart(end + 38, title, told, *ticks, *parts, axis)


def nice(end: float) -> list[float]:
    """Round values from 0 to `end`, four to eight of them."""
    power = 10.0 ** math.floor(math.log10(end))
    step = next(power * factor for factor in (0.1, 0.2, 0.25, 0.5, 1.0, 2.0) if end / (power * factor) <= 7)
    return [step * number for number in range(math.floor(end / step + 1e-9) + 1)]


def decades(low: float, high: float) -> tuple[int, int]:
    """Powers of ten about both values; what is faster than a microsecond is shown as one."""
    first = math.floor(math.log10(max(low, 0.001)))
    return first, max(first + 1, math.ceil(math.log10(max(high, 0.001))))


def _chart(height: float, title: str, told: str, *content: Markup) -> Markup:
    return element(
        "svg",
        element("title", title),
        element("desc", told),
        *content,
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        role="img",
        aria_label=f"{title}: {told}",
    )


def _text(x: float, y: float, text: str, **attributes: str) -> Markup:
    return element("text", text, x=x, y=y, **attributes)


def _tick(x: float, y: float, text: str) -> Markup:
    mark = element("line", x1=x, x2=x, y1=4.0, y2=y, class_="grid")
    return joined(mark, _text(x, y + 15, text, text_anchor="middle", class_="axis"))


def _levels(left: float, right: float, top: float, bottom: float) -> list[Markup]:
    """Lines from 0 to 100 %."""
    heights = [(share, bottom - share * (bottom - top)) for share in SHARES]
    return [
        joined(
            element("line", x1=left, x2=right, y1=y, y2=y, class_="grid"),
            _text(left - 5, y + 4, f"{100 * share:.0f}", text_anchor="end", class_="axis"),
        )
        for share, y in heights
    ]


def _dot_row(dot: Dot, number: int, y: float, left: float, right: float) -> Markup:
    across = right - left
    label = _text(0, y + 4, dot.label, class_="axis")
    value = _text(right + 14, y + 4, dot.text, class_="value")
    if dot.value is None:
        return joined(label, value)
    mark = _mark(left + dot.value * across, y, number)
    return joined(label, _whisker(dot.interval, y, left, across), mark, value)


def _difference(dot: Dot, y: float, middle: float, across: float) -> Markup:
    mark = Markup() if dot.value is None else _mark(middle + dot.value * across, y + 28, 0)
    name = _text(0, y + 13, _short(dot.label), class_="name")
    value = _text(WIDTH - 4, y + 13, dot.text, class_="value", text_anchor="end")
    return joined(name, value, _whisker(dot.interval, y + 28, middle, across), mark)


def _whisker(interval: Interval | None, y: float, left: float, across: float) -> Markup:
    if interval is None:
        return Markup()
    low, high = (left + end * across for end in interval)
    ends = f"M{low:.1f} {y - 4:.1f}v8M{low:.1f} {y:.1f}H{high:.1f}M{high:.1f} {y - 4:.1f}v8"
    return element("path", d=ends, class_="whisker")


def _mark(x: float, y: float, number: int) -> Markup:
    """Told apart by shape: full circle, hollow diamond, full triangle, cross, and again."""
    number %= 4
    shapes = (
        f"M{x - 5:.1f} {y:.1f}a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
        f"M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z",
        f"M{x:.1f} {y - 6:.1f}l6 10h-12z",
        f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8",
    )
    return element("path", d=shapes[number], class_=("dot", "hollow", "dot", "cross")[number])


def _upright(dot: Dot, x: float, top: float, bottom: float) -> Markup:
    if dot.value is None:
        return Markup()
    across = bottom - top
    mark = _mark(x, bottom - dot.value * across, 0)
    if dot.interval is None:
        return mark
    low, high = (bottom - end * across for end in dot.interval)
    ends = f"M{x - 4:.1f} {low:.1f}h8M{x:.1f} {low:.1f}V{high:.1f}M{x - 4:.1f} {high:.1f}h8"
    return joined(element("path", d=ends, class_="whisker"), mark)


def _bar(dot: Dot, y: float, left: float, right: float) -> Markup:
    long = (dot.value or 0.0) * (right - left)
    return joined(
        _text(0, y + 16, dot.label),
        element("rect", x=left, y=y + 4, width=long, height=16.0, class_="bar"),
        _whisker(dot.interval, y + 12, left, right - left),
        _text(right + 10, y + 16, dot.text, class_="value"),
    )


def _stairs(points: Sequence[tuple[float, float]], end: float) -> list[tuple[float, float]]:
    """From (0, 0), across and then up at each point, and on to the end of the axis."""
    corners, level = [(0.0, 0.0)], 0.0
    for x, y in points:
        corners += [(x, level), (x, y)]
        level = y
    return [*corners, (end, level)]


def _band(line: Steps, end: float, place: Place) -> Markup:
    """Between the stairs of the lower and of the upper ends."""
    if not line.band:
        return Markup()
    times = [x for x, _ in line.points]
    low = _stairs([(x, ends[0]) for x, ends in zip(times, line.band)], end)
    high = _stairs([(x, ends[1]) for x, ends in zip(times, line.band)], end)
    first = [(x, y) for x, y in high if x >= times[0]]
    last = [(x, y) for x, y in low if x >= times[0]]
    return element("polygon", points=_points(place(x, y) for x, y in [*first[1:], *last[:0:-1]]), class_="band")


def _spread(spread: Spread, y: float, place: Along) -> Markup:
    name = _text(0, y + 14, _short(spread.name), class_="name")
    spots = [place(value) for _, value in spread.marks]
    line = element("line", x1=spots[0], x2=spots[-1], y1=y + 38, y2=y + 38, class_="whisker")
    marks = [_mark(x, y + 38, number) for number, x in enumerate(spots)]
    return joined(name, _text(0, y + 27, _marks_in_words(spread), class_="value"), line, *marks)


def _legend(name: str, number: int, y: float) -> Markup:
    x = 0.0 if number % 2 == 0 else WIDTH / 2
    kind, dashes = f"line {LINES[number]}", DASHES[number] or None
    sample = element("line", x1=x, x2=x + 34, y1=y - 4, y2=y - 4, class_=kind, stroke_dasharray=dashes)
    return joined(sample, _text(x + 40, y, _short(name, 18)))


def _final(line: Steps) -> str:
    if not line.points:
        return "none succeeded"
    seconds, share = line.points[-1]
    return f"{100 * share:.1f} % had succeeded after {seconds:.1f} seconds, and no more did later"


def _marks_in_words(spread: Spread) -> str:
    return ", ".join(f"{what} {_digits(value)}" for what, value in spread.marks) + " ms"


def _digits(value: float) -> str:
    return f"{value:.{0 if value >= 10 else 1 if value >= 1 else 2}f}"


def _short(name: str, longest: int = LONGEST) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def _log(value: float, low: int) -> float:
    return max(float(low), math.log10(max(value, 0.001)))


def _points(pairs: Pairs) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)
