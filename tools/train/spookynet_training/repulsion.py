"""Repulsion of the nuclei, screened, after Ziegler, Biersack and Littmark (ZBL)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .units import COULOMB


class Repulsion(nn.Module):
    """½ ke Z_i Z_j/r · fc(r) · Σ_k c_k exp(−a_k (Z_i^p + Z_j^p) d r); all parameters stored before softplus."""

    def __init__(self) -> None:
        super().__init__()
        for name in ["_adiv", "_apow", "_c1", "_c2", "_c3", "_c4", "_a1", "_a2", "_a3", "_a4"]:
            self.register_buffer(name, torch.zeros(1))

    def forward(self, numbers: Tensor, distances: Tensor, cutoff_values: Tensor) -> Tensor:
        """Energies (B, N), eV, of atomic numbers (B, N), distances and cutoff function (B, N, N)."""
        coefficients = functional.softplus(torch.cat([self._c1, self._c2, self._c3, self._c4]))
        exponents = functional.softplus(torch.cat([self._a1, self._a2, self._a3, self._a4]))
        z = numbers.to(distances.dtype)
        reach = z ** functional.softplus(self._apow) * functional.softplus(self._adiv)
        x = (reach.unsqueeze(2) + reach.unsqueeze(1)) * distances
        screening = 0
        for coefficient, exponent in zip(coefficients / coefficients.sum(), exponents):
            screening = screening + coefficient * torch.exp(-exponent * x)
        pairs = 0.5 * COULOMB * z.unsqueeze(2) * z.unsqueeze(1) / distances * cutoff_values * screening
        return pairs.sum(2)
