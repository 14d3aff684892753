"""A policy behind openpi's websocket: openpi's own server, any that speaks like it, and ours."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from ..base import Plan, Policy, PolicySpec, Query, TransportError, World
from .lanes import urls
from .mapping import conventions, keymap
from .native import ANNOUNCED
from .openpi_server import Limits, Server
from .secret import token_of
from .translation import Translation
from .wires.msgpack_numpy import packed


class OpenPi(Policy):
    """A policy behind openpi's websocket, or behind `armtrial serve`: --url ws://host:8000."""

    def __init__(
        self,
        world: World,
        *,
        url: str | tuple[str, ...] = "ws://localhost:8000",
        map: str = "so100",
        name: str = "openpi",
        deterministic: bool = False,
        token_env: str = "",
        connect: float = 10.0,
        timeout: float = 60.0,
        warm_up: float = 600.0,
    ) -> None:
        """`map`: the server's keys: so100, calvin, droid, aloha, libero, or FILE.toml. `name`: in the tables.
        `deterministic`: it promises the same plan for the same query. A server of our own tells all three itself.
        `token_env`: the variable that holds its token. `connect`, `timeout`, `warm_up`: seconds to be connected, for an
        answer, and for the first answer of a connection. With several --url each call's queries are spread."""
        limits = Limits(connect, timeout, warm_up)
        token = token_of(token_env)
        with ExitStack() as opened:
            self._servers = [Server(one, token, limits) for one in urls(url)]
            for server in self._servers:
                opened.callback(server.close)
                server.open()
            announced = _alike(self._servers)
            if announced is None:
                self._translation = Translation(keymap(map), world)
                self.spec = self._described(world, name, deterministic)
                for server in self._servers:
                    server.translation = self._translation
            else:
                self.spec = announced
            self._threads = ThreadPoolExecutor(len(self._servers), "openpi")
            opened.callback(self._threads.shutdown)
            self._opened = opened.pop_all()
        self._stateful = announced is not None
        self._seats: dict[int, Server] = {}
        self._turns = itertools.cycle(range(len(self._servers)))

    def _described(self, world: World, name: str, deterministic: bool) -> PolicySpec:
        keys = self._translation.keys
        told = packed([self._servers[0].metadata, conventions(keys)])
        return PolicySpec(
            name=name,
            version=f"{keys.name}-{hashlib.sha256(told).hexdigest()[:12]}",
            cameras=self._translation.cameras,
            action=world.action,
            horizon=keys.horizon,
            deterministic=deterministic,
        )

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        """A server that was lost gets its chance here. The trial stays with one server where servers know of trials."""
        servers = self._there(again=True)
        if self._stateful:
            seats = [self._seats[other] for other in self._seats if other != slot]
            server = min(servers, key=seats.count)
            server.reset(slot, trial_id, seed)
            self._seats[slot] = server

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        """Every server has its share of the queries at once; the first failure is raised when all have answered."""
        shares = self._shares(queries)
        if len(shares) == 1:
            ((server, _),) = shares.items()
            return server.plans(queries)
        asked = [
            (places, self._threads.submit(server.plans, [queries[place] for place in places]))
            for server, places in shares.items()
        ]
        failed = [error for _, future in asked if (error := future.exception())]
        if failed:
            raise failed[0]
        plans = {place: plan for places, future in asked for place, plan in zip(places, future.result(), strict=True)}
        return [plans[place] for place in range(len(queries))]

    def _shares(self, queries: Sequence[Query]) -> dict[Server, list[int]]:
        """Which queries each server answers, by their places."""
        there = None if self._stateful else self._there()
        shares: dict[Server, list[int]] = {}
        for place, query in enumerate(queries):
            server = self._seat(query.slot) if there is None else there[next(self._turns) % len(there)]
            shares.setdefault(server, []).append(place)
        return shares

    def _seat(self, slot: int) -> Server:
        if slot not in self._seats:
            raise ValueError(f"slot {slot} asks for a plan, and no trial was begun there; call reset first")
        return self._seats[slot]

    def _there(self, again: bool = False) -> list[Server]:
        """The servers that answer. `again`: those that did not are tried once more."""
        there, lost = list[Server](), list[TransportError]()
        for server in self._servers:
            try:
                server.open(again or len(self._servers) == 1)
                there.append(server)
            except TransportError as error:
                lost.append(error)
        if not there:
            raise lost[0]
        return there

    def close(self) -> None:
        self._opened.close()


def _alike(servers: Sequence[Server]) -> PolicySpec | None:
    """What they announce, which is to be one policy; None where they announce nothing."""
    specs = [server.spec for server in servers]
    for server, spec in zip(servers, specs):
        if spec != specs[0]:
            ours, theirs = (_named(one) for one in (specs[0], spec))
            raise ValueError(
                f"{servers[0].url} serves {ours}, and {server.url} {theirs}; several --url are servers of one policy"
            )
    return specs[0]


def _named(spec: PolicySpec | None) -> str:
    return f"a policy that is not {ANNOUNCED}'s" if spec is None else f"'{spec.name}' version {spec.version}"
