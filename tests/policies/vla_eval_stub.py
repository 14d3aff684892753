"""A stand-in for vla-eval's model servers, written from the protocol alone, whose answers can go wrong."""

import threading
from collections.abc import Callable
from typing import Any

import msgpack
import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from armtrial.envs.base import Observation
from armtrial.policies.base import Policy, Query

Fault = Callable[[ServerConnection, dict[str, Any]], None]


class VlaEvalStub:
    """`fault`: what goes wrong with which observation, asked at each by its instruction."""

    def __init__(
        self,
        policy: Policy,
        *,
        hello: dict[str, Any] | None = None,
        fault: Callable[[str], Fault | None] = lambda said: None,
    ) -> None:
        self.policy, self.fault = policy, fault
        self.hello = {"harness_version": "0.8.0", "protocol_version": 1, "model_server": "Stub"} | (hello or {})
        self.heard: list[tuple[int, dict[str, Any]]] = []
        """Which connection said what."""
        self.over = threading.Event()
        self._connections = 0
        self._server = serve(self._serve, "127.0.0.1", 0, compression=None, max_size=None)
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "VlaEvalStub":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()

    def kinds(self, connection: int) -> list[str]:
        return [message["type"] for number, message in self.heard if number == connection]

    def _serve(self, line: ServerConnection) -> None:
        self._connections += 1
        number = self._connections
        try:
            for frame in line:
                assert isinstance(frame, bytes)
                message = msgpack.unpackb(frame, object_hook=read)
                self.heard.append((number, message))
                self._answer(line, message)
        except ConnectionClosed:
            return

    def _answer(self, line: ServerConnection, message: dict[str, Any]) -> None:
        if message["type"] == "hello":
            line.send(written("hello", self.hello, message["seq"]))
        elif message["type"] == "observation":
            seen = message["payload"]
            if fault := self.fault(seen["task_description"]):
                fault(line, message)
                return
            look = Observation(seen["images"], seen["state"].astype(float), seen["task_description"], 0.0)
            actions = self.policy.plan([Query(0, look, 0)])[0].actions
            line.send(written("action", {"actions": actions}, message["seq"]))


def written(kind: str, payload: dict[str, Any], seq: int) -> bytes:
    def plain(array: Any) -> dict[str, Any]:
        return {"__ndarray__": True, "data": array.tobytes(), "dtype": array.dtype.str, "shape": list(array.shape)}

    return msgpack.packb({"type": kind, "payload": payload, "seq": seq, "timestamp": 0.5}, default=plain)


def read(value: dict[Any, Any]) -> Any:
    if "__ndarray__" not in value:
        return value
    return np.frombuffer(value["data"], value["dtype"]).reshape(value["shape"])
