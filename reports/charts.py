"""Charts as SVG within the page: each has a title and a description, says its numbers in text, and does not rest on
colour alone.
"""

import math
from collections.abc import Sequence

from . import marks
from .marks import DASHES, LINES, POINTS, SHARES, WIDTH, Dot, Group, Spread, Steps
from .markup import Markup, element, joined


def success(groups: Sequence[Group], title: str, axis: str = "per cent of trials") -> Markup:
    """Dots with whiskers on a scale from 0 to 100 %; the second row of a group has a hollow mark."""
    left, right, top = 46.0, 236.0, 6.0
    parts: list[Markup] = []
    for group in groups:
        parts.append(marks.text(0, top + 12, marks.short(group.name), class_="name"))
        for number, dot in enumerate(group.dots):
            parts.append(marks.dot_row(dot, number, top + 30 + 18 * number, left, right))
        top += 34 + 18 * len(group.dots)
    grid = [marks.tick(left + share * (right - left), top - 6, f"{100 * share:.0f}") for share in SHARES]
    under = marks.text((left + right) / 2, top + 26, axis, class_="axis", text_anchor="middle")
    told = [f"{group.name}: {', '.join(f'{dot.label} {dot.text}' for dot in group.dots)}" for group in groups]
    return marks.chart(top + 32, title, "; ".join(told), *grid, *parts, under)


def differences(dots: Sequence[Dot], title: str) -> Markup:
    """Dots with whiskers about a line at 0, from -100 to 100 points."""
    left, right, top, row = 18.0, WIDTH - 18, 4.0, 40.0
    middle, across = (left + right) / 2, (right - left) / 2
    parts = [marks.difference(dot, top + row * number, middle, across) for number, dot in enumerate(dots)]
    end = top + row * len(dots)
    ticks = [marks.tick(middle + share * across, end, f"{100 * share:+.0f}" if share else "0") for share in POINTS]
    zero = element("line", x1=middle, x2=middle, y1=4.0, y2=end, class_="whisker")
    axis = marks.text(middle, end + 32, "points", class_="axis", text_anchor="middle")
    told = "; ".join(f"{dot.label}: {dot.text}" for dot in dots)
    return marks.chart(end + 38, title, told, *ticks, zero, *parts, axis)


def attempts(dots: Sequence[Dot], title: str, axis: str) -> Markup:
    """Dots at 1, 2, ... with whiskers, joined by a line."""
    left, right, top, bottom = 34.0, WIDTH - 12, 12.0, 172.0
    across = (right - left) / len(dots)
    at = [left + across * (number + 0.5) for number in range(len(dots))]
    high = [bottom - (dot.value or 0.0) * (bottom - top) for dot in dots]
    path = element("polyline", points=marks.points(zip(at, high)), class_="line one")
    tops = [marks.upright(dot, x, top, bottom) for dot, x in zip(dots, at)]
    labels = [
        joined(
            marks.text(x, bottom + 16, dot.label, text_anchor="middle"),
            marks.text(x, bottom + 31, dot.text, text_anchor="middle", class_="value"),
        )
        for dot, x in zip(dots, at)
    ]
    told = ", ".join(f"by attempt {dot.label}: {dot.text}" for dot in dots)
    under = marks.text((left + right) / 2, bottom + 49, axis, class_="axis", text_anchor="middle")
    return marks.chart(bottom + 56, title, told, *marks.levels(left, right, top, bottom), path, *tops, *labels, under)


def funnel(dots: Sequence[Dot], title: str) -> Markup:
    """A bar for each stage, with the whisker of its interval."""
    left, right, top, high = 62.0, 248.0, 4.0, 26.0
    parts = [marks.bar(dot, top + high * number, left, right) for number, dot in enumerate(dots)]
    end = top + high * len(dots)
    grid = [marks.tick(left + share * (right - left), end, f"{100 * share:.0f}") for share in SHARES]
    axis = marks.text((left + right) / 2, end + 32, "per cent of trials", class_="axis", text_anchor="middle")
    told = ", ".join(f"{dot.label} {dot.text}" for dot in dots)
    return marks.chart(end + 38, title, told, *grid, *parts, axis)


def over_time(lines: Sequence[Steps], seconds: float, title: str) -> Markup:
    """`seconds`: where the axis ends. At most five lines, of which the first is the thick one, with its band."""
    left, right, top, bottom = 34.0, WIDTH - 12, 12.0, 172.0
    scale = (right - left) / seconds
    grown = [marks.stairs(line.points, seconds) for line in lines]
    drawn = [
        element(
            "polyline",
            points=marks.points((left + x * scale, bottom - y * (bottom - top)) for x, y in points),
            class_=f"line {LINES[number]}",
            stroke_dasharray=DASHES[number] or None,
        )
        for number, points in enumerate(grown)
    ]
    band = marks.band(lines[0], seconds, lambda x, y: (left + x * scale, bottom - y * (bottom - top)))
    ticks = [marks.tick(left + at * scale, bottom, f"{at:g}") for at in nice(seconds)]
    axis = marks.text(
        (left + right) / 2, bottom + 31, "seconds in the world's time", class_="axis", text_anchor="middle"
    )
    legend = [marks.legend(line.name, number, bottom + 50 + 16 * (number // 2)) for number, line in enumerate(lines)]
    end = bottom + 44 + 16 * math.ceil(len(lines) / 2)
    told = "; ".join(f"{line.name}: {marks.final(line)}" for line in lines)
    return marks.chart(end, title, told, *marks.levels(left, right, top, bottom), *ticks, band, *drawn, axis, *legend)


def latency(spreads: Sequence[Spread], title: str) -> Markup:
    """Marks on a logarithmic scale, joined by a line."""
    left, right, top, row = 14.0, WIDTH - 20, 4.0, 50.0
    values = [value for spread in spreads for _, value in spread.marks]
    low, high = decades(min(values), max(values))
    scale = (right - left) / (high - low)
    parts = [
        marks.spread(spread, top + row * number, lambda value: left + (_log(value, low) - low) * scale)
        for number, spread in enumerate(spreads)
    ]
    end = top + row * len(spreads)
    ticks = [marks.tick(left + (power - low) * scale, end, f"{10.0**power:g}") for power in range(low, high + 1)]
    axis = marks.text(
        (left + right) / 2, end + 32, "milliseconds, each step ten times", class_="axis", text_anchor="middle"
    )
    told = "; ".join(f"{spread.name}: {marks.in_words(spread)}" for spread in spreads)
    return marks.chart(end + 38, title, told, *ticks, *parts, axis)


def nice(end: float) -> list[float]:
    """Round values from 0 to `end`, four to eight of them."""
    power = 10.0 ** math.floor(math.log10(end))
    step = next(power * factor for factor in (0.1, 0.2, 0.25, 0.5, 1.0, 2.0) if end / (power * factor) <= 7)
    return [step * number for number in range(math.floor(end / step + 1e-9) + 1)]


def decades(low: float, high: float) -> tuple[int, int]:
    """Powers of ten about both values; what is faster than a microsecond is shown as one."""
    first = math.floor(math.log10(max(low, 0.001)))
    return first, max(first + 1, math.ceil(math.log10(max(high, 0.001))))


def _log(value: float, low: int) -> float:
    return max(float(low), math.log10(max(value, 0.001)))
