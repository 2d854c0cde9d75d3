"""Coulomb energy of the partial charges, damped where electron clouds overlap."""

from __future__ import annotations

import torch
from torch import Tensor

from .geometry import Pairs, switch_function
from .units import COULOMB


def electrostatic_energies(charges: Tensor, pairs: Pairs, cutoff: float, long_range_cutoff: float | None) -> Tensor:
    """Each atom's half of the Coulomb energy.

    ½ ke q_i q_j [s(r)/√(r²+1) + (1−s(r))/r] with s going from 1 at rc/4 to 0 at 3rc/4; with a long-range cutoff L both
    1/r and 1/√(r²+1) are shifted and tilted so that they end at L with value and slope 0.

    Parameters
    ----------
    charges : Tensor, shape (B, N)
        Partial charges, e.
    pairs : Pairs
    cutoff, long_range_cutoff : float
        rc, and L or None, Å.

    Returns
    -------
    Tensor, shape (B, N)
        eV.
    """
    r = pairs.distances
    counted = pairs.different
    plain, damped = 1 / r, 1 / torch.sqrt(r * r + 1)
    if long_range_cutoff is not None:
        end = long_range_cutoff
        counted = counted & (r < end)
        plain = (end - r) ** 2 / (r * end * end)
        damped = damped + r * end / (end**2 + 1) ** 1.5 - (2 * end**2 + 1) / (end**2 + 1) ** 1.5
    s = switch_function(r, cutoff / 4, cutoff * 3 / 4)
    potential = 0.5 * COULOMB * (s * damped + (1 - s) * plain) * counted.to(r.dtype)
    return charges * (potential @ charges.unsqueeze(2)).squeeze(2)
