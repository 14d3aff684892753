"""The client of openpi's wire: against a server that plans well, and against one that does what servers do."""

import socket
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faulty_server import FAULTS, LINE, MAP, Faulty, faulty_server, never_answers

from armtrial.envs.line import LineEnv
from armtrial.evaluators import Run, evaluate
from armtrial.evaluators.errors import UserError
from armtrial.evaluators.records import EpisodeRecord
from armtrial.policies.base import Query, TransportError
from armtrial.policies.contract import check_policy, observed
from armtrial.policies.remote.openpi import OpenPi
from armtrial.tasks.base import Origin, Outcome
from armtrial.tasks.toy import FETCH


@pytest.fixture
def keys(tmp_path: Path) -> str:
    (tmp_path / "toy.toml").write_text(MAP)
    return str(tmp_path / "toy.toml")


def patience(name: str) -> int:
    """Good answers are bound by it as well: it is short only where one is missing."""
    return 1 if FAULTS[name][0] is never_answers else 30


def run(server: Faulty, keys: str, out: Path, episodes: int, seconds: int = 30) -> Run:
    given = (f"map={keys}", f"timeout={seconds}", f"warm_up={seconds}")
    return evaluate(
        "openpi",
        "toy",
        url=(server.url,),
        policy_arg=given,
        task=("reach",),
        episodes=episodes,
        workers=0,
        video="none",
        out=out,
    )


def ends(run: Run) -> list[tuple[str, int, Outcome]]:
    return [(record.id[-3:], record.take, record.result.outcome) for record in run.records]


def why(record: EpisodeRecord) -> tuple[Origin, str]:
    assert record.result.error is not None
    return record.result.error.origin, record.result.error.message


def test_a_server_that_keeps_openpi_s_wire_plays_a_suite(keys: str, tmp_path: Path) -> None:
    with faulty_server() as server:
        played = run(server, keys, tmp_path / "run", 3)
    assert ends(played) == [(f"{n:03}", 1, Outcome.SUCCESS) for n in range(3)]
    assert set(server.last) == {"image", "numbers", "prompt"}
    assert server.connections == 1


@pytest.mark.parametrize("name", FAULTS)
def test_a_server_that_stays_faulty_costs_its_trials_and_nothing_that_was_recorded(
    name: str, keys: str, tmp_path: Path
) -> None:
    with faulty_server() as server:
        first = run(server, keys, tmp_path / "well", 1)
        well = server.requests
        server.requests, server.sick, server.fault = 0, lambda number: number >= well, FAULTS[name][0]
        played = run(server, keys, tmp_path / "run", 2, patience(name))
    assert ends(played) == [("000", 1, Outcome.SUCCESS), ("001", 1, Outcome.ERROR), ("001", 2, Outcome.ERROR)]
    assert played.records[0].result == first.records[0].result
    for record in played.records[1:]:
        origin, message = why(record)
        assert origin is Origin.TRANSPORT
        assert FAULTS[name][1] in message
    assert len(list((tmp_path / "run" / "steps").iterdir())) >= 1


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_passes_is_healed_by_the_second_take(name: str, keys: str, tmp_path: Path) -> None:
    with faulty_server() as server:
        server.sick, server.fault = lambda number: number == 1, FAULTS[name][0]
        played = run(server, keys, tmp_path / "run", 1, patience(name))
    assert ends(played) == [("000", 1, Outcome.ERROR), ("000", 2, Outcome.SUCCESS)]


@pytest.mark.slow
def test_an_so100_is_played_with_the_keys_of_its_preset(tmp_path: Path) -> None:
    def holding(request: Any) -> Any:
        return np.tile(request["observation/state"], (50, 1))

    with faulty_server(holding) as server:
        played = evaluate(
            "openpi",
            "single",
            url=(server.url,),
            task=("block",),
            episodes=1,
            workers=0,
            video="none",
            out=tmp_path / "run",
        )
    (record,) = played.records
    assert record.result.outcome is Outcome.FAILURE
    assert server.requests == record.result.plans > 5
    assert server.last["observation/image"].shape == server.last["observation/wrist_image"].shape == (224, 224, 3)
    assert record.result.path[0] < 1
    assert record.result.path[4] < 1


def test_the_contract_holds_over_the_wire(keys: str) -> None:
    with faulty_server() as server:
        policy = OpenPi(LINE, url=server.url, map=keys, deterministic=True)
        looks = observed(LineEnv([FETCH]), FETCH, policy.spec)
        check_policy(policy, LINE, observations=looks)


def test_queries_are_spread_over_several_servers(keys: str) -> None:
    with faulty_server() as one, faulty_server() as two:
        policy = OpenPi(LINE, url=(one.url, two.url), map=keys)
        looks = observed(LineEnv([FETCH]), FETCH, policy.spec)
        queries = [Query(slot, seen, 0) for slot, seen in enumerate(looks)]
        spread = [plan.actions for plan in policy.plan(queries)]
        alone = [policy.plan([query])[0].actions for query in queries]
        policy.close()
    assert (one.requests, two.requests) == (4, 4)
    assert np.array_equal(spread, alone)


def test_a_server_that_is_gone_leaves_its_share_to_the_other(keys: str) -> None:
    with faulty_server() as one:
        with faulty_server() as two:
            policy = OpenPi(LINE, url=(one.url, two.url), map=keys, connect=1.0)
            queries = [Query(s, seen, 0) for s, seen in enumerate(observed(LineEnv([FETCH]), FETCH, policy.spec))]
            policy.plan(queries)
        with pytest.raises(TransportError):
            policy.plan(queries)
        policy.reset(0, "next", 0)
        assert len(policy.plan(queries)) == 4
        policy.close()


def test_the_timings_of_a_plan_are_told(keys: str) -> None:
    with faulty_server() as server:
        policy = OpenPi(LINE, url=server.url, map=keys)
        (seen, *_) = observed(LineEnv([FETCH]), FETCH, policy.spec)
        timings = policy.plan([Query(0, seen, 0)])[0].timings
        policy.close()
    assert timings["model"] == 2.5
    assert timings["total"] > 0


def test_a_first_inference_may_take_longer_than_the_later_ones(keys: str) -> None:
    with faulty_server() as server:
        server.sick = lambda number: number in (0, 2)
        server.fault = lambda line: (threading.Event().wait(1.2), line.send(b"\x81\xa7actions\x91\x92\x00\x32"))[1]
        policy = OpenPi(LINE, url=server.url, map=keys, timeout=1.0, warm_up=30.0)
        (seen, *_) = observed(LineEnv([FETCH]), FETCH, policy.spec)
        assert policy.plan([Query(0, seen, 0)])[0].actions.tolist() == [[0.0, 50.0]]
        policy.plan([Query(0, seen, 0)])
        with pytest.raises(TransportError, match=r"gave no answer within 1 s"):
            policy.plan([Query(0, seen, 0)])
        policy.close()


def refused(**settings: object) -> str:
    with pytest.raises((TransportError, ValueError)) as caught:
        OpenPi(LINE, **settings)  # pyright: ignore[reportArgumentType]
    return str(caught.value)


def test_nobody_at_the_port_is_said_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"ws://127.0.0.1:{port}"
    assert refused(url=url) == f"nobody listens at {url}; start the server or give its --url"


def test_a_port_that_stays_silent_is_given_up() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        url = f"ws://127.0.0.1:{mute.getsockname()[1]}"
        assert refused(url=url, connect=0.3).startswith(f"{url} did not answer within 0.3 s")


@pytest.mark.parametrize("words", [b"", b"\x00\x00\x00\x05hello\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_another_protocol_at_the_port_is_told(words: bytes) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        url = f"ws://127.0.0.1:{other.getsockname()[1]}"

        def answer() -> None:
            with other.accept()[0] as line:
                line.recv(4096)
                line.sendall(words)

        thread = threading.Thread(target=answer)
        thread.start()
        told = refused(url=url, connect=10.0)
        thread.join()
    assert f"{url} speaks no websocket" in told or f"{url} answered with HTTP status 200" in told
    assert "--policy groot-server" in told or "is --url right?" in told


def test_a_url_of_another_kind_is_refused() -> None:
    assert refused(url="http://localhost:1") == "--url http://localhost:1: a websocket's address is ws://host:port"


def test_a_server_that_begins_with_a_text_is_quoted(keys: str) -> None:
    with faulty_server() as server:
        server.metadata = "send me a hello first"
        told = refused(url=server.url, map=keys)
    assert "says: send me a hello first. A server of openpi's kind begins with a frame of metadata" in told


def test_a_token_s_variable_that_is_not_set_is_named() -> None:
    assert "the variable NOT_SET_ANYWHERE is not set" in refused(token_env="NOT_SET_ANYWHERE")


def test_a_world_without_the_map_s_camera_stops_the_run_before_its_first_trial(tmp_path: Path) -> None:
    with faulty_server() as server, pytest.raises(UserError) as caught:
        evaluate("openpi", "toy", url=(server.url,), policy_arg=("map=aloha",), workers=0, out=tmp_path / "run")
    told = str(caught.value)
    assert "the map 'aloha' does not fit this world: 'state' takes 14 numbers, the world gives 2" in told
    assert "its actions have 14 numbers, the world takes 2" in told
    assert "--policy-arg map=so100, calvin, droid, aloha, libero or your own FILE.toml" in told
