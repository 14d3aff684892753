"""The commands serve and check-policy, each against the other."""

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from armtrial.evaluators import check_policy, serve
from armtrial.evaluators.errors import UserError

ROOT = Path(__file__).parents[2]
MIRRORED = """
from dataclasses import replace
from armtrial.policies.toy import Toy

class Mirrored(Toy):
    def plan(self, queries):
        return super().plan([replace(query, observation=self.turned(query.observation)) for query in queries])

    def turned(self, seen):
        return replace(seen, images={name: picture[:, ::-1] for name, picture in seen.images.items()})
"""


@contextmanager
def served(*words: str) -> Generator[tuple[str, "subprocess.Popen[str]"]]:
    """Its address, and its process."""
    command = [sys.executable, "-u", str(ROOT / "run_eval.py"), "serve", "--suite", "toy", "--port", "0", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = ""
        while "health" not in told:
            line = process.stderr.readline()
            assert line, told
            told += line
        found = re.search(r"ws://localhost:\d+", told)
        assert found
        try:
            yield found[0], process
        finally:
            process.terminate()
            process.stderr.read()


def checked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = check_policy.run(["--policy", "toy", "--suite", "toy", *words])
    return status, capsys.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_ends_well_by_a_signal(number: signal.Signals) -> None:
    with served("--policy", "toy") as (url, process):
        with urllib.request.urlopen(url.replace("ws:", "http:") + "/healthz") as page:
            assert page.read() == b"OK\n"
        process.send_signal(number)
        assert process.stderr is not None
        assert "Stopped." in process.stderr.read()
        assert process.wait(60) == 0


def test_the_same_policy_on_both_sides_agrees_and_a_mirrored_one_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(MIRRORED)
    kept = str(tmp_path / "seen.npz")
    with served("--policy", "toy") as (url, _):
        status, told = checked(capsys, "--url", url, "--save", kept)
        assert status == 0
        assert "the same 3 observations: toy-v1.reach.000, toy-v1.reach.001, toy-v1.reach.002" in told
        assert "they agree: at most 0 of a range apart" in told
        assert "would not show whether\n  the pictures are upside down" in told
        assert checked(capsys, "--url", url, "--observation", kept)[0] == 0
    with served("--policy", f"{tmp_path / 'mine.py'}:Mirrored") as (url, _):
        status, told = checked(capsys, "--url", url, "--observation", kept)
    assert status == 1
    assert "they differ by" in told
    assert 'the pictures are mirrored; mend it there, or by turn = "mirrored" in a map' in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--port", "70000"], "--port 70000: a port is a number from 1 to 65535"),
        (["--batch", "0"], "--batch 0: a call of the policy answers at least one query"),
        (["--max-mb", "0"], "--max-mb 0: a frame may have 1 to 1024 MiB"),
        (["--token-env", "NOT_SET_ANYWHERE"], "the variable NOT_SET_ANYWHERE is not set; put the token into it"),
        (["--policy", "tay"], "no policy is called 'tay'. Did you mean 'toy'?"),
        (
            ["--policy", "replay", "--policy-arg", "run=nowhere"],
            "policy 'replay' could not be built: FileNotFoundError",
        ),
        (["--policy", "expert"], "policy 'expert' could not be built: ValueError: the expert moves shoulder_pan"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(words: list[str], told: str) -> None:
    with pytest.raises(UserError) as caught:
        serve.run(["--policy", "toy", "--suite", "toy", *words])
    assert told in str(caught.value)


def test_a_port_that_is_taken_is_said_with_the_flag_that_names_another() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"port {port} of 127.0.0.1 cannot be opened: .*--port N and --host say"):
            serve.run(["--policy", "toy", "--suite", "toy", "--port", str(port)])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "--url is missing: where does the server listen?"),
        (["--url", "ws://127.0.0.1:1"], "nobody listens at ws://127.0.0.1:1"),
        (["--url", "ws://127.0.0.1:1", "--tolerance", "2"], "--tolerance 2: a share of an action's range"),
        (["--url", "ws://127.0.0.1:1", "--index", "-1"], "--index -1"),
        (["--url", "ws://127.0.0.1:1", "--starts", "0"], "--starts 0: 1 to 100 of a task's starts are looked at"),
    ],
)
def test_what_cannot_be_checked_is_said_in_one_line(words: list[str], told: str) -> None:
    with pytest.raises(UserError) as caught:
        check_policy.run(["--policy", "toy", "--suite", "toy", *words])
    assert told in str(caught.value)


def test_a_recorded_observation_that_lacks_a_picture_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "seen.npz", state=np.zeros(2))
    with served("--policy", "toy") as (url, _), pytest.raises(UserError) as caught:
        check_policy.run(
            ["--policy", "toy", "--suite", "toy", "--url", url, "--observation", str(tmp_path / "seen.npz")]
        )
    assert "lacks image_front and has state; --save FILE writes one from a trial's start" in str(caught.value)


def test_two_policies_that_have_nothing_to_do_with_each_other_are_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    with served("--policy", "hold") as (url, _):
        status = check_policy.run(["--policy", "random", "--suite", "toy", "--url", url])
    told = capsys.readouterr().out
    assert status == 1
    assert "plans of 10 and 1 actions: what both have is compared" in told
    assert "no known mistake explains it: are checkpoint, version and instruction the same on both sides?" in told
    assert "  the state comes in another order: 'x' and 'jaw' exchanged\n" in told + "\n"


def test_many_orders_that_would_not_show_are_one_line() -> None:
    names = ["the pictures are BGR", "the state comes in another order: a", "the state comes in another order: b"]
    assert check_policy.shortened(names) == ["the pictures are BGR", "the state comes in another order (2 orders)"]
