"""scores.json is what its schema says, and its results do not hang on how they came about."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from armtrial.evaluators import Run, evaluate
from armtrial.evaluators.api import resume
from armtrial.evaluators.played import load
from armtrial.evaluators.progress import Silent
from armtrial.evaluators.scores_schema import schema_json
from armtrial.tests import worlds

SCHEMA = Path(__file__).parents[2] / "reports" / "scores.schema.json"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(worlds.Raises, "toy", episodes=4, workers=0, execute=3, out=tmp_path_factory.mktemp("run") / "run")


def test_the_schema_beside_the_reports_is_that_of_the_types() -> None:
    assert SCHEMA.read_bytes() == schema_json(), "write it again: armtrial report --schema > reports/scores.schema.json"


def test_every_field_whose_type_says_too_little_is_described() -> None:
    parts = json.loads(schema_json())["$defs"]
    assert "ERROR is not succeeded" in parts["Score"]["properties"]["success"]["description"]
    assert parts["Rate"]["properties"]["interval"]["description"].startswith("Clopper")
    assert all(part["additionalProperties"] is False for part in parts.values())


def complaints(value: Any, part: Any, parts: dict[str, Any], at: str = "") -> list[str]:
    """As much of JSON Schema as this schema uses."""
    if "$ref" in part:
        return complaints(value, parts[part["$ref"].rpartition("/")[2]], parts, at)
    if "anyOf" in part:
        found = [complaints(value, one, parts, at) for one in part["anyOf"]]
        return min(found, key=len)
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
    if part["type"] == "null" or not isinstance(value, kinds[part["type"]]):
        return [] if value is None and part["type"] == "null" else [f"{at} is {value!r}, no {part['type']}"]
    if isinstance(value, list):
        items = part.get("prefixItems") or [part["items"]] * len(value)
        return [
            line
            for number, (one, item) in enumerate(zip(value, items))
            for line in complaints(one, item, parts, f"{at}[{number}]")
        ]
    if isinstance(value, dict) and "properties" in part:
        odd = [f"{at}.{name}" for name in set(value) ^ set(part["required"])]
        return odd + [
            line
            for name, one in value.items()
            if name in part["properties"]
            for line in complaints(one, part["properties"][name], parts, f"{at}.{name}")
        ]
    return []


def test_scores_json_is_what_its_schema_says(run: Run) -> None:
    whole = json.loads(schema_json())
    written = json.loads(run.summary)
    assert complaints(written, whole, whole["$defs"]) == []
    written["results"]["tasks"][0]["success"]["k"] = "four"
    del written["clocks"]["plans"]
    assert sorted(complaints(written, whole, whole["$defs"])) == [
        ".clocks.plans",
        ".results.tasks[0].success.k is 'four', no integer",
    ]


def test_every_share_is_at_most_one(run: Run) -> None:
    """A rate divided by 100 once more, or not at all, is neither k / n nor between its limits."""
    rates = [json.loads(text) for text in re.findall(r'\{"k":\d+,"n":[1-9]\d*,"value":[^{}]*\}', compact(run))]
    assert len(rates) > 30
    for rate in rates:
        assert rate["value"] == pytest.approx(rate["k"] / rate["n"])
        assert 0 <= rate["interval"][0] <= rate["value"] <= rate["interval"][1] <= 1


def compact(run: Run) -> str:
    return json.dumps(json.loads(run.summary), separators=(",", ":"))


def test_no_data_is_null_and_never_zero(run: Run) -> None:
    empty = json.loads(Run(run.folder, run.info, ()).summary)["results"]["all"]
    assert empty["success"] == {"k": 0, "n": 0, "value": None, "interval": None, "wilson": None}
    assert (empty["progress"], empty["curve"], empty["motion"]) == (None, None, None)


def test_an_error_is_named_by_its_origin_and_counts_as_not_succeeded(run: Run) -> None:
    row = json.loads(run.summary)["results"]["all"]
    assert row["errors"] == {"policy": 3}
    assert row["success"]["n"] == 12


def test_results_after_a_cut_in_the_middle_are_those_of_an_undisturbed_run(tmp_path: Path) -> None:
    whole = evaluate("random", "toy", episodes=4, workers=0, out=tmp_path / "whole")
    evaluate("random", "toy", episodes=4, workers=0, out=tmp_path / "cut")
    log = tmp_path / "cut" / "records.jsonl"
    log.write_bytes(log.read_bytes()[: len(log.read_bytes()) // 2])
    assert load(tmp_path / "cut").scores.played < 12
    again = resume(tmp_path / "cut", {}, False, Silent())
    assert results(again.summary) == results(whole.summary)
    assert b'"motion": {' in results(again.summary)


def results(summary: bytes) -> bytes:
    return summary.partition(b'"clocks"')[0]
