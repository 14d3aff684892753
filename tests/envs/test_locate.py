"""From a text to an object and back, with a message that says which part of the text is wrong."""

import sys
from pathlib import Path

import pytest

from armtrial.envs.line import LineEnv
from armtrial.envs.locate import LocateError, locate, text_of
from armtrial.tasks.toy import TOY, Goal


@pytest.fixture(autouse=True)
def own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", sys.path.copy())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("WORD = 'beside'\n")
    path = tmp_path / "mine.py"
    path.write_text("from beside import WORD\nRUNS = []\nclass Mine:\n    class Inner:\n        pass\n")
    return path


def test_a_module_and_a_name() -> None:
    assert locate("armtrial.envs.line:LineEnv") is LineEnv
    assert locate("armtrial.tasks.toy:TOY") is TOY


def test_a_file_and_a_name(file: Path) -> None:
    assert locate(f"{file}:Mine").__name__ == "Mine"
    assert locate(f"{file}:Mine.Inner").__qualname__ == "Mine.Inner"


def test_a_file_may_import_what_lies_beside_it(file: Path) -> None:
    assert locate(f"{file}:WORD") == "beside"


def test_a_file_runs_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert locate(f"{file}:Mine") is locate("./mine.py:Mine") is locate("mine.py:Mine")


@pytest.mark.parametrize("kind", [LineEnv, Goal])
def test_the_text_of_a_class_leads_back_to_it(kind: type) -> None:
    assert locate(text_of(kind)) is kind


def test_the_text_of_a_file_s_class_leads_back_to_it(file: Path) -> None:
    inner = locate(f"{file}:Mine.Inner")
    assert text_of(inner) == f"{file}:Mine.Inner"
    assert locate(text_of(inner)) is inner


@pytest.mark.parametrize("text", ["LineEnv", "armtrial.envs.line:", ":LineEnv", ""])
def test_a_text_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(LocateError, match=r"is neither package\.module:Name nor \./file\.py:Name"):
        locate(text)


def test_a_missing_module_is_named() -> None:
    with pytest.raises(LocateError, match=r"^'armtrial\.nowhere:X' needs the module 'armtrial\.nowhere', which is not"):
        locate("armtrial.nowhere:X")


def test_a_module_that_the_file_needs_is_named(tmp_path: Path) -> None:
    (tmp_path / "needy.py").write_text("import simulator_nobody_has\n")
    with pytest.raises(LocateError, match="needs the module 'simulator_nobody_has', which is not installed here"):
        locate(f"{tmp_path / 'needy.py'}:Env")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocateError, match=f"^there is no file {tmp_path}/none.py$"):
        locate(f"{tmp_path}/none.py:X")


def test_a_missing_name_is_answered_with_those_there_are(file: Path) -> None:
    with pytest.raises(LocateError, match=r"mine\.py has no 'Yours'\. It has: Mine$"):
        locate(f"{file}:Yours")


def test_what_is_made_of_the_packages_classes_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "suites.py").write_text("from armtrial.tasks.toy import TOY\nLIMIT = 3\nPRECISE = TOY\n")
    with pytest.raises(LocateError, match=r"suites\.py has no 'NO'\. It has: TOY, PRECISE$"):
        locate(f"{tmp_path}/suites.py:NO")


def test_a_file_that_fails_is_run_again_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "late.py"
    path.write_text("raise OSError('not yet')\n")
    with pytest.raises(OSError, match="not yet"):
        locate(f"{path}:X")
    path.write_text("X = 1\n")
    assert locate(f"{path}:X") == 1
