"""A policy behind POST /act: JSON with arrays as json_numpy writes them, as OpenVLA-OFT and X-VLA serve it."""

from __future__ import annotations

import enum
import hashlib
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, cast

import numpy as np

from ..base import Plan, Policy, PolicySpec, Query, TransportError, World
from .lanes import Lanes, urls
from .mapping import ALL, Floats, KeyMap, conventions, keymap
from .rehearsal import rehearsal
from .secret import token_of
from .translation import Translation
from .wires import json_numpy
from .wires.http_posts import HttpPosts


class Encoding(enum.Enum):
    """How the arrays of an observation are put into its JSON."""

    PLAIN = "plain"
    """Where they belong."""
    DOUBLE = "double"
    """The whole observation once more as a text: {"encoded": "..."}."""
    TEXTS = "texts"
    """Each array as a text of its own."""


OFT = KeyMap(
    name="oft",
    cameras={("full_image",): "front", ("wrist_image",): "wrist"},
    state={("state",): ALL},
    instruction=("instruction",),
    actions=(),
    floats=Floats.DOUBLE,
    horizon=25,
)
X_VLA = KeyMap(
    name="x-vla",
    cameras={("image0",): "front", ("image1",): "wrist"},
    state={("proprio",): ALL},
    instruction=("language_instruction",),
    actions=("action",),
    floats=Floats.DOUBLE,
    fixed={("domain_id",): 0, ("steps",): 10},
    horizon=30,
)
PRESETS = {"oft": (OFT, Encoding.PLAIN), "x-vla": (X_VLA, Encoding.TEXTS)}
"""OFT answers with its actions and nothing around them."""


class HttpAct(Policy):
    """A policy behind POST /act with json_numpy, as OpenVLA-OFT and X-VLA: --url http://host:8000/act."""

    def __init__(
        self,
        world: World,
        *,
        url: str | tuple[str, ...] = "http://localhost:8000/act",
        map: str = "oft",
        name: str = "",
        deterministic: bool = False,
        encoding: str = "",
        send: str = "",
        timeout: float = 120.0,
        token_env: str = "",
    ) -> None:
        """`map`: oft, x-vla, or a FILE.toml that says which camera and which state goes where. `name`: in the tables;
        the map's, unless it is said. `deterministic`: it promises the same plan for the same query. `encoding`: plain,
        double ({"encoded": TEXT}) or texts (each array a text); x-vla has texts, all others plain. `send`: sent
        with every observation as it is, KEY:VALUE,... as domain_id:7,steps:10 for X-VLA. `timeout`: seconds for an
        answer. `token_env`: the variable that holds the token for `Authorization: Bearer`."""
        keys, usual = PRESETS.get(map) or (_of_file(map), Encoding.PLAIN)
        self._keys = replace(keys, fixed={**keys.fixed, **_fixed(send)})
        self._encoding = _encoding(encoding) if encoding else usual
        self._translation = Translation(self._keys, world)
        self._timeout = timeout
        token = token_of(token_env)
        self.spec = PolicySpec(
            name=name or self._keys.name,
            version=hashlib.sha256(repr((conventions(self._keys), self._encoding)).encode()).hexdigest()[:12],
            cameras=self._translation.cameras,
            state=world.observation.state if self._keys.state else (),
            action=world.action,
            horizon=self._keys.horizon,
            deterministic=deterministic,
        )
        with ExitStack() as opened:
            self._lanes = Lanes([HttpPosts(one, token) for one in urls(url)])
            opened.callback(self._lanes.close)
            for server in self._lanes.servers:
                self._planned(server, [rehearsal(world, self.spec.cameras)])
            self._opened = opened.pop_all()

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return self._lanes.planned(queries, self._planned)

    def close(self) -> None:
        self._opened.close()

    def _planned(self, server: HttpPosts, queries: Sequence[Query]) -> list[Plan]:
        return [self._plan(server, query) for query in queries]

    def _plan(self, server: HttpPosts, query: Query) -> Plan:
        began = time.perf_counter()
        question = encoded(self._translation.request(query.observation), self._encoding)
        answer = server.ask(question, self._timeout, json_numpy.twice_unpacked)
        took = {"total": 1000 * (time.perf_counter() - began)}
        return self._translation.plan(self._accepted(server, answer), took)

    def _accepted(self, server: HttpPosts, answer: Any) -> Any:
        """These servers tell an error in an answer like any other; its reason stands in their log."""
        given: Any = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {"error": answer}
        error = given.get("error")
        if isinstance(error, str):
            sent = ", ".join(" > ".join(key) for key in (*self._keys.cameras, *self._keys.state, *self._keys.fixed))
            raise TransportError(
                f"{server.url} answered {error[:200]!r}, and why stands in its log; it was sent {sent} "
                f"({self._encoding.value}): are these its keys? --policy-arg map=oft, x-vla or FILE.toml, encoding="
                f"{', '.join(way.value for way in Encoding)}"
            )
        return cast(Any, answer)


def encoded(observation: dict[str, Any], encoding: Encoding) -> str:
    if encoding is Encoding.DOUBLE:
        return json_numpy.packed({"encoded": json_numpy.packed(observation)})
    if encoding is Encoding.TEXTS:
        return json_numpy.packed(_arrays_as_texts(observation))
    return json_numpy.packed(observation)


def _arrays_as_texts(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return json_numpy.packed(value)
    if isinstance(value, dict):
        return {key: _arrays_as_texts(inner) for key, inner in cast("dict[str, Any]", value).items()}
    return value


def _of_file(said: str) -> KeyMap:
    if not said.endswith((".toml", ".json")):
        raise ValueError(f"no map of POST /act is called '{said}'; there are: {', '.join(PRESETS)}, or your FILE.toml")
    return keymap(said)


def _encoding(said: str) -> Encoding:
    try:
        return Encoding(said)
    except ValueError:
        there = ", ".join(way.value for way in Encoding)
        raise ValueError(f"no encoding is called '{said}'; there are: {there}") from None


def _fixed(send: str) -> dict[tuple[str, ...], Any]:
    """Whole numbers, numbers or texts, as they look."""
    found: dict[tuple[str, ...], Any] = {}
    for part in filter(None, send.split(",")):
        key, colon, value = part.partition(":")
        if not key.strip() or not colon:
            raise ValueError(f"--policy-arg send={send}: '{part}' is not KEY:VALUE")
        found[(key.strip(),)] = _plain(value.strip())
    return found


def _plain(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
