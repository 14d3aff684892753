"""What is missing for CALVIN is said in one line, with the command that brings it."""

import subprocess
import sys
from pathlib import Path

import pytest

from armtrial.envs.calvin.checkout import CheckoutError, code_in
from armtrial.envs.calvin.guest import _commit, drawing, guest
from armtrial.envs.guests import GuestError
from armtrial.evaluators.cli import main

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
    with pytest.raises(CheckoutError, match=r"lacks its submodule; git -C .* submodule update --init calvin_env"):
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
    with pytest.raises(GuestError, match="/nowhere/python cannot be run: No such file or directory; make calvin"):
        guest({"calvin_root": str(whole)}, {"CALVIN_PYTHON": "/nowhere/python"})


def test_a_python_without_pybullet_is_named_with_what_it_lacks() -> None:
    with pytest.raises(GuestError, match=r"cannot play CALVIN: it lacks .*pybullet.*; make calvin"):
        drawing(sys.executable)


def test_a_python_without_egl_leads_to_it(tmp_path: Path) -> None:
    blind = tmp_path / "python"
    blind.write_text("#!/bin/sh\necho its renderer does not load >&2\nexit 1\n")
    blind.chmod(0o755)
    with pytest.raises(
        GuestError, match=r"cannot draw with EGL: its renderer does not load; sudo apt-get install .* libegl1"
    ):
        drawing(str(blind))


def test_drawing_that_crashes_says_so(tmp_path: Path) -> None:
    crashing = tmp_path / "python"
    crashing.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crashing.chmod(0o755)
    with pytest.raises(
        GuestError, match="cannot draw with EGL: the attempt ended with signal 11; sudo apt-get install"
    ):
        drawing(str(crashing))


def test_a_checkout_s_commit_is_its_own_and_not_that_of_a_folder_around_it(tmp_path: Path) -> None:
    checkout = made(tmp_path / "around" / "calvin_env", "setup.py")
    assert _commit(checkout) == "of unknown commit"
    committed(tmp_path / "around")
    assert _commit(checkout) == "of unknown commit"
    head = committed(checkout)
    assert _commit(checkout) == head
    (checkout / "setup.py").write_text("changed")
    assert _commit(checkout) == f"{head} with changes"


def committed(folder: Path) -> str:
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout[:12]


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    from armtrial.envs.calvin import checkout

    return made(tmp_path / "whole", *HOLLOW, *checkout._CONF, *checkout._DATA)
