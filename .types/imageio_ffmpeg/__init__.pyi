from collections.abc import Generator
from typing import Any

def get_ffmpeg_exe() -> str: ...
def write_frames(
    path: str,
    size: tuple[int, int],
    *,
    fps: float = ...,
    codec: str | None = ...,
    macro_block_size: int | None = ...,
    ffmpeg_log_level: str = ...,
) -> Generator[None, Any, None]: ...
