"""GR00T behind NVIDIA's own server: N1.5 and N1.6 over ZMQ, N1.5 over HTTP."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from ...envs.extras import install
from ..base import Plan, Policy, PolicySpec, Query, TransportError, World
from .answers import plan_of
from .groot_dialects import DIALECTS, Dialect, rows, seen, told_apart, wanted
from .groot_keys import LANGUAGE, Keys, Wanted, fitted, keys_of
from .lanes import Lanes, urls
from .rehearsal import rehearsal
from .secret import token_of
from .wires.groot_lines import HttpLine, Line

ANOTHER_WIDTH = "is it another embodiment? --policy-arg action=KEY:NAME+NAME,..."


class GrootServer(Policy):
    """GR00T N1.5 or N1.6 behind its own server: --url tcp://host:5555, or http://host:8000/act for N1.5."""

    def __init__(
        self,
        world: World,
        *,
        url: str | tuple[str, ...] = "tcp://localhost:5555",
        name: str = "",
        embodiment: str = "so100",
        cameras: str = "",
        state: str = "",
        action: str = "",
        language: str = "",
        dialect: str = "auto",
        horizon: int = 16,
        timeout: float = 120.0,
        connect: float = 10.0,
        token_env: str = "",
    ) -> None:
        """`name`: in the tables; that of the dialect, unless it is said. `embodiment`: a preset of keys; so100 is the
        only one. `cameras`: KEY:CAMERA,... on top of it, KEY the server's. `state`, `action`: KEY:NAME+NAME,... in
        place of it; `action` goes as `state` where it is not said. `language`: the key of the instruction. `dialect`:
        n1.5, n1.6, n1.6-sim (behind --use-sim-policy-wrapper), or auto: by the modality config. `horizon`: actions in a
        plan over HTTP, which has no config to tell it; over it all cameras, states and actions of the preset are sent,
        or those that are said. `timeout`: seconds for an answer; `connect`: until the server says what it takes.
        `token_env`: the variable that holds its API token."""
        keys = keys_of(embodiment, cameras, state, action, language)
        token = token_of(token_env)
        self._world, self._timeout, self._name = world, timeout, name
        with ExitStack() as opened:
            lines: list[Line] = []
            for one in urls(url):
                lines.append(_line(one, token, connect))
                opened.callback(lines[-1].close)
            self._dialect, self._wanted = _greeted(lines, dialect, connect, _said(keys, cameras, world, horizon))
            self._keys = fitted(keys, self._wanted, world)
            self.spec = self._spec()
            self._lanes = Lanes(lines)
            opened.callback(self._lanes.close)
            self._rehearse()
            self._opened = opened.pop_all()

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        """N1.6's servers have one reset for all who ask them; N1.5's keep nothing."""
        if self._dialect.name != "n1.5":
            for line in self._lanes.servers:
                line.call("reset", {"options": None}, self._timeout)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return self._lanes.planned(queries, self._asked)

    def close(self) -> None:
        self._opened.close()

    def _spec(self) -> PolicySpec:
        there = self._world.observation
        return PolicySpec(
            name=self._name or f"groot-{self._dialect.name}",
            version=hashlib.sha256(repr((self._keys, self._wanted)).encode()).hexdigest()[:12],
            cameras={camera: there.cameras[camera] for camera in self._keys.cameras.values()},
            state=there.state if self._keys.state else (),
            action=self._world.action,
            horizon=self._wanted.horizon,
            deterministic=False,
        )

    def _rehearse(self) -> None:
        """What the config does not tell, as the width of a group, comes out before the first trial."""
        for line in self._lanes.servers:
            self._asked(line, [rehearsal(self._world, self.spec.cameras)])

    def _asked(self, line: Line, queries: Sequence[Query]) -> list[Plan]:
        if self._dialect.together:
            return self._answered(line, queries)
        return [plan for query in queries for plan in self._answered(line, [query])]

    def _answered(self, line: Line, queries: Sequence[Query]) -> list[Plan]:
        began = time.perf_counter()
        shown = [seen(query.observation, self._keys, self._world.observation.state) for query in queries]
        answer = line.call("get_action", self._dialect.question(shown, self._keys.language), self._timeout)
        found = rows(self._dialect.groups(answer), self._keys, self._world.action.names)
        if len(found) != len(queries):
            raise TransportError(f"{line.url} answered {len(queries)} observations with {len(found)} plans")
        took = {"total": 1000 * (time.perf_counter() - began)}
        return [plan_of(one, self._world.action, self._wanted.horizon, took, ANOTHER_WIDTH) for one in found]


def _line(url: str, token: str, connect: float) -> Line:
    if url.startswith(("http://", "https://")):
        return HttpLine(url, token)
    try:
        from .wires.groot_zmq import ZmqLine
    except ImportError as error:
        raise ValueError(f"GR00T over ZMQ needs pyzmq ({error}): {install('pyzmq')}") from None
    return ZmqLine(url, token, connect)


def _greeted(lines: Sequence[Line], dialect: str, connect: float, said: Wanted) -> tuple[Dialect, Wanted]:
    """What all these servers speak and want; `said`: where they cannot say it."""
    if dialect not in {"auto", *DIALECTS}:
        raise ValueError(f"no dialect is called '{dialect}'; there are: auto, {', '.join(DIALECTS)}")
    found = [_greeting(line, dialect, connect, said) for line in lines]
    for line, one in zip(lines, found):
        if one != found[0]:
            raise ValueError(f"{line.url} and {lines[0].url} serve different models; give servers of the same one")
    return found[0]


def _greeting(line: Line, dialect: str, connect: float, said: Wanted) -> tuple[Dialect, Wanted]:
    if isinstance(line, HttpLine):
        return DIALECTS["n1.5"], said
    config: Any = line.call("get_modality_config", None, connect)
    return told_apart(config) if dialect == "auto" else DIALECTS[dialect], wanted(config)


def _said(keys: Keys, cameras: str, world: World, horizon: int) -> Wanted:
    """For a server without a config: the cameras that are said, or those of the world under their own names."""
    video = tuple(key for key in keys.cameras if key in world.observation.cameras)
    named = tuple(part.partition(":")[0].strip() for part in cameras.split(","))
    return Wanted(
        named if cameras else video, tuple(keys.state), tuple(keys.action), (keys.language or LANGUAGE,), horizon
    )
