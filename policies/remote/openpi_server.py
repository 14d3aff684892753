"""One server that speaks openpi's wire, as its client sees it: opened, asked, lost and opened again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from ...tasks.base import Origin
from ..base import Plan, PolicySpec, Query, TransportError
from .answers import numbers
from .native import Announcement, FrameError, announced, listed, observation_sent, plan_read
from .translation import Translation
from .wires.msgpack_numpy import CodecError, packed, unpacked
from .wires.websocket import LARGEST, Websocket

MARGIN = 1024
"""Bytes of a frame beside its observations."""


class ServedError(Exception):
    """A policy behind our own server raised; what it raised is the message."""

    origin: ClassVar[Origin] = Origin.POLICY


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds."""

    connect: float
    timeout: float
    warm_up: float
    """For the first answer, while a server may still compile its model."""


class Server:
    """Used by one thread at a time."""

    def __init__(self, url: str, token: str, limits: Limits) -> None:
        self.url, self._limits = url, limits
        self._headers = {"Authorization": f"Api-Key {token}"} if token else {}
        self._line: Websocket | None = None
        self._aside: TransportError | None = None
        """Why it could not be opened the last time; it is left alone until somebody asks again."""
        self._fresh = True
        self._began: dict[int, tuple[str, int]] = {}
        """Trial and seed by slot."""
        self._lost: set[int] = set()
        """Slots whose trial began on a connection that is gone."""
        self.metadata: Any = None
        self.announcement: Announcement | None = None
        self.translation: Translation | None = None

    @property
    def spec(self) -> PolicySpec | None:
        """Of a server of our own."""
        return self.announcement.spec if self.announcement else None

    def open(self, again: bool = True) -> None:
        """Does nothing where it is open."""
        if self._line is not None:
            return
        if self._aside is not None and not again:
            raise self._aside
        try:
            self._greet(Websocket(self.url, self._limits.connect, self._headers))
            self._aside = None
        except TransportError as error:
            self._aside = error
            raise

    def _greet(self, line: Websocket) -> None:
        """The first frame is the server's metadata."""
        try:
            frame = line.receive(self._limits.connect)
            metadata = self._read(frame)
            said = announced(metadata)
        except FrameError as error:
            line.close()
            raise TransportError(f"{self.url}: {error}") from None
        except TransportError as error:
            line.close()
            raise TransportError(f"{error}. A server of openpi's kind begins with a frame of metadata") from None
        if self.metadata is not None and (said and said.spec) != self.spec:
            line.close()
            served = f"'{said.spec.name}' version {said.spec.version}" if said else "another policy"
            raise TransportError(f"{self.url} serves {served} now, and another one when this run began")
        self._line, self.metadata, self.announcement, self._fresh = line, metadata, said, True
        self._lost = set(self._began)

    def reset(self, slot: int, trial: str, seed: int) -> None:
        self.open()
        self._began[slot] = (trial, seed)
        self._lost.discard(slot)
        self._exchange({"reset": {"slot": slot, "trial": trial, "seed": seed}})

    def plans(self, queries: Sequence[Query]) -> list[Plan]:
        self.open()
        if self.announcement is None:
            return [self._plan(query) for query in queries]
        self._go_on([query.slot for query in queries], self.announcement.spec)
        sent = [packed(observation_sent(query)) for query in queries]
        return [plan for share in _shares(sent, self.announcement.max_bytes) for plan in self._native(share)]

    def _plan(self, query: Query) -> Plan:
        """Over openpi's own wire: one observation, one answer."""
        assert self.translation is not None, "a map is settled before the first plan"
        answer, total = self._exchange(self.translation.request(query.observation))
        server, model = (_reported(answer, key) for key in ("server_timing", "policy_timing"))
        return self.translation.plan(answer, _timings(total, server, model))

    def _native(self, observations: Sequence[bytes]) -> list[Plan]:
        """Each observation was packed before: their frame is put together from the pieces."""
        answer, total = self._exchange(_framed(observations))
        try:
            plans = listed(answer.get("plans"), "plans")
            if len(plans) != len(observations):
                raise FrameError(f"{len(observations)} queries were answered with {len(plans)} plans")
            timings = _timings(total, _reported(answer, "server_timing"), None)
            return [plan_read(plan, numbers(plan.get("actions")), **timings) for plan in plans]
        except (FrameError, AttributeError) as error:
            raise TransportError(f"{self.url}: {error}") from None

    def _go_on(self, slots: Sequence[int], spec: PolicySpec) -> None:
        """Trials that began on a connection that is gone: the server has forgotten them."""
        for slot in slots:
            if slot not in self._lost:
                continue
            if not spec.deterministic:
                raise TransportError(
                    f"the connection to {self.url} was lost in mid-trial, and what it knew of the trial"
                )
            self.reset(slot, *self._began[slot])

    def _exchange(self, value: Any) -> tuple[Any, float]:
        """What came, and milliseconds. Any failure costs the connection, since an answer might still come on it."""
        assert self._line is not None, "it is opened before it is asked"
        frame = value if isinstance(value, bytes) else packed(value)
        began = time.perf_counter()
        try:
            answer: Any = self._read(
                self._line.ask(frame, self._limits.warm_up if self._fresh else self._limits.timeout)
            )
        except TransportError:
            self.close()
            raise
        self._fresh = False
        if isinstance(answer, dict) and "error" in answer and self.announcement:
            raise ServedError(str(cast("dict[str, Any]", answer)["error"]))
        return cast("Any", answer), 1000 * (time.perf_counter() - began)

    def _read(self, frame: bytes | str) -> Any:
        if isinstance(frame, str):
            lines = frame.strip().splitlines() or ["(no words)"]
            raise TransportError(f"{self.url} says: {lines[-1].strip()[:400]}")
        try:
            return unpacked(frame, LARGEST)
        except CodecError as error:
            raise TransportError(f"{self.url}: {error}") from None

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None


def _shares(observations: Sequence[bytes], most: int) -> list[Sequence[bytes]]:
    """As many together as a frame may hold; one that is too large alone goes out alone, to be refused by name."""
    shares: list[list[bytes]] = []
    room = 0
    for one in observations:
        if not shares or len(one) > room:
            shares.append([])
            room = most - MARGIN
        shares[-1].append(one)
        room -= len(one)
    return list[Sequence[bytes]](shares)


def _framed(observations: Sequence[bytes]) -> bytes:
    """`{"queries": [...]}` around what is packed already: a head for the list, then its entries as they are."""
    number = len(observations)
    head = bytes([0x90 | number]) if number < 16 else b"\xdc" + number.to_bytes(2, "big")
    return b"".join([b"\x81", packed("queries"), head, *observations])


def _reported(answer: Any, key: str) -> float | None:
    """Milliseconds that a server says of itself, which it may leave out."""
    said: Any = cast("dict[str, Any]", answer).get(key) if isinstance(answer, dict) else None
    took = cast("Mapping[str, Any]", said).get("infer_ms") if isinstance(said, dict) else None
    return float(took) if isinstance(took, int | float) else None


def _timings(total: float, server: float | None, model: float | None) -> dict[str, float]:
    """What is not the server's own time is the way there and back."""
    timings = {"total": total}
    if server is not None:
        timings |= {"server": server, "transport": max(0.0, total - server)}
    if model is not None:
        timings["model"] = model
    return timings
