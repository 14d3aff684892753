"""scores.json: the figures of a run for other programs."""

from dataclasses import asdict
from typing import Any

import msgspec

from .metrics import Clocks, Score, Scores
from .records import RunInfo
from .stats import Rate


def scores_json(info: RunInfo, scores: Scores, clocks: Clocks) -> bytes:
    """`results` follows from the trials and the policy alone; `clocks` differs between any two runs."""
    body = {
        "schema": 1,
        "results": {
            "suite": info.suite,
            "suite_version": info.suite_version,
            "domain": info.config.seed_domain,
            "policy": info.policy,
            "policy_version": info.policy_version,
            "privileged": info.privileged,
            "planned": scores.planned,
            "played": scores.played,
            "tasks": [_plain(row) for row in scores.tasks],
            "all": _plain(scores.overall),
        },
        "clocks": asdict(clocks),
    }
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Rate):
        return {"k": value.k, "n": value.n, "value": value.value, "interval": value.interval}
    if isinstance(value, Score):
        return {name: _plain(getattr(value, name)) for name in Score.__dataclass_fields__}
    return value
