"""Bond lengths and angles."""

from __future__ import annotations

import itertools

import numpy as np
from ase import Atoms
from ase.data import covalent_radii

#: Longest bond as a multiple of the sum of the covalent radii; 1.31 Å for O–H, so that a shared proton has two.
_LONGEST_BOND = 1.35


def coordinate(positions: np.ndarray, atoms: tuple[int, ...]) -> float:
    """A bond length of two atoms, Å, an angle of three, or a dihedral angle of four, degrees from 0 to 180."""
    points = [positions[atom] for atom in atoms]
    if len(points) == 2:
        return float(np.linalg.norm(points[1] - points[0]))
    if len(points) == 3:
        return _angle(points[0] - points[1], points[2] - points[1])
    axis = points[2] - points[1]
    return _angle(np.cross(points[0] - points[1], axis), np.cross(points[3] - points[2], axis))


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    # The arctangent keeps its digits near 0° and 180°, where the arccosine loses half of them.
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)))


def bonds_and_angles(atoms: Atoms) -> list[tuple[int, ...]]:
    """All pairs of bonded atoms, and all triples with an atom bonded to two others in the middle."""
    radii = covalent_radii[atoms.numbers]
    near = atoms.get_all_distances() < _LONGEST_BOND * (radii[:, None] + radii[None])
    np.fill_diagonal(near, False)
    bonds = [(int(i), int(j)) for i, j in np.argwhere(np.triu(near))]
    angles = [
        (int(i), middle, int(j))
        for middle in range(len(atoms))
        for i, j in itertools.combinations(np.flatnonzero(near[middle]), 2)
    ]
    return bonds + angles


def largest_differences(found: Atoms, reference: Atoms) -> tuple[float, float]:
    """Largest differences between two structures of the same atoms in bond lengths, Å, and angles, degrees.

    What is bonded in the second one counts.
    Equal bonds may have changed places, as in a shared proton's two: all of the same elements are compared in order of
    their lengths, angles likewise.
    """
    kinds: dict[tuple[str, ...], list[tuple[int, ...]]] = {}
    for atoms in bonds_and_angles(reference):
        symbols = [reference.symbols[atom] for atom in atoms]
        kinds.setdefault(tuple(min(symbols, symbols[::-1])), []).append(atoms)
    largest = [0.0, 0.0]
    for symbols, members in kinds.items():
        a, b = (np.sort([coordinate(x.positions, atoms) for atoms in members]) for x in (found, reference))
        place = len(symbols) - 2
        largest[place] = max(largest[place], float(np.abs(a - b).max()))
    return largest[0], largest[1]
