"""What must not have changed where a run goes on: a run keeps what it plays, by whom, and in which world."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..envs.digests import digest
from ..policies.base import Policy
from .config import WHAT_IS_PLAYED
from .errors import Mismatch
from .ground import Ground, portable, prepare
from .records import RunInfo


def ground_again(path: Path, info: RunInfo, changes: dict[str, Any]) -> Ground:
    config = portable(replace(info.config, **changes))
    pairs = [(name, getattr(info.config, name), getattr(config, name)) for name in WHAT_IS_PLAYED]
    differ = [f"{name}={before!r}, not {now!r}" for name, before, now in pairs if now != before]
    if differ:
        raise Mismatch(
            f"{path} was started with {'; '.join(differ)}; a run keeps what it plays. Start another one with --out"
        )
    ground = prepare(config)
    if (ground.suite.name, ground.suite.version) != (info.suite, info.suite_version):
        raise Mismatch(
            f"{path} was played on {info.suite}-v{info.suite_version}; this version has "
            f"{ground.suite.name}-v{ground.suite.version}. Its trials are others: start a new run"
        )
    _check_files(path, info, ground)
    _check_upstream(path, info, ground)
    return ground


def check_policy(path: Path, info: RunInfo, policy: Policy) -> None:
    spec = policy.spec
    if (spec.name, spec.version) != (info.policy, info.policy_version):
        raise Mismatch(
            f"{path} was played by {info.policy} {info.policy_version}; this is {spec.name} {spec.version}. "
            "Start a new run"
        )


def _check_files(path: Path, info: RunInfo, ground: Ground) -> None:
    """A calibration, a robot or weights of another content are another world or policy under the same name."""
    files = info.provenance.files
    for value in (each for each in (*ground.handed, ground.weights) if isinstance(each, str) and each in files):
        before, now = files[value], digest(Path(value))
        if now != before:
            how = f"sha256 {before[:12]} then, {now[:12]} now" if now else "it is gone"
            raise Mismatch(
                f"{value} is not what {path} was started with ({how}); a run keeps the world and the policy it is "
                "played with. Put it back, or start another run with --out"
            )


def _check_upstream(path: Path, info: RunInfo, ground: Ground) -> None:
    for name, before in info.provenance.upstream.items():
        now = ground.upstream.get(name, "none")
        if now != before:
            raise Mismatch(
                f"{path} was started with {name} {before}, and here it is {now}; a run keeps the world it is played "
                "in. Go back to that one, or start another run with --out"
            )
