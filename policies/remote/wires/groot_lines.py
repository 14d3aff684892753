"""The way to a GR00T server, and the one over HTTP; the one over ZMQ needs pyzmq and has a file of its own."""

from __future__ import annotations

from typing import Any, Protocol

from . import json_numpy
from .http_posts import HttpPosts


class Line(Protocol):
    url: str

    def call(self, endpoint: str, data: Any, seconds: float) -> Any:
        """`data`: None for an endpoint that takes none. What goes wrong on the way is a `TransportError`."""
        ...

    def close(self) -> None: ...


class HttpLine:
    """POST /act knows no endpoints but the one, and no token."""

    def __init__(self, url: str, token: str) -> None:
        self._posts = HttpPosts(url, token)
        self.url = self._posts.url

    def call(self, endpoint: str, data: Any, seconds: float) -> Any:
        if endpoint != "get_action":
            raise ValueError(f"'{endpoint}' was asked over HTTP, which has get_action alone")
        return self._posts.ask(json_numpy.packed({"observation": data}), seconds, json_numpy.unpacked)

    def close(self) -> None:
        """Nothing is open between two questions."""
