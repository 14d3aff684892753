"""Questions and answers over HTTP, with a time limit that holds."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from ...base import TransportError

MOST = 64 * 2**20
"""Bytes of an answer; a longer one is refused as it comes."""
PIECE = 2**16
SHOWN = 200
"""Letters of an answer that a message shows."""


class HttpPosts:
    """One POST a question, each over a connection of its own: a server closes those that idle while the world moves."""

    def __init__(self, url: str, token: str = "") -> None:
        """`url`: http://host:port/path; without a path, /act. `token`: sent as `Authorization: Bearer`."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"--url {url}: an HTTP server's address is http://host:port/act")
        self._parts = parts._replace(path=parts.path if parts.path.strip("/") else "/act")
        self.url = self._parts.geturl()
        self._headers = {"Content-Type": "application/json", "Connection": "close"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def ask(self, question: str, seconds: float, read: Callable[[bytes], Any]) -> Any:
        """The answer as `read` reads it. A `TransportError` where none comes in time, or another than 200."""
        until = time.monotonic() + seconds
        line = self._line(seconds)
        try:
            target = self._parts.path + (f"?{self._parts.query}" if self._parts.query else "")
            line.request("POST", target, question.encode(), self._headers)
            status, reason, body = self._answer(line, until)
        except TimeoutError:
            raise TransportError(
                f"{self.url} gave no answer within {seconds:g} s; "
                "if it only needs longer, as for a first plan: --policy-arg timeout=SECONDS"
            ) from None
        except ConnectionRefusedError as error:
            raise TransportError(
                f"nobody listens at {self.url} ({error}); start the server or give its --url"
            ) from None
        except http.client.HTTPException as error:
            told = f"{type(error).__name__}: {error}"
            raise TransportError(f"{self.url} hung up early or speaks no HTTP ({told})") from None
        except OSError as error:
            raise TransportError(f"{self.url}: {error}") from None
        finally:
            line.close()
        if status != http.HTTPStatus.OK:
            raise TransportError(f"{self.url} answered {status} {reason}: {_reason(body)}{_hint(status)}")
        try:
            return read(body)
        except ValueError as error:
            raise TransportError(f"{self.url}: {error}; it begins with {_first_line(body)}") from None

    def _line(self, seconds: float) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        return kind(host, port, timeout=seconds)

    def _answer(self, line: http.client.HTTPConnection, until: float) -> tuple[int, str, bytes]:
        """Piece by piece: a server that drips never lets a single read wait long enough."""
        wire = line.sock  # the line forgets it as soon as it has read that this is the last answer
        _until(wire, until)
        reply = line.getresponse()
        body = bytearray()
        while piece := reply.read1(PIECE):
            body += piece
            if len(body) > MOST:
                raise TransportError(f"{self.url} answers with more than {MOST >> 20} MiB; a plan has a few kilobytes")
            _until(wire, until)
        if reply.length:
            raise TransportError(f"{self.url} hung up {reply.length} bytes before the end of its answer")
        return reply.status, reply.reason, bytes(body)


def _until(wire: socket.socket, until: float) -> None:
    """The next read ends by then."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    wire.settimeout(left)


def _reason(body: bytes) -> str:
    """FastAPI wraps it."""
    with suppress(ValueError, RecursionError, AttributeError):
        wrapped = json.loads(body)
        told = wrapped.get("detail") or wrapped.get("error")
        if isinstance(told, str):
            return _first_line(told.encode())
    return _first_line(body)


def _first_line(body: bytes) -> str:
    lines = body[: 4 * SHOWN].decode(errors="replace").strip().splitlines()
    return repr(lines[0][:SHOWN]) if lines else "nothing"


def _hint(status: int) -> str:
    if status in (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN):
        return "; is it a token it wants? Put it into a variable and say --policy-arg token_env=ITS_NAME"
    if status in (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.METHOD_NOT_ALLOWED):
        return "; is the path right? --url http://host:port/act"
    return ""
