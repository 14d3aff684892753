"""HTML and SVG as values. Text becomes part of a page by way of `element` or `escaped` and no other."""

import html

from ..evaluators.errors import harmless

Attribute = str | float | bool | None
# fmt: off
LINES = frozenset(
    [
        "article", "body", "dd", "details", "dl", "dt", "figcaption", "figure", "footer", "h2", "h3",
        "head", "header", "li", "line", "main", "nav", "ol", "p", "path", "polygon", "polyline", "rect",
        "section", "summary", "svg", "table", "tbody", "text", "tfoot", "thead", "title", "tr", "ul",
        "video",
    ]
)
# fmt: on
"""Elements that stand in lines of their own, so that two pages can be told apart by a diff."""
VOID = frozenset(["meta", "br", "link"])
"""Elements that hold nothing, and have no end."""


class Markup(str):
    """What needs no escaping any more."""

    __slots__ = ()


Content = str | Markup | None


def escaped(text: Content) -> Markup:
    """Foreign words show what they are: neither markup nor a character that cannot be seen."""
    if text is None:
        return Markup()
    return text if isinstance(text, Markup) else Markup(html.escape(harmless(text)))


def element(name: str, *content: Content, **attributes: Attribute) -> Markup:
    """`aria_label` is written aria-label and `class_` class; True is a bare attribute, None and False are none."""
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    end = "\n" if name in LINES else ""
    if name in VOID:
        return Markup(f"<{name}{written}>\n")
    return Markup(f"<{name}{written}>{joined(*content)}</{name}>{end}")


def joined(*content: Content) -> Markup:
    return Markup("".join(map(escaped, content)))


def _attribute(key: str, value: Attribute) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    text = f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
    return f' {name}="{escaped(text)}"'
