"""From `package.module:Name` or `/path/file.py:Name` to the object, and from a class back to such a text.

Guest interpreters import this file: it stays valid on Python 3.10.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


class LocateError(LookupError):
    """The text names nothing that can be imported; the message says which part of it failed."""


def locate(text: str) -> Any:
    """The object behind the text. Imports its module, or runs its file, once."""
    place, _, name = text.rpartition(":")
    if not place or not name:
        raise LocateError(f"'{text}' is neither package.module:Name nor ./file.py:Name")
    try:
        module = _from_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except ModuleNotFoundError as error:
        raise LocateError(f"'{text}' needs the module '{error.name}', which is not installed here") from error
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise LocateError(f"{place} has no '{name}'. It has: {', '.join(_public(module))}")
        found = getattr(found, part)
    return found


def text_of(kind: Any) -> str:
    """The text that `locate` turns back into this class or function, in this interpreter or another."""
    module = sys.modules[kind.__module__]
    place = str(module.__file__) if kind.__module__.startswith("armtrial_file_") else kind.__module__
    return f"{place}:{kind.__qualname__}"


def _from_file(path: Path) -> ModuleType:
    path = path.resolve()
    name = "armtrial_file_" + hashlib.sha256(str(path).encode()).hexdigest()[:12]
    if name in sys.modules:
        return sys.modules[name]
    if not path.is_file():
        raise LocateError(f"there is no file {path}")
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LocateError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _public(module: ModuleType) -> list[str]:
    """Its own classes and functions, and what it has made of the package's, as a suite."""

    def own(name: str, value: Any) -> bool:
        made = name.isupper() and type(value).__module__.partition(".")[0] == __name__.partition(".")[0]
        return made or getattr(value, "__module__", None) == module.__name__

    return [name for name, value in vars(module).items() if own(name, value) and not name.startswith("_")]
