"""Clusters of water with and without an excess proton or hydroxide, and what the best calculations say about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms

from .molecules import Coordinate

_OH, _HOH = 0.965, np.radians(104.5)


@dataclass(frozen=True)
class Cluster:
    """A cluster, its start for an optimisation, and what the literature says."""

    name: str
    start: Atoms
    #: Names of the molecules that it is bound of.
    parts: dict[str, int]
    #: Binding energy, kcal/mol.
    binding: float
    #: With the best calculations in the place of experiment.
    coordinates: tuple[Coordinate, ...]


def _unit(vector) -> np.ndarray:
    return np.asarray(vector, float) / np.linalg.norm(vector)


def _across(axis: np.ndarray, wish: np.ndarray) -> np.ndarray:
    """Unit vector perpendicular to ``axis``, as near as possible to ``wish``."""
    return _unit(wish - (wish @ axis) * axis)


def network(oxygens, donors: list[tuple[int, int]]) -> Atoms:
    """Water molecules with given hydrogen bonds; the other hydrogens are where there is most room.

    Parameters
    ----------
    oxygens : array_like, (N, 3)
        Å.
    donors : list of (int, int)
        Oxygens that give a hydrogen, one or two each, with the oxygens that take it.
    """
    oxygens = np.asarray(oxygens, float)
    hydrogens = []
    for k, oxygen in enumerate(oxygens):
        bonds = [_unit(oxygens[taker] - oxygen) for giver, taker in donors if giver == k]
        if len(bonds) == 2:
            # The angle between two neighbours is not that of water: 60° in a triangle.
            middle, side = _unit(bonds[0] + bonds[1]), _unit(bonds[0] - bonds[1])
            bonds = [np.cos(_HOH / 2) * middle + sign * np.sin(_HOH / 2) * side for sign in (1, -1)]
        hydrogens.append([oxygen + _OH * bond for bond in bonds])
    for k, oxygen in enumerate(oxygens):
        if len(hydrogens[k]) == 1:
            others = [o for j, o in enumerate(oxygens) if j != k]
            others += [hydrogen for j, near in enumerate(hydrogens) if j != k for hydrogen in near]
            bond = _unit(hydrogens[k][0] - oxygen)
            places = [oxygen + _OH * direction for direction in _directions(bond)]
            hydrogens[k].append(max(places, key=lambda place: min(np.linalg.norm(place - each) for each in others)))
    return Atoms("OHH" * len(oxygens), [each for k, o in enumerate(oxygens) for each in (o, *hydrogens[k])])


def _directions(bond: np.ndarray) -> list[np.ndarray]:
    """Unit vectors at the angle of water to a bond, all around it."""
    first = _across(bond, np.eye(3)[np.abs(bond).argmin()])
    second = np.cross(bond, first)
    turns = 2 * np.pi / 36 * np.arange(36)
    return [np.cos(_HOH) * bond + np.sin(_HOH) * (np.cos(turn) * first + np.sin(turn) * second) for turn in turns]


def ring(size: int) -> Atoms:
    """A ring, puckered, in which each water gives a hydrogen to the next."""
    angles = 2 * np.pi / size * np.arange(size)
    radius = 2.75 / 2 / np.sin(np.pi / size)
    oxygens = np.array([radius * np.cos(angles), radius * np.sin(angles), 0.2 * (-1.0) ** np.arange(size)]).T
    return network(oxygens, [(k, (k + 1) % size) for k in range(size)])


def dimer() -> Atoms:
    """One water gives a hydrogen to another, whose own hydrogens point away. The giver is atoms 0 to 2."""
    half = _HOH / 2
    tilt = np.radians(55)
    back = np.array([np.cos(tilt), 0, np.sin(tilt)])
    side = np.array([0, 1, 0])
    taker = np.array([2.9, 0, 0])
    return Atoms(
        "OHHOHH",
        [
            [0, 0, 0],
            [_OH, 0, 0],
            [_OH * np.cos(_HOH), 0, _OH * np.sin(_HOH)],
            taker,
            taker + _OH * (np.cos(half) * back + np.sin(half) * side),
            taker + _OH * (np.cos(half) * back - np.sin(half) * side),
        ],
    )


def shared_proton(distance: float, proton: float, hydrogens: int) -> Atoms:
    """Two oxygens on the x axis with a proton between them: O, O, H, and then the other hydrogens.

    Parameters
    ----------
    distance : float
        Between the oxygens, Å.
    proton : float
        Its distance from the middle, Å.
    hydrogens : {1, 2}
        Others of each oxygen: 1 is water with hydroxide, 2 the Zundel cation.
    """
    positions = [[-distance / 2, 0, 0], [distance / 2, 0, 0], [proton, 0, 0]]
    # The planes of the two waters are at right angles, as in the minimum of the Zundel cation.
    for sign, roll in ((-1, 0.0), (1, np.pi / 2)):
        for k in range(hydrogens):
            around = roll + (np.pi * k if hydrogens == 2 else 0.0)
            out = np.array([sign * np.cos(1.05), np.sin(1.05) * np.cos(around), np.sin(1.05) * np.sin(around)])
            if hydrogens == 2:
                out = _unit(out + [0, 0.2 * np.sin(roll), -0.2 * np.cos(roll)])
            positions.append(np.array([sign * distance / 2, 0, 0]) + _OH * out)
    charge = 1 if hydrogens == 2 else -1
    return Atoms("OOH" + "H" * (2 * hydrogens), positions, info={"charge": charge, "unpaired": 0})


def eigen() -> Atoms:
    """H3O+ with a water at each of its hydrogens."""
    symbols, positions = ["O"], [np.array([0, 0, 0.3])]
    for angle in 2 * np.pi / 3 * np.arange(3):
        out = np.array([np.cos(angle), np.sin(angle), 0.0])
        oxygen = 2.55 * out
        up = np.array([0, 0, 1.0])
        symbols += ["H", "O", "H", "H"]
        positions += [1.02 * out, oxygen]
        positions += [oxygen + _OH * (np.cos(_HOH / 2) * out + sign * np.sin(_HOH / 2) * up) for sign in (1, -1)]
    return Atoms(symbols, positions, info={"charge": 1, "unpaired": 0})


#: Water hexamers: oxygens, Å, and their hydrogen bonds, from the giver to the taker.
_HEXAMERS = {
    "prism": (
        [[1.4, -0.4, 1.4], [0.7, 2, -0.1], [1.6, -0.5, -1.4], [-1.9, 1.2, -0.1], [-1.2, -1.3, -1.4], [-1.1, -1.2, 1.4]],
        [(0, 5), (1, 0), (1, 2), (2, 0), (3, 1), (4, 2), (4, 3), (5, 4), (5, 3)],
    ),
    "cage": (
        [[-2.1, 0.9, 1.8], [-0.6, -1.4, 1.2], [1.8, 0.2, 0.6], [-0.8, -0.8, -1.4], [-0.5, 1.8, -0.2], [1.9, -0.9, -2]],
        [(0, 4), (1, 0), (1, 2), (2, 5), (3, 1), (4, 3), (4, 2), (5, 3)],
    ),
    "book": (
        [[0.1, 1.5, 0.8], [0, -1.4, 1], [-2.4, 1.3, -0.5], [-2.5, -1.5, -0.4], [2.4, 1.1, -0.5], [2.3, -1.5, -0.4]],
        [(0, 4), (1, 0), (1, 3), (2, 0), (3, 2), (4, 5), (5, 1)],
    ),
}

_RING_BONDS = [(k, (k + 1) % 6) for k in range(6)]


def _oxygens_apart(pairs, literature: float | None = None) -> Coordinate:
    return Coordinate("O–O", tuple(pairs), literature)


def _hexamer(name: str, start: Atoms, donors: list[tuple[int, int]], binding: float) -> Cluster:
    bonds = _oxygens_apart((3 * a, 3 * b) for a, b in donors)
    return Cluster(f"water hexamer, {name}", start, {"H2O": 6}, binding, (bonds,))


#: Binding energies: CCSD(T) at the limit of the basis set, the set WATER27 of Bryantsev et al. 2009.
CLUSTERS = (
    Cluster(
        "water dimer", dimer(), {"H2O": 2}, 5.0,
        (_oxygens_apart([(0, 3)], 2.91), Coordinate("O–H⋯O", ((0, 1, 3),), 172.0)),
    ),
    _hexamer("prism", network(*_HEXAMERS["prism"]), _HEXAMERS["prism"][1], 46.0),
    _hexamer("cage", network(*_HEXAMERS["cage"]), _HEXAMERS["cage"][1], 45.8),
    _hexamer("book", network(*_HEXAMERS["book"]), _HEXAMERS["book"][1], 45.3),
    _hexamer("ring", ring(6), _RING_BONDS, 44.3),
    Cluster(
        "Zundel cation", shared_proton(2.40, 0.0, 2), {"H2O": 1, "H3O+": 1}, 33.5,
        (
            _oxygens_apart([(0, 1)], 2.39),
            Coordinate("O–H⁺", ((0, 2),), 1.20),
            Coordinate("H⁺–O", ((1, 2),), 1.20),
            Coordinate("O–H⁺–O", ((0, 2, 1),), 174.0),
        ),
    ),
    Cluster("Eigen cation", eigen(), {"H2O": 3, "H3O+": 1}, 76.5, (_oxygens_apart([(0, 2), (0, 6), (0, 10)]),)),
    Cluster(
        "water with hydroxide", shared_proton(2.48, 0.1, 1), {"H2O": 1, "OH−": 1}, 26.6, (_oxygens_apart([(0, 1)]),)
    ),
)
