"""GR00T's endpoints over ZMQ."""

from __future__ import annotations

from typing import Any

from ...base import TransportError
from . import groot_payload
from .groot_payload import PayloadError
from .zmq_requests import ZmqRequests

ERROR = b"ERROR"
"""All that a server from before August 2025 says of a failure."""


class ZmqLine:
    def __init__(self, url: str, token: str, connect: float) -> None:
        self.url = url
        self._token = token
        self._requests = ZmqRequests(url, connect)
        self._packed, self._unpacked = groot_payload.packed, groot_payload.unpacked

    def call(self, endpoint: str, data: Any, seconds: float) -> Any:
        question = {"endpoint": endpoint} | ({} if data is None else {"data": data})
        question |= {"api_token": self._token} if self._token else {}
        body = self._requests.ask(self._packed(question), seconds)
        if body == ERROR and endpoint == "get_modality_config":
            body = self._asked_as_pickle(question, seconds)
        return self._read(endpoint, body)

    def close(self) -> None:
        self._requests.close()

    def _asked_as_pickle(self, question: dict[str, Any], seconds: float) -> bytes:
        """A server that could not read msgpack is from before August 2025."""
        from . import groot_pickles

        body = self._requests.ask(groot_pickles.packed(question), seconds)
        if body != ERROR:
            self._packed, self._unpacked = groot_pickles.packed, groot_pickles.unpacked
        return body

    def _read(self, endpoint: str, body: bytes) -> Any:
        if body == ERROR:
            raise TransportError(
                f"{self.url} answered '{endpoint}' with ERROR and nothing else, as servers from before August 2025 do; "
                "why stands in its log"
            )
        try:
            answer = self._unpacked(body)
        except PayloadError as error:
            raise TransportError(f"{self.url} answered '{endpoint}' with {error}") from None
        if isinstance(answer, dict) and "error" in answer:
            raise TransportError(f"{self.url} says: {_last_line(answer['error'])}{self._hint(str(answer['error']))}")
        return answer

    def _hint(self, error: str) -> str:
        if error.startswith("Unauthorized"):
            sent = "another one than was sent" if self._token else "one and none was sent"
            return f"; it wants a token, {sent}: put it into a variable and say --policy-arg token_env=ITS_NAME"
        return ""


def _last_line(error: Any) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else "an error without a word"
