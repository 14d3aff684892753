"""One websocket to a server: a frame out, a frame back, with time limits that hold."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ....envs.extras import install
from ...base import TransportError

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

LARGEST = 2**26
"""Bytes of an answer; a longer one is refused as it comes."""
PIECE = 2**16
"""Bytes of a message that go out together: a piece is masked and read in memory that is there already, where a whole
message would take fresh pages each time. The other end is given the message whole."""
_LOCAL = ("localhost", "127.0.0.1", "::1")
_CLOSING_SECONDS = 1.0
_HINTS = {
    401: "it wants a token: put it into a variable and say --policy-arg token_env=ITS_NAME",
    403: "it wants another token: the variable that --policy-arg token_env=ITS_NAME names holds a wrong one",
    404: "something else is served there: is --url right?",
}


class Websocket:
    """Open from its beginning. Whatever goes wrong is a `TransportError`, after which it is closed.

    It sends no pings: a server that compiles its model while it answers the first query answers none for minutes.
    """

    def __init__(self, url: str, seconds: float, headers: Mapping[str, str], largest: int = LARGEST) -> None:
        try:
            from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI
            from websockets.sync.client import connect
        except ModuleNotFoundError:
            raise ValueError(f"websockets is not installed: {install('websockets')}") from None

        self.url, self._largest = url, largest
        self._held = ExitStack()
        try:
            line = connect(
                url,
                additional_headers=headers,
                compression=None,
                max_size=largest,
                open_timeout=seconds,
                close_timeout=_CLOSING_SECONDS,
                ping_interval=None,
                logger=_silent(),
                proxy=None if urlsplit(url).hostname in _LOCAL else True,
            )
            self._line: ClientConnection = self._held.enter_context(line)
        except InvalidURI:
            raise ValueError(f"--url {url}: a websocket's address is ws://host:port") from None
        except InvalidStatus as error:
            status = error.response.status_code
            hint = _HINTS.get(status, "no websocket is served there: is --url right?")
            raise TransportError(f"{url} answered with HTTP status {status}; {hint}") from None
        except TimeoutError:
            raise TransportError(
                f"{url} did not answer within {seconds:g} s; is it the right host? Longer: --policy-arg connect=S"
            ) from None
        except ConnectionRefusedError:
            raise TransportError(f"nobody listens at {url}; start the server or give its --url") from None
        except (InvalidHandshake, EOFError, AssertionError) as error:  # the last: the library's, where it is hung up on
            raise TransportError(
                f"{url} speaks no websocket ({type(error).__name__}: {error}); is it the right port? GR00T's servers "
                "are --policy groot-server, those with /act --policy http-act"
            ) from None
        except socket.gaierror as error:
            raise TransportError(f"{url}: no such host ({error.strerror}); give the server's --url") from None
        except OSError as error:
            raise TransportError(f"{url} cannot be reached: {error}") from None

    def ask(self, frame: bytes, seconds: float) -> bytes | str:
        self.send(frame)
        return self.receive(seconds)

    def send(self, frame: bytes) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            self._line.send(frame if len(frame) <= PIECE else _pieces(frame))
        except ConnectionClosed as error:
            raise self._lost(error) from None

    def receive(self, seconds: float) -> bytes | str:
        """A text is a server's own words, mostly of an error."""
        from websockets.exceptions import ConnectionClosed

        try:
            return self._line.recv(timeout=seconds)
        except TimeoutError:
            self.close()
            raise TransportError(
                f"{self.url} gave no answer within {seconds:g} s; if it only needs longer: "
                "--policy-arg timeout=SECONDS, for a first answer warm_up=SECONDS"
            ) from None
        except ConnectionClosed as error:
            raise self._lost(error) from None

    def close(self) -> None:
        """A server that hangs is not waited for."""
        self._line.close_timeout = 0.0 if self._line.close_timeout is None else min(self._line.close_timeout, 0.1)
        self._held.close()

    def _lost(self, error: Exception) -> TransportError:
        from websockets.exceptions import ConnectionClosed

        self.close()
        assert isinstance(error, ConnectionClosed)
        said, ours = error.rcvd, error.sent
        if said is not None and said.code == 1009:
            return TransportError(f"{self.url} takes no frame of that size ({said.reason}); armtrial serve: --max-mb N")
        if said is None and ours is not None and ours.code == 1009:
            return TransportError(f"{self.url} answered with more than {self._largest >> 20} MiB; a plan has kilobytes")
        if said is None:
            return TransportError(f"the connection to {self.url} broke off in the middle: did the server end?")
        return TransportError(f"{self.url} closed the connection ({said.code}{f', {said.reason}' * bool(said.reason)})")


def _silent() -> logging.Logger:
    """What the library would log is told by whoever called."""
    logger = logging.getLogger("armtrial.websocket")
    logger.setLevel(logging.CRITICAL)
    return logger


def _pieces(frame: bytes) -> Iterator[memoryview]:
    whole = memoryview(frame)
    for start in range(0, len(whole), PIECE):
        yield whole[start : start + PIECE]
