"""Where clients come in: openpi's wire on one port, a health page beside it."""

from __future__ import annotations

import asyncio
import hmac
import itertools
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from ....envs.faults import Fault, caught
from ....tasks.base import Origin
from ...base import PolicySpec
from ..native import Announcement, FrameError, listed, metadata, plan_sent, query_read, whole
from ..wires.msgpack_numpy import CodecError, packed, unpacked
from .engine import Answer, Engine

if TYPE_CHECKING:
    from websockets.asyncio.server import Server as Listening
    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

HEALTH = "/healthz"
PING_SECONDS = 60.0
"""A client that does not answer for so long is gone, with its slots."""
_GOING_SECONDS = 2.0
"""For last answers to leave, and for clients to hear that it is over."""
_INTERNAL = 1011
_TOLD = "Internal server error. Traceback included in previous frame."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """How one comes in."""

    host: str = "127.0.0.1"
    port: int = 8000
    """0: any that is free."""
    token: str = ""
    """What every client has to show; empty: nothing."""
    max_bytes: int = 2**26
    """Of a frame."""


@dataclass(slots=True)
class Traffic:
    """What has been going on."""

    clients: int = 0
    plans: int = 0
    server_ms: float = 0.0
    """Of all plans together, from the frame to its answer."""

    def __str__(self) -> str:
        each = f", {self.server_ms / self.plans:.1f} ms each" if self.plans else ""
        return f"{_counted(self.clients, 'client')}, {_counted(self.plans, 'plan')}{each}"


@dataclass(slots=True)
class _Client:
    """One connection."""

    stateful: bool = False
    """It has begun a trial once, and so begins them all."""
    slots: dict[int, int] = field(default_factory=dict[int, int])
    """The client's number of a slot -> the policy's, which no two clients share."""


class Door:
    """Open while it is entered. What the policy raises is answered and ends nothing but the frame it was raised for."""

    def __init__(self, engine: Engine, spec: PolicySpec, entrance: Entrance) -> None:
        self._engine, self._spec, self._entrance = engine, spec, entrance
        self._greeting = packed(metadata(Announcement(spec=spec, max_bytes=entrance.max_bytes)))
        self._free: list[int] = []
        self._numbers = itertools.count()
        self._busy, self._closing = 0, False
        self.traffic = Traffic()

    async def __aenter__(self) -> Door:
        from websockets.asyncio.server import serve

        entrance = self._entrance
        self._listening: Listening = await serve(
            self._serve,
            entrance.host,
            entrance.port,
            origins=[None],  # a page in somebody's browser sends one, and has no business here
            compression=None,
            max_size=entrance.max_bytes,
            process_request=self._admit,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            close_timeout=1.0,
            logger=_silent(),
        )
        return self

    @property
    def port(self) -> int:
        return next(iter(self._listening.sockets)).getsockname()[1]

    async def __aexit__(self, *_: object) -> None:
        """A policy that never answers keeps nobody from going."""
        self._closing = True
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOING_SECONDS):
                while self._busy:
                    await asyncio.sleep(0.01)
        self._listening.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._listening.wait_closed(), _GOING_SECONDS)

    async def finished(self, seconds: float) -> bool:
        """Nothing more is taken on; whether the policy could answer what it had, and close, in that time."""
        self._closing = True
        return await asyncio.to_thread(self._engine.close, seconds)

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path == HEALTH:
            return connection.respond(HTTPStatus.OK, "OK\n")
        if not self._entrance.token:
            return None
        shown = request.headers.get("Authorization", "")
        kind, _, token = shown.partition(" ")
        right = hmac.compare_digest(token.encode(), self._entrance.token.encode())
        if kind in ("Api-Key", "Bearer") and right:
            return None
        status = HTTPStatus.FORBIDDEN if shown else HTTPStatus.UNAUTHORIZED
        return connection.respond(status, "send the server's token: Authorization: Api-Key TOKEN\n")

    async def _serve(self, connection: ServerConnection) -> None:
        from websockets.exceptions import ConnectionClosed

        client = _Client()
        self.traffic.clients += 1
        try:
            await connection.send(self._greeting)
            async for frame in connection:
                answer = await self._attended(connection, client, frame)
                if isinstance(answer, str):
                    await connection.close(_INTERNAL, _TOLD)
                    return
        except ConnectionClosed:
            return
        finally:
            self.traffic.clients -= 1
            self._free += client.slots.values()

    async def _attended(self, connection: ServerConnection, client: _Client, frame: bytes | str) -> bytes | str:
        self._busy += 1
        try:
            answer = await self._answered(client, frame)
            await connection.send(answer)
            return answer
        finally:
            self._busy -= 1

    async def _answered(self, client: _Client, frame: bytes | str) -> bytes | str:
        """A text where the frame cannot be answered, as openpi's server does; the connection ends with it."""
        began = time.perf_counter()
        if self._closing:
            return "the server is stopping"
        try:
            value = unpacked(frame, self._entrance.max_bytes) if isinstance(frame, bytes) else None
            if not isinstance(value, dict):
                raise FrameError("a frame is a map in binary msgpack: an observation, or {'reset': ...}")
            answer = await self._done(client, cast("dict[str, Any]", value), began)
        except (CodecError, FrameError) as error:
            return f"{type(error).__name__}: {error}"
        if isinstance(answer, Fault):
            return answer.trace
        sent = caught(Origin.POLICY, packed, answer)
        return sent.trace if isinstance(sent, Fault) else sent

    async def _done(self, client: _Client, frame: dict[str, Any], began: float) -> dict[str, Any] | Fault:
        if "reset" in frame:
            return await self._reset(client, frame["reset"])
        asked = listed(frame["queries"], "queries") if "queries" in frame else [frame]
        queries = [query_read(one, self._spec, self._slot(client, one)) for one in asked]
        if not queries:
            raise FrameError("'queries' is empty; a frame asks for one plan at least")
        answer = await asyncio.wrap_future(self._engine.ask(queries, anew=not client.stateful))
        took = 1000 * (time.perf_counter() - began)
        if isinstance(answer.plans, Fault):
            return {"error": str(answer.plans)} if "queries" in frame else answer.plans
        self.traffic.plans, self.traffic.server_ms = self.traffic.plans + len(queries), self.traffic.server_ms + took
        return _plans(answer, took, single="queries" not in frame)

    async def _reset(self, client: _Client, said: Any) -> dict[str, Any]:
        if not isinstance(said, dict):
            raise FrameError(f"'reset' is a {type(said).__name__}; it is a map of slot, trial and seed")
        begun = cast("dict[str, Any]", said)
        slot, seed = whole(begun.get("slot", 0), "slot"), whole(begun.get("seed", 0), "seed")
        client.stateful = True
        done = self._engine.reset(self._slot(client, {"slot": slot}), str(begun.get("trial", "")), seed)
        fault = await asyncio.wrap_future(done)
        return {"error": str(fault)} if fault else {"reset": {"slot": slot}}

    def _slot(self, client: _Client, observation: Any) -> int:
        """The policy's number of the slot that a client speaks of."""
        said = cast("dict[str, Any]", observation).get("slot", 0) if isinstance(observation, dict) else 0
        number = whole(said, "slot")
        if number not in client.slots:
            client.slots[number] = self._free.pop() if self._free else next(self._numbers)
        return client.slots[number]


def _plans(answer: Answer, took: float, single: bool) -> dict[str, Any]:
    """For openpi's client the plan itself with openpi's words for the times."""
    assert not isinstance(answer.plans, Fault)
    timing = {"server_timing": {"infer_ms": took}, "policy_timing": {"infer_ms": answer.model_ms}}
    sent = [plan_sent(plan) for plan in answer.plans]
    for plan in sent:
        plan["timings"] = {"model": answer.model_ms} | plan["timings"]
    return (sent[0] if single else {"plans": sent}) | timing


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _silent() -> logging.Logger:
    """Whoever hangs up or comes without a token is told so; it is no line of the server's own."""
    logger = logging.getLogger("armtrial.serve")
    logger.setLevel(logging.CRITICAL)
    return logger


async def serve(
    engine: Engine,
    spec: PolicySpec,
    entrance: Entrance,
    stop: asyncio.Event,
    opened: Callable[[Door], None],
    seconds: float = 10.0,
) -> bool:
    """Until `stop`. What is under way is answered; whether it could be, in that time."""
    async with Door(engine, spec, entrance) as door:
        opened(door)
        await stop.wait()
        return await door.finished(seconds)
