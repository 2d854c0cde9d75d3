"""Distances and directions of all pairs of atoms of equally large structures, and the functions that end at a cutoff.

Structures of equal size lie behind each other in dense arrays: B structures of N atoms have B·N·N pairs (i, j), the
diagonal among them. Nothing is padded, and sums over neighbours are matrix products.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Pairs:
    """All ordered pairs of atoms, with a harmless distance (1 Å) on the diagonal.

    Attributes
    ----------
    distances : Tensor, shape (B, N, N)
        |R_j − R_i|, Å.
    directions : Tensor, shape (B, N, N, 3)
        (R_j − R_i) / |R_j − R_i|; 0 on the diagonal.
    different : Tensor of bool, shape (N, N)
        Whether i and j are two atoms.
    """

    distances: Tensor
    directions: Tensor
    different: Tensor


def pairs_of(positions: Tensor) -> Pairs:
    """Pairs of structures with positions (B, N, 3), Å."""
    vectors = positions.unsqueeze(1) - positions.unsqueeze(2)
    itself = torch.eye(positions.shape[1], dtype=torch.bool, device=positions.device)
    squares = (vectors * vectors).sum(-1) + itself.to(positions.dtype)
    distances = torch.sqrt(squares)
    return Pairs(distances, vectors / distances.unsqueeze(-1), ~itself)


def cutoff_function(distances: Tensor, inside: Tensor, cutoff: float) -> Tensor:
    """exp(−r²/((rc−r)(rc+r))) where ``inside``, else 0; smooth in all derivatives at the cutoff."""
    r = torch.where(inside, distances, torch.zeros_like(distances))
    return torch.exp(-r * r / ((cutoff - r) * (cutoff + r))) * inside.to(r.dtype)


def switch_function(distances: Tensor, start: float, end: float) -> Tensor:
    """1 below ``start``, 0 above ``end``, smooth in all derivatives between."""
    x = (distances - start) / (end - start)
    between = (x > 0) & (x < 1)
    y = torch.where(between, x, torch.full_like(x, 0.5))
    return torch.where(between, torch.sigmoid((1 - 2 * y) / (y * (1 - y))), (x <= 0).to(x.dtype))


def d_functions(directions: Tensor, irreps: bool) -> Tensor:
    """The five (irreducible) or six (Cartesian) functions of second order (…, 5 or 6) of unit vectors (…, 3)."""
    x, y, z = directions.unbind(-1)
    if irreps:
        root = math.sqrt(3)
        functions = [root * x * y, root * x * z, root * y * z, (3 * z * z - 1) / 2, root / 2 * (x * x - y * y)]
    else:
        root = math.sqrt(2)
        functions = [x * x, y * y, z * z, root * x * y, root * x * z, root * y * z]
    return torch.stack(functions, -1)
