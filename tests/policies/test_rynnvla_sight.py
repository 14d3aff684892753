"""Tokens that tell where a thing is are right; others are told by how much they are not."""

import pytest
import torch
from torch import Tensor

from armtrial.policies.rynnvla.training.sight import Sight

ROWS, COLUMNS = 2, 4


def knowing(column: float, row: float) -> tuple[Sight, Tensor]:
    """A head that reads off its input: it holds score, column, row for both things, and the token's own place."""
    head = Sight(8)
    for layer, first in ((head.thing, 0), (head.place, 6)):
        torch.nn.init.zeros_(layer.bias)
        layer.weight.data = torch.eye(8)[first : first + layer.out_features]
    told = torch.zeros(1, 1, ROWS, COLUMNS, 8)
    told[..., 1:3] = torch.tensor([column, row])
    told[0, 0, int(row * ROWS), int(column * COLUMNS), 0] = 50.0
    return head, told


def unscaled(head: Sight, told: Tensor) -> Tensor:
    """So that the norm leaves it as it is."""
    filled = torch.nn.functional.pad(told, (0, 1))
    filled[..., -1] = (1e6 - told.square().sum(-1)).sqrt()
    for layer in (head.thing, head.place):
        layer.weight.data = torch.nn.functional.pad(layer.weight.data, (0, 1)) * (1e6 / 9) ** 0.5
    return filled


def missed(at: tuple[float, float], said: tuple[float, float]) -> tuple[float, float]:
    head, told = knowing(*said)
    sights = torch.full((1, 1, 2, 2), -1.0)
    sights[0, 0, 0] = torch.tensor(at)
    found = head.missed(unscaled(head, told), sights)
    return float(found.cell.detach()), float(found.off.detach())


def test_a_token_that_tells_the_place_misses_nothing() -> None:
    assert missed((0.6, 0.8), (0.6, 0.8)) == pytest.approx((0.0, 0.0), abs=1e-4)


@pytest.mark.parametrize("at", [(0.1, 0.8), (0.6, 0.2)])
def test_another_cell_is_missed(at: tuple[float, float]) -> None:
    assert missed(at, (0.6, 0.8))[0] > 10


def test_within_the_cell_it_is_measured_how_far_off_it_is() -> None:
    cell, off = missed((0.7, 0.8), (0.6, 0.8))
    assert cell == pytest.approx(0.0, abs=1e-4)
    assert off == pytest.approx(0.05, abs=1e-4)  # the mean over column and row


def test_a_thing_at_the_edge_lies_in_the_last_cell() -> None:
    assert missed((1.0, 1.0), (0.99, 0.99))[0] == pytest.approx(0.0, abs=1e-4)


def test_what_nobody_sees_costs_nothing() -> None:
    head, told = knowing(0.6, 0.8)
    found = head.missed(told, torch.full((1, 1, 2, 2), -1.0))
    assert (float(found.cell.detach()), float(found.off.detach())) == (0.0, 0.0)


def test_a_token_is_asked_for_its_own_place() -> None:
    head, told = knowing(0.6, 0.8)
    middles = [[((column + 0.5) / COLUMNS, (row + 0.5) / ROWS) for column in range(COLUMNS)] for row in range(ROWS)]
    told[0, 0, ..., 6:8] = torch.tensor(middles)
    found = head.missed(unscaled(head, told), torch.full((1, 1, 2, 2), -1.0))
    assert float(found.place.detach()) == pytest.approx(0.0, abs=1e-4)
