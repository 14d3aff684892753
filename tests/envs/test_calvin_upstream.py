"""What upstream's environment is built with, without a checkout: its files are stood for by empty ones."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from armtrial.envs.calvin import upstream


class Node(dict[str, Any]):
    """A part of a configuration, whose entries are attributes too."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


OWN = {"bullet_time_step": 240.0, "control_freq": 30, "seed": 0}
CONF = SimpleNamespace(load=lambda file: Node(OWN, file=Path(file).name), merge=lambda *parts: Node(), create=Node)


def test_it_draws_with_egl_as_the_dataset_was_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "import_module", lambda name: SimpleNamespace(OmegaConf=CONF))
    built = upstream.configuration(Path("/calvin_env"), "D")
    assert built["use_egl"] is True
    assert built["scene_cfg"].file == "calvin_scene_D.yaml"
    assert {name: built[name] for name in OWN} == OWN
