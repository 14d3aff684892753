"""GR00T's two dialects over ZMQ: what is sent, what is answered, and what is said where they do not fit."""

import socket
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("zmq", reason="GR00T over ZMQ is the extra armtrial[pyzmq]")

from armtrial.envs.line import LineEnv
from armtrial.evaluators import Run, evaluate
from armtrial.policies.base import Query, TransportError, World
from armtrial.policies.contract import check_policy, observed
from armtrial.policies.remote.groot_server import GrootServer
from armtrial.policies.remote.wires import zmq_requests
from armtrial.policies.toy import Toy
from armtrial.tasks.toy import FETCH
from armtrial.tests.policies.groot_stub import DROP, SILENT, GrootStub

LINE = World(LineEnv.observation_spec, LineEnv.action_spec)
STATE = "place:x,jaw:jaw"


def stub(dialect: str, **settings: Any) -> GrootStub:
    return GrootStub(dialect, Toy(LINE), **settings)


def played(server: GrootStub, out: Path, *said: str, **how: Any) -> Run:
    how = {"episodes": 2, "workers": 0, "size": (220, 40)} | how
    return evaluate("groot-server", "toy", url=server.url, policy_arg=(f"state={STATE}", *said), out=out, **how)


def errors(run: Run) -> list[tuple[str, int, str, str]]:
    told = [(r.id.split(".")[1], r.take, r.result.error) for r in run.records if r.result.error]
    return [(task, take, error.origin.value, f"{error.kind}: {error.message}") for task, take, error in told]


@pytest.mark.parametrize("dialect", ["n1.5", "n1.6", "n1.6-sim"])
def test_a_suite_is_played_in_every_dialect(dialect: str, tmp_path: Path) -> None:
    with stub(dialect) as server:
        run = played(server, tmp_path / "run", *(["dialect=n1.6-sim"] if dialect == "n1.6-sim" else []))
    assert run.scores.overall.success.k == run.scores.overall.success.n == 6
    assert run.info.policy == f"groot-{dialect}+size(220x40)"


def test_n1_5_in_float64_plays_what_the_same_policy_plays_here(tmp_path: Path) -> None:
    with stub("n1.5") as server:
        there = played(server, tmp_path / "there")
    here = evaluate("toy", "toy", episodes=2, workers=0, size=(220, 40), out=tmp_path / "here")
    assert {r.id: r.result for r in there.records} == {r.id: r.result for r in here.records}


@pytest.fixture
def modality_config(monkeypatch: pytest.MonkeyPatch) -> type:
    """A class as the server's own, under its name."""
    pydantic = pytest.importorskip("pydantic")
    module = types.ModuleType("gr00t.data.dataset")
    fields = {"delta_indices": (list[int], ...), "modality_keys": (list[str], ...)}
    made = pydantic.create_model("ModalityConfig", __module__="gr00t.data.dataset", **fields)
    monkeypatch.setattr(module, "ModalityConfig", made, raising=False)
    for name in ("gr00t", "gr00t.data"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "gr00t.data.dataset", module)
    return made


def test_a_server_from_before_august_2025_is_spoken_to_in_pickles(modality_config: type, tmp_path: Path) -> None:
    with stub("n1.5", pickles=modality_config) as server:
        there = played(server, tmp_path / "there")
    here = evaluate("toy", "toy", episodes=2, workers=0, size=(220, 40), out=tmp_path / "here")
    assert {r.id: r.result for r in there.records} == {r.id: r.result for r in here.records}


def states_asked(server: GrootStub) -> list[int]:
    return [len(q["data"]["observation"]["state"]["jaw"]) for q in server.asked if q["endpoint"] == "get_action"]


def queries_of(policy: GrootServer) -> list[Query]:
    return [Query(slot, seen, 0) for slot, seen in enumerate(observed(LineEnv([FETCH]), FETCH, policy.spec))]


def test_n1_6_is_asked_for_all_that_wait_at_once() -> None:
    with stub("n1.6") as server:
        policy = GrootServer(LINE, url=server.url, state=STATE)
        policy.plan(queries_of(policy))
        policy.close()
    assert states_asked(server) == [1, 4]  # one to rehearse


def test_n1_6_is_reset_at_each_trial(tmp_path: Path) -> None:
    with stub("n1.6") as server:
        played(server, tmp_path / "run", workers=2)
    assert server.endpoints().count("reset") == 6 + 2 * 2  # a tour goes on twice


def test_several_servers_share_the_queries() -> None:
    with stub("n1.6") as one, stub("n1.6") as two:
        policy = GrootServer(LINE, url=(one.url, two.url), state=STATE)
        queries = queries_of(policy)
        spread = [plan.actions for plan in policy.plan(queries[:3])]
        alone = [policy.plan([query])[0].actions for query in queries[:3]]
        policy.close()
    assert (states_asked(one), states_asked(two)) == ([1, 2, 1, 1, 1], [1, 1])
    assert np.array_equal(spread, alone)


@pytest.mark.parametrize("dialect", ["n1.5", "n1.6"])
def test_it_keeps_the_contract_of_policies(dialect: str) -> None:
    with stub(dialect) as server:
        policy = GrootServer(LINE, url=server.url, state=STATE)
        check_policy(policy, LINE, observations=observed(LineEnv([FETCH]), FETCH, policy.spec))


def test_its_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROOT_TOKEN", "open sesame")
    with stub("n1.6", token="open sesame") as server:
        GrootServer(LINE, url=server.url, state=STATE, token_env="GROOT_TOKEN").close()
        assert all(question["api_token"] == "open sesame" for question in server.asked)


def patience(message: str) -> str:
    """Good answers are bound by it as well: it is short only where one is missing."""
    return "timeout=1" if "no answer within 1 s" in message else "timeout=30"


FAULTS: dict[str, tuple[Any, str]] = {
    "silence": (
        SILENT,
        "gave no answer within 1 s; if it only needs longer, as for a first plan: --policy-arg timeout",
    ),
    "hanging up": (DROP, "hung up before it answered: the server died, or its answer is over 64 MiB"),
    "a text": (
        b"Traceback (most recent call last)",
        "answered 'get_action' with 33 bytes that are no msgpack of GR00T's",
    ),
    "an error": (b"\x81\xa5error\xa7no more", "says: no more"),
    "a word": (b"ERROR", "answered 'get_action' with ERROR and nothing else, as servers from before August 2025 do"),
    "another width": (
        lambda key, rows: np.tile(rows, 3),
        "3); mapped to it are 1: x; is it another embodiment? --policy-arg action=place:NAME+NAME,...",
    ),
    "another length": (
        lambda key, rows: rows[:, : 3 + len(key)],
        "the server's action groups have the shapes [(1, 6), (1, 8)]; all are equally long",
    ),
    "NaN": (lambda key, rows: rows * np.nan, "the server's action 0, 'x', is nan; every one is a finite number"),
    "nothing": (
        lambda key, rows: rows[:, :0],
        "the server's actions have the shape (0, 2); this world takes (T, 2): x, jaw",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("dialect", ["n1.5", "n1.6"])
def test_a_faulty_answer_costs_its_trial_after_a_second_try(dialect: str, name: str, tmp_path: Path) -> None:
    fault, message = FAULTS[name]
    with stub(dialect, fault=lambda said: fault if "ball" in said else None) as server:
        run = played(server, tmp_path / "run", patience(message), episodes=1)
    first, second = errors(run)
    assert (first[:3], second[:3]) == (("fetch", 1, "transport"), ("fetch", 2, "transport"))
    assert message in first[3]
    assert run.scores.overall.success.k == 2


def test_what_is_played_before_a_server_fails_is_kept(tmp_path: Path) -> None:
    asked: list[str] = []

    def late(said: str) -> str | None:
        asked.append(said)
        return DROP if "ball" in said and asked.count(said) > 2 else None

    with stub("n1.6", fault=late) as server:
        run = played(server, tmp_path / "run", episodes=1, task="fetch", execute=5)
    assert [r.result.steps for r in run.records] == [10, 0]


def test_a_server_that_failed_once_plays_the_second_take(tmp_path: Path) -> None:
    faults = [SILENT]
    with stub("n1.5", fault=lambda said: faults.pop() if faults and "ball" in said else None) as server:
        run = played(server, tmp_path / "run", "timeout=1", episodes=1)
    assert [error[:3] for error in errors(run)] == [("fetch", 1, "transport")]
    assert run.scores.overall.success.k == 3


def test_a_frame_too_large_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zmq_requests, "MOST", 2**20)
    with stub("n1.6", fault=lambda said: bytes(2**21) if "ball" in said else None) as server:
        run = played(server, tmp_path / "run", "timeout=5", episodes=1)
    assert [error[2] for error in errors(run)] == ["transport"] * 2
    assert "its answer is over 1 MiB" in errors(run)[0][3]


SO100 = {"single_arm": 5, "gripper": 1}
UNFIT: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "camera": (
        {"video": ("ego_view",)},
        {"state": STATE},
        "it looks at 'ego_view', which is mapped to no camera; the world has front, wrist: "
        "--policy-arg cameras=ego_view:",
    ),
    "state": (
        {"groups": SO100},
        {},
        "it reads 'gripper', which is mapped to gripper; the world's state is x, jaw: "
        "--policy-arg state=gripper:x+jaw (several: KEY:NAME+NAME,KEY:NAME)",
    ),
    "action": (
        {},
        {"state": STATE, "action": "place:x,jaw:x"},
        "its place, jaw move x, x; the world moves x, jaw: --policy-arg action=place:x+jaw",
    ),
    "a group less": (
        {},
        {"state": "place:x"},
        "it reads 'jaw', which is mapped to nothing; the world's state is x, jaw",
    ),
    "moments": (
        {"moments": (-1, 0)},
        {"state": STATE},
        "this server wants 2 moments of video (-1, 0); only the present is sent: serve a model whose modality config",
    ),
    "language": (
        {"language": ("task", "subtask")},
        {"state": STATE},
        "it reads an instruction at task, subtask, and which of them is not said: --policy-arg language=task",
    ),
    "another language": (
        {},
        {"state": STATE, "language": "task"},
        "it reads an instruction at annotation.human.task_description, not at 'task': "
        "--policy-arg language=annotation.human.task_description",
    ),
    "no such dialect": (
        {},
        {"state": STATE, "dialect": "n2"},
        "no dialect is called 'n2'; there are: auto, n1.5, n1.6, ",
    ),
    "no such embodiment": ({}, {"embodiment": "gr1"}, "no embodiment is called 'gr1'; there are: so100"),
    "no mapping": (
        {},
        {"state": "x"},
        "--policy-arg state=x: 'x' is not KEY:NAME; KEY is the server's, NAME the world's",
    ),
}


@pytest.mark.parametrize("name", UNFIT)
@pytest.mark.parametrize("dialect", ["n1.5", "n1.6"])
def test_a_server_that_does_not_fit_is_told_before_the_first_trial(dialect: str, name: str) -> None:
    serves, said, message = UNFIT[name]
    with stub(dialect, **serves) as server, pytest.raises(ValueError) as caught:
        GrootServer(LINE, url=server.url, **said)
    assert message in str(caught.value)


def test_actions_of_another_width_come_out_before_the_first_trial() -> None:
    server = stub("n1.6", fault=lambda said: lambda key, rows: np.tile(rows, 3))
    with server, pytest.raises(TransportError, match=r"'place' has the shape .* mapped to it are 1: x; is it another"):
        GrootServer(LINE, url=server.url, state=STATE)


def test_a_state_of_another_width_comes_out_before_the_first_trial() -> None:
    server = stub("n1.6", groups={"place": 1, "jaw": 3})
    with server, pytest.raises(TransportError, match=r"says: State key 'jaw' has \(1, 1, 1\)"):
        GrootServer(LINE, url=server.url, state=STATE)


def test_a_missing_token_is_named() -> None:
    with stub("n1.5", token="secret") as server, pytest.raises(TransportError) as caught:
        GrootServer(LINE, url=server.url, state=STATE)
    assert "Unauthorized: Invalid API token; it wants a token, one and none was sent: put it" in str(caught.value)


def test_a_port_where_nobody_listens_is_told_at_once() -> None:
    with pytest.raises(TransportError, match=r"^nobody listens at tcp://127.0.0.1:1 \(.*refused\); start the server"):
        GrootServer(LINE, url="tcp://127.0.0.1:1", state=STATE)


def test_a_port_that_speaks_something_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zmq_requests, "GREETING_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        url = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(TransportError, match=r"does not speak ZMQ; is it another server's port\?.* HTTP server"):
            GrootServer(LINE, url=url, state=STATE)


@pytest.mark.parametrize("url", ["localhost:5555", "tcp://localhost", "ws://localhost:8000"])
def test_an_address_is_told_how_to_be_written(url: str) -> None:
    with pytest.raises(ValueError, match=r"a ZMQ server's address is tcp://host:port, as in tcp://localhost:5555$"):
        GrootServer(LINE, url=url, state=STATE)
