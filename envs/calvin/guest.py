"""What CALVIN's world needs of this machine: a checkout, a Python with pybullet, and EGL. Tried before a run starts,
down to a world that is built and stepped once.

The evaluator calls this; the world itself lives in the interpreter that is found here.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...tasks.base import Origin
from ...tasks.calvin import CALVIN
from ..apart import apart, elsewhere
from ..faults import Fault
from ..gl import CURES, GlChoice
from ..guests import ARGUMENT, Doubt, Guest, GuestError, Home, Python
from ..remote import Worker
from ..worker import EnvSource
from .checkout import CLONE, NAME, CheckoutError, code_in, commit_of, doubt, way_out_of_doubt

HOME = Home("calvin", "CALVIN", "pybullet and the others that `make calvin` installs")
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
_DRAWS = "drawing"
"""What the probe says once everything is imported: what goes wrong from here on is of EGL."""
_OF_IMPORT = ("ImportError", "ModuleNotFoundError")
_STILL = np.array([0.0, 0, 0, 0, 0, 0, 1])

PROBE = """
import importlib.metadata, importlib.util, json, os, sys

lacking = [name for name in json.loads(sys.argv[1]) if importlib.util.find_spec(name) is None]
if lacking:
    raise SystemExit("it lacks " + ", ".join(lacking))
import pybullet

print("drawing", flush=True)
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
    python = HOME.python(given, environ, places)
    given.pop(ARGUMENT, None)
    whole = str(Path(root).expanduser().resolve())
    renderer, commit = drawing(python), commit_of(code)
    built(python, whole, code, commit)
    fact = doubt(commit)
    return Guest(
        python.path,
        {**given, "calvin_root": whole},
        renderer,
        {"calvin_root": whole},
        {NAME: commit},
        Doubt(fact, way_out_of_doubt(code)) if fact else None,
    )


@functools.cache
def drawing(python: Python) -> GlChoice:
    """What its EGL draws with; a `GuestError` where it has no pybullet or cannot draw."""
    try:
        done = subprocess.run(
            [python.path, "-c", elsewhere(PROBE), json.dumps(PACKAGES)],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
            env=apart(os.environ),
            check=False,
        )
    except OSError as error:
        raise python.refused(f"cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise GuestError(f"{python.path} gave no answer in {SECONDS:g} s when asked to draw", _INSTALL) from None
    if done.returncode:
        way_out = _INSTALL if _DRAWS in done.stdout else python.way_out
        raise GuestError(f"{python.path} {_why(done)}", way_out)
    renderer, version, bullet = json.loads(done.stdout.splitlines()[-1])
    return GlChoice("egl", renderer, f"{version}, pybullet {bullet}")


def _why(done: subprocess.CompletedProcess[str]) -> str:
    what = "cannot draw with EGL" if _DRAWS in done.stdout else "cannot play CALVIN"
    lines = done.stderr.strip().splitlines()
    last = lines[-1].strip() if lines else f"exit status {done.returncode}"
    return f"{what}: the attempt ended with signal {-done.returncode}" if done.returncode < 0 else f"{what}: {last}"


@functools.cache
def built(python: Python, root: str, code: Path, commit: str) -> None:
    """Scene D and the oracle, in a worker as a run has them, stepped once; a `GuestError` where that fails. `commit`:
    another one is tried anew."""
    worker = Worker(python.path)
    try:
        source = EnvSource("armtrial.envs.calvin.env:CalvinEnv", CALVIN.tasks, {"calvin_root": root})
        for request in (("open", source), ("reset", CALVIN.trials(1)[0]), ("step", _STILL)):
            worker.submit(*request)
            reply = worker.receive(SECONDS)
            if isinstance(reply, Fault):
                raise _refused(python, code, reply, worker.log())
    finally:
        worker.stop()


def _refused(python: Python, code: Path, fault: Fault, log: str) -> GuestError:
    """The Python is to blame for what it cannot import, and for its own end; the checkout for all else."""
    if fault.kind in _OF_IMPORT or fault.origin is Origin.WORKER:
        return python.refused(f"cannot play CALVIN: {fault}")
    lost = [line.partition("URDF file ")[2] for line in log.splitlines() if "URDF file " in line]
    what = f"{fault} ({lost[-1]})" if lost else str(fault)
    return GuestError(f"{code} does not build: {what}", f"git -C {code} checkout .  # undoes what was changed in it")
