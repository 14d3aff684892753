"""What `--wrap` says: the wrappers around a policy, innermost first, and the mark of how it is played."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from ..envs.locate import locate
from ..policies.base import Policy, World
from ..policies.catalog import WRAPPERS
from ..policies.wrappers.base import Amount, Marked, Wrapper
from .errors import UnknownName, UserError
from .pace import Pace


@dataclass(frozen=True, slots=True)
class Wrap:
    name: str
    kind: type[Wrapper]
    amount: float
    """0 where none is taken."""

    def around(self, policy: Policy, world: World) -> Policy:
        return self.kind(policy, world, self.name, self.amount)


def wrapped(policy: Policy, world: World, texts: Sequence[str], pace: Pace) -> Policy:
    """The policy as it is played, under a name that says so."""
    for wrap in map(wrap_of, texts):
        policy = wrap.around(policy, world)
    return Marked(policy, pace.mark, repeatable=not pace.measured) if pace.realtime else policy


def wrap_of(text: str) -> Wrap:
    """From NAME or NAME=AMOUNT."""
    name, equals, said = text.partition("=")
    if name not in WRAPPERS:
        raise UnknownName("wrapper", name, WRAPPERS)
    kind = cast(type[Wrapper], locate(WRAPPERS[name]))
    if kind.takes is None:
        if equals:
            raise UserError(f"--wrap {text}: '{name}' takes no number; say --wrap {name}")
        return Wrap(name, kind, 0.0)
    return Wrap(name, kind, _amount(text, name, said, kind.takes))


def _amount(text: str, name: str, said: str, takes: Amount) -> float:
    if not said and takes.default is not None:
        return takes.default
    try:
        amount = float(said)
    except ValueError:
        amount = math.nan
    if not takes.low <= amount <= takes.high or (takes.whole and amount != int(amount)):
        number = "whole number" if takes.whole else "number"
        raise UserError(
            f"--wrap {text}: '{name}' takes a {number} from {takes.low:g} to {takes.high:g} ({takes.what}), "
            f"as in --wrap {name}={_example(takes)}"
        )
    return amount + 0.0  # so that -0 is 0, in its name too


def _example(takes: Amount) -> str:
    return f"{takes.default:g}" if takes.default is not None else "3" if takes.whole else "0.05"
