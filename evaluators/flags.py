"""A parser of flags whose mistakes are told like all others: one line, with a did-you-mean."""

import argparse
import difflib
from collections.abc import Sequence
from typing import Any, NoReturn

from .errors import UserError

STATUSES = """\
exit status: 0 played; 1 some trial ended in ERROR; 2 something you can mend, said in one line;
             130 interrupted (the command to go on with is printed)
"""


class Parser(argparse.ArgumentParser):
    """`epilog`: shown line by line, so that examples stay as they are written."""

    def __init__(self, prog: str, description: str, epilog: str, **settings: Any) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            **settings,
        )

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        flags, unknown = self.parse_known_args(args, namespace)
        if unknown:
            word = unknown[0].partition("=")[0]
            close = difflib.get_close_matches(word, self._option_string_actions, n=1)
            meant = f" Did you mean {close[0]}?" if close else ""
            self.error(f"{word} is not understood.{meant}")
        return flags

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message.rstrip('.?')}{message[-1] if message[-1] in '.?' else '.'} See {self.prog} --help")


class Repeatable(argparse.Action):
    """A flag that may come several times."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: Any = None) -> None:
        setattr(namespace, self.dest, (*getattr(namespace, self.dest, ()), values))
