"""Where a run was played and with what: the part of run.json that nobody remembers afterwards."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from ..envs.digests import digest
from .records import Provenance

ROOT = Path(__file__).parent.parent
NO_UPSTREAM: Mapping[str, str] = {}
_PACKAGES = ("armtrial", "numpy", "mujoco", "gymnasium", "torch", "lerobot", "transformers")


def provenance(
    renderer: str,
    places: Sequence[str],
    given: Iterable[object] = (),
    upstream: Mapping[str, str] = NO_UPSTREAM,
    weights: str = "",
) -> Provenance:
    """Of this moment. `places`: where policy, suite and world come from; those in files of the user's are hashed.
    `given`: what world and policy were handed; the files in it are hashed too, but not the meshes that such a file
    names. `weights`: a file or folder. `upstream`: as it was found."""
    revision, dirty = commit()
    files = {file: digest(Path(file)) for file in [*_files(places), *handed(given), *_there(weights)]}
    return Provenance(
        commit=revision,
        dirty=dirty,
        packages=packages(),
        machine=machine(),
        renderer=renderer,
        files=files,
        upstream=dict(upstream),
    )


def handed(given: Iterable[object]) -> list[str]:
    """Those that are files. A bare word is a name, even where a file happens to be called that."""
    texts = [text for text in given if isinstance(text, str) and (Path(text).suffix or Path(text).is_absolute())]
    return [text for text in texts if Path(text).is_file()]


def _there(weights: str) -> list[str]:
    return [weights] if weights and Path(weights).exists() else []


def _files(places: Sequence[str]) -> list[str]:
    names = {place.rpartition(":")[0] for place in places}
    return sorted(name for name in names if name.endswith(".py"))


def packages(names: Sequence[str] = _PACKAGES) -> dict[str, str]:
    """Versions of those that are installed, read without importing them."""
    found: dict[str, str] = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str]:
    return {
        "host": platform.node(),
        "system": f"{platform.system()} {platform.release()}",
        "cpu": _cpu(),
        "cores": str(os.cpu_count()),
        "python": sys.version.split()[0],
    }


def commit() -> tuple[str, bool]:
    """The checkout's commit and whether it has changes; ("", False) for an installed package."""
    if not (ROOT / ".git").exists():
        return "", False
    return _git("rev-parse", "HEAD"), bool(_git("status", "--porcelain"))


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _cpu() -> str:
    """Its model: results are promised to be equal on one machine only."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
