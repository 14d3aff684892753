"""A run from its config to its folder: what the command does, as a call."""

from pathlib import Path
from typing import Any

from ..envs.locate import text_of
from ..tasks.base import Suite
from .config import REPEATABLE, RunConfig
from .errors import UnknownName, UserError
from .ground import Ground, PolicyLike, prepare
from .played import Run
from .playing import Playing, begun, gone_on
from .progress import Silent, Watcher


def evaluate(
    policy: PolicyLike,
    suite: str | Suite,
    *,
    out: str | Path | None = None,
    watcher: Watcher | None = None,
    **settings: Any,
) -> Run:
    """Plays `policy` over `suite` and gives the run. `settings`: the fields of `RunConfig`, as `episodes=5, workers=2`.

    The policy is a name from the table, `./file.py:Class`, or a callable that takes the world.
    """
    unknown = [name for name in settings if name not in RunConfig.__dataclass_fields__]
    if unknown:
        raise UnknownName("setting", unknown[0], RunConfig.__dataclass_fields__)
    if not (isinstance(policy, str) or callable(policy)):
        raise UserError(f"a policy is a name or a callable that makes one, not a {type(policy).__name__}")
    for name in REPEATABLE:
        if isinstance(settings.get(name), str):
            settings[name] = (settings[name],)
    asked = suite if isinstance(suite, str) else suite.name
    ground = prepare(RunConfig(policy=_name_of(policy), suite=asked, **settings), policy, suite)
    return start(ground, Path(out) if out is not None else None, watcher or Silent())


def start(ground: Ground, out: Path | None, watcher: Watcher) -> Run:
    """A new run in a folder of its own; None: one named after the time, the suite and the policy."""
    with begun(ground, out) as playing:
        _play_all(playing, watcher, retry_errors=False)
    return playing.run


def resume(path: Path, changes: dict[str, Any], retry_errors: bool, watcher: Watcher) -> Run:
    """Goes on with a run. `changes`: how it is played may change, what is played may not."""
    with gone_on(path, changes) as playing:
        _play_all(playing, watcher, retry_errors)
    return playing.run


def _play_all(playing: "Playing", watcher: Watcher, retry_errors: bool) -> None:
    watcher.start(playing.ground.trials, playing.records)
    try:
        for record in playing.play(playing.ground.trials, retry_errors):
            watcher.finished(record)
    finally:
        watcher.stop()


def _name_of(policy: PolicyLike) -> str:
    """So that the run can be resumed by its folder alone, wherever the policy can be imported from."""
    if isinstance(policy, str):
        return policy
    name = getattr(policy, "__qualname__", type(policy).__name__)
    known = hasattr(policy, "__module__") and "<locals>" not in name and policy.__module__ != "__main__"
    return text_of(policy) if known else name
