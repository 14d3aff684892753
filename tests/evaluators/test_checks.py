import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from armtrial.envs import gl
from armtrial.envs.guests import Doubt, Guest
from armtrial.evaluators import checks
from armtrial.evaluators.checks import Check
from armtrial.evaluators.machine import Finding, Machine, Status

ROOT = Path(__file__).parent.parent.parent
VERSIONS = {
    "feetech-servo-sdk": "1.0.0",
    "armtrial": "0.1.0",
    "numpy": "2.2.6",
    "gymnasium": "1.4.0",
    "msgpack": "1.2.4",
    "msgspec": "0.22.0",
    "rich": "15.0.0",
    "scipy": "1.18.1",
    "statsmodels": "0.15.0",
    "scikit-posthocs": "0.17.1",
    "tabulate": "0.10.0",
    "imageio": "2.38.1",
    "imageio-ffmpeg": "0.8.1",
    "mujoco": "3.17.0",
    "torch": "2.11.0+cu130",
    "transformers": "5.5.4",
    "safetensors": "0.8.0",
    "tokenizers": "0.22.2",
    "lerobot": "0.6.1",
    "pyzmq": "27.3.0",
    "websockets": "17.4",
}
WELL = {
    gl.FRAME: gl.Ending(0, '["llvmpipe", "4.5 Mesa"]\n', "", 0.5),
    checks.FILM: gl.Ending(0, "7.0.2\n", "", 0.5),
    checks.GPU: gl.Ending(0, "torch 2.11.0 for CUDA 13.0\nNVIDIA H200, 139 GiB\n", "", 3.0),
}
CRASHED = gl.Ending(-11, "", "", 0.1)
HUNG = gl.Ending(None, "", "", 30.0)
NO_EGL = gl.Ending(1, "", "Traceback ...\nImportError: no EGL device\n", 0.1)


def giving(endings: Mapping[str, gl.Ending]) -> gl.Run:
    """What each program leads to; `egl`, `osmesa` and `glfw` stand for the frame drawn with them."""
    return lambda program, environ, limit: endings.get(environ.get("MUJOCO_GL", "")) or (WELL | dict(endings))[program]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Everything is there, and nothing of it is real."""
    for name in ("ttyACM0", "video0"):
        (tmp_path / name).touch()
    (tmp_path / "meminfo").write_text("MemTotal:       16000000 kB\nMemAvailable:    8388608 kB\n")
    return Machine(
        environ={},
        folder=tmp_path,
        package=tmp_path,
        devices=tmp_path,
        meminfo=tmp_path / "meminfo",
        python="3.12.1",
        version=VERSIONS.get,
        usable=lambda device: True,
        run=giving({}),
        calvin=lambda environ: Guest("python", {"calvin_root": "/calvin"}, gl.GlChoice("egl", "llvmpipe", "4.5")),
        robosuite=lambda environ: Guest("python", {}, gl.GlChoice("egl", "llvmpipe", "4.5")),
    )


def found(check: Check, machine: Machine, name: str) -> Finding:
    return next(finding for finding in check(machine) if finding.name == name)


def test_a_machine_with_everything_is_well(machine: Machine):
    findings = [finding for check in checks.CHECKS for finding in check(machine)]
    assert {finding.status for finding in findings} == {Status.OK}
    assert {finding.cure for finding in findings} == {""}


def test_an_old_python_is_broken(machine: Machine):
    (finding,) = checks.python(replace(machine, python="3.11.2"))
    assert finding.status is Status.BROKEN
    assert finding.fact == "3.11.2 is outside >=3.12,<3.14"
    assert finding.cure.startswith("uv venv --python 3.12")


def test_a_checkout_is_told_from_an_installed_package(machine: Machine):
    assert checks.package(machine)[0].fact == f"0.1.0, installed in {machine.package}"
    (machine.package / "pyproject.toml").touch()
    assert checks.package(machine)[0].fact == f"0.1.0, checkout in {machine.package}"


def test_a_required_library_that_is_missing_is_broken(machine: Machine):
    finding = found(checks.libraries, replace(machine, version=lambda _: None), "mujoco")
    cure = "python -m pip install 'mujoco>=3.17,!=4.0.0'"
    assert finding == Finding("mujoco", Status.BROKEN, "not installed", cure)


@pytest.mark.parametrize(("name", "version"), [("torch", "2.6.0"), ("torch", "2.12.0"), ("mujoco", "4.0.0")])
def test_a_required_library_of_the_wrong_version_is_broken(machine: Machine, name: str, version: str):
    finding = found(checks.libraries, replace(machine, version=(VERSIONS | {name: version}).get), name)
    assert finding.status is Status.BROKEN
    assert finding.fact == f"{version} is outside {checks.REQUIRED[name]}"


def test_a_missing_extra_is_optional_and_installed_where_the_package_is(machine: Machine):
    without = replace(machine, version=lambda _: None)
    cure = "python -m pip install 'armtrial[lerobot]'"
    assert found(checks.libraries, without, "lerobot") == Finding("lerobot", Status.MISSING, "not installed", cure)
    (machine.package / "pyproject.toml").touch()
    assert found(checks.libraries, without, "lerobot").cure == f"python -m pip install -e '{machine.package}[lerobot]'"


@pytest.mark.parametrize(
    ("version", "allowed", "fits"),
    [
        ("2.11.0+cu130", ">=2.7,<2.12", True),
        ("2.7", ">=2.7.0", True),
        ("2.12.0", ">=2.7,<2.12", False),
        ("3.9.0", ">=3.17", False),
        ("4.0.0", ">=3.17,!=4.0.0", False),
        ("4.0.1", ">=3.17,!=4.0.0", True),
        ("3.13.0rc1", ">=3.12,<3.14", True),
        ("unknown", ">=1.0", False),
    ],
)
def test_versions_compare_as_numbers(version: str, allowed: str, fits: bool):
    assert checks.within(version, allowed) is fits


def test_the_ranges_are_those_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == checks.PYTHON
    assert {name + allowed for name, allowed in checks.REQUIRED.items()} == set(project["dependencies"])
    for name, allowed in checks.OPTIONAL.items():
        assert [re.sub(r"\[.*?\]", "", line) for line in project["optional-dependencies"][name]] == [name + allowed]


def test_a_crashing_driver_costs_its_backend_only(machine: Machine):
    without = replace(machine, run=giving({"egl": CRASHED}))
    egl = found(checks.rendering, without, "GL egl")
    assert (egl.status, egl.fact) == (Status.MISSING, "crashed with signal 11 (Segmentation fault)")
    assert egl.cure == gl.CURES["egl"]
    renderer = found(checks.rendering, without, "renderer")
    assert (renderer.status, renderer.fact) == (Status.OK, "osmesa: the first of egl, osmesa that draws")


def test_no_way_to_draw_is_broken(machine: Machine):
    finding = found(checks.rendering, replace(machine, run=giving({"egl": HUNG, "osmesa": NO_EGL})), "renderer")
    assert finding.status is Status.BROKEN
    assert "egl: no answer in 30 s; osmesa: exit status 1: ImportError: no EGL device" in finding.fact
    assert finding.cure == gl.CURES["egl"]


@pytest.mark.parametrize("said", ["egl", "elg"])
def test_a_backend_that_the_user_wants_and_cannot_have_is_broken(machine: Machine, said: str):
    finding = found(
        checks.rendering, replace(machine, environ={"MUJOCO_GL": said}, run=giving({"egl": HUNG})), "renderer"
    )
    assert finding.status is Status.BROKEN
    assert f"MUJOCO_GL is '{said}'" in finding.fact
    assert finding.cure == "unset MUJOCO_GL"


def test_pictures_that_are_switched_off_are_told(machine: Machine):
    finding = found(checks.rendering, replace(machine, environ={"MUJOCO_GL": "disabled"}), "renderer")
    assert finding == Finding("renderer", Status.MISSING, "MUJOCO_GL is 'disabled': no pictures", "unset MUJOCO_GL")


def test_an_ffmpeg_that_writes_no_video_is_broken(machine: Machine):
    ending = gl.Ending(1, "", "RuntimeError: No ffmpeg exe could be found\n", 0.1)
    (finding,) = checks.films(replace(machine, run=giving({checks.FILM: ending})))
    assert finding.status is Status.BROKEN
    assert finding.fact == "writes no H.264: exit status 1: RuntimeError: No ffmpeg exe could be found"
    assert "pip install --force-reinstall 'imageio-ffmpeg>=0.5'" in finding.cure


@pytest.mark.parametrize(
    ("ending", "status", "fact"),
    [
        (HUNG, Status.BROKEN, "torch does not import: no answer in 30 s"),
        (
            gl.Ending(1, "", "OSError: libcudart.so\n", 1.0),
            Status.BROKEN,
            "torch does not import: exit status 1: OSError",
        ),
        (gl.Ending(None, "torch 2.11\n", "", 30.0), Status.MISSING, "torch 2.11 cannot use it: no answer in 30 s"),
        (gl.Ending(0, "torch 2.11\n", "", 1.0), Status.MISSING, "none: policies run on the CPU, with torch 2.11"),
    ],
)
def test_a_torch_that_fails_is_broken_and_a_gpu_that_fails_is_optional(
    machine: Machine, ending: gl.Ending, status: Status, fact: str
):
    (finding,) = checks.gpu(replace(machine, run=giving({checks.GPU: ending})))
    assert finding.status is status
    assert finding.fact.startswith(fact)


def test_a_gpu_that_torch_does_not_see_leads_to_its_driver(machine: Machine):
    (machine.devices / "nvidia0").touch()
    (finding,) = checks.gpu(replace(machine, run=giving({checks.GPU: gl.Ending(0, "torch 2.11\n", "", 1.0)})))
    assert finding.fact == "there is one, and torch 2.11 does not see it"
    assert finding.cure.startswith("nvidia-smi")


@pytest.mark.parametrize(
    ("name", "device", "group"), [("serial port", "ttyACM0", "dialout"), ("camera", "video0", "video")]
)
def test_a_device_without_permission_names_the_group_to_join(machine: Machine, name: str, device: str, group: str):
    finding = found(checks.rig, replace(machine, usable=lambda path: path.name != device), name)
    assert finding.status is Status.MISSING
    assert finding.fact == f"this user may not read and write {machine.devices / device}"
    assert finding.cure == f"sudo usermod -aG {group} $USER  # then log in again"


def test_a_missing_servo_sdk_names_the_extra_that_brings_it(machine: Machine):
    (there,) = checks.arm_driver(replace(machine, version=lambda _: "1.0.0"))
    (missing,) = checks.arm_driver(replace(machine, version=lambda _: None))
    assert (there.status, there.fact) == (Status.OK, "feetech-servo-sdk 1.0.0")
    assert (missing.status, missing.fact) == (Status.MISSING, "feetech-servo-sdk is not installed")
    assert "[real]" in missing.cure


def test_a_rig_that_is_not_there_is_optional(machine: Machine, tmp_path: Path):
    port, camera = checks.rig(replace(machine, devices=tmp_path / "none"))
    assert {port.status, camera.status} == {Status.MISSING}
    assert port.fact == f"no {tmp_path}/none/ttyACM* or {tmp_path}/none/ttyUSB*"
    assert port.cure.startswith("connect the arm's USB cable")


@pytest.mark.parametrize("said", ["", "/nowhere"])
def test_a_missing_calvin_leads_to_its_checkout(machine: Machine, said: str):
    real = Machine(environ={}, folder=machine.folder).calvin
    (finding,) = checks.calvin(replace(machine, environ={"CALVIN_ROOT": said}, calvin=real))
    assert finding.status is Status.MISSING
    assert (f"the CALVIN checkout {said} is no folder" if said else "CALVIN_ROOT, which is not set") in finding.fact
    assert finding.cure.startswith("git clone https://github.com/mees/calvin_env")


def test_a_calvin_of_another_commit_is_no_ok_and_leads_to_the_one_that_is_meant(machine: Machine):
    doubt = Doubt("calvin_env 1431a46bd36b is not 797142c", "git checkout 797142c")
    (well,) = checks.calvin(machine)
    (finding,) = checks.calvin(replace(machine, calvin=lambda environ: replace(machine.calvin(environ), doubt=doubt)))
    assert well.status is Status.OK
    assert (finding.status, finding.fact, finding.cure) == (Status.MISSING, doubt.fact, doubt.way_out)


def test_a_missing_robosuite_leads_to_its_make_target(machine: Machine):
    real = Machine(environ={}, folder=machine.folder).robosuite
    (finding,) = checks.robosuite(replace(machine, environ={"ROBOSUITE_PYTHON": "/nowhere/python"}, robosuite=real))
    assert finding.status is Status.MISSING
    assert finding.cure.startswith("unset ROBOSUITE_PYTHON && make robosuite  # or name one that has robosuite 1.5.2,")
    assert finding.fact == "/nowhere/python cannot be run: No such file or directory"


def test_too_little_memory_is_broken(machine: Machine):
    machine.meminfo.write_text("MemAvailable:    524288 kB\n")
    finding = found(checks.resources, machine, "memory")
    assert (finding.status, finding.fact) == (Status.BROKEN, "0.5 GiB available; 1 GiB is the least")


def test_too_little_disk_is_broken(machine: Machine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checks, "ROOM", 2**80)
    finding = found(checks.resources, machine, "disk")
    assert finding.status is Status.BROKEN
    assert finding.cure == "give `--out` a folder on another disk"


def test_a_folder_that_cannot_be_written_is_broken(machine: Machine):
    finding = found(checks.resources, replace(machine, folder=Path("/proc")), "disk")
    assert finding.status is Status.BROKEN
    assert finding.fact.startswith("/proc: ")


def test_the_video_program_writes_a_video(machine: Machine):
    (finding,) = checks.films(replace(machine, run=gl.run_apart))
    assert finding.status is Status.OK
