"""What `--list` shows: the tables, and what one of their entries takes."""

import inspect
from collections.abc import Iterable
from typing import Any

from ..envs.locate import locate
from ..policies.catalog import WRAPPERS
from ..tasks.base import Suite
from . import names
from .errors import UnknownName, UserError

_ANY = names.Table("suite, policy or world", "", "", {})


def everything() -> str:
    parts = [*(_heading(table) for table in names.TABLES), _wrappers()]
    parts.append("Your own: ./file.py:Name or package.module:Name. What one takes: --list NAME")
    return "\n\n".join(parts)


def one(name: str) -> str:
    """Every entry of that name, in whichever table."""
    tables = [table for table in names.TABLES if name in table.places()]
    if ":" in name:
        tables = [_table_of(_ANY.get(name))]
    if not tables:
        known = {entry for table in names.TABLES for entry in table.places()}
        raise UnknownName("suite, policy or world", name, known)
    return "\n\n".join(_described(table, name) for table in tables)


def _table_of(found: Any) -> names.Table:
    """Where something of the user's own belongs, told by what it is; a function, by what it is called with."""
    if isinstance(found, Suite):
        return names.SUITE_TABLE
    if isinstance(found, type):
        return names.ENV_TABLE if hasattr(found, "step") and hasattr(found, "observe") else names.POLICY_TABLE
    if not callable(found):
        raise UserError(f"a {type(found).__name__} is no suite, no policy and no world")
    return names.ENV_TABLE if next(iter(inspect.signature(found).parameters), "") == "tasks" else names.POLICY_TABLE


def _wrappers() -> str:
    """What goes around any policy, and the number that it takes."""
    said = {_with_amount(name): inspect.getdoc(locate(place)) or "" for name, place in WRAPPERS.items()}
    rows = [f"  {name:<{_width(said)}} {text.partition('\n')[0]}" for name, text in said.items()]
    return "\n".join(["wrappers (--wrap):", *rows])


def _with_amount(name: str) -> str:
    takes = locate(WRAPPERS[name]).takes
    return name if takes is None else f"{name}[=X]" if takes.default is not None else f"{name}=X"


def _heading(table: names.Table) -> str:
    width = _width(table.places())
    rows = [f"  {name:<{width}} {_first_line(table, name)}" for name in table.places()]
    return "\n".join([f"{table.plural}:", *rows])


def _first_line(table: names.Table, name: str) -> str:
    """From the source's docstring; an entry that cannot be loaded is shown with the reason."""
    try:
        found = table.get(name)
    except UserError as error:
        return f"({error})"
    return _of_suite(found) if isinstance(found, Suite) else (inspect.getdoc(found) or "").partition("\n")[0]


def _of_suite(suite: Suite) -> str:
    return f"v{suite.version}, {suite.per_task} trials each of {', '.join(task.name for task in suite.tasks)}"


def _described(table: names.Table, name: str) -> str:
    found = table.get(name)
    if isinstance(found, Suite):
        return _described_suite(found)
    flag = "--policy-arg" if table is names.POLICY_TABLE else "--env-arg"
    takes = [f"  {flag} {key}={_default(value)}" for key, value in names.parameters(found).items()]
    return "\n".join(
        [
            f"{table.what} {name}",
            "",
            inspect.getdoc(found) or "",
            *_own_words(found),
            "",
            *(takes or ["  takes no arguments"]),
        ]
    )


def _described_suite(suite: Suite) -> str:
    width = _width(task.name for task in suite.tasks)
    rows = [
        f"  {task.name:<{width}} {task.instruction} ({task.max_seconds:g} s, {task.success_rule.value})"
        for task in suite.tasks
    ]
    return "\n".join([f"suite {suite.name}: {_of_suite(suite)}, in the world '{suite.env}'", "", *rows])


def _width(words: Iterable[str]) -> int:
    return max([12, *map(len, words)])


def _own_words(found: Any) -> list[str]:
    """What a class says of its arguments, or the one that it is derived from."""
    kinds = found.__mro__[:-1] if isinstance(found, type) else ()
    words = next((vars(kind)["__init__"].__doc__ for kind in kinds if "__init__" in vars(kind)), None)
    return ["", inspect.cleandoc(words)] if words else []


def _default(value: Any) -> str:
    return "..." if value is inspect.Parameter.empty else str(value)
