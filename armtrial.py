"""armtrial: every policy over the same list of trials, in simulation and on the real arm.

A module with a `__path__` is a package, so this file makes the checkout itself importable as
`armtrial`: `armtrial.envs` is the folder `envs/` beside it. In the wheel it is `armtrial/__init__.py`.
"""

from pathlib import Path

__path__ = [str(Path(__file__).parent)]

if __name__ == "__main__":
    from armtrial.evaluators.cli import main

    raise SystemExit(main())
