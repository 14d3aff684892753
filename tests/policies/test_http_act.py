"""POST /act with json_numpy: OpenVLA-OFT's form, X-VLA's, GR00T N1.5's, and servers that fail."""

import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from armtrial.envs.line import LineEnv
from armtrial.evaluators import Run, evaluate
from armtrial.policies.base import Query, TransportError, World
from armtrial.policies.contract import check_policy, observed
from armtrial.policies.remote.groot_server import GrootServer
from armtrial.policies.remote.http_act import HttpAct
from armtrial.policies.remote.wires import http_posts
from armtrial.policies.toy import Toy
from armtrial.tasks.toy import FETCH
from armtrial.tests.policies.http_stub import ActStub, drip, drop, silent

LINE = World(LineEnv.observation_spec, LineEnv.action_spec)


def stub(kind: str, **settings: Any) -> ActStub:
    return ActStub(kind, Toy(LINE), **settings)


def played(server: ActStub, out: Path, *said: str, policy: str = "http-act", **how: Any) -> Run:
    how = {"episodes": 2, "workers": 0, "size": (220, 40)} | how
    return evaluate(policy, "toy", url=server.url, policy_arg=said, out=out, **how)


def errors(run: Run) -> list[tuple[str, int, str, str]]:
    told = [(r.id.split(".")[1], r.take, r.result.error) for r in run.records if r.result.error]
    return [(task, take, error.origin.value, f"{error.kind}: {error.message}") for task, take, error in told]


WAYS = {
    "oft": ("oft", "http-act", ()),
    "oft twice encoded": ("oft", "http-act", ("encoding=double",)),
    "x-vla": ("xvla", "http-act", ("map=x-vla",)),
    "groot": ("groot", "groot-server", ("state=place:x,jaw:jaw",)),
}


@pytest.mark.parametrize("name", WAYS)
def test_a_suite_is_played_as_the_same_policy_plays_it_here(name: str, tmp_path: Path) -> None:
    kind, policy, said = WAYS[name]
    with stub(kind) as server:
        there = played(server, tmp_path / "there", *said, policy=policy)
    here = evaluate("toy", "toy", episodes=2, workers=0, size=(220, 40), out=tmp_path / "here")
    assert {r.id: r.result for r in there.records} == {r.id: r.result for r in here.records}
    assert set(there.records[0].clock.parts_ms) == {"total"}


def test_what_is_sent_is_named_as_the_servers_name_it() -> None:
    with stub("oft") as oft, stub("xvla") as xvla:
        HttpAct(LINE, url=oft.url).close()
        HttpAct(LINE, url=xvla.url, map="x-vla", send="domain_id:7").close()
    assert list(oft.asked[0]) == ["full_image", "wrist_image", "state", "instruction"]
    assert (oft.asked[0]["full_image"].shape, oft.asked[0]["full_image"].dtype) == ((240, 320, 3), np.uint8)
    assert list(xvla.asked[0]) == ["image0", "image1", "proprio", "domain_id", "steps", "language_instruction"]
    assert (xvla.domains, xvla.asked[0]["steps"]) == ([7], 10)


def test_a_map_in_a_file_says_other_keys_and_which_columns_count(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'instruction = "language_instruction"\nactions = "action"\ncolumns = [0, 1]\nfixed = { domain_id = 3 }\n'
        'cameras = { image0 = "front" }\nstate = { proprio = "*" }\n'
    )
    with stub("xvla", width=20) as server:
        run = played(server, tmp_path / "run", f"map={file}", "encoding=texts", size=None)
    assert (run.scores.overall.success.k, run.info.policy) == (6, "mine")


def test_several_servers_share_the_queries() -> None:
    with stub("oft") as one, stub("oft") as two:
        policy = HttpAct(LINE, url=(one.url, two.url))
        looks = observed(LineEnv([FETCH]), FETCH, policy.spec)
        queries = [Query(slot, seen, 0) for slot, seen in enumerate(looks)]
        spread = [plan.actions for plan in policy.plan(queries)]
        alone = [policy.plan([query])[0].actions for query in queries]
        policy.close()
    assert (len(one.asked), len(two.asked)) == (1 + 6, 1 + 2)  # one each to rehearse
    assert np.array_equal(spread, alone)


def test_it_keeps_the_contract_of_policies() -> None:
    with stub("oft") as server:
        policy = HttpAct(LINE, url=server.url, deterministic=True)
        check_policy(policy, LINE, observations=observed(LineEnv([FETCH]), FETCH, policy.spec))


def test_a_path_that_is_not_said_is_act_and_the_token_is_a_bearer_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACT_TOKEN", "open sesame")
    with stub("oft", token="open sesame") as server:
        HttpAct(LINE, url=server.url.removesuffix("/act"), token_env="ACT_TOKEN").close()
    assert server.headers[0]["Authorization"] == "Bearer open sesame"


def patience(message: str) -> str:
    """Good answers are bound by it as well: it is short only where one is missing."""
    return "timeout=1" if "no answer within 1 s" in message else "timeout=30"


FAULTS: dict[str, tuple[Any, str]] = {
    "silence": (
        silent,
        "gave no answer within 1 s; if it only needs longer, as for a first plan: --policy-arg timeout",
    ),
    "dripping": (drip, "gave no answer within 1 s"),
    "hanging up": (drop, "hung up early or speaks no HTTP (RemoteDisconnected"),
    "hanging up midway": (lambda h: h.raw(200, b"[1, 2", 50), "hung up 45 bytes before the end of its answer"),
    "a text": (lambda h: h.raw(200, b"Traceback\n  no"), "this is no JSON with arrays: Expecting value"),
    "an error": (
        lambda h: h.raw(500, b"\nCUDA out of memory\n  at"),
        "answered 500 Internal Server Error: 'CUDA out",
    ),
    "its word for it": (
        lambda h: h.reply(200, "error"),
        "answered 'error', and why stands in its log; it was sent full",
    ),
    "a map": (lambda h: h.reply(200, {"error": "no GPU"}), "answered 'no GPU', and why stands in its log"),
    "another width": (
        lambda h: h.reply(200, [[0.0] * 7]),
        "the server's actions have the shape (1, 7); this world takes (T, 2): x, jaw; ",
    ),
    "uneven": (lambda h: h.reply(200, [[0.0], [0.0, 1.0]]), "the server's actions are no array of numbers but"),
    "NaN": (lambda h: h.reply(200, [[float("nan"), 0.0]]), "the server's action 0, 'x', is nan; every one is a finite"),
    "nothing": (lambda h: h.reply(200, []), "the server's actions have the shape"),
    "depth": (lambda h: h.raw(200, b"[" * 100_000), "this is no JSON with arrays: "),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_answer_costs_its_trial_after_a_second_try(name: str, tmp_path: Path) -> None:
    fault, message = FAULTS[name]
    with stub("oft", fault=lambda said: fault if "ball" in said else None) as server:
        run = played(server, tmp_path / "run", patience(message), episodes=1)
    first, second = errors(run)
    assert (first[:3], second[:3]) == (("fetch", 1, "transport"), ("fetch", 2, "transport"))
    assert message in first[3]
    assert run.scores.overall.success.k == 2


def test_a_huge_answer_is_refused_as_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_posts, "MOST", 2**20)
    huge = lambda said: (lambda h: h.raw(200, b" " * 2**21)) if "ball" in said else None  # noqa: E731
    with stub("oft", fault=huge) as server:
        run = played(server, tmp_path / "run", episodes=1)
    assert "answers with more than 1 MiB; a plan has a few kilobytes" in errors(run)[0][3]


def test_what_is_played_before_a_server_fails_is_kept(tmp_path: Path) -> None:
    asked: list[str] = []

    def late(said: str) -> Any:
        asked.append(said)
        return drop if asked.count(said) > 2 else None

    with stub("oft", fault=late) as server:
        run = played(server, tmp_path / "run", episodes=1, task="fetch", execute=5)
    assert [r.result.steps for r in run.records] == [10, 0]
    assert len(list((tmp_path / "run" / "steps").iterdir())) >= 1


@pytest.mark.parametrize(
    ("kind", "said", "message"),
    [
        ("oft", {"map": "x-vla"}, "answered 'error', and why stands in its log; it was sent image0, image1, proprio, "),
        (
            "oft",
            {"encoding": "texts"},
            "(texts): are these its keys? --policy-arg map=oft, x-vla or FILE.toml, encoding=",
        ),
        ("xvla", {}, "answered 400 Bad Request: 'Request failed'"),
        ("groot", {}, "answered 500 Internal Server Error: "),
        (
            "xvla20",
            {"map": "x-vla"},
            "have the shape (10, 20); this world takes (T, 2): x, jaw; is it the right --url?",
        ),
    ],
)
def test_a_server_that_does_not_fit_is_told_before_the_first_trial(kind: str, said: Any, message: str) -> None:
    server = stub("xvla", width=20) if kind == "xvla20" else stub(kind)
    with server, pytest.raises(TransportError) as caught:
        HttpAct(LINE, url=server.url, **said)
    assert message in str(caught.value)


def test_a_missing_token_and_a_wrong_path_are_told_with_the_flag() -> None:
    with stub("oft", token="secret") as server:
        with pytest.raises(TransportError, match=r"answered 401 .*token_env=ITS_NAME$"):
            HttpAct(LINE, url=server.url)
        with pytest.raises(
            TransportError, match=r"answered 404 Not Found: .*; is the path right\? --url http://host:p"
        ):
            HttpAct(LINE, url=server.url.replace("/act", "/predict"))


def test_a_port_where_nobody_listens_is_told() -> None:
    with pytest.raises(TransportError, match=r"^nobody listens at http://127.0.0.1:1/act \(.*\); start the server"):
        HttpAct(LINE, url="http://127.0.0.1:1/act")


def test_a_port_that_speaks_something_else_is_told() -> None:
    other = socket.create_server(("127.0.0.1", 0))
    with other, pytest.raises(TransportError, match=r"gave no answer within 0.2 s"):
        HttpAct(LINE, url=f"http://127.0.0.1:{other.getsockname()[1]}", timeout=0.2)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {"url": "tcp://localhost:5555"},
            "--url tcp://localhost:5555: an HTTP server's address is http://host:port/act",
        ),
        ({"map": "openvla"}, "no map of POST /act is called 'openvla'; there are: oft, x-vla, or your FILE.toml"),
        ({"encoding": "twice"}, "no encoding is called 'twice'; there are: plain, double, texts"),
        ({"send": "domain_id"}, "--policy-arg send=domain_id: 'domain_id' is not KEY:VALUE"),
        (
            {"token_env": "NO_SUCH"},
            "--policy-arg token_env=NO_SUCH: the variable NO_SUCH is not set; put the token into it",
        ),
    ],
)
def test_what_is_said_wrongly_is_told(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        HttpAct(LINE, **said)
    assert str(caught.value) == message


def test_groot_over_http_is_told_what_it_lacks() -> None:
    with stub("groot") as server, pytest.raises(TransportError, match=r"500 Internal Server Error: .*video.front"):
        GrootServer(LINE, url=server.url, state="place:x,jaw:jaw", cameras="webcam:front")
