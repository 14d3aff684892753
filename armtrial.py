"""armtrial: every policy over the same list of trials, in simulation and on the real arm.

A module with a `__path__` is a package, so this file makes the checkout itself importable as
`armtrial`: `armtrial.envs` is the folder `envs/` beside it. In the wheel it is `armtrial/__init__.py`.
"""

import os
import sys

__path__ = [os.path.dirname(os.path.abspath(__file__))]  # noqa: PTH100, PTH120 -- pathlib would be most of the import


def main() -> int:
    """The command. A Ctrl-C is heard from here on: importing what answers one takes a moment itself."""
    try:
        from armtrial.evaluators.cli import main as command
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        return 130
    return command()


if __name__ == "__main__":
    raise SystemExit(main())
