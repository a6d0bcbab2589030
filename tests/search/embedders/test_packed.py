"""Packed layers compute what the layers they replace compute."""

import pytest
import torch
from torch import nn

from search.embedders.packed import PackedLinear, pack


class GELUActivation(nn.GELU):
    """Named as in transformers."""


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(32, 64)
        self.intermediate_act_fn = GELUActivation()
        self.out = nn.Linear(64, 32)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.out(self.intermediate_act_fn(self.dense(states)))
        return result


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (2, 500)])
def test_the_same_numbers_come_out(shape: tuple[int, int]) -> None:
    torch.manual_seed(1)
    layer = Layer().bfloat16().eval()
    states = torch.randn(*shape, 32).bfloat16()
    with torch.inference_mode():
        before = layer(states).float()
        pack(layer)
        after = layer(states).float()
    assert isinstance(layer.dense, PackedLinear)
    assert isinstance(layer.out, PackedLinear)
    assert torch.allclose(before, after, atol=0.02)


def test_other_formats_are_left_alone() -> None:
    layer = Layer()
    pack(layer)
    assert isinstance(layer.dense, nn.Linear)
