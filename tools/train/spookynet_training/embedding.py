"""Features of the atoms before they know of each other: the element, the total charge, the unpaired electrons."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import ResidualMLP, make_linear

#: Numbers that describe an element's electron configuration.
CONFIGURATION_LENGTH = 20


class NuclearEmbedding(nn.Module):
    """An element's learned vector plus a linear function of its electron configuration."""

    def __init__(self, features: int, rows: int):
        super().__init__()
        self.element_embedding = nn.Parameter(torch.zeros(rows, features))
        self.register_buffer("electron_config", torch.zeros(rows, CONFIGURATION_LENGTH))
        self.config_linear = make_linear(CONFIGURATION_LENGTH, features, bias=False)

    def forward(self, numbers: Tensor) -> Tensor:
        """Features (B, N, F) of atomic numbers (B, N)."""
        table = self.element_embedding + self.config_linear(self.electron_config)
        return table[numbers]


class ElectronicEmbedding(nn.Module):
    """Shares the charge or the unpaired electrons out among the atoms, each atom taking according to its element.

    Parameters
    ----------
    is_charge : bool
        A charge has a sign, the number of unpaired electrons has none.
    """

    def __init__(self, features: int, residual: int, activation: str, is_charge: bool):
        super().__init__()
        self.is_charge = is_charge
        self.linear_q = make_linear(features, features, bias=True)
        self.linear_k = make_linear(2 if is_charge else 1, features, bias=False)
        self.linear_v = make_linear(2 if is_charge else 1, features, bias=False)
        self.resblock = ResidualMLP(features, residual, activation, bias=False, zero=True)

    def forward(self, nuclear: Tensor, amount: Tensor) -> Tensor:
        """Features (B, N, F) from those of the elements (B, N, F) and the amount (B,) of each structure."""
        if self.is_charge:
            amounts = torch.relu(torch.stack([amount, -amount], -1))
        else:
            amounts = amount.abs().unsqueeze(-1)
        key = self.linear_k(amounts / amounts.clamp(min=1)).unsqueeze(1)
        value = self.linear_v(amounts).unsqueeze(1)
        query = self.linear_q(nuclear)
        weight = functional.softplus((query * key).sum(-1, keepdim=True) / math.sqrt(nuclear.shape[-1]))
        return self.resblock(weight / (weight.sum(1, keepdim=True) + 1e-8) * value)


class NonlinearElectronicEmbedding(nn.Module):
    """The electronic embedding of older checkpoints: keys and values are multilayer perceptrons of the amount."""

    def __init__(self, features: int, residual: int, activation: str):
        super().__init__()
        self.linear_q = make_linear(features, features, bias=False)
        self.featurize_k = make_linear(1, features, bias=True)
        self.resblock_k = ResidualMLP(features, residual, activation, bias=True)
        self.featurize_v = make_linear(1, features, bias=False)
        self.resblock_v = ResidualMLP(features, residual, activation, bias=False, zero=True)

    def forward(self, nuclear: Tensor, amount: Tensor) -> Tensor:
        """Features (B, N, F) from those of the elements (B, N, F) and the amount (B,) of each structure."""
        amounts = amount.unsqueeze(-1)
        key = self.resblock_k(self.featurize_k(amounts)).unsqueeze(1)
        value = self.resblock_v(self.featurize_v(amounts)).unsqueeze(1)
        scores = (self.linear_q(nuclear) * key).sum(-1, keepdim=True)
        weight = torch.exp((scores - scores.amax(1, keepdim=True)) / math.sqrt(nuclear.shape[-1]))
        return weight / (weight.sum(1, keepdim=True) + 1e-8) * value
