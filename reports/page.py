"""A page that needs nothing but itself: style, script and everything shown are within it.

Its content policy lets a browser fetch nothing from elsewhere and run no script but its own, whatever stands in it.
"""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from .markup import Content, Markup, element, joined

STYLE = Path(__file__).with_name("page.css")
SCRIPT = Path(__file__).with_name("page.js")


def page(title: str, top: Markup, sections: Sequence[Markup], contents: Sequence[tuple[str, str]]) -> bytes:
    """`contents`: id and name of each section."""
    style, script = Markup(STYLE.read_text()), Markup(SCRIPT.read_text())
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        element("title", title),
        element("style", Markup("\n"), style),
    )
    items = [element("li", element("a", name, href=f"#{at}")) for at, name in contents]
    body = element(
        "body",
        element("a", "To the result", href=f"#{contents[0][0]}", class_="skip"),
        element("header", top, _theme(), element("nav", element("ul", *items), aria_label="sections of this page")),
        element("main", *sections),
        element("script", script),
    )
    return f'<!doctype html>\n<html lang="en">\n{head}{body}</html>\n'.encode()


def section(at: str, title: str, *content: Content) -> Markup:
    return element("section", element("h2", title, id=f"{at}-title"), *content, id=at, aria_labelledby=f"{at}-title")


def facts(pairs: Sequence[tuple[str, Content]]) -> Markup:
    """Names with what they are; nothing of what is empty."""
    rows = [joined(element("dt", name), element("dd", text)) for name, text in pairs if text]
    return element("dl", *rows, class_="facts")


def cell(text: Content, label: str, value: float | str | None = None) -> Markup:
    """`label`: the column's name, for pages too narrow for columns. `value`: what it is sorted by."""
    return element("td", text, data_label=label, data_value=f"{value:.9g}" if isinstance(value, float) else value)


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[Content]],
    *,
    kind: str = "",
    caption: str = "",
    last: Sequence[Content] = (),
) -> Markup:
    """The first cell of a row names it. A cell that is a `td` already stays one. `last`: a row that is never sorted."""
    head = element("thead", element("tr", *(element("th", name, scope="col") for name in header)))
    body = element("tbody", *(_row(header, row) for row in rows))
    foot = element("tfoot", _row(header, last)) if last else None
    told = element("caption", caption) if caption else None
    return element("table", told, head, body, foot, class_=kind or None)


def wide(content: Markup, name: str) -> Markup:
    """Scrolls sideways by itself, by keys too, where a page is narrower."""
    return element("div", content, class_="scroll", tabindex="0", role="region", aria_label=name)


def more(title: str, *content: Content) -> Markup:
    return element("details", element("summary", title), *content)


def _row(header: Sequence[str], row: Sequence[Content]) -> Markup:
    first = element("th", row[0], scope="row")
    cells = [_whole(content) or cell(content, name) for name, content in zip(header[1:], row[1:])]
    return element("tr", first, *cells)


def _whole(content: Content) -> Markup | None:
    return content if isinstance(content, Markup) and content.startswith("<td") else None


def _theme() -> Markup:
    """Shown by the script, without which it could do nothing."""
    return element("button", "Dark page", type="button", id="theme", hidden=True)


def _policy(script: Markup) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = ("default-src 'none'", "style-src 'unsafe-inline'", f"script-src 'sha256-{digest}'")
    return "; ".join([*parts, "media-src 'self' data: file:", "base-uri 'none'", "form-action 'none'"])
