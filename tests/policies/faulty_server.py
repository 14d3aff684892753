"""A server of openpi's kind that plans for the toy world, until it does one of the things that servers do."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from armtrial.envs.base import Observation
from armtrial.envs.line import LineEnv
from armtrial.policies.base import Query, World
from armtrial.policies.remote.wires.msgpack_numpy import packed, unpacked
from armtrial.policies.toy import Toy

LINE = World(LineEnv.observation_spec, LineEnv.action_spec)
MAP = 'size = [220, 40]\nfloats = "float64"\n[cameras]\nimage = "front"\n[state]\nnumbers = ["x", "jaw"]\n'
"""What it speaks, as a file."""
TRACE = "Traceback (most recent call last):\n  File \"serve.py\", line 3, in infer\nKeyError: 'observation/state'\n"
Fault = Callable[[ServerConnection], None]


def never_answers(line: ServerConnection) -> None:
    with suppress(ConnectionClosed, TimeoutError):
        line.recv(timeout=20)  # until the client hangs up


def drops_in_mid_frame(line: ServerConnection) -> None:
    line.socket.sendall(b"\x82\x7e\x10\x00only the beginning")
    line.socket.shutdown(2)


def sends_a_huge_frame(line: ServerConnection) -> None:
    line.socket.sendall(b"\x82\x7f" + (2**40).to_bytes(8, "big") + b"and so on")
    never_answers(line)


def says_what_went_wrong(line: ServerConnection) -> None:
    line.send(TRACE)
    line.close(1011, "Internal server error. Traceback included in previous frame.")


def answers(value: Any) -> Fault:
    return lambda line: line.send(value if isinstance(value, bytes) else packed(value))


FAULTS: dict[str, tuple[Fault, str]] = {
    "never answers": (never_answers, "gave no answer within 1 s; if it only needs longer: --policy-arg timeout"),
    "drops in mid-frame": (drops_in_mid_frame, "broke off in the middle: did the server end?"),
    "text error": (says_what_went_wrong, "says: KeyError: 'observation/state'"),
    "huge frame": (sends_a_huge_frame, "answered with more than 64 MiB"),
    "wrong shape": (answers({"actions": np.zeros((10, 7))}), "have the shape (10, 7); this world takes (T, 2): x, jaw"),
    "no actions": (answers({"action": np.zeros((10, 2))}), "no 'actions' is in the server's answer, which has: action"),
    "a text for actions": (answers({"actions": "left"}), "no array of numbers but left"),
    "NaN": (answers({"actions": np.full((10, 2), np.nan)}), "action 0, 'x', is nan; every one is a finite number"),
    "no msgpack": (answers(b"\xc1"), "this is no msgpack frame"),
    "no map": (answers([1, 2]), "no 'actions' is in the server's answer, which has: a list"),
}
"""What it does, and what a person is told."""


@dataclass
class Faulty:
    url: str = ""
    metadata: Any = field(default_factory=dict[str, Any])
    requests: int = 0
    connections: int = 0
    sick: Callable[[int], bool] = lambda number: False
    """Whether it is so at this request, counted from 0."""
    fault: Fault = never_answers
    last: Any = None
    """The request that came last."""


@contextmanager
def faulty_server(plan: Callable[[Any], Any] | None = None) -> Generator[Faulty]:
    """`plan`: from a request to its actions, in place of the toy world's."""
    state, plan = Faulty(), plan or planned

    def handle(line: ServerConnection) -> None:
        state.connections += 1
        with suppress(ConnectionClosed, OSError):
            line.send(state.metadata if isinstance(state.metadata, str) else packed(state.metadata))
            for frame in line:
                assert isinstance(frame, bytes)
                number, state.requests = state.requests, state.requests + 1
                state.last = unpacked(frame)
                if state.sick(number):
                    state.fault(line)
                else:
                    line.send(packed({"actions": plan(state.last), "policy_timing": {"infer_ms": 2.5}}))

    with serve(handle, "127.0.0.1", 0, compression=None, max_size=None, close_timeout=0.1) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        state.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        try:
            yield state
        finally:
            server.shutdown()
            thread.join(10)


def planned(request: Any) -> Any:
    seen = Observation({"front": request["image"]}, request["numbers"], request["prompt"], 0.0)
    return Toy(LINE).plan([Query(0, seen, 0)])[0].actions
