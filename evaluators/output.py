"""What a command says: its answer on standard output, everything else on standard error."""

import os
import sys
from contextlib import suppress

from .errors import UserError, harmless


def show(text: str) -> None:
    """The answer, written before the command ends. A reader that has seen enough and closes the pipe is no error."""
    try:
        sys.stdout.write(text and text + "\n")
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the rest is flushed once more at the end
        if not isinstance(error, BrokenPipeError):
            raise UserError(f"the answer could not be written: {error.strerror}") from None


def counted(count: int, what: str) -> str:
    """`1 film`, `2 films`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def tell(text: str) -> None:
    """A standard error that is gone, with the terminal perhaps, changes no exit status."""
    with suppress(OSError):
        print(harmless(text), file=sys.stderr, flush=True)
