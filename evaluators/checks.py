"""What armtrial needs of a machine, one small check for each thing.

Whatever could crash or hang (drivers, torch, ffmpeg) is tried in a process of its own under a time limit, and
versions are read without an import, so that a check survives what it diagnoses.
"""

import functools
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..envs import gl
from ..envs.extras import itself
from ..envs.guests import GuestError
from .machine import Finding, Machine, Status

PYTHON = ">=3.12,<3.14"
REQUIRED = {
    "numpy": ">=2,<2.3",
    "gymnasium": ">=1.1,<2",
    "msgpack": ">=1.0",
    "msgspec": ">=0.19",
    "rich": ">=13",
    "scipy": ">=1.13",
    "statsmodels": ">=0.14.4",
    "scikit-posthocs": ">=0.11",
    "tabulate": ">=0.9",
    "imageio": ">=2.34",
    "imageio-ffmpeg": ">=0.5",
    "mujoco": ">=3.17,!=4.0.0",
    "torch": ">=2.7,<2.12",
    "transformers": ">=5.4,<5.6",
    "safetensors": ">=0.5",
    "tokenizers": ">=0.22",
}
"""The ranges of pyproject.toml, which an installed package no longer has beside it."""
OPTIONAL = {"lerobot": ">=0.6.1,<0.7", "websockets": ">=15", "pyzmq": ">=25"}
"""Each is an extra of the same name."""
SERVO_SDK = "feetech-servo-sdk"
ROOM = 2**30
"""Bytes of memory and of disk below which a run is likely to end early."""

FILM = """
import tempfile
from pathlib import Path
import imageio_ffmpeg

with tempfile.TemporaryDirectory() as folder:
    film = str(Path(folder, "film.mp4"))
    writer = imageio_ffmpeg.write_frames(film, (64, 64), fps=10, codec="libx264")
    writer.send(None)
    for shade in range(0, 250, 50):
        writer.send(bytes([shade]) * (64 * 64 * 3))
    writer.close()
    frames, _ = imageio_ffmpeg.count_frames_and_secs(film)
if frames != 5:
    raise SystemExit(f"a film of 5 frames came back with {frames}")
print(imageio_ffmpeg.get_ffmpeg_version())
"""

GPU = """
import torch

print(f"torch {torch.__version__} for CUDA {torch.version.cuda}", flush=True)
for index in range(torch.cuda.device_count()):
    float(torch.ones(2, device=f"cuda:{index}").sum())
    seen = torch.cuda.get_device_properties(index)
    print(f"{seen.name}, {seen.total_memory / 2**30:.0f} GiB")
"""


def python(machine: Machine) -> tuple[Finding, ...]:
    if within(machine.python, PYTHON):
        return (Finding("Python", Status.OK, machine.python),)
    cure = f"uv venv --python 3.12 && uv pip install {_itself(machine)}"
    return (Finding("Python", Status.BROKEN, f"{machine.python} is outside {PYTHON}", cure),)


def package(machine: Machine) -> tuple[Finding, ...]:
    version = machine.version("armtrial") or "no installed version"
    place = "checkout" if machine.is_checkout else "installed"
    return (Finding("armtrial", Status.OK, f"{version}, {place} in {machine.package}"),)


def libraries(machine: Machine) -> tuple[Finding, ...]:
    required = (_library(machine, name, allowed, Status.BROKEN) for name, allowed in REQUIRED.items())
    optional = (_library(machine, name, allowed, Status.MISSING) for name, allowed in OPTIONAL.items())
    return (*required, *optional)


def rendering(machine: Machine) -> tuple[Finding, ...]:
    """One row for each backend, and one for what a run would use."""
    names = [name for name in gl.BACKENDS if name != "disabled"]
    draw = functools.partial(gl.probe, environ=machine.environ, limit=machine.limit, run=machine.run)
    with ThreadPoolExecutor(len(names)) as pool:
        probes = dict(zip(names, pool.map(draw, names)))
    return (*(_backend(found) for found in probes.values()), _renderer(machine, probes))


def films(machine: Machine) -> tuple[Finding, ...]:
    ending = machine.run(FILM, machine.environ, machine.limit)
    if ending.failure:
        cure = f"python -m pip install --force-reinstall 'imageio-ffmpeg{REQUIRED['imageio-ffmpeg']}'"
        return (Finding("ffmpeg", Status.BROKEN, f"writes no H.264: {ending.failure}", cure),)
    return (Finding("ffmpeg", Status.OK, f"{ending.output.strip()}, wrote H.264 in {ending.seconds:.1f} s"),)


def gpu(machine: Machine) -> tuple[Finding, ...]:
    """Also finds a torch that does not import, since there is no other way to ask for a GPU."""
    ending = machine.run(GPU, machine.environ, machine.limit)
    torch, *devices = ending.output.splitlines() or [""]
    if not torch:
        cure = f"python -m pip install --force-reinstall 'torch{REQUIRED['torch']}'"
        return (Finding("GPU", Status.BROKEN, f"torch does not import: {ending.failure}", cure),)
    if ending.failure:
        cure = "nvidia-smi  # does the driver answer? Without it: export CUDA_VISIBLE_DEVICES="
        return (Finding("GPU", Status.MISSING, f"{torch} cannot use it: {ending.failure}", cure),)
    if devices:
        return (Finding("GPU", Status.OK, f"{'; '.join(devices)}; {torch}"),)
    if any(machine.devices.glob("nvidia[0-9]*")):
        cure = "nvidia-smi  # the CUDA version it names must not be below torch's"
        return (Finding("GPU", Status.MISSING, f"there is one, and {torch} does not see it", cure),)
    return (Finding("GPU", Status.MISSING, f"none: policies run on the CPU, with {torch}"),)


def arm_driver(machine: Machine) -> tuple[Finding, ...]:
    """What LeRobot's driver of the arm speaks to servos through; it is also what a rehearsal runs."""
    version = machine.version(SERVO_SDK)
    if version:
        return (Finding("arm driver", Status.OK, f"{SERVO_SDK} {version}"),)
    cure = f"python -m pip install {_itself(machine, '[real]')}"
    return (Finding("arm driver", Status.MISSING, f"{SERVO_SDK} is not installed", cure),)


def rig(machine: Machine) -> tuple[Finding, ...]:
    plug_in = "connect the arm's USB cable and its power; simulation needs neither"
    port = _devices(machine, "serial port", ("ttyACM*", "ttyUSB*"), "dialout", plug_in)
    return port, _devices(machine, "camera", ("video*",), "video", "connect the rig's cameras; simulation needs none")


def calvin(machine: Machine) -> tuple[Finding, ...]:
    """A checkout, a Python with pybullet, and EGL in it: a world is built and stepped. Another commit than the one that
    is meant plays, but not the benchmark."""
    try:
        found = machine.calvin(machine.environ)
    except GuestError as error:
        return (Finding("CALVIN", Status.MISSING, error.fact, error.way_out),)
    if found.doubt is not None:
        return (Finding("CALVIN", Status.MISSING, found.doubt.fact, found.doubt.way_out),)
    commits = [f"{name} {commit}" for name, commit in found.upstream.items()]
    fact = ", ".join([found.arguments["calvin_root"], *commits, str(found.renderer)])
    return (Finding("CALVIN", Status.OK, fact),)


def robosuite(machine: Machine) -> tuple[Finding, ...]:
    """A Python with the versions that go together, and a picture drawn in it."""
    try:
        found = machine.robosuite(machine.environ)
    except GuestError as error:
        return (Finding("robosuite", Status.MISSING, error.fact, error.way_out),)
    versions = ", ".join(f"{name} {version}" for name, version in found.upstream.items())
    return (Finding("robosuite", Status.OK, f"{versions}, {found.renderer}"),)


def resources(machine: Machine) -> tuple[Finding, ...]:
    cores = len(os.sched_getaffinity(0))
    return (
        Finding("CPU", Status.OK, f"{cores} cores for `--workers`"),
        _memory(machine.meminfo),
        _disk(machine.folder),
    )


Check = Callable[[Machine], tuple[Finding, ...]]
CHECKS: tuple[Check, ...] = (
    python,
    package,
    libraries,
    rendering,
    films,
    gpu,
    arm_driver,
    rig,
    calvin,
    robosuite,
    resources,
)


def within(version: str, allowed: str) -> bool:
    """Whether `2.11.0+cu130` fulfils `>=2.7,<2.12`. Only numbers count: a pre-release is taken for its release."""
    have = _numbers(version)
    for rule in allowed.split(","):
        sign, limit = rule.rstrip("0123456789."), _numbers(rule.lstrip("<>=!"))
        if not {">=": have >= limit, "<": have < limit, "!=": have != limit}[sign]:
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    """Without the zeros at the end, so that 4.0 equals 4.0.0."""
    release = re.match(r"[0-9]+(\.[0-9]+)*", version)
    return tuple(int(part) for part in re.sub(r"(\.0+)*\Z", "", release[0]).split(".")) if release else ()


def _library(machine: Machine, name: str, allowed: str, otherwise: Status) -> Finding:
    version = machine.version(name)
    if version and within(version, allowed):
        return Finding(name, Status.OK, version)
    what = f"'{name}{allowed}'" if name in REQUIRED else _itself(machine, f"[{name}]")
    fact = f"{version} is outside {allowed}" if version else "not installed"
    return Finding(name, otherwise, fact, f"python -m pip install {what}")


def _itself(machine: Machine, extra: str = "") -> str:
    return itself(extra, machine.package)


def _backend(found: gl.GlProbe) -> Finding:
    name = f"GL {found.backend}"
    if found.failure:
        return Finding(name, Status.MISSING, found.failure, gl.CURES[found.backend])
    return Finding(name, Status.OK, f"{found.renderer}, OpenGL {found.version}, in {found.seconds:.1f} s")


def _renderer(machine: Machine, probes: Mapping[str, gl.GlProbe]) -> Finding:
    said = machine.environ.get("MUJOCO_GL", "")
    try:
        choice = gl.choose(machine.environ, lambda backend, _: probes[backend])
    except gl.GlError as error:
        none_draws = all(probes[backend].failure for backend in gl.AUTOMATIC)
        steps = [step for step, needed in (("unset MUJOCO_GL", said), (gl.CURES["egl"], none_draws)) if needed]
        return Finding("renderer", Status.BROKEN, str(error), " && ".join(steps))
    if not choice.renderer:
        return Finding("renderer", Status.MISSING, f"MUJOCO_GL is '{said}': no pictures", "unset MUJOCO_GL")
    why = f"MUJOCO_GL is '{said}'" if said else f"the first of {', '.join(gl.AUTOMATIC)} that draws"
    return Finding("renderer", Status.OK, f"{choice.backend}: {why}")


def _devices(machine: Machine, name: str, patterns: tuple[str, ...], group: str, way_out: str) -> Finding:
    found = sorted(device for pattern in patterns for device in machine.devices.glob(pattern))
    blocked = [device for device in found if not machine.usable(device)]
    if not found:
        places = " or ".join(f"{machine.devices / pattern}" for pattern in patterns)
        return Finding(name, Status.MISSING, f"no {places}", way_out)
    if blocked:
        fact = f"this user may not read and write {', '.join(map(str, blocked))}"
        return Finding(name, Status.MISSING, fact, f"sudo usermod -aG {group} $USER  # then log in again")
    return Finding(name, Status.OK, ", ".join(map(str, found)))


def _memory(meminfo: Path) -> Finding:
    kilobytes = re.search(r"^MemAvailable: +(\d+) kB", meminfo.read_text(), re.MULTILINE)
    free = int(kilobytes[1]) * 1024 if kilobytes else 0
    return _enough("memory", free, "available", "close other programs, or play with `--workers 1`")


def _disk(folder: Path) -> Finding:
    """Writes, since permissions alone do not tell of a disk that is mounted read-only."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"armtrial")
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding("disk", Status.BROKEN, f"{folder}: {error.strerror}", "cd to a folder of yours, or give `--out`")
    return _enough("disk", free, f"free in {folder}", "give `--out` a folder on another disk")


def _enough(name: str, free: int, where: str, way_out: str) -> Finding:
    fact = f"{free / 2**30:.1f} GiB {where}"
    if free >= ROOM:
        return Finding(name, Status.OK, fact)
    return Finding(name, Status.BROKEN, f"{fact}; {ROOM / 2**30:.0f} GiB is the least", way_out)
