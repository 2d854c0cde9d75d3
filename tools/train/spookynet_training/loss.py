"""What training makes small: errors of forces, energies, atomic energies, charges and dipoles."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .dataset import Structures
from .network import Output


@dataclass(frozen=True)
class Weights:
    """What an error counts, in a loss without unit. Labels that a structure lacks count nothing.

    Attributes
    ----------
    forces : float
        Length of the error of an atom's force, Å/eV.
    energy : float
        Error of the energy divided by the number of atoms, 1/eV.
    atomic : float
        Error of an atom's energy in the network, 1/eV: a teacher says it, a quantum chemistry program does not.
    charges : float
        Error of a partial charge, 1/e.
    dipole : float
        Length of the error of the dipole divided by the number of atoms, 1/(e Å).
    """

    forces: float = 1.0
    energy: float = 10.0
    atomic: float = 1.0
    charges: float = 5.0
    dipole: float = 1.0


def loss_of(output: Output, labels: Structures, weights: Weights) -> Tensor:
    """Sum over atoms of the weighted errors; the mean over many structures is this divided by their atoms.

    Errors count by their size, not by its square, so that hot and torn structures do not rule; close to 0 the square
    takes over, so that the gradient has no step.
    """
    size = labels.numbers.shape[1]
    total = weights.forces * _length(output.forces - labels.forces).sum()
    total = total + weights.energy * _length((output.energy - labels.energy).unsqueeze(-1) / size).sum() * size
    if weights.atomic > 0:
        total = total + weights.atomic * _known(output.energies["nn"].unsqueeze(-1), labels.atomic.unsqueeze(-1)).sum()
    if weights.charges > 0:
        total = total + weights.charges * _known(output.charges.unsqueeze(-1), labels.charges.unsqueeze(-1)).sum()
    if weights.dipole > 0:
        total = total + weights.dipole * _known(output.dipoles / size, labels.dipole / size).sum() * size
    return total


def _known(value: Tensor, label: Tensor) -> Tensor:
    known = torch.isfinite(label)
    return _length(torch.where(known, value - torch.nan_to_num(label), torch.zeros_like(value)))


def _length(error: Tensor, round_below: float = 0.003) -> Tensor:
    """Length of the vectors (…, d), rounded off at 0."""
    return torch.sqrt((error * error).sum(-1) + round_below**2) - round_below
