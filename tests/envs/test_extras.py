import sys
from pathlib import Path

import pytest

from armtrial.envs.extras import install
from armtrial.policies.remote.wires.websocket import Websocket


def test_a_checkout_is_installed_from_where_it_lies_and_a_package_by_its_name(tmp_path: Path) -> None:
    assert install("pyzmq", tmp_path) == "python -m pip install 'armtrial[pyzmq]'"
    (tmp_path / "pyproject.toml").touch()
    assert install("pyzmq", tmp_path) == f"python -m pip install -e '{tmp_path}[pyzmq]'"


def test_a_missing_package_is_said_with_that_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websockets.exceptions", None)
    with pytest.raises(ValueError, match=r"websockets is not installed: python -m pip install .*\[websockets\]'"):
        Websocket("ws://localhost:1", 1.0, {})
