"""A checkout of `calvin_env`, alone or inside one of `calvin`, and what it must have."""

from __future__ import annotations

import hashlib
import subprocess
from contextlib import suppress
from pathlib import Path

CLONE = "git clone https://github.com/mees/calvin_env"
NAME = "calvin_env"
COMMIT = "797142c588c2"
"""The commit that is meant: the first in which a button knows at a chain's start that its light is on, and the newest.
The repository `calvin` pins an older one."""
_WRITTEN = (".py", ".yaml", ".urdf")
"""Endings of the files that say how the world is."""
SCENES = ("A", "B", "C", "D")
_CODE = Path("calvin_env", "envs", "play_table_env.py")
_CONF = (
    "conf/env/play_table_env.yaml",
    "conf/robot/panda_longer_finger.yaml",
    "conf/cameras/cameras/static.yaml",
    "conf/cameras/cameras/gripper.yaml",
    "conf/tasks/new_playtable_tasks.yaml",
    *(f"conf/scene/calvin_scene_{scene}.yaml" for scene in SCENES),
)
_DATA = (
    "data/franka_panda/panda_longer_finger.urdf",
    "data/plane/plane.urdf",
    "data/blocks/block_red_middle.urdf",
    *(f"data/calvin_table_{scene}/urdf/calvin_table_{scene}.urdf" for scene in SCENES),
)


class CheckoutError(ValueError):
    """It is none, or not whole."""

    def __init__(self, fact: str, way_out: str) -> None:
        """`way_out`: the command that brings what is missing."""
        super().__init__(f"{fact}; {way_out}")
        self.fact, self.way_out = fact, way_out


def code_in(root: str) -> Path:
    """The folder of `calvin_env` in it, whole; a `CheckoutError` where there is none."""
    given = Path(root).expanduser()
    if not given.is_dir():
        raise CheckoutError(f"the CALVIN checkout {root} is no folder", CLONE)
    found = next((place for place in (given, given / "calvin_env") if (place / _CODE).is_file()), None)
    if found is None and (given / "calvin_models").is_dir():
        way_out = f"git -C {root} submodule update --init calvin_env && {_meant(given / NAME)}"
        raise CheckoutError(f"{root} lacks its submodule", way_out)
    if found is None:
        raise CheckoutError(f"{root} is no checkout of calvin_env: there is no {_CODE} in it", CLONE)
    missing = [name for name in (*_CONF, *_DATA) if not (found / name).is_file()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise CheckoutError(f"{found} is not whole: it lacks {missing[0]}{more}", f"git -C {found} checkout .")
    return found.resolve()


def commit_of(code: Path) -> str:
    """Of the checkout. What was changed in it, or has no git of its own, is known by a digest of what it holds."""
    git = ["git", "-C", str(code)]
    with suppress(OSError, subprocess.CalledProcessError):
        said = subprocess.run([*git, "rev-parse", "HEAD", "--show-prefix"], capture_output=True, text=True, check=True)
        head, within = said.stdout.splitlines()
        changed = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True)
        if not within:
            return f"{head[:12]} with changes {_digest(code)}" if changed.stdout else head[:12]
    return f"of unknown commit {_digest(code)}"


def _digest(code: Path) -> str:
    total = hashlib.sha256()
    for file in sorted(file for file in code.rglob("*") if file.suffix in _WRITTEN and file.is_file()):
        total.update(f"{file.relative_to(code)} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()[:12]


def doubt(commit: str) -> str:
    """Why scores in a checkout of this commit may be others; empty for the one that is meant."""
    if commit == COMMIT:
        return ""
    return (
        f"{NAME} {commit} is not {COMMIT[:7]}, which is meant: in older ones an LED that is on at a chain's start "
        "takes two presses to go off (480 of the 1000 chains start so, and 185 of them ask for it)"
    )


def _meant(code: Path) -> str:
    return f"git -C {code} checkout {COMMIT[:7]}"


def way_out_of_doubt(code: Path) -> str:
    return f"{_meant(code)}  # or clone anew: {CLONE}"
