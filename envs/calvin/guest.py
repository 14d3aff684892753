"""What CALVIN's world needs of this machine: a checkout, a Python with pybullet, and EGL. Tried before a run starts.

The evaluator calls this; the world itself lives in the interpreter that is found here.
"""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..gl import CURES, GlChoice
from ..guests import Guest, GuestError
from .checkout import CLONE, CheckoutError, code_in

HOME = ".venv-calvin"
"""What `make calvin` makes."""
MAKE = "make calvin"
SECONDS = 120.0
"""That the first import may take from a cold disk."""
PACKAGES = (
    "numpy",
    "msgpack",
    "pybullet",
    "gym",
    "hydra",
    "omegaconf",
    "quaternion",
    "git",
    "cv2",
    "scipy",
)
"""What the checkout's environment imports, and what a worker needs."""

_INSTALL = CURES["egl"]
_LACKS = "it lacks"

PROBE = """
import importlib.metadata, importlib.util, json, os, sys

lacking = [name for name in json.loads(sys.argv[1]) if importlib.util.find_spec(name) is None]
if lacking:
    raise SystemExit("it lacks " + ", ".join(lacking))
import pybullet

said = os.dup(1)
reader, writer = os.pipe()
os.dup2(writer, 1)
client = pybullet.connect(pybullet.DIRECT, options="--width=64 --height=64")
found = importlib.util.find_spec("eglRenderer")
plugin = pybullet.loadPlugin(found.origin, "_eglRendererPlugin") if found else pybullet.loadPlugin("eglRendererPlugin")
if plugin < 0:
    raise SystemExit("its renderer does not load")
pybullet.getCameraImage(64, 64)
pybullet.disconnect(client)
sys.stdout.flush()
os.dup2(said, 1)
os.close(writer)
lines = os.fdopen(reader).read().splitlines()
names = dict(line.split("=", 1) for line in lines if line.startswith("GL_"))
made = importlib.metadata.version("pybullet")
print(json.dumps([names.get("GL_RENDERER", ""), names.get("GL_VERSION", ""), made]))
"""


def homes() -> tuple[Path, ...]:
    """Where `make calvin` leaves its Python: in armtrial's checkout, or where the command is called."""
    return tuple(place / HOME / "bin" / "python" for place in (Path(__file__).parents[2], Path.cwd()))


def guest(arguments: Mapping[str, Any], environ: Mapping[str, str], places: Sequence[Path] | None = None) -> Guest:
    """`arguments`: the world's, and perhaps `interpreter`. `places`: where else a Python may be."""
    given = dict(arguments)
    root = str(given.pop("calvin_root", "") or environ.get("CALVIN_ROOT", ""))
    if not root:
        raise GuestError(
            "the world 'calvin' needs a checkout of calvin_env, by --calvin-root DIR or CALVIN_ROOT, which is not set",
            f"{CLONE} && export CALVIN_ROOT=$PWD/calvin_env",
        )
    try:
        code = code_in(root)
    except CheckoutError as error:
        raise GuestError(error.fact, error.way_out) from None
    named = str(given.pop("interpreter", "") or environ.get("CALVIN_PYTHON", ""))
    interpreter = named or _home(homes() if places is None else places)
    whole = str(Path(root).expanduser().resolve())
    drawn = drawing(interpreter)
    made = replace(drawn, version=f"{drawn.version}, calvin_env {_commit(code)}")
    return Guest(interpreter, {**given, "calvin_root": whole}, made, {"calvin_root": whole})


def _home(places: Sequence[Path]) -> str:
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise GuestError(
            f"CALVIN is played by a Python of its own, and there is none in {places[0].parent.parent}",
            f"{MAKE}  # or name one that has pybullet: export CALVIN_PYTHON=PATH",
        )
    return str(found)


@functools.cache
def drawing(interpreter: str) -> GlChoice:
    """What its EGL draws with; a `GuestError` where it has no pybullet or cannot draw."""
    try:
        done = subprocess.run(
            [interpreter, "-c", PROBE, json.dumps(PACKAGES)],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except OSError as error:
        raise GuestError(f"{interpreter} cannot be run: {error.strerror}", MAKE) from None
    except subprocess.TimeoutExpired:
        raise GuestError(f"{interpreter} gave no answer in {SECONDS:g} s when asked to draw", _INSTALL) from None
    if done.returncode:
        raise GuestError(f"{interpreter} {_why(done)}", _way_out(done))
    renderer, version, bullet = json.loads(done.stdout.splitlines()[-1])
    return GlChoice("egl", renderer, f"{version}, pybullet {bullet}")


def _commit(code: Path) -> str:
    """Of the checkout, with its changes; what a folder without a git of its own is, nobody knows."""
    git = ["git", "-C", str(code)]
    with suppress(OSError, subprocess.CalledProcessError):
        said = subprocess.run([*git, "rev-parse", "HEAD", "--show-prefix"], capture_output=True, text=True, check=True)
        head, within = said.stdout.splitlines()
        changed = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True)
        if not within:
            return f"{head[:12]}{' with changes' if changed.stdout else ''}"
    return "of unknown commit"


def _why(done: subprocess.CompletedProcess[str]) -> str:
    """Whatever comes after the packages were found is of EGL."""
    lines = done.stderr.strip().splitlines()
    last = lines[-1].strip() if lines else f"exit status {done.returncode}"
    if done.returncode < 0:
        return f"cannot draw with EGL: the attempt ended with signal {-done.returncode}"
    return f"cannot play CALVIN: {last}" if _LACKS in last else f"cannot draw with EGL: {last}"


def _way_out(done: subprocess.CompletedProcess[str]) -> str:
    return f"{MAKE}  # one that has everything" if _LACKS in done.stderr else _INSTALL
