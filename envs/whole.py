"""Files that are whole and on the disk, or absent."""

import os
from pathlib import Path


def write_whole(path: Path, body: bytes) -> None:
    """Under another name first, in a folder that is made for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
