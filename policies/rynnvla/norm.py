"""Root-mean-square norm with few passes over memory, for training on a CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def normed(x: Tensor, weight: Tensor, epsilon: float, dtype: torch.dtype) -> Tensor:
    """Computed in the numbers of `x` and rounded once, so that the layers behind it need no copies of their own."""
    return _Normed.apply(x, weight, epsilon, dtype)  # pyright: ignore[reportReturnType]


class _Normed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float, dtype: torch.dtype) -> Tensor:
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        scale = length.square_().div_(x.shape[-1]).add_(epsilon).rsqrt_()
        unit = x * scale
        ctx.save_for_backward(unit, scale, weight)
        return (unit * weight).to(dtype)

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor, Tensor, None, None]:
        unit, scale, weight = ctx.saved_tensors
        along = given[0] * unit
        shared = (along @ weight).div_(-unit.shape[-1])[..., None]
        to_x = torch.addcmul(given[0] * weight, unit, shared).mul_(scale)
        return to_x, along.flatten(0, -2).sum(0), None, None
