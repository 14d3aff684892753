"""How MuJoCo draws in the worlds' processes: the one place that chooses `MUJOCO_GL`.

MuJoCo reads the variable once, when it is imported, and a driver may crash or hang whoever loads it. So a
backend is tried in a process of its own before anything depends on it, and what was chosen is handed on as
variables for a child: this process's own `os.environ` stays as it is.
"""

import contextlib
import difflib
import functools
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .apart import elsewhere

BACKENDS = ("egl", "osmesa", "glfw", "disabled")
"""What `MUJOCO_GL` may say. `disabled`: MuJoCo without pictures."""
AUTOMATIC = ("egl", "osmesa")
"""What is tried, in this order, where the user says nothing: both draw without a screen, only EGL with a GPU."""
CURES = {
    "egl": "sudo apt-get install -y --no-install-recommends libegl1 libgl1-mesa-dri libopengl0",
    "osmesa": "sudo apt-get install -y --no-install-recommends libosmesa6",
    "glfw": "sudo apt-get install -y --no-install-recommends xvfb xauth && xvfb-run -a armtrial doctor",
}
"""The command that makes a backend work on Debian and Ubuntu; glfw needs a screen, such as `xvfb-run -a` makes up."""
LIMIT = 30.0
"""Seconds; a frame takes below one where nothing is wrong."""

FRAME = """
import json
import mujoco

model = mujoco.MjModel.from_xml_string('''
<mujoco>
  <worldbody>
    <camera pos="0 0 2"/>
    <geom type="box" size=".7 .7 .1" pos="-.8 0 0" rgba="1 0 0 1"/>
    <geom type="box" size=".7 .7 .1" pos=".8 0 0" rgba="0 1 0 1"/>
  </worldbody>
</mujoco>''')
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
with mujoco.Renderer(model, 32, 64) as renderer:
    renderer.update_scene(data, camera=0)
    left, right = renderer.render()[16, [16, 48]].astype(int)
    from OpenGL import GL
    names = [GL.glGetString(name).decode() for name in (GL.GL_RENDERER, GL.GL_VERSION)]
if left[0] < 50 + left[1] or right[1] < 50 + right[0]:
    raise SystemExit(f"the frame is wrong: left is {left}, not red; or right is {right}, not green")
print(json.dumps(names))
"""


class GlError(RuntimeError):
    """Nothing here can draw, or not the way the user wants: the message has each reason and the command that helps."""


class UnknownBackend(GlError):
    """The user names one that there is not."""

    def __init__(self, said: str) -> None:
        close = difflib.get_close_matches(said.strip().lower(), BACKENDS, n=1)
        meant = f"did you mean '{close[0]}'? " if close else ""
        self.fact = f"MUJOCO_GL is '{said}', and no backend is called that"
        self.way_out = f"{meant}there are: {', '.join(BACKENDS)}"
        super().__init__(f"{self.fact}; {self.way_out}.")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a program in a process of its own ended."""

    status: int | None
    """Exit status; below 0 the signal; None where the time limit ended it."""
    output: str
    errors: str
    seconds: float

    @property
    def failure(self) -> str:
        """One line; empty where it went well."""
        if self.status == 0:
            return ""
        lines = self.errors.strip().splitlines()
        last = f": {lines[-1].strip()}" if lines else ""
        if self.status is None:
            return f"no answer in {self.seconds:.0f} s{last}"
        if self.status < 0:
            return f"crashed with signal {-self.status} ({signal.strsignal(-self.status)}){last}"
        return f"exit status {self.status}{last}"


Run = Callable[[str, Mapping[str, str], float], Ending]


@dataclass(frozen=True, slots=True)
class GlProbe:
    """What came of drawing one small frame."""

    backend: str
    failure: str = ""
    """Why there was no frame; empty where there was one."""
    renderer: str = ""
    """GL_RENDERER: `llvmpipe (LLVM 15.0.6, 256 bits)` is Mesa on the CPU."""
    version: str = ""
    """GL_VERSION."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class GlChoice:
    """The backend that was chosen. Scores depend on it, so `str` of it belongs in run.json."""

    backend: str
    renderer: str = ""
    version: str = ""

    @property
    def environ(self) -> dict[str, str]:
        """Variables for a process that draws."""
        return _variables(self.backend)

    def __str__(self) -> str:
        return f"{self.backend}: {self.renderer}, OpenGL {self.version}" if self.renderer else self.backend


def run_apart(program: str, environ: Mapping[str, str], limit: float, interpreter: str = sys.executable) -> Ending:
    """Runs Python text in a process of its own; a process that not even a kill ends is left behind."""
    began = time.monotonic()
    process = subprocess.Popen(
        [interpreter, "-c", elsewhere(program)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environ),
    )
    try:
        output, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired as late:
        output, errors = late.output or b"", late.stderr or b""
    status = process.poll()
    _dispose(process)
    return Ending(status, output.decode(errors="replace"), errors.decode(errors="replace"), time.monotonic() - began)


def probe(backend: str, environ: Mapping[str, str], limit: float = LIMIT, run: Run = run_apart) -> GlProbe:
    """Draws one small frame with this backend and looks at it."""
    ending = run(FRAME, dict(environ) | _variables(backend), limit)
    if ending.failure:
        return GlProbe(backend, ending.failure, seconds=ending.seconds)
    renderer, version = json.loads(ending.output.splitlines()[-1])
    return GlProbe(backend, "", renderer, version, ending.seconds)


def choose(environ: Mapping[str, str], probing: Callable[[str, Mapping[str, str]], GlProbe] = probe) -> GlChoice:
    """The user's `MUJOCO_GL` if there is one, else the first that draws; `GlError` where that is none."""
    wanted = _wanted(environ)
    if wanted == "disabled":
        return GlChoice(wanted)
    failures: dict[str, str] = {}
    for backend in (wanted,) if wanted else AUTOMATIC:
        found = probing(backend, environ)
        if not found.failure:
            return GlChoice(backend, found.renderer, found.version)
        failures[backend] = found.failure
    raise GlError(_refusal(wanted, failures))


def chosen(environ: Mapping[str, str]) -> GlChoice:
    """As `choose`, tried once in a process for the same variables."""
    return _chosen(frozenset(environ.items()))


@functools.cache
def _chosen(variables: frozenset[tuple[str, str]]) -> GlChoice:
    return choose(dict(variables))


def _wanted(environ: Mapping[str, str]) -> str:
    """Read as MuJoCo reads it: capitals and blanks do not matter, nothing is no wish."""
    said = environ.get("MUJOCO_GL", "")
    wanted = said.strip().lower()
    if wanted and wanted not in BACKENDS:
        raise UnknownBackend(said)
    return wanted


def _variables(backend: str) -> dict[str, str]:
    """PyOpenGL has a variable of its own; MuJoCo refuses to load where the two differ."""
    same = {"PYOPENGL_PLATFORM": backend} if backend in AUTOMATIC else {}
    return {"MUJOCO_GL": backend} | same


def _refusal(wanted: str, failures: Mapping[str, str]) -> str:
    reasons = "; ".join(f"{backend}: {failure}" for backend, failure in failures.items())
    if wanted:
        return (
            f"MUJOCO_GL is '{wanted}', and MuJoCo cannot draw with that here ({reasons}). "
            f"Install it: `{CURES[wanted]}`; or unset MUJOCO_GL, and one that works is looked for."
        )
    return f"MuJoCo cannot draw here ({reasons}). Install EGL: `{CURES['egl']}`; or OSMesa: `{CURES['osmesa']}`."


def _dispose(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1.0)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
