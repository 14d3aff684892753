"""One connection to a vla-eval model server, which keeps for it the actions of a plan that were not yet asked for."""

from __future__ import annotations

import time
from typing import Any

from ..base import TransportError
from .wires.vla_eval_frames import PROTOCOL, FrameError, Message, packed, unpacked
from .wires.websocket import Websocket


class Session:
    """Open and greeted from its beginning. After any failure it is closed, and what the server kept for it is gone."""

    def __init__(self, url: str, headers: dict[str, str], connect: float) -> None:
        self.url = url
        self._seq = 0
        self._playing = False
        self._asked = 0.0
        self._line: Websocket | None = Websocket(url, connect, headers)
        self._send("hello", {"harness_version": "armtrial", "protocol_version": PROTOCOL})
        self.hello = self._receive("hello", connect)
        if self.hello.get("protocol_version") != PROTOCOL:
            self.close()
            raise TransportError(
                f"{url} speaks version {self.hello.get('protocol_version')} of vla-eval's; this is {PROTOCOL}"
            )

    @property
    def alive(self) -> bool:
        return self._line is not None

    def begin(self, trial: str) -> None:
        """A server answers neither the end of a trial nor the beginning of one."""
        self.end()
        self._send("episode_start", {"task": {"name": trial}})
        self._playing = True

    def end(self) -> None:
        if self._playing:
            self._playing = False
            self._send("episode_end", {})

    def show(self, observation: dict[str, Any]) -> None:
        self._asked = time.perf_counter()
        self._send("observation", observation)

    def answer(self, seconds: float) -> tuple[dict[str, Any], float]:
        """To what was shown last, and after how many milliseconds."""
        payload = self._receive("action", seconds)
        return payload, 1000 * (time.perf_counter() - self._asked)

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None

    def _send(self, kind: str, payload: dict[str, Any]) -> None:
        if self._line is None:
            raise TransportError(f"the connection to {self.url} was lost in mid-trial, and what it knew of the trial")
        self._seq += 1
        try:
            self._line.send(packed(Message(kind, payload, self._seq)))
        except BaseException:
            self.close()
            raise

    def _receive(self, kind: str, seconds: float) -> dict[str, Any]:
        if self._line is None:
            raise TransportError(f"the connection to {self.url} was lost in mid-trial, and what it knew of the trial")
        try:
            return self._read(self._line.receive(seconds), kind)
        except BaseException:
            self.close()
            raise

    def _read(self, frame: bytes | str, kind: str) -> dict[str, Any]:
        if isinstance(frame, str):
            raise TransportError(f"{self.url} says: {(frame.strip().splitlines() or ['nothing'])[-1][:400]}")
        try:
            message = unpacked(frame)
        except FrameError as error:
            raise TransportError(f"{self.url} answered with {error}; is it a vla-eval server?") from None
        if message.kind == "error":
            raise TransportError(f"{self.url} says: {str(message.payload.get('error', message.payload))[:400]}")
        if message.kind != kind or message.seq != self._seq:
            raise TransportError(
                f"{self.url} sent {message.kind} number {message.seq}; it owes {kind} number {self._seq}"
            )
        return message.payload
