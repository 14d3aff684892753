"""Files of weights: read without running what is in them, and put into modules by their names."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

State = Mapping[str, Tensor]

LARGE = 64 * 2**20
"""Bytes. Larger files go into a digest by name and size alone."""
_SHOWN = 4


class CheckpointError(ValueError):
    """A checkpoint that cannot be used, and what would make it usable."""


def found(places: Sequence[Path], what: str, source: str) -> Path:
    """The first of these that exists. `source` says where such a file comes from."""
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        others = f" (nor any of {', '.join(str(place) for place in places[1:])})" if places[1:] else ""
        raise CheckpointError(f"{places[0]} is missing{others}: {what}. It comes from {source}")
    return file


def read(file: Path) -> dict[str, Tensor]:
    """Pickled files may hold weights and nothing else."""
    try:
        return load_file(file) if file.suffix == ".safetensors" else _unpickled(file)
    except pickle.UnpicklingError as error:
        told = str(error).partition(". ")[0]
        raise CheckpointError(
            f"{file} holds more than weights, or is damaged: {told}. Save its state_dict alone"
        ) from None
    except (SafetensorError, RuntimeError, EOFError, OSError) as error:
        told = str(error).partition("\n")[0]
        raise CheckpointError(f"{file} is damaged or cut short: {told}. Copy it again") from None


def fill(module: nn.Module, state: State, file: Path) -> None:
    """Every weight of the module from the state, and nothing left over."""
    wanted = module.state_dict()
    for problem, names in (
        ("lacks", [name for name in wanted if name not in state]),
        ("has unknown", [name for name in state if name not in wanted]),
        (
            "has misshapen",
            [_shapes(n, state[n], w) for n, w in wanted.items() if n in state and state[n].shape != w.shape],
        ),
    ):
        if names:
            raise CheckpointError(f"{file} {problem} weights: {_listed(names)}. It was made for another model")
    module.load_state_dict(state, assign=True)


def below(state: State, prefix: str) -> dict[str, Tensor]:
    """What begins with the prefix, without it."""
    return {name.removeprefix(prefix): weight for name, weight in state.items() if name.startswith(prefix)}


def cast(state: State, device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
    """Numbers to `dtype`; what counts or marks stays what it is."""
    return {name: weight.to(device, dtype if weight.is_floating_point() else None) for name, weight in state.items()}


def digest(files: Iterable[Path]) -> str:
    """Of names and contents; of files beyond `LARGE`, whose reading would take minutes, of names and sizes."""
    total = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.name):
        size = file.stat().st_size
        total.update(f"{file.name} {size}\n".encode())
        if size <= LARGE:
            total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def _unpickled(file: Path) -> dict[str, Tensor]:
    content = torch.load(file, map_location="cpu", weights_only=True)
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if state is None or not all(isinstance(weight, Tensor) for weight in state.values()):
        raise CheckpointError(f"{file} holds no table of weights by their names")
    return state


def _shapes(name: str, given: Tensor, wanted: Tensor) -> str:
    return f"{name} {tuple(given.shape)} for {tuple(wanted.shape)}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
