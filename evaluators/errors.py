"""What the user can mend: each is shown as one line, without a traceback, and ends with exit status 2."""

import difflib
from collections.abc import Iterable


def harmless(text: str) -> str:
    """Without what a terminal would take for a command: names and messages are third parties' words."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


class UserError(Exception):
    """The message has the fact with its value, the rule, and the way out."""


class UnknownName(UserError):
    """A name that no table has."""

    def __init__(self, what: str, name: str, known: Iterable[str], hint: str = "") -> None:
        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=1)
        meant = f" Did you mean '{close[0]}'?" if close else ""
        there = f" There are: {', '.join(names)}." if names else " There are none."
        super().__init__(f"no {what} is called '{name}'.{meant}{there}{' ' + hint if hint else ''}")


class Mismatch(UserError):
    """World and policy, or a run and what it is asked to go on with, do not fit together."""


class FolderError(UserError):
    """A run's folder cannot be used as it is."""


class FolderTaken(FolderError):
    """It holds a run already."""
