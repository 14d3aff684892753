"""Names -> objects: the package's tables, files, modules and entry points, each with a did-you-mean."""

import ast
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from ..envs.catalog import ENVS
from ..envs.faults import Fault, caught
from ..envs.locate import locate
from ..policies.catalog import POLICIES
from ..tasks.base import Origin, Suite
from ..tasks.catalog import SUITES
from .errors import UnknownName, UserError


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of thing: those that come with the package, and those that installed packages add."""

    what: str
    plural: str
    group: str
    """Entry points that add to it."""
    own: dict[str, str]

    def places(self) -> dict[str, str]:
        """Name -> where it is, for `locate`."""
        added = {point.name: point.value for point in entry_points(group=self.group)}
        return added | self.own

    def place(self, name: str) -> str:
        """Also understands ./file.py:Class and package.module:Class."""
        if name in self.own:
            return self.own[name]
        if ":" in name:
            file, _, attribute = name.rpartition(":")
            return f"{Path(file).resolve()}:{attribute}" if file.endswith(".py") else name
        places = self.places()
        if name not in places:
            hint = f"Your own: ./file.py:Name or package.module:Name, not '{name}'" if name.endswith(".py") else ""
            raise UnknownName(self.what, name, places, hint)
        return places[name]

    def get(self, name: str) -> Any:
        found: Any = caught(Origin.WORKER, locate, self.place(name))
        if isinstance(found, Fault):
            why = found.message if found.kind == "LocateError" else f"{found} ({found.where})"
            raise UserError(f"{self.what} '{name}' could not be loaded: {why}")
        return found

    def factory(self, name: str) -> Callable[..., Any]:
        """As `get`, where a class or a function is wanted."""
        found = self.get(name)
        if not callable(found):
            kind = type(found).__name__
            raise UserError(f"'{name}' is a {kind}; a {self.what} is a class or a function that makes one")
        return found

    def absolute(self, name: str) -> str:
        """As it can be said from any folder: ./file.py:Class with its whole path, any other name as it is."""
        return self.place(name) if ":" in name else name


POLICY_TABLE = Table("policy", "policies", "armtrial.policies", POLICIES)
ENV_TABLE = Table("world", "worlds", "armtrial.envs", ENVS)
SUITE_TABLE = Table("suite", "suites", "armtrial.suites", SUITES)
PLAIN = {bool: "True or False", int: "a whole number", float: "a finite number", str: "a text", NoneType: "None"}
"""Types that an argument's value is compared with, in words."""
TABLES = (SUITE_TABLE, POLICY_TABLE, ENV_TABLE)


def suite(name: str) -> Suite:
    found = SUITE_TABLE.get(name)
    if not isinstance(found, Suite):
        raise UserError(f"'{name}' is a {type(found).__name__}; a suite is an instance of armtrial.tasks.base.Suite")
    return found


def literals(texts: Sequence[str], flag: str) -> dict[str, Any]:
    """K=V texts by their keys."""
    given: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"{flag} {text}: an argument is written K=V")
        given[key] = literal(value)
    return given


def parameters(factory: Callable[..., Any]) -> dict[str, Any]:
    """The arguments a user may set, with their defaults (`inspect.Parameter.empty` where one must be given)."""
    try:
        own = list(inspect.signature(factory).parameters.values())[1:]
    except ValueError:
        raise UserError(f"'{factory.__name__}' does not say what it takes; write a class or a function") from None
    named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return {parameter.name: parameter.default for parameter in own if parameter.kind in named}


def kinds(factory: Callable[..., Any], key: str) -> tuple[type, ...]:
    """What an argument may be, where its annotation says so in plain types; else empty."""
    try:
        said = inspect.signature(factory, eval_str=True).parameters[key].annotation
    except (KeyError, NameError, TypeError, AttributeError, SyntaxError):
        return ()
    there = get_args(said) if isinstance(said, UnionType) or get_origin(said) is Union else (said,)
    return there if all(kind in PLAIN for kind in there) else ()


def literal(text: str) -> Any:
    """Numbers, True, None and quoted texts as Python reads them; anything else is the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return {"true": True, "false": False, "none": None}.get(text.lower(), text)
