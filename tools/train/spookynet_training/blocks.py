"""Building blocks of SpookyNet: activations with learned shape, residual blocks, residual multilayer perceptrons.

Names of parameters are those of the published checkpoints, so that a state dict moves between the two unchanged.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class Swish(nn.Module):
    """α·x·σ(βx), with α and β learned for each feature."""

    def __init__(self, features: int):
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(features))
        self.beta = nn.Parameter(torch.full((features,), 1.702))

    def forward(self, x: Tensor) -> Tensor:
        return self.alpha * x * torch.sigmoid(self.beta * x)


class ShiftedSoftplus(nn.Module):
    """α·(softplus(βx) − ln 2)/β, its limit α·x/2 where β = 0; α and β learned for each feature."""

    def __init__(self, features: int):
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(features))
        self.beta = nn.Parameter(torch.ones(features))

    def forward(self, x: Tensor) -> Tensor:
        curved = self.beta != 0
        beta = torch.where(curved, self.beta, torch.ones_like(self.beta))
        return self.alpha * torch.where(curved, (functional.softplus(beta * x) - math.log(2)) / beta, x / 2)


ACTIVATIONS = {"swish": Swish, "ssp": ShiftedSoftplus}


class Residual(nn.Module):
    """x + linear2(activation2(linear1(activation1(x)))). It starts as the identity."""

    def __init__(self, features: int, activation: str, bias: bool = True):
        super().__init__()
        self.activation1 = ACTIVATIONS[activation](features)
        self.linear1 = make_linear(features, features, bias)
        self.activation2 = ACTIVATIONS[activation](features)
        self.linear2 = make_linear(features, features, bias, zero=True)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.linear2(self.activation2(self.linear1(self.activation1(x))))


class ResidualStack(nn.Module):
    """Any number of residual blocks, one after another."""

    def __init__(self, features: int, count: int, activation: str, bias: bool = True):
        super().__init__()
        self.stack = nn.ModuleList(Residual(features, activation, bias) for _ in range(count))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.stack:
            x = block(x)
        return x


class ResidualMLP(nn.Module):
    """linear(activation(residual blocks(x))).

    Parameters
    ----------
    zero : bool
        Whether the block gives 0 before it is trained.
    """

    def __init__(self, features: int, count: int, activation: str, bias: bool = True, zero: bool = False):
        super().__init__()
        self.residual = ResidualStack(features, count, activation, bias)
        self.activation = ACTIVATIONS[activation](features)
        self.linear = make_linear(features, features, bias, zero)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.activation(self.residual(x)))


def make_linear(inputs: int, outputs: int, bias: bool, zero: bool = False) -> nn.Linear:
    """A linear layer that keeps lengths (orthogonal weights) or gives 0, without bias before it is trained."""
    linear = nn.Linear(inputs, outputs, bias=bias)
    if zero:
        nn.init.zeros_(linear.weight)
    else:
        nn.init.orthogonal_(linear.weight)
    if bias:
        nn.init.zeros_(linear.bias)
    return linear
