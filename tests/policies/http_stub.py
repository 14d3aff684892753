"""A stand-in for servers of POST /act: OpenVLA-OFT's, X-VLA's and GR00T N1.5's, written from the protocols alone."""

import base64
import json
import socket
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from armtrial.envs.base import Observation, Vector
from armtrial.policies.base import Policy, Query

Fault = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    server: "ActStub"

    def do_POST(self) -> None:
        self.server.headers.append(dict(self.headers))
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])), object_hook=read)
        self.server.asked.append(question)
        if self.path != "/act":
            self.reply(404, {"detail": "Not Found"})
        elif self.server.token and self.headers["Authorization"] != f"Bearer {self.server.token}":
            self.reply(401, {"detail": "Not authenticated"})
        else:
            getattr(self, self.server.kind)(question)

    def oft(self, question: dict[str, Any]) -> None:
        """Any mistake is the answer "error", under the status of a success."""
        double = "encoded" in question
        seen = json.loads(question["encoded"], object_hook=read) if double else question
        try:
            images = {"front": seen["full_image"], "wrist": seen["wrist_image"]}
            actions = self.server.actions(images, seen["state"], seen["instruction"])
        except (KeyError, TypeError, ValueError, AttributeError):
            self.reply(200, "error")
            return
        if not self.faulty(seen["instruction"]):
            rows = [written(row) for row in actions]
            self.reply(200, json.dumps(rows) if double else rows)

    def xvla(self, question: dict[str, Any]) -> None:
        try:
            views = {"image0": "front", "image1": "wrist"}
            images = {
                name: json.loads(question[key], object_hook=read) for key, name in views.items() if key in question
            }
            state = json.loads(question["proprio"], object_hook=read)
            self.server.domains.append(int(question["domain_id"]))
            actions = self.server.actions(images, state, question["language_instruction"])
        except (KeyError, TypeError):
            self.reply(400, {"error": "Request failed"})
            return
        if not self.faulty(question["language_instruction"]):
            self.reply(200, {"action": actions.tolist()})

    def groot(self, question: dict[str, Any]) -> None:
        try:
            seen = question["observation"]
            images = {key: seen[f"video.{key}"][0] for key in self.server.video}
            state = {key.removeprefix("state."): part[0] for key, part in seen.items() if key.startswith("state.")}
            (instruction,) = seen["annotation.human.task_description"]
            actions = self.server.actions(images, np.concatenate(list(state.values())), instruction)
        except (KeyError, TypeError) as error:
            self.reply(500, {"detail": f"Internal server error: {error}"})
            return
        if not self.faulty(instruction):
            ends = np.cumsum([0, *map(len, state.values())])
            parts = {key: actions[:, ends[i] : ends[i + 1]] for i, key in enumerate(state)}
            self.reply(200, {f"action.{key}": written(np.squeeze(part)) for key, part in parts.items()})

    def faulty(self, instruction: str) -> bool:
        fault = self.server.fault(instruction)
        if fault:
            fault(self)
        return fault is not None

    def reply(self, status: int, value: Any) -> None:
        self.raw(status, json.dumps(value).encode())

    def raw(self, status: int, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None: ...


class ActStub(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self,
        kind: str,
        policy: Policy,
        *,
        width: int = 2,
        video: Sequence[str] = ("front",),
        token: str = "",
        fault: Callable[[str], Fault | None] = lambda said: None,
    ) -> None:
        """`video`: what GR00T's looks at. `width`: columns of an action; more than the policy's own are zeros."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.kind, self.policy, self.width, self.token, self.fault = kind, policy, width, token, fault
        self.video = tuple(video)
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.domains: list[int] = []
        self.over = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/act"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> "ActStub":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is no news."""

    def actions(self, images: dict[str, Any], state: Any, instruction: str) -> Vector:
        seen = Observation(images, np.asarray(state, np.float64), instruction, 0.0)
        try:
            actions = self.policy.plan([Query(0, seen, 0)])[0].actions
        except LookupError:  # a model makes something of a black picture too
            actions = np.zeros((10, 2))
        return np.pad(actions, ((0, 0), (0, max(0, self.width - actions.shape[1]))))


def silent(handler: Handler) -> None:
    handler.server.over.wait(20)


def drop(handler: Handler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def drip(handler: Handler) -> None:
    """A byte now and then, so that no single read waits long."""
    handler.raw(200, b"[", 10_000)
    while not handler.server.over.wait(0.05):
        handler.wfile.write(b" ")


def written(array: Any) -> dict[str, Any]:
    body = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"__numpy__": body, "dtype": array.dtype.str, "shape": list(array.shape)}


def read(value: dict[str, Any]) -> Any:
    if "__numpy__" not in value:
        return value
    return np.frombuffer(base64.b64decode(value["__numpy__"]), value["dtype"]).reshape(value["shape"])
