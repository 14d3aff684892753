"""What robosuite's world needs of this machine: a Python with the versions that go together, and a way to draw.

Tried before a run starts. The evaluator calls this; the world itself lives in the interpreter that is found here.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..gl import LIMIT, GlChoice, GlError, choose, probe, run_apart
from ..guests import Guest, GuestError, apart
from .robots import UnknownRobot, robot_of

HOME = ".venv-robosuite"
"""What `make robosuite` makes."""
MAKE = "make robosuite"
AGAIN = f"rm -rf {HOME} && {MAKE}"
VERSIONS = {"robosuite": "1.5.2", "mujoco": "3.3.7"}
"""The two that were tried together; scores hang on both."""
PACKAGES = ("robosuite", "mujoco", "numpy", "msgpack", "scipy", "numba", "cv2", "PIL", "termcolor", "tqdm")

PROBE = """
import importlib.metadata, importlib.util, json, sys

lacking = [name for name in {packages} if importlib.util.find_spec(name) is None]
versions = {{}} if lacking else {{name: importlib.metadata.version(name) for name in ("robosuite", "mujoco", "numpy")}}
print(json.dumps([lacking, versions]))
"""


def homes() -> tuple[Path, ...]:
    """Where `make robosuite` leaves its Python: in armtrial's checkout, or where the command is called."""
    return tuple(place / HOME / "bin" / "python" for place in (Path(__file__).parents[2], Path.cwd()))


def guest(arguments: Mapping[str, Any], environ: Mapping[str, str], places: Sequence[Path] | None = None) -> Guest:
    """`arguments`: the world's, and perhaps `interpreter`. `places`: where else a Python may be."""
    given = dict(arguments)
    try:
        robot_of(given.get("robot", "Panda"))
    except UnknownRobot as error:
        raise GuestError(error.fact, error.way_out) from None
    named = str(given.pop("interpreter", "") or environ.get("ROBOSUITE_PYTHON", ""))
    interpreter = named or _home(homes() if places is None else places)
    drawn = drawing(interpreter, frozenset(apart(environ).items()))
    return Guest(interpreter, given, drawn, upstream=dict(VERSIONS))


def _home(places: Sequence[Path]) -> str:
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise GuestError(
            f"robosuite is played by a Python of its own, and there is none in {places[0].parent.parent}",
            f"{MAKE}  # or name one that has robosuite: export ROBOSUITE_PYTHON=PATH",
        )
    return str(found)


@functools.cache
def drawing(interpreter: str, variables: frozenset[tuple[str, str]]) -> GlChoice:
    """What its MuJoCo draws with; a `GuestError` where it has other versions or cannot draw."""
    environ = dict(variables)
    run = functools.partial(run_apart, interpreter=interpreter)
    try:
        ending = run(PROBE.format(packages=PACKAGES), environ, LIMIT)
    except OSError as error:
        raise GuestError(f"{interpreter} cannot be run: {error.strerror}", MAKE) from None
    if ending.failure:
        raise GuestError(f"{interpreter} does not answer: {ending.failure}", AGAIN)
    lacking, versions = json.loads(ending.output.splitlines()[-1])
    _check(interpreter, lacking, versions)
    try:
        return choose(environ, functools.partial(probe, run=run))
    except GlError as error:
        way_out = "a policy that does not look: MUJOCO_GL=disabled"
        raise GuestError(f"{interpreter} cannot draw: {error}", way_out) from None


def _check(interpreter: str, lacking: Sequence[str], versions: Mapping[str, str]) -> None:
    if lacking:
        raise GuestError(f"{interpreter} cannot play robosuite: it lacks {', '.join(lacking)}", AGAIN)
    wrong = [f"{name} {versions[name]}, not {wanted}" for name, wanted in VERSIONS.items() if versions[name] != wanted]
    if int(versions["numpy"].split(".")[0]) >= 2:
        wrong.append(f"numpy {versions['numpy']}, not below 2")
    if wrong:
        raise GuestError(f"{interpreter} cannot play robosuite: it has {'; '.join(wrong)}", AGAIN)
