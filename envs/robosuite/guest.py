"""What robosuite's world needs of this machine: a Python with the versions that go together, and a way to draw.

Tried before a run starts. The evaluator calls this; the world itself lives in the interpreter that is found here.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..apart import apart
from ..gl import LIMIT, GlChoice, GlError, Run, UnknownBackend, choose, probe, run_apart
from ..guests import ARGUMENT, Guest, GuestError, Home, Python
from .robots import UnknownRobot, robot_of

VERSIONS = {"robosuite": "1.5.2", "mujoco": "3.3.7"}
"""The two that were tried together; scores hang on both."""
HOME = Home("robosuite", "robosuite", f"{', '.join(' '.join(pair) for pair in VERSIONS.items())} and numpy below 2")
PACKAGES = ("robosuite", "mujoco", "numpy", "msgpack", "scipy", "numba", "cv2", "PIL", "termcolor", "tqdm")

PROBE = """
import importlib.metadata, importlib.util, json, sys

lacking = [name for name in {packages} if importlib.util.find_spec(name) is None]
versions = {{}} if lacking else {{name: importlib.metadata.version(name) for name in ("robosuite", "mujoco", "numpy")}}
print(json.dumps([lacking, versions | {{"python": sys.version.split()[0]}}]))
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What a Python said of itself."""

    renderer: GlChoice
    versions: Mapping[str, str]


def guest(arguments: Mapping[str, Any], environ: Mapping[str, str], places: Sequence[Path] | None = None) -> Guest:
    """`arguments`: the world's, and perhaps `interpreter`. `places`: where else a Python may be."""
    given = dict(arguments)
    try:
        robot_of(given.get("robot", "Panda"))
    except UnknownRobot as error:
        raise GuestError(error.fact, error.way_out) from None
    python = HOME.python(given, environ, places)
    given.pop(ARGUMENT, None)
    here = found(python, frozenset(apart(environ).items()))
    return Guest(python.path, given, here.renderer, upstream=here.versions)


@functools.cache
def found(python: Python, variables: frozenset[tuple[str, str]]) -> Found:
    """Its versions, and what its MuJoCo draws with; a `GuestError` where it has others or cannot draw."""
    environ = dict(variables)
    run = functools.partial(run_apart, interpreter=python.path)
    try:
        ending = run(PROBE.format(packages=PACKAGES), environ, LIMIT)
    except OSError as error:
        raise python.refused(f"cannot be run: {error.strerror}") from None
    if ending.failure:
        raise python.refused(f"does not answer: {ending.failure}")
    lacking, versions = json.loads(ending.output.splitlines()[-1])
    _check(python, lacking, versions)
    return Found(_drawing(python, environ, run), versions)


def _drawing(python: Python, environ: Mapping[str, str], run: Run) -> GlChoice:
    try:
        return choose(environ, functools.partial(probe, run=run))
    except UnknownBackend as error:
        raise GuestError(error.fact, error.way_out) from None
    except GlError as error:
        way_out = "a policy that does not look needs none: MUJOCO_GL=disabled"
        raise GuestError(f"{python.path} cannot draw: {str(error).removesuffix('.')}", way_out) from None


def _check(python: Python, lacking: Sequence[str], versions: Mapping[str, str]) -> None:
    if lacking:
        raise python.refused(f"cannot play robosuite: it lacks {', '.join(lacking)}")
    wrong = [f"{name} {versions[name]}, not {wanted}" for name, wanted in VERSIONS.items() if versions[name] != wanted]
    if int(versions["numpy"].split(".")[0]) >= 2:
        wrong.append(f"numpy {versions['numpy']}, not below 2")
    if wrong:
        raise python.refused(f"cannot play robosuite: it has {'; '.join(wrong)}")
