"""JSON Schema of scores.json, made from the types it is written from and the words beneath their fields."""

import ast
import inspect
from typing import Any

import msgspec

from . import attempts, chains, funnel, metrics, motion, oddities, punctuality, speed, stats, summary
from .summary import Summary, Written

MODULES = (attempts, chains, funnel, metrics, motion, oddities, punctuality, speed, stats, summary)
"""Where the types are."""
Part = dict[str, Any]


def schema_json() -> bytes:
    parts = msgspec.json.schema_components([Summary, Written], ref_template="#/$defs/{name}")[1]
    parts["Rate"] = {**parts.pop("Written"), "title": "Rate"}
    words = _words()
    described = {
        name: _exact(part, words.get("Written" if name == "Rate" else name, {})) for name, part in parts.items()
    }
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "scores.json of armtrial",
        "$ref": "#/$defs/Summary",
        "$defs": dict(sorted(described.items())),
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def _exact(part: Part, words: dict[str, str]) -> Part:
    """Every field is always written, those with a default too, and no others are."""
    properties: dict[str, Part] = part["properties"]
    kept = {
        name: {key: value for key, value in field.items() if key != "default"}
        | ({"description": words[name]} if name in words else {})
        for name, field in properties.items()
    }
    text = {"description": inspect.cleandoc(part["description"])} if "description" in part else {}
    return {**part, **text, "properties": kept, "required": list(kept), "additionalProperties": False}


def _words() -> dict[str, dict[str, str]]:
    """By class and field: the string that follows the field in the source."""
    nodes = (node for module in MODULES for node in ast.parse(inspect.getsource(module)).body)
    return {node.name: _of_class(node) for node in nodes if isinstance(node, ast.ClassDef)}


def _of_class(node: ast.ClassDef) -> dict[str, str]:
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in zip(node.body, node.body[1:])
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }
