"""A policy behind a model server of vla-eval's: an observation out, an action back, a connection for each slot."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Sequence
from typing import Any, cast

from ..base import Plan, Policy, PolicySpec, Query, TransportError, World
from .lanes import urls
from .mapping import ALL, Floats, KeyMap, conventions, keymap
from .secret import token_of
from .translation import Translation
from .vla_eval_session import Session

KEYS = KeyMap(
    name="vla-eval",
    cameras={("images", "front"): "front", ("images", "wrist"): "wrist"},
    state={("state",): ALL},
    instruction=("task_description",),
    actions=("actions",),
    floats=Floats.DOUBLE,
)


class VlaEval(Policy):
    """A policy behind a model server of vla-eval's websocket: --url ws://host:8000."""

    def __init__(
        self,
        world: World,
        *,
        url: str | tuple[str, ...] = "ws://localhost:8000",
        map: str = "",
        name: str = "",
        timeout: float = 120.0,
        connect: float = 30.0,
        token_env: str = "",
    ) -> None:
        """`map`: FILE.toml that says which camera and which state goes where; without one, pictures go under
        images > front and wrist, numbers under state. `name`: in the tables; the server's class, unless it is said.
        `timeout`: seconds for an answer; `connect`: for a connection and its greeting. `token_env`: the variable that
        holds the token for `Authorization: Bearer`. A server that hands out its chunks action by action is asked at
        every tick; it answers with whole plans where its chunk_size is None."""
        token = token_of(token_env)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._urls, self._timeout, self._connect = urls(url), timeout, connect
        self._keys = _keys(map)
        self._translation = Translation(self._keys, world)
        self._of_slot: dict[int, Session] = {}
        self._spare: list[Session] = []
        self._turns = itertools.cycle(self._urls)
        self._answered: dict[int, tuple[int, Plan]] = {}
        """By slot: the last plan, and its query's seed. In a call that failed for another it is asked for again, and
        the server would give the next action."""
        try:
            self._spare += [self._opened() for _ in self._urls]
            for session in self._spare:
                _check(session, self._keys, world)
        except BaseException:
            self.close()
            raise
        self.spec = self._spec(world, name)

    def _spec(self, world: World, name: str) -> PolicySpec:
        hello = self._spare[0].hello
        told = repr((conventions(self._keys), sorted(hello.items(), key=repr)))
        return PolicySpec(
            name=name or str(hello.get("model_server") or "vla-eval"),
            version=hashlib.sha256(told.encode()).hexdigest()[:12],
            cameras=self._translation.cameras,
            state=world.observation.state if self._keys.state else (),
            action=world.action,
            horizon=self._keys.horizon,
            deterministic=False,
        )

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        """A connection that was lost is made anew here."""
        self._answered.pop(slot, None)
        session = self._of_slot.get(slot)
        if session is None or not session.alive:
            alive = [spare for spare in self._spare if spare.alive]
            session = alive[0] if alive else self._opened()
            self._spare = [spare for spare in alive if spare is not session]
            self._of_slot[slot] = session
        session.begin(trial_id)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        """All are shown before the first is answered, and all answered before the first failure is raised."""
        new = [query for query in queries if self._answered.get(query.slot, (None,))[0] != query.seed]
        failed = [*_failures(self._show, new)]
        shown = [query for query in new if query.slot not in {slot for slot, _ in failed}]
        failed += _failures(self._take, shown)
        if failed:
            raise failed[0][1]
        return [self._answered[query.slot][1] for query in queries]

    def close(self) -> None:
        for session in (*self._of_slot.values(), *self._spare):
            session.close()

    def _opened(self) -> Session:
        return Session(next(self._turns), self._headers, self._connect)

    def _show(self, query: Query) -> None:
        if query.slot not in self._of_slot:
            raise ValueError(f"slot {query.slot} asks for a plan, and no trial was begun there; call reset first")
        self._of_slot[query.slot].show(self._translation.request(query.observation))

    def _take(self, query: Query) -> None:
        answer, total = self._of_slot[query.slot].answer(self._timeout)
        self._answered[query.slot] = (query.seed, self._translation.plan(answer, {"total": total}))


def _failures(ask: Callable[[Query], None], queries: Sequence[Query]) -> list[tuple[int, TransportError]]:
    failed: list[tuple[int, TransportError]] = []
    for query in queries:
        try:
            ask(query)
        except TransportError as error:
            failed.append((query.slot, error))
    return failed


def _check(session: Session, keys: KeyMap, world: World) -> None:
    """Where the server says how wide its actions are."""
    parts = _dims(session.hello.get("action_spec"))
    number, width = sum(parts.values()), len(world.action.names)
    if parts and all(parts.values()) and number != width and not keys.columns:
        told = ", ".join(f"{name} ({dims})" for name, dims in parts.items())
        raise ValueError(
            f"{session.url} says its actions are {told}, {number} numbers; this world takes {width}: "
            f"{', '.join(world.action.names)}. Which are meant: columns = [...] in a map, --policy-arg map=FILE.toml"
        )


def _dims(spec: Any) -> dict[str, int]:
    """By name; 0 where a server leaves it open."""
    parts = cast("dict[str, Any]", spec) if isinstance(spec, dict) else {}
    found: dict[str, int] = {}
    for name, part in parts.items():
        dims: Any = cast("dict[str, Any]", part).get("dims") if isinstance(part, dict) else 0
        found[name] = dims if type(dims) is int else 0
    return found


def _keys(said: str) -> KeyMap:
    if not said:
        return KEYS
    if not said.endswith((".toml", ".json")):
        raise ValueError(
            f"--policy-arg map={said}: give your FILE.toml; without one the keys are vla-eval's usual ones"
        )
    return keymap(said)
