"""A stand-in for GR00T's ZMQ servers, written from the protocol alone: N1.5, or N1.6 as strict as the real one."""

import io
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgpack
import numpy as np
import torch
import zmq

from armtrial.envs.base import Observation, Vector
from armtrial.policies.base import Policy, Query

LANGUAGE = "annotation.human.task_description"
SILENT, DROP = "silent", "drop"
"""Faults that are no answer."""


class GrootStub:
    """Serves one policy of ours, whose cameras and state it names by `groups`, on a port of its own.

    `fault`: what goes wrong with which observation, asked at each by its instruction: `SILENT`, `DROP`, bytes to send
    as they are, or a function of a group's name and right actions. `pickles`: written by `torch.save`, as until August
    2025, with this class for a modality config.
    """

    def __init__(
        self,
        dialect: str,
        policy: Policy,
        *,
        video: Sequence[str] = ("front",),
        groups: Mapping[str, int] | None = None,
        names: tuple[str, str, str] = ("modality_keys", "delta_indices", "as_json"),
        horizon: int = 10,
        moments: Sequence[int] = (0,),
        language: Sequence[str] = (LANGUAGE,),
        token: str = "",
        pickles: type | None = None,
        fault: Callable[[str], Any] = lambda instruction: None,
    ) -> None:
        self.dialect, self.policy, self.token, self.fault = dialect, policy, token, fault
        self.video, self.groups, self.names = tuple(video), dict(groups or {"place": 1, "jaw": 1}), names
        self.horizon, self.moments, self.language = horizon, list(moments), list(language)
        self.pickles = pickles
        self.asked: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self.port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        self.url = f"tcp://127.0.0.1:{self.port}"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "GrootStub":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close(0)
        self._context.term()

    def endpoints(self) -> list[str]:
        return [question["endpoint"] for question in self.asked]

    def _serve(self) -> None:
        while not self._over.is_set():
            if self._socket.poll(20):
                peer, empty, body = self._socket.recv_multipart()
                reply = self._heard(body)
                if reply == DROP:
                    self._hang_up()
                elif reply != SILENT:
                    self._socket.send_multipart([peer, empty, reply])

    def _heard(self, body: bytes) -> Any:
        if self.pickles and not body.startswith(b"PK"):
            return b"ERROR"
        self.raw.append(body)
        self.asked.append(unpickled(body) if self.pickles else msgpack.unpackb(body, object_hook=read))
        return self._reply(self.asked[-1])

    def _written(self, value: Any) -> bytes:
        return pickled(value) if self.pickles else written(value)

    def _hang_up(self) -> None:
        self._socket.close(0)
        self._socket = self._context.socket(zmq.ROUTER)
        while not self._over.wait(0.01):
            with suppress(zmq.ZMQError):
                self._socket.bind(self.url)
                return

    def _reply(self, question: dict[str, Any]) -> Any:
        if self.token and question.get("api_token") != self.token:
            return self._written({"error": "Unauthorized: Invalid API token"})
        endpoint, data = question.get("endpoint", "get_action"), question.get("data", {})
        try:
            match endpoint:
                case "get_modality_config":
                    return self._written(self._config())
                case "reset" if self.dialect != "n1.5":
                    assert set(data) == {"options"}
                    return self._written({})
                case "get_action":
                    return self._action(data)
                case _:
                    raise ValueError(f"Unknown endpoint: {endpoint}")
        except (AssertionError, ValueError, KeyError) as error:
            return self._written({"error": str(error)})

    def _config(self) -> dict[str, Any]:
        flat = self.dialect == "n1.5"
        keys = {
            "video": self.video,
            "state": tuple(self.groups),
            "action": tuple(self.groups),
            "language": tuple(self.language),
        }

        def modality(name: str) -> Any:
            prefix = f"{name}." if flat and name != "language" else ""
            steps = list(range(self.horizon)) if name == "action" else self.moments if name == "video" else [0]
            fields = {self.names[0]: [prefix + key for key in keys[name]], self.names[1]: steps}
            if self.pickles:
                return self.pickles(**fields)
            return {"__ModalityConfig_class__": True, self.names[2]: json.dumps(fields) if flat else fields}

        return {name: modality(name) for name in keys}

    def _action(self, data: dict[str, Any]) -> Any:
        seen = self._flat(data) if self.dialect == "n1.5" else self._nested(data["observation"])
        fault = self.fault(seen[0].instruction)
        if isinstance(fault, bytes | str):
            return fault
        actions = np.stack([self._planned(one) for one in seen])
        ends = np.cumsum([0, *self.groups.values()])
        parts = {key: actions[:, :, ends[i] : ends[i + 1]] for i, key in enumerate(self.groups)}
        parts = parts if fault is None else {key: fault(key, part) for key, part in parts.items()}
        if self.dialect == "n1.5":
            return self._written(
                {f"action.{key}": part[0, :, 0] if part.shape[2] == 1 else part[0] for key, part in parts.items()}
            )
        dotted = "action." if self.dialect == "n1.6-sim" else ""
        return self._written([{dotted + key: part.astype(np.float32) for key, part in parts.items()}, {}])

    def _planned(self, seen: Observation) -> Vector:
        """A model makes something of a black picture too."""
        try:
            return self.policy.plan([Query(0, seen, 0)])[0].actions
        except LookupError:
            return np.zeros((self.horizon, sum(self.groups.values())))

    def _flat(self, data: dict[str, Any]) -> list[Observation]:
        for key in self.video:
            assert data[f"video.{key}"].dtype == np.uint8, "a picture is uint8"
            assert data[f"video.{key}"].ndim == 4, "T, H, W, C"
        state = [data[f"state.{key}"] for key in self.groups]
        assert [part.shape for part in state] == [(1, width) for width in self.groups.values()]
        (instruction,) = data[self.language[0]]
        images = {key: data[f"video.{key}"][0] for key in self.video}
        return [Observation(images, np.concatenate(state, axis=1)[0], instruction, 0.0)]

    def _nested(self, given: dict[str, Any]) -> list[Observation]:
        if self.dialect == "n1.6-sim":
            given = {
                "video": {key: given[f"video.{key}"] for key in self.video},
                "state": {key: given[f"state.{key}"] for key in self.groups},
                "language": {key: [[text] for text in given[key]] for key in self.language},
            }
        for key in self.video:
            assert given["video"][key].dtype == np.uint8, "a picture is np.uint8"
            assert given["video"][key].ndim == 5, "B, T, H, W, C"
        for key, width in self.groups.items():
            part = given["state"][key]
            assert part.dtype == np.float32, f"State key '{key}' must be of type np.float32. Got {part.dtype}"
            assert part.shape[1:] == (1, width), f"State key '{key}' has {part.shape}"
        said = given["language"][self.language[0]]
        assert all(isinstance(one, list) and len(one) == 1 for one in said), "language is a list of lists"
        state: Vector = np.concatenate([given["state"][key] for key in self.groups], axis=2)[:, 0].astype(np.float64)
        return [
            Observation({key: given["video"][key][i, 0] for key in self.video}, state[i], said[i][0], 0.0)
            for i in range(len(said))
        ]


def written(value: Any) -> bytes:
    def plain(array: Any) -> dict[str, Any]:
        body = io.BytesIO()
        np.save(body, array, allow_pickle=False)
        return {"__ndarray_class__": True, "as_npy": body.getvalue()}

    return msgpack.packb(value, default=plain)


def read(value: dict[Any, Any]) -> Any:
    return np.load(io.BytesIO(value["as_npy"])) if "__ndarray_class__" in value else value


def pickled(value: Any) -> bytes:
    body = io.BytesIO()
    torch.save(value, body)
    return body.getvalue()


def unpickled(body: bytes) -> Any:
    """As those servers read whatever came."""
    return torch.load(io.BytesIO(body), weights_only=False)
