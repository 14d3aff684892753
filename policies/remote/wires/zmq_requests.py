"""Questions and answers over ZMQ, with a time limit that holds."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import zmq
from zmq.utils.monitor import recv_monitor_message

from ...base import TransportError

MOST = 64 * 2**20
"""Bytes of an answer; a longer one is refused before it is read."""
GREETING = b"\xff"
"""The first byte of whoever speaks ZMTP."""
GREETING_SECONDS = 2.0
AGAIN_SECONDS = 0.1
"""Between two looks whether a server is back."""


class ZmqRequests:
    """One question at a time to a server's REP socket.

    A REQ socket that was left without an answer never sends again, so that it is thrown away then, and a new one made
    for the next question. Whether anybody listens is found out before a question is sent: ZMQ itself would wait.
    """

    def __init__(self, url: str, connect: float = 10.0) -> None:
        """`url`: tcp://host:port. `connect`: seconds until somebody must have picked up."""
        parts = urlsplit(url)
        if parts.scheme != "tcp" or not parts.hostname or not parts.port:
            raise ValueError(f"--url {url}: a ZMQ server's address is tcp://host:port, as in tcp://localhost:5555")
        self.url = url
        self._address = (parts.hostname, parts.port)
        self._connect = connect
        self._context = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        self._met = False
        """Whether a server was there once: then it may be starting again, and is waited for."""

    def ask(self, question: bytes, seconds: float) -> bytes:
        """A `TransportError` where no answer comes within so many seconds."""
        line = self._opened()
        try:
            line.send(question)
            return self._answer(line, seconds)
        except zmq.ZMQError as error:
            self._throw_away()
            raise TransportError(f"{self.url}: {error}") from None
        except BaseException:
            self._throw_away()
            raise

    def close(self) -> None:
        self._throw_away()
        self._context.term()

    def _opened(self) -> zmq.Socket[bytes]:
        """The line that stands, or another one if the server has hung up since."""
        if self._socket is not None and _has_hung_up(self._monitor):
            self._throw_away()
        if self._socket is None:
            self._knock()
            self._socket = self._context.socket(zmq.REQ)
            self._socket.setsockopt(zmq.LINGER, 0)
            self._socket.setsockopt(zmq.MAXMSGSIZE, MOST)
            self._monitor = self._socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
            self._socket.connect(self.url)
        return self._socket

    def _knock(self) -> None:
        until = time.monotonic() + self._connect
        while error := self._refusal():
            if not self._met or time.monotonic() > until:
                raise TransportError(error)
            time.sleep(AGAIN_SECONDS)
        self._met = True

    def _refusal(self) -> str:
        """Why this is no ZMQ server; empty where it is one. Who speaks ZMTP greets at once, others wait to be asked."""
        try:
            with socket.create_connection(self._address, self._connect) as line:
                line.settimeout(min(self._connect, GREETING_SECONDS))
                greeting = line.recv(1)
        except TimeoutError:
            greeting = b""
        except OSError as error:
            return f"nobody listens at {self.url} ({error}); start the server there or give its --url"
        return (
            ""
            if greeting == GREETING
            else (
                f"what listens at {self.url} does not speak ZMQ; is it another server's port? "
                "GR00T's ZMQ server has --url tcp://host:5555, its HTTP server --url http://host:8000/act"
            )
        )

    def _answer(self, line: zmq.Socket[bytes], seconds: float) -> bytes:
        until = time.monotonic() + seconds
        poller = zmq.Poller()
        poller.register(line, zmq.POLLIN)
        poller.register(self._monitor, zmq.POLLIN)
        while (left := until - time.monotonic()) > 0:
            heard = dict(poller.poll(int(1000 * left) + 1))
            if line in heard:
                return line.recv()
            if heard and _has_hung_up(self._monitor):
                raise TransportError(
                    f"{self.url} hung up before it answered: the server died, or its answer is over {MOST >> 20} MiB"
                )
        raise TransportError(
            f"{self.url} gave no answer within {seconds:g} s; "
            "if it only needs longer, as for a first plan: --policy-arg timeout=SECONDS"
        )

    def _throw_away(self) -> None:
        if self._socket is not None:
            self._socket.disable_monitor()
            self._monitor.close(0)
            self._socket.close(0)
            self._socket = None


def _has_hung_up(monitor: zmq.Socket[bytes]) -> bool:
    """Reads all that the monitor has to tell."""
    heard = False
    while monitor.poll(0):
        recv_monitor_message(monitor)
        heard = True
    return heard
