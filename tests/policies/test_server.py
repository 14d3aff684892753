"""Our server: what it serves is to play as it plays in process, for our client and for openpi's own."""

import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving import LINE, Served, served
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from armtrial.envs.base import Observation
from armtrial.envs.line import LineEnv
from armtrial.evaluators import Run, evaluate
from armtrial.policies.base import Plan, Policy, Query, TransportError, World
from armtrial.policies.baselines import Random
from armtrial.policies.contract import check_policy, observed
from armtrial.policies.remote.openpi import OpenPi
from armtrial.policies.remote.server.door import Entrance
from armtrial.policies.remote.wires.msgpack_numpy import packed, unpacked
from armtrial.policies.toy import Toy
from armtrial.tasks.base import Origin, Outcome
from armtrial.tasks.toy import FETCH
from armtrial.tests.waiting import until


def played(policy: Any, out: Path, workers: int = 0, **settings: Any) -> Run:
    return evaluate(policy, "toy", episodes=2, workers=workers, video="none", out=out, **settings)


def results(run: Run) -> dict[str, Any]:
    return {record.id: record.result for record in run.records}


def looks() -> list[Observation]:
    return observed(LineEnv([FETCH]), FETCH, Toy(LINE).spec)


def queries() -> list[Query]:
    return [Query(slot, seen, 7 + slot) for slot, seen in enumerate(looks())]


class Remembers(Toy):
    """Its plans depend on the trial that its slot plays, and on how many plans were asked for in it."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.spec = replace(self.spec, deterministic=False)
        self.begun: dict[int, tuple[str, int, int]] = {}

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        self.begun[slot] = (trial_id, seed, 0)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [self._counted(query) for query in queries]

    def _counted(self, query: Query) -> Plan:
        trial, seed, number = self.begun[query.slot]
        self.begun[query.slot] = (trial, seed, number + 1)
        return Plan(np.array([[seed % 97 / 100, float(number)]]), flags=(trial,))


class Counts(Toy):
    """Knows the sizes of the batches that it was asked in, and waits where it is told to."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.batches: list[int] = []
        self.go = threading.Event()
        self.go.set()

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        self.batches.append(len(queries))
        assert self.go.wait(60), "nobody let it go on"
        return super().plan(queries)


class Raises(Toy):
    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        if any("ball" in query.observation.instruction for query in queries):
            raise LookupError("no ball today")
        return super().plan(queries)


@pytest.mark.parametrize("policy", [Toy, Random, Remembers])
def test_a_served_policy_makes_the_same_records_as_in_process(
    policy: Callable[[World], Policy], tmp_path: Path
) -> None:
    here = played(policy, tmp_path / "here")
    with served(lambda: policy(LINE)) as server:
        there = played("openpi", tmp_path / "there", url=(server.url,))
    assert len(results(here)) == 6
    assert results(here) == results(there)
    for file in (tmp_path / "here" / "steps").iterdir():
        assert file.read_bytes() == (tmp_path / "there" / "steps" / file.name).read_bytes()


def test_workers_and_several_servers_change_no_record(tmp_path: Path) -> None:
    here = played(Random, tmp_path / "here")
    with served(lambda: Random(LINE)) as one, served(lambda: Random(LINE)) as two:
        there = played("openpi", tmp_path / "there", workers=3, url=(one.url, two.url))
        assert min(one.door.traffic.plans, two.door.traffic.plans) > 0
    assert results(here) == results(there)


def test_the_spec_of_the_client_is_the_server_s() -> None:
    with served(lambda: Remembers(LINE)) as server:
        policy = OpenPi(LINE, url=server.url)
        policy.close()
    assert policy.spec == server.policy.spec


def test_a_served_policy_keeps_the_contract() -> None:
    with served(lambda: Toy(LINE)) as server:
        check_policy(OpenPi(LINE, url=server.url), LINE, observations=looks())


def test_what_the_served_policy_raises_is_the_policy_s_error_and_costs_no_other_trial(tmp_path: Path) -> None:
    with served(lambda: Raises(LINE)) as server:
        run = played("openpi", tmp_path / "run", workers=2, url=(server.url,))
    broken = {record.id: record.result.error for record in run.records if record.result.outcome is Outcome.ERROR}
    assert {trial.split(".")[1] for trial in broken} == {"fetch"}
    for error in broken.values():
        assert error is not None
        assert (error.origin, error.message) == (Origin.POLICY, "LookupError: no ball today")


def test_the_queries_of_a_call_are_one_batch_at_the_server() -> None:
    with served(lambda: Counts(LINE)) as server:
        policy = OpenPi(LINE, url=server.url)
        for query in queries():
            policy.reset(query.slot, "trial", 0)
        policy.plan(queries())
        policy.close()
    assert server.policy.batches == [4]  # type: ignore[attr-defined]


def waiting(server: Served, number: int) -> None:
    """Until so many asks wait at the engine."""
    until(lambda: len(server.engine._jobs) == number, 30)  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(("batch", "batches"), [(None, [1, 3]), (2, [1, 2, 1])])
def test_what_several_clients_wait_for_is_one_batch(batch: int | None, batches: list[int]) -> None:
    policy = Counts(LINE)
    policy.go.clear()
    with served(lambda: policy, batch) as server, ThreadPoolExecutor(4) as clients:
        asked = [clients.submit(asked_once, server.url, query.observation) for query in queries()[:1]]
        until(lambda: policy.batches != [], 30)
        asked += [clients.submit(asked_once, server.url, query.observation) for query in queries()[1:]]
        waiting(server, 3)
        policy.go.set()
        plans = [answer.result()["actions"] for answer in asked]
    assert policy.batches == batches
    assert np.array_equal(plans, [plan.actions for plan in Toy(LINE).plan(queries())])


class RaisesOnce(Counts):
    """At batches in which one asks for the ball, as soon as it has been let go on."""

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        plans = super().plan(queries)
        if any(query.observation.instruction == "No ball." for query in queries):
            raise LookupError("no ball today")
        return plans


def test_a_client_whose_query_fails_costs_no_other_client_its_plan() -> None:
    policy = RaisesOnce(LINE)
    policy.go.clear()
    with served(lambda: policy) as server, ThreadPoolExecutor(3) as clients:
        asked = [clients.submit(asked_once, server.url, looks()[0])]
        until(lambda: policy.batches != [], 30)
        asked += [clients.submit(asked_once, server.url, seen) for seen in (looks()[1], unanswerable())]
        waiting(server, 2)
        policy.go.set()
        assert [asked[n].result()["actions"].shape for n in (0, 1)] == [(10, 2)] * 2
        with pytest.raises(AssertionError, match="LookupError: no ball today"):
            asked[2].result()
    assert policy.batches == [1, 2, 1, 1]


def unanswerable() -> Observation:
    return replace(looks()[2], instruction="No ball.")


def test_an_observation_arrives_whole() -> None:
    seen = replace(looks()[0], time=1.25, privileged={"ball": np.array([0.5])})
    came: list[Query] = []

    class Keeps(Toy):
        def __init__(self, world: World) -> None:
            super().__init__(world)
            self.spec = replace(self.spec, privileged=True)

        def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
            came.extend(queries)
            return [Plan(np.zeros((1, 2)), 1.5, {"model": 3.0}, ("odd",))]

    with served(lambda: Keeps(LINE)) as server:
        policy = OpenPi(LINE, url=server.url)
        policy.reset(0, "trial", 0)
        (plan,) = policy.plan([Query(0, seen, 2**48 - 1)])
        policy.close()
    (query,) = came
    assert (query.seed, query.observation.time, query.observation.instruction) == (2**48 - 1, 1.25, seen.instruction)
    assert query.observation.privileged["ball"].tolist() == [0.5]
    assert query.observation.state.tobytes() == seen.state.tobytes()
    assert query.observation.images["front"].tobytes() == seen.images["front"].tobytes()
    assert (plan.starts_at, plan.flags, plan.timings["model"]) == (1.5, ("odd",), 3.0)
    assert set(plan.timings) == {"total", "transport", "server", "model"}


def asked_once(url: str, seen: Observation) -> Any:
    sent = {"images": dict(seen.images), "state": seen.state, "prompt": seen.instruction}
    with connect(url, compression=None, max_size=None) as line:
        line.recv()
        line.send(packed(sent))
        answer = line.recv()
        assert isinstance(answer, bytes), answer
        return unpacked(answer)


def test_a_plan_that_takes_long_blocks_neither_health_nor_new_clients() -> None:
    policy = Counts(LINE)
    policy.go.clear()
    with served(lambda: policy) as server, ThreadPoolExecutor(1) as clients:
        asked = clients.submit(asked_once, server.url, looks()[0])
        until(lambda: policy.batches != [], 30)
        assert health(server) == "OK\n"
        with connect(server.url, compression=None) as line:
            assert "armtrial" in unpacked(bytes(line.recv(timeout=10)))  # pyright: ignore[reportArgumentType]
        assert not asked.done()
        policy.go.set()
        asked.result()


def health(server: Served) -> str:
    with urllib.request.urlopen(server.url.replace("ws:", "http:") + "/healthz", timeout=10) as page:
        return page.read().decode()


def test_a_client_that_begins_no_trial_is_stateless() -> None:
    with served(lambda: Remembers(LINE)) as server:
        plans = [asked_once(server.url, looks()[0]) for _ in range(2)]
        with connect(server.url, compression=None) as line:
            line.recv()
            for seen in looks()[:3]:
                line.send(packed({"images": dict(seen.images), "state": seen.state, "prompt": seen.instruction}))
                plans.append(unpacked(bytes(line.recv())))  # pyright: ignore[reportArgumentType]
    assert [plan["actions"].tolist() for plan in plans] == [[[0.0, 0.0]]] * 5
    assert {*plans[0]["flags"]} == {"stateless"}


def test_a_client_that_begins_trials_is_remembered_apart_from_every_other() -> None:
    with served(lambda: Remembers(LINE)) as server:
        one, two = (OpenPi(LINE, url=server.url) for _ in range(2))
        one.reset(0, "first", 11)
        two.reset(0, "second", 22)
        seen = looks()[0]
        told = [client.plan([Query(0, seen, 0)])[0] for client in (one, two, one)]
        one.close()
        two.close()
    assert [plan.flags for plan in told] == [("first",), ("second",), ("first",)]
    assert [plan.actions[0].tolist() for plan in told] == [[0.11, 0.0], [0.22, 0.0], [0.11, 1.0]]


def test_a_trial_does_not_go_on_behind_a_connection_that_was_lost() -> None:
    with served(lambda: Remembers(LINE)) as server:
        policy = OpenPi(LINE, url=server.url)
        policy.reset(0, "first", 11)
        policy._servers[0].close()  # pyright: ignore[reportPrivateUsage]
        with pytest.raises(TransportError, match="was lost in mid-trial"):
            policy.plan([Query(0, looks()[0], 0)])
        policy.reset(0, "again", 11)
        assert policy.plan([Query(0, looks()[0], 0)])[0].flags == ("again",)
        policy.close()


@pytest.mark.filterwarnings("ignore:connect:DeprecationWarning")  # openpi's client opens its socket the old way
def test_openpi_s_own_client_is_answered() -> None:
    theirs = pytest.importorskip("openpi_client.websocket_client_policy")
    seen = looks()[0]
    with served(lambda: Toy(LINE)) as server:
        client = theirs.WebsocketClientPolicy(host=server.url)
        assert client.get_server_metadata()["armtrial"]["spec"]["name"] == "toy"
        answer = client.infer({"images": dict(seen.images), "state": seen.state, "prompt": seen.instruction})
        assert client.infer({"reset": {"slot": 0, "trial": "mine", "seed": 3}}) == {"reset": {"slot": 0}}
        with pytest.raises(RuntimeError, match="the observation lacks images"):
            client.infer({"state": seen.state, "prompt": ""})
        client._ws.close()
    assert np.array_equal(answer["actions"], Toy(LINE).plan([Query(0, seen, 0)])[0].actions)
    assert {"infer_ms"} == set(answer["server_timing"]) == set(answer["policy_timing"])


BAD: dict[str, tuple[Any, str]] = {
    "no picture": ({"images": {}, "state": np.zeros(2)}, "looks at 'front', and the pictures that came are: none"),
    "another size": (
        {"images": {"front": np.zeros((8, 8, 3), np.uint8)}, "state": np.zeros(2)},
        "the picture 'front' is to be uint8 (40, 220, 3); uint8 (8, 8, 3) came",
    ),
    "floats": ({"images": {"front": np.zeros((40, 220, 3))}, "state": np.zeros(2)}, "float64 (40, 220, 3) came"),
    "a short state": (
        {"images": {"front": np.zeros((40, 220, 3), np.uint8)}, "state": np.zeros(1)},
        "reads the state (x, jaw); one of shape (1,) came",
    ),
    "a list": ([1], "a frame is a map in binary msgpack"),
    "no queries": ({"queries": []}, "'queries' is empty"),
    "a slot below 0": ({"reset": {"slot": -1}}, "'slot' is -1; it is a whole number from 0 on"),
    "reset is a text": ({"reset": "now"}, "'reset' is a str; it is a map"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_frame_that_is_not_as_announced_is_answered_with_words(name: str) -> None:
    sent, told = BAD[name]
    with served(lambda: Toy(LINE)) as server, connect(server.url, compression=None) as line:
        line.recv()
        line.send(packed(sent))
        answer = line.recv()
    assert isinstance(answer, str)
    assert told in answer


def test_a_text_and_broken_bytes_end_only_their_own_connection() -> None:
    with served(lambda: Toy(LINE)) as server:
        for sent in ("hello", b"\xc1"):
            with connect(server.url, compression=None) as line:
                line.recv()
                line.send(sent)
                assert "msgpack" in str(line.recv())
        assert asked_once(server.url, looks()[0])["actions"].shape == (10, 2)


def test_a_frame_above_the_limit_is_refused_and_the_flag_named() -> None:
    with served(lambda: Toy(LINE), entrance=Entrance(port=0, max_bytes=20_000)) as server:
        policy = OpenPi(LINE, url=server.url)
        policy.reset(0, "trial", 0)
        with pytest.raises(TransportError, match="armtrial serve: --max-mb N"):
            policy.plan(queries()[:1])
        policy.close()


def test_a_call_that_is_larger_than_a_frame_goes_out_in_several() -> None:
    with served(lambda: Counts(LINE), entrance=Entrance(port=0, max_bytes=60_000)) as server:
        policy = OpenPi(LINE, url=server.url)
        for query in queries():
            policy.reset(query.slot, "trial", 0)
        plans = policy.plan(queries())
        policy.close()
    assert server.policy.batches == [2, 2]  # type: ignore[attr-defined]
    assert np.array_equal([p.actions for p in plans], [p.actions for p in Toy(LINE).plan(queries())])


def test_who_has_no_token_stays_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHT", "secret")
    monkeypatch.setenv("WRONG", "guess")
    with served(lambda: Toy(LINE), entrance=Entrance(port=0, token="secret")) as server:
        with pytest.raises(TransportError, match=r"status 401; it wants a token: .* token_env=ITS_NAME"):
            OpenPi(LINE, url=server.url)
        with pytest.raises(TransportError, match=r"status 403; it wants another token"):
            OpenPi(LINE, url=server.url, token_env="WRONG")
        assert health(server) == "OK\n"
        OpenPi(LINE, url=server.url, token_env="RIGHT").close()


def test_a_page_in_a_browser_is_not_let_in() -> None:
    with served(lambda: Toy(LINE)) as server, pytest.raises(InvalidStatus) as caught:
        connect(server.url, origin="http://evil.example")  # type: ignore[arg-type]
    assert caught.value.response.status_code == 403


def test_a_plan_under_way_is_answered_before_the_server_stops() -> None:
    policy = Counts(LINE)
    policy.go.clear()
    with ThreadPoolExecutor(1) as clients:
        with served(lambda: policy) as server:
            asked = clients.submit(asked_once, server.url, looks()[0])
            until(lambda: policy.batches != [], 30)
            threading.Timer(0.3, policy.go.set).start()
        assert asked.result()["actions"].shape == (10, 2)


def test_several_urls_are_servers_of_one_policy() -> None:
    with (
        served(lambda: Toy(LINE)) as one,
        served(lambda: Random(LINE)) as two,
        pytest.raises(ValueError, match=r"serves 'toy' version 1, and .* 'random' version 1"),
    ):
        OpenPi(LINE, url=(one.url, two.url))
