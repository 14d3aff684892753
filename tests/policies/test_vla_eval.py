"""vla-eval's websocket: its own server, and one whose answers go wrong."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("websockets", reason="vla-eval's websocket is the extra armtrial[websockets]")

from armtrial.envs.base import Observation
from armtrial.envs.line import LineEnv
from armtrial.evaluators import Run, evaluate
from armtrial.policies.base import Plan, Query, TransportError, World
from armtrial.policies.contract import check_policy, observed
from armtrial.policies.remote.vla_eval import VlaEval
from armtrial.policies.remote.wires import websocket
from armtrial.policies.remote.wires.vla_eval_frames import FrameError, Message, packed, unpacked
from armtrial.policies.toy import Toy
from armtrial.tasks.toy import FETCH
from armtrial.tests.policies.vla_eval_stub import VlaEvalStub, written

LINE = World(LineEnv.observation_spec, LineEnv.action_spec)


def stub(**settings: Any) -> VlaEvalStub:
    return VlaEvalStub(Toy(LINE), **settings)


def played(url: str | tuple[str, ...], out: Path, *said: str, **how: Any) -> Run:
    how = {"episodes": 2, "workers": 0, "size": (220, 40)} | how
    return evaluate("vla-eval", "toy", url=url, policy_arg=said, out=out, **how)


def errors(run: Run) -> list[tuple[str, int, str, str]]:
    told = [(r.id.split(".")[1], r.take, r.result.error) for r in run.records if r.result.error]
    return [(task, take, error.origin.value, f"{error.kind}: {error.message}") for task, take, error in told]


@contextmanager
def theirs(chunk: int | None, width: int = 2) -> Iterator[tuple[str, Any]]:
    """The package's own server around our toy policy."""
    predict = pytest.importorskip("vla_eval.model_servers.predict", reason="vla-eval is not installed")
    from anyio.from_thread import start_blocking_portal
    from vla_eval.model_servers.serve import serve_async
    from vla_eval.specs import DimSpec

    class Served(predict.PredictModelServer):
        sessions: list[str] = []  # noqa: RUF012 -- one server a test

        def predict(self, obs: dict[str, Any], ctx: Any) -> dict[str, Any]:
            self.sessions.append(ctx.session_id)
            look = Observation(obs["images"], obs["state"].astype(float), obs["task_description"], 0.0)
            return {"actions": Toy(LINE).plan([Query(0, look, 0)])[0].actions}

        def get_action_spec(self) -> dict[str, Any]:
            return {"joints": DimSpec("joints", width, "absolute")}

        def get_observation_spec(self) -> dict[str, Any]:
            return {}

    server = Served(chunk_size=chunk)
    with start_blocking_portal() as portal:
        future, port = portal.start_task(serve_async, server, "127.0.0.1", 0)
        try:
            yield f"ws://127.0.0.1:{port}", server
        finally:
            future.cancel()


def test_a_suite_is_played_on_vla_eval_s_own_server(tmp_path: Path) -> None:
    with theirs(None) as (url, server):
        run = played(url, tmp_path / "run", workers=2)
    assert run.scores.overall.success.k == run.scores.overall.success.n == 6
    assert run.info.policy == "Served+size(220x40)"
    assert len(set(server.sessions)) == 2


def test_a_server_that_hands_out_its_chunks_is_asked_at_every_tick(tmp_path: Path) -> None:
    with theirs(10) as (url, server):
        run = played(url, tmp_path / "run", task="reach", episodes=1)
    (record,) = run.records
    assert record.result.plans == record.result.steps > 10
    assert len(server.sessions) == -(-record.result.plans // 10)


def test_a_server_whose_actions_are_wider_is_told_before_the_first_trial() -> None:
    message = r"says its actions are joints \(7\), 7 numbers; this world takes 2: x, jaw. Which are meant: columns = "
    with theirs(None, width=7) as (url, _), pytest.raises(ValueError, match=message):
        VlaEval(LINE, url=url)


def test_what_is_played_there_is_what_is_played_here(tmp_path: Path) -> None:
    with stub() as server:
        there = played(server.url, tmp_path / "there")
    here = evaluate("toy", "toy", episodes=2, workers=0, size=(220, 40), out=tmp_path / "here")
    assert {r.id: r.result for r in there.records} == {r.id: r.result for r in here.records}


def test_a_slot_keeps_its_connection_and_tells_of_each_trial(tmp_path: Path) -> None:
    with stub() as server:
        played(server.url, tmp_path / "run", task="reach", workers=2)
    for connection in (1, 2):
        kinds = server.kinds(connection)
        assert kinds[:3] == ["hello", "episode_start", "observation"]
        assert kinds.count("episode_start") == 1


def test_a_second_trial_ends_the_first(tmp_path: Path) -> None:
    with stub() as server:
        played(server.url, tmp_path / "run", task="reach")
    told = [message for _, message in server.heard if message["type"].startswith("episode")]
    assert [message["type"] for message in told] == ["episode_start", "episode_end", "episode_start"]
    assert told[0]["payload"] == {"task": {"name": "toy-v1.reach.000"}}


def test_it_keeps_the_contract_of_policies() -> None:
    with stub() as server:
        policy = VlaEval(LINE, url=server.url)
        check_policy(policy, LINE, observations=observed(LineEnv([FETCH]), FETCH, policy.spec))


def test_several_servers_share_the_slots(tmp_path: Path) -> None:
    with stub() as one, stub() as two:
        played((one.url, two.url), tmp_path / "run", workers=2)
    assert "observation" in one.kinds(1)
    assert "observation" in two.kinds(1)


def test_a_query_that_was_answered_in_a_failed_call_is_not_sent_again() -> None:
    """The server would give its next action."""
    with stub(fault=lambda said: (lambda line, asked: line.close()) if said == "Fail." else None) as server:
        policy = VlaEval(LINE, url=server.url)
        looks: Sequence[Observation] = observed(LineEnv([FETCH]), FETCH, policy.spec)
        for slot in (0, 1):
            policy.reset(slot, f"trial {slot}", slot)
        good = Query(0, looks[0], 7)
        bad = Query(1, Observation(looks[1].images, looks[1].state, "Fail.", 0.0), 8)
        with pytest.raises(TransportError):
            policy.plan([bad, good])
        before = len(server.heard)
        plan: Plan = policy.plan([good])[0]
        assert len(plan.actions) == 10
        assert len(server.heard) == before
        later = Query(0, looks[0], 9)
        with pytest.raises(TransportError, match=r"was lost in mid-trial"):
            policy.plan([bad, later])
        assert len(policy.plan([later])) == 1
        assert len(server.heard) == before + 1
        policy.close()


def patience(message: str) -> str:
    """Good answers are bound by it as well: it is short only where one is missing."""
    return "timeout=1" if "no answer within 1 s" in message else "timeout=30"


FAULTS: dict[str, tuple[Any, str]] = {
    "silence": (lambda line, asked: None, "gave no answer within 1 s"),
    "hanging up": (lambda line, asked: line.close(), "closed the connection (1000"),
    "breaking off": (lambda line, asked: line.socket.shutdown(2), "broke off in the middle: did the server end?"),
    "a text": (lambda line, asked: line.send("Traceback\nValueError: no"), "says: ValueError: no"),
    "an error": (
        lambda line, asked: line.send(written("error", {"error": "observation_failed: OOM"}, asked["seq"])),
        "says: observation_failed: OOM",
    ),
    "nonsense": (lambda line, asked: line.send(b"\xc1"), "1 bytes that are no message of vla-eval's"),
    "another number": (
        lambda line, asked: line.send(written("action", {}, 99)),
        "sent action number 99; it owes",
    ),
    "no actions": (
        lambda line, asked: line.send(written("action", {"action": 1}, asked["seq"])),
        "no 'actions' is in the server's answer, which has: action.",
    ),
    "another width": (
        lambda line, asked: line.send(written("action", {"actions": np.zeros((1, 7))}, asked["seq"])),
        "the server's actions have the shape (1, 7); this world takes (T, 2): x, jaw; ",
    ),
    "NaN": (
        lambda line, asked: line.send(written("action", {"actions": np.full(2, np.nan)}, asked["seq"])),
        "the server's action 0, 'x', is nan",
    ),
    "a huge frame": (lambda line, asked: line.send(bytes(2**21)), "answered with more than 1 MiB"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_answer_costs_its_trial_after_a_second_try(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket.Websocket.__init__, "__defaults__", (2**20,))
    fault, message = FAULTS[name]
    with stub(fault=lambda said: fault if "ball" in said else None) as server:
        run = played(server.url, tmp_path / "run", patience(message), episodes=1)
    first, second = errors(run)
    assert (first[:3], second[:3]) == (("fetch", 1, "transport"), ("fetch", 2, "transport"))
    assert message in first[3]
    assert run.scores.overall.success.k == 2


@pytest.mark.parametrize(
    ("hello", "message"),
    [
        ({"protocol_version": 2}, "speaks version 2 of vla-eval's; this is 1"),
        ({"protocol_version": None}, "speaks version None of vla-eval's; this is 1"),
    ],
)
def test_another_version_of_the_protocol_is_told(hello: dict[str, Any], message: str) -> None:
    with stub(hello=hello) as server, pytest.raises(TransportError, match=message):
        VlaEval(LINE, url=server.url)


def test_a_port_where_nobody_listens_is_told() -> None:
    with pytest.raises(TransportError, match=r"^nobody listens at ws://127.0.0.1:1; start the server"):
        VlaEval(LINE, url="ws://127.0.0.1:1")


HELLO = (
    b"\x84\xa4type\xa5hello\xa7payload\x82\xafharness_version\xa8armtrial\xb0protocol_version\x01"
    b"\xa3seq\x01\xa9timestamp\xcb?\xe0\x00\x00\x00\x00\x00\x00"
)
ARRAY = b"\x84\xab__ndarray__\xc3\xa4data\xc4\x04\x00\x00\x80?\xa5dtype\xa3<f4\xa5shape\x91\x01"
ACTION = b"\x84\xa4type\xa6action\xa7payload\x81\xa7actions" + ARRAY + b"\xa3seq\x02\xa9timestamp\xcb" + bytes(8)


def test_messages_are_these_bytes() -> None:
    hello = Message("hello", {"harness_version": "armtrial", "protocol_version": 1}, 1)
    assert packed(hello, 0.5) == HELLO
    assert packed(Message("action", {"actions": np.ones(1, np.float32)}, 2), 0.0) == ACTION
    assert unpacked(ACTION).payload["actions"].tolist() == [1.0]


def test_vla_eval_reads_our_bytes_and_we_read_its() -> None:
    messages = pytest.importorskip("vla_eval.protocol.messages", reason="vla-eval is not installed")
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    sent = packed(Message("observation", {"images": {"front": picture}, "state": np.array([0.5, 1])}, 3))
    heard = messages.unpack_message(sent).payload
    assert (heard["images"]["front"].tolist(), heard["state"].tolist()) == (picture.tolist(), [0.5, 1.0])
    answer = messages.Message(messages.MessageType.ACTION, {"actions": np.ones((2, 3))}, 3, 0.5)
    assert packed(Message("action", {"actions": np.ones((2, 3))}, 3), 0.5) == messages.pack_message(answer)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (b"", "0 bytes that are no message of vla-eval's"),
        (b"\x80", "1 bytes that are no message of vla-eval's: 'type'"),
        (ACTION.replace(b"<f4", b"|O8"), "no message of vla-eval's"),
        (ACTION.replace(b"\x91\x01", b"\x91\x7f"), "an array of 4 bytes that says it has the shape (127,) of float32"),
        (HELLO.replace(b"\xa3seq\x01", b"\xa3seq\xc0"), "a message whose type is 'hello', seq None"),
        (b"\x91" * 5000, "no message of vla-eval's"),
    ],
)
def test_bytes_of_an_enemy_are_refused(frame: bytes, message: str) -> None:
    with pytest.raises(FrameError) as caught:
        unpacked(frame)
    assert message in str(caught.value)
