"""What a config hands to the policy and to the world: K=V texts, and the flags that say one of them for short."""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from . import names
from .config import REPEATABLE, RunConfig
from .errors import UnknownName, UserError

SHORT_FOR: Mapping[str, tuple[str, ...]] = {
    "policy_arg": ("checkpoint", "device", "url"),
    "env_arg": ("look", "robot_model", "calvin_root", "port", "front", "wrist", "console"),
}
"""Fields of a config that say one argument each, by the field that says any: `--look pretty` is
`--env-arg look=pretty`."""
_FOLDERS = ("checkpoint", "run", "calvin_root")
_FILES = ("checkpoint", "robot_model", "calibration", "actuators")
"""Arguments that may name what lies on this machine; a checkpoint may also be a name for a hub to know."""


@dataclass(frozen=True, slots=True)
class Argument:
    value: Any
    flag: str
    """That said it."""


def said(config: RunConfig, field: str) -> dict[str, Argument]:
    """All arguments of the policy (`policy_arg`) or of the world (`env_arg`), by name."""
    long = names.literals(getattr(config, field), _flag(field))
    short = {key: _texts(config, key) for key in SHORT_FOR[field] if _texts(config, key)}
    return {key: Argument(value, _flag(field)) for key, value in long.items()} | {
        key: Argument(_value(texts), f"{_flag(key)} (short for {_flag(field)} {key}=...)")
        for key, texts in short.items()
    }


def check(
    given: Mapping[str, Argument], factory: Callable[..., Any], field: str, name: str, besides: Sequence[str] = ()
) -> None:
    """Raises where the factory does not take one of them, or needs another. `besides`: what else may be said, and is
    no matter of the factory's."""
    takes = names.parameters(factory)
    kinds = {parameter.kind for parameter in inspect.signature(factory).parameters.values()}
    for key, argument in given.items():
        if key not in takes and inspect.Parameter.VAR_KEYWORD not in kinds:
            raise UnknownName(f"argument of '{name}'", key, (*takes, *besides), f"Said by {argument.flag}.")
        _check_value(key, argument, names.kinds(factory, key), name)
    missing = [key for key, default in takes.items() if default is inspect.Parameter.empty and key not in given]
    if missing:
        raise UserError(f"'{name}' needs {' '.join(_how_to_say(key, field) for key in missing)}")


def _check_value(key: str, argument: Argument, kinds: Sequence[type], name: str) -> None:
    """No kinds: whatever comes is for the factory to judge."""
    value = argument.value
    if not kinds or any(_is(value, kind) for kind in kinds):
        return
    wanted = " or ".join(names.PLAIN[kind] for kind in kinds)
    quoted = f""". Is it meant as a text, quote it: {key}='"{value}"'""" if str in kinds else ""
    raise UserError(f"{argument.flag}: '{key}' of '{name}' is {value!r}; it takes {wanted}{quoted}")


def _is(value: object, kind: type) -> bool:
    """True is no number here, and neither is NaN; a whole number will do where any is wanted."""
    if kind is float:
        return type(value) in (int, float) and math.isfinite(cast(float, value))
    return type(value) is kind


def settled(config: RunConfig) -> RunConfig:
    """The same from any folder and in one spelling: paths are whole, and what can be said for short is."""
    for field, keys in SHORT_FOR.items():
        config = replace(config, **{field: tuple(_whole(text) for text in getattr(config, field))})
        for key in keys:
            config = _shortened(config, field, key)
    return config


def _shortened(config: RunConfig, field: str, key: str) -> RunConfig:
    """With this argument said by its own flag alone."""
    short = tuple(_path(key, text) for text in _texts(config, key))
    long = [text for text in getattr(config, field) if text.startswith(f"{key}=") and text != f"{key}="]
    ways = {short: f"{_flag(key)} {' '.join(short)}"} if short else {}
    for text in long:
        ways.setdefault((text.partition("=")[2],), f"{_flag(field)} {text}")
    if len(ways) > 1:
        raise UserError(f"{' and '.join(ways.values())} differ, and both say '{key}'; say it once")
    if not ways:
        return config
    texts = next(iter(ways))
    rest = tuple(text for text in getattr(config, field) if text not in long)
    return replace(config, **{field: rest, key: texts if key in REPEATABLE else texts[0]})


def _texts(config: RunConfig, key: str) -> tuple[str, ...]:
    """As said by the flag of that name; empty where it was not."""
    text: str | tuple[str, ...] = getattr(config, key)
    return text if isinstance(text, tuple) else (text,) if text else ()


def _value(texts: tuple[str, ...]) -> Any:
    """Read as the long flag reads it; of several, which only a repeatable flag has, all."""
    return names.literal(texts[0]) if len(texts) == 1 else texts


def _whole(text: str) -> str:
    key, equals, value = text.partition("=")
    return f"{key}{equals}{_path(key, value)}"


def _path(key: str, text: str) -> str:
    """Whole, where it names what is there."""
    path = Path(text).expanduser()
    there = (key in _FILES and path.is_file()) or (key in _FOLDERS and path.is_dir())
    return str(path.resolve()) if text and there else text


def _how_to_say(key: str, field: str) -> str:
    return f"{_flag(key)} ..." if key in SHORT_FOR[field] else f"{_flag(field)} {key}=..."


def _flag(field: str) -> str:
    return f"--{field.replace('_', '-')}"
