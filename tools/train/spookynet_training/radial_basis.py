"""Radial basis functions of a distance; the cutoff function is not among them, see ``geometry.cutoff_function``."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Decay of exp(−αr) before training, 1/Å: half a bohr's inverse, as the paper starts with.
FIRST_DECAY = 0.5 / 0.5291772105638411


class ExponentialBernstein(nn.Module):
    """Bernstein polynomials of exp(−αr), α learned; times exp(−αr) where weighted."""

    def __init__(self, count: int, weighted: bool, cutoff: float):
        super().__init__()
        self.weighted = weighted
        _add_decay(self)
        _add_bernstein(self, count)

    def forward(self, distances: Tensor) -> Tensor:
        """Functions (…, K) of distances (…), Å, all above 0."""
        t = -functional.softplus(self._alpha) * distances.unsqueeze(-1)
        exponent = self.logc + self.n * t + self.v * torch.log(-torch.expm1(t))
        return torch.exp(exponent + t if self.weighted else exponent)


class ExponentialGaussian(nn.Module):
    """Gaussians of exp(−αr), α learned; times exp(−αr) where weighted."""

    def __init__(self, count: int, weighted: bool, cutoff: float):
        super().__init__()
        self.weighted = weighted
        _add_decay(self)
        self.register_buffer("center", torch.linspace(1, 0, count))
        self.register_buffer("width", torch.tensor(1.0 * count))

    def forward(self, distances: Tensor) -> Tensor:
        """Functions (…, K) of distances (…), Å."""
        t = -functional.softplus(self._alpha) * distances.unsqueeze(-1)
        exponent = -self.width * (torch.exp(t) - self.center) ** 2
        return torch.exp(exponent + t if self.weighted else exponent)


class Gaussian(nn.Module):
    """Gaussians of the distance."""

    def __init__(self, count: int, weighted: bool, cutoff: float):
        super().__init__()
        self.register_buffer("cutoff", torch.tensor(cutoff))
        self.register_buffer("center", torch.linspace(0, cutoff, count))
        self.register_buffer("width", torch.tensor(count / cutoff))

    def forward(self, distances: Tensor) -> Tensor:
        """Functions (…, K) of distances (…), Å."""
        return torch.exp(-self.width * (distances.unsqueeze(-1) - self.center) ** 2)


class Bernstein(nn.Module):
    """Bernstein polynomials of the distance in units of the cutoff, as it is stored (in single precision)."""

    def __init__(self, count: int, weighted: bool, cutoff: float):
        super().__init__()
        self.register_buffer("cutoff", torch.tensor(cutoff))
        _add_bernstein(self, count)

    def forward(self, distances: Tensor) -> Tensor:
        """Functions (…, K) of distances (…), Å; 0 from the cutoff on."""
        r = distances.unsqueeze(-1)
        inside = r < self.cutoff
        u = torch.log(torch.where(inside, r, self.cutoff / 2) / self.cutoff)
        functions = torch.exp(self.logc + self.n * u + self.v * torch.log(-torch.expm1(u)))
        return functions * inside.to(r.dtype)


class Sinc(nn.Module):
    """sin(πkr/rc)/(πkr/rc) for k = 1 … K."""

    def __init__(self, count: int, weighted: bool, cutoff: float):
        super().__init__()
        self.register_buffer("factor", torch.arange(1, count + 1) / cutoff)

    def forward(self, distances: Tensor) -> Tensor:
        """Functions (…, K) of distances (…), Å."""
        return torch.sinc(self.factor * distances.unsqueeze(-1))


RADIAL_BASES = {
    "exp-bernstein": ExponentialBernstein,
    "exp-gaussian": ExponentialGaussian,
    "gaussian": Gaussian,
    "bernstein": Bernstein,
    "sinc": Sinc,
}


def _add_decay(module: nn.Module) -> None:
    # Stored before softplus, which keeps the decay positive.
    module._alpha = nn.Parameter(torch.tensor(math.log(math.expm1(FIRST_DECAY))))


def _add_bernstein(module: nn.Module, count: int) -> None:
    factorial = [math.lgamma(k + 1) for k in range(count)]
    logc = [factorial[-1] - factorial[k] - factorial[count - 1 - k] for k in range(count)]
    module.register_buffer("logc", torch.tensor(logc))
    module.register_buffer("n", torch.arange(count - 1, -1, -1, dtype=torch.get_default_dtype()))
    module.register_buffer("v", torch.arange(count, dtype=torch.get_default_dtype()))
