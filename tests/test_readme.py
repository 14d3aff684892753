"""What the README shows works as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()
FILES = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", TEXT, re.DOTALL))
COMMANDS = re.findall(r"^python run_eval\.py (--policy .*?)(?:\s+#.*)?$", TEXT, re.MULTILINE)
SNIPPETS = [code for code in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL) if not code.startswith("# ")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, code in FILES.items():
        (tmp_path / name).write_text(code)
    return tmp_path


HERE = [words for words in COMMANDS if "--calvin-root" not in words]
"""Those that need nothing from elsewhere."""


@pytest.mark.parametrize("words", HERE)
def test_every_command_of_the_readme_plays(words: str, folder: Path) -> None:
    extra = ["--episodes", "2", "--workers", "1", "--video", "none", "--quiet"]
    line = [sys.executable, str(ROOT / "run_eval.py"), *words.split(), *extra]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "95 % CI" in done.stdout


@pytest.mark.parametrize("code", SNIPPETS, ids=lambda code: code.splitlines()[0])
def test_every_snippet_of_the_readme_runs(code: str, folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_each_example_is_short() -> None:
    assert set(FILES) == {"mine.py", "precise.py", "slider.py", "high_lift.py", "high_suite.py"}
    assert all(sum(bool(line.strip()) for line in code.splitlines()) <= 35 for code in FILES.values())


def test_the_worlds_of_the_readme_pass_the_check(folder: Path) -> None:
    code = (
        "from armtrial.envs.contract import check_env\nfrom armtrial.envs.locate import locate\n"
        "push = locate('slider.py:PUSH'); check_env(locate('slider.py:Slider')((push,)), push)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
