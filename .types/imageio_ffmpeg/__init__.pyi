from collections.abc import Generator
from typing import Any

def get_ffmpeg_exe() -> str: ...
def count_frames_and_secs(path: str) -> tuple[int, float]: ...
def read_frames(path: str) -> Generator[Any]: ...
def write_frames(
    path: str,
    size: tuple[int, int],
    *,
    fps: float = ...,
    codec: str | None = ...,
    macro_block_size: int | None = ...,
    ffmpeg_log_level: str = ...,
) -> Generator[None, Any, None]: ...
