"""How an optional part of this package is installed, said one way wherever it is missing."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parents[1]


def install(extra: str, package: Path = HERE) -> str:
    """The command. A checkout is installed from where it lies."""
    return f"python -m pip install {itself(f'[{extra}]', package)}"


def itself(extra: str = "", package: Path = HERE) -> str:
    return f"-e '{package}{extra}'" if (package / "pyproject.toml").is_file() else f"'armtrial{extra}'"
