"""What is missing for CALVIN is said in one line, with the command that brings it."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from armtrial.envs.calvin.checkout import COMMIT, CheckoutError, code_in, commit_of, doubt
from armtrial.envs.calvin.guest import HOME, _refused, built, drawing, guest
from armtrial.envs.faults import Fault
from armtrial.envs.gl import GlChoice
from armtrial.envs.guests import Doubt, Guest, GuestError, Python
from armtrial.evaluators.cli import main
from armtrial.tasks.base import Origin

CLONE = "git clone https://github.com/mees/calvin_env"
HOLLOW = ("calvin_env/envs/play_table_env.py", "conf/env/play_table_env.yaml")


def made(folder: Path, *files: str) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


def test_a_folder_that_is_not_there_leads_to_the_clone() -> None:
    with pytest.raises(CheckoutError, match=f"the CALVIN checkout /nowhere is no folder; {CLONE}"):
        code_in("/nowhere")


def test_a_folder_of_something_else_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(CheckoutError, match=f"is no checkout of calvin_env: .*play_table_env.py in it; {CLONE}"):
        code_in(str(tmp_path))


def test_a_checkout_without_its_submodule_leads_to_it(tmp_path: Path) -> None:
    (tmp_path / "calvin_models").mkdir()
    with pytest.raises(
        CheckoutError,
        match=r"lacks its submodule; git -C .* submodule update --init .* && git -C .*/calvin_env checkout 797142c",
    ):
        code_in(str(tmp_path))


def test_a_checkout_without_data_is_not_whole(tmp_path: Path) -> None:
    made(tmp_path / "calvin_env", *HOLLOW)
    with pytest.raises(CheckoutError, match=r"is not whole: it lacks conf/robot/panda_longer_finger.yaml and \d+ more"):
        code_in(str(tmp_path))


def test_without_a_checkout_a_run_ends_in_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CALVIN_ROOT", raising=False)
    assert main(["--policy", "random", "--suite", "calvin", "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert "--calvin-root DIR or CALVIN_ROOT, which is not set; git clone" in said
    assert said.count("\n") == 1


def test_without_a_python_of_its_own_it_says_how_to_make_one(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(GuestError, match=r"there is none in .*nowhere; make calvin"):
        guest({"calvin_root": str(whole)}, {}, [tmp_path / "nowhere" / "bin" / "python"])


def test_a_python_that_cannot_be_run_is_named(whole: Path) -> None:
    said = "/nowhere/python cannot be run: No such file or directory; unset CALVIN_PYTHON && make calvin  # or name one"
    with pytest.raises(GuestError, match=said):
        guest({"calvin_root": str(whole)}, {"CALVIN_PYTHON": "/nowhere/python"})


def test_a_python_without_pybullet_is_named_with_what_it_lacks() -> None:
    with pytest.raises(
        GuestError, match=r"cannot play CALVIN: it lacks .*pybullet.*; rm -rf .venv-calvin && make calvin"
    ):
        drawing(ours(sys.executable))


def test_an_import_that_fails_is_not_blamed_on_egl(tmp_path: Path) -> None:
    halting = script(tmp_path, 'echo "ImportError: no NumPy" >&2', "exit 1")
    with pytest.raises(
        GuestError, match=r"cannot play CALVIN: ImportError: no NumPy; rm -rf .venv-calvin && make calvin"
    ):
        drawing(ours(halting))


def test_the_caller_s_paths_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/of/another/python")
    monkeypatch.setenv("PYTHONHOME", "/of/another/python")
    with pytest.raises(GuestError, match=r"cannot play CALVIN: <>;"):
        drawing(ours(script(tmp_path, 'echo "<$PYTHONPATH$PYTHONHOME>" >&2', "exit 1")))


def test_a_python_without_egl_leads_to_it(tmp_path: Path) -> None:
    blind = script(tmp_path, "echo drawing", "echo its renderer does not load >&2", "exit 1")
    with pytest.raises(
        GuestError, match=r"cannot draw with EGL: its renderer does not load; sudo apt-get install .* libegl1"
    ):
        drawing(ours(blind))


def test_drawing_that_crashes_says_so(tmp_path: Path) -> None:
    crashing = script(tmp_path, "echo drawing", "kill -SEGV $$")
    with pytest.raises(
        GuestError, match="cannot draw with EGL: the attempt ended with signal 11; sudo apt-get install"
    ):
        drawing(ours(crashing))


def ours(path: str) -> Python:
    """As if `make calvin` had made it."""
    return replace(HOME.python({}, {}, [Path(sys.executable)]), path=path)


def script(folder: Path, *lines: str) -> str:
    """Stands for a Python."""
    file = folder / "python"
    file.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    file.chmod(0o755)
    return str(file)


def test_what_a_world_cannot_import_is_named_with_the_python(whole: Path) -> None:
    said = r"cannot play CALVIN: ModuleNotFoundError: No module named 'pybullet'; rm -rf .venv-calvin && make calvin"
    with pytest.raises(GuestError, match=said):
        built(ours(sys.executable), str(whole), whole, "any")


@pytest.mark.parametrize(
    ("fault", "log", "said"),
    [
        (
            Fault(Origin.WORLD, "ScannerError", "mapping values are not allowed here"),
            "",
            "/calvin_env does not build: ScannerError: mapping values are not allowed here",
        ),
        (
            Fault(Origin.WORLD, "error", "Cannot load URDF file."),
            "b3Warning[somewhere.cpp,126]:\nURDF file 'block.urdf' not found\n",
            "/calvin_env does not build: error: Cannot load URDF file. ('block.urdf' not found)",
        ),
    ],
)
def test_a_checkout_that_does_not_build_leads_to_its_own_files(fault: Fault, log: str, said: str) -> None:
    error = _refused(ours("python"), Path("/calvin_env"), fault, log)
    assert (error.fact, error.way_out.split("  #")[0]) == (said, "git -C /calvin_env checkout .")


def test_a_worker_that_dies_as_it_builds_is_no_fault_of_the_checkout() -> None:
    fault = Fault(Origin.WORKER, "WorkerDied", "the worker process ended with signal 11")
    assert _refused(ours("python"), Path("/calvin_env"), fault, "").fact == f"python cannot play CALVIN: {fault}"


def test_make_calvin_installs_what_the_commit_that_calvin_pins_imports() -> None:
    recipe = (Path(__file__).parents[2] / "Makefile").read_text().partition(".venv-calvin/.done:\n")[2]
    assert " rich" in recipe.partition("@touch")[0]


def test_another_commit_is_warned_of_before_a_run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    doubted = Guest("python", {"calvin_root": "/c"}, GlChoice("egl"), doubt=Doubt("calvin_env is old", "check out"))
    monkeypatch.setattr("armtrial.envs.calvin.guest.guest", lambda given, environ: doubted)
    assert main(["--policy", "random", "--suite", "calvin", "--episodes", "1", "--dry-run"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said == ["armtrial: calvin_env is old; check out", "1 trial in the world 'calvin'; nothing was played"]


@pytest.mark.parametrize("commit", ["1431a46bd36b", f"{COMMIT} with changes 0123", "of unknown commit 0123"])
def test_any_commit_but_the_one_that_is_meant_is_doubted(commit: str) -> None:
    assert doubt(COMMIT) == ""
    assert doubt(commit).startswith(f"calvin_env {commit} is not 797142c, which is meant: in older ones an LED that is")


def test_a_checkout_s_commit_is_its_own_and_not_that_of_a_folder_around_it(tmp_path: Path) -> None:
    checkout = made(tmp_path / "around" / "calvin_env", "setup.py")
    assert commit_of(checkout).startswith("of unknown commit ")
    committed(tmp_path / "around")
    assert commit_of(checkout).startswith("of unknown commit ")
    head = committed(checkout)
    assert commit_of(checkout) == head


def test_two_changes_of_a_checkout_are_two_commits(tmp_path: Path) -> None:
    checkout = made(tmp_path, "setup.py")
    head, seen = committed(checkout), set[str]()
    for text in ("one", "other", "other"):
        (checkout / "setup.py").write_text(text)
        seen.add(commit_of(checkout))
    assert len(seen) == 2
    assert all(re.fullmatch(f"{head} with changes [0-9a-f]{{12}}", commit) for commit in seen)


def committed(folder: Path) -> str:
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout[:12]


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    from armtrial.envs.calvin import checkout

    return made(tmp_path / "whole", *HOLLOW, *checkout._CONF, *checkout._DATA)
