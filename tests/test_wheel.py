"""The wheel: built, installed into an empty environment, run from elsewhere."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {"tasks", "envs", "real", "policies", "evaluators", "reports"}


def run(*words: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT))
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds the wheel alone; what it depends on is lent by a path file, so that nothing is downloaded."""
    home = tmp_path_factory.mktemp("environment") / "venv"
    run(sys.executable, "-m", "venv", str(home))
    run(str(home / "bin" / "python"), "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", str(wheel))
    (site,) = home.glob("lib/python*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return home


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = {Path(name).parts for name in zipfile.ZipFile(wheel).namelist()}
    assert {parts[0] for parts in names} == {"armtrial", "armtrial-0.1.0.dist-info"}
    inside = {parts[1] for parts in names if parts[0] == "armtrial"}
    assert inside == FOLDERS | {"__init__.py", "__main__.py"}


def test_site_packages_gains_only_armtrial(environment: Path) -> None:
    (site,) = environment.glob("lib/python*/site-packages")
    gained = {path.name for path in site.iterdir() if not path.name.startswith(("pip", "lent.pth", "__pycache__"))}
    assert gained == {"armtrial", "armtrial-0.1.0.dist-info"}


@pytest.mark.parametrize("words", [("armtrial",), ("python", "-m", "armtrial")], ids=" ".join)
def test_the_installed_package_runs_from_anywhere(environment: Path, words: tuple[str, ...]) -> None:
    said = run(str(environment / "bin" / words[0]), *words[1:], "--list", cwd=Path("/"))
    assert "toy          v1, 20 trials each of reach, fetch, tour" in said


def test_the_installed_package_plays_in_worker_processes(environment: Path, tmp_path: Path) -> None:
    words = ("--policy", "toy", "--suite", "toy", "--episodes", "2", "--workers", "2", "--out", str(tmp_path / "run"))
    said = run(str(environment / "bin" / "armtrial"), *words, cwd=tmp_path)
    assert "100.0 % (6/6" in said


def test_python_m_armtrial_runs_from_the_checkout() -> None:
    assert "suites:" in run(sys.executable, "-m", "armtrial", "--list")
