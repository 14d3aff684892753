from collections.abc import Callable
from typing import Any

def packb(o: Any, *, default: Callable[[Any], Any] | None = ..., strict_types: bool = ...) -> bytes: ...
def unpackb(
    packed: bytes,
    *,
    object_hook: Callable[[dict[Any, Any]], Any] | None = ...,
    list_hook: Callable[[list[Any]], Any] | None = ...,
    ext_hook: Callable[[int, bytes], Any] = ...,
    strict_map_key: bool = ...,
    max_bin_len: int = ...,
) -> Any: ...

class UnpackException(Exception): ...
