"""Questions over ZMQ to a server that comes and goes."""

import threading
import time

import pytest

pytest.importorskip("zmq", reason="ZMQ is the extra armtrial[pyzmq]")

import zmq

from armtrial.policies.base import TransportError
from armtrial.policies.remote.wires.zmq_requests import ZmqRequests


def serve_once(port: int, after: float = 0.0) -> tuple[threading.Thread, int]:
    """Answers one question, and is gone."""
    context = zmq.Context()
    server = context.socket(zmq.REP)
    bound = port or server.bind_to_random_port("tcp://127.0.0.1")

    def run() -> None:
        time.sleep(after)
        if port:
            server.bind(f"tcp://127.0.0.1:{port}")
        if server.poll(5000):
            server.send(b"re: " + server.recv())
        server.close(500)
        context.term()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, bound


def test_a_server_that_starts_again_is_waited_for() -> None:
    first, port = serve_once(0)
    requests = ZmqRequests(f"tcp://127.0.0.1:{port}", connect=5.0)
    assert requests.ask(b"one", 5.0) == b"re: one"
    first.join()
    second, _ = serve_once(port, after=0.4)
    assert requests.ask(b"two", 5.0) == b"re: two"
    second.join()
    requests.close()


def test_a_server_that_stays_away_is_told_after_the_time_to_connect() -> None:
    first, port = serve_once(0)
    requests = ZmqRequests(f"tcp://127.0.0.1:{port}", connect=1.0)
    requests.ask(b"one", 5.0)
    first.join()
    with pytest.raises(TransportError, match=rf"^nobody listens at tcp://127.0.0.1:{port} "):
        requests.ask(b"two", 5.0)
    requests.close()


def test_closing_twice_is_harmless() -> None:
    requests = ZmqRequests("tcp://127.0.0.1:1")
    requests.close()
    requests.close()
