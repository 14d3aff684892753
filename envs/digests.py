"""What a file or a folder holds, in a word."""

import hashlib
from pathlib import Path


def digest(path: Path) -> str:
    """Of a file, or of all files in a folder with their names; empty where there is neither."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        lines = [f"{file.relative_to(path)} {digest(file)}\n" for file in files]
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
