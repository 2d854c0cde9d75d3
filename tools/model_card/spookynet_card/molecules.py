"""Molecules whose structure and vibrations experiment knows.

Bond lengths in Å, angles in degrees, wavenumbers in cm⁻¹. What is not known well is ``None``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.build import molecule


@dataclass(frozen=True)
class Coordinate:
    """A bond length or angle, the mean of equivalent ones."""

    label: str
    #: Each of two, three or four atoms, counted from 0.
    atoms: tuple[tuple[int, ...], ...]
    experiment: float | None


@dataclass(frozen=True)
class Mode:
    """A vibration."""

    fundamental: float
    harmonic: float | None = None
    degeneracy: int = 1


@dataclass(frozen=True)
class Molecule:
    """A molecule, its start for an optimisation, and what experiment says."""

    name: str
    start: Atoms
    coordinates: tuple[Coordinate, ...]
    #: What the experimental values are: r_e, r_0, …
    kind: str
    #: In ascending order.
    modes: tuple[Mode, ...] = ()


def _star(symbols: str, length: float, angle: float) -> Atoms:
    """An atom with three equal ones around, ``angle`` degrees between any two."""
    # Of three vectors at polar angle θ and 120° apart: cos(angle) = 1 − 3/2 sin² θ.
    sine = ((1 - np.cos(np.radians(angle))) * 2 / 3) ** 0.5
    around = [
        length * np.array([sine * np.cos(phi), sine * np.sin(phi), (1 - sine**2) ** 0.5])
        for phi in 2 * np.pi / 3 * np.arange(3)
    ]
    return Atoms(symbols, [np.zeros(3), *around])


def _tetrahedron(symbols: str, length: float) -> Atoms:
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / 3**0.5
    return Atoms(symbols, [np.zeros(3), *(length * corners)])


def _molecule(name, start, kind, *coordinates, charge=0, unpaired=0, modes=()) -> Molecule:
    atoms = molecule(start) if isinstance(start, str) else start
    atoms = Atoms(atoms.symbols, atoms.positions, info={"charge": charge, "unpaired": unpaired})
    return Molecule(name, atoms, tuple(Coordinate(*each) for each in coordinates), kind, tuple(modes))


def _bonds(centre: int, *ends: int) -> tuple[tuple[int, int], ...]:
    return tuple((centre, end) for end in ends)


def _angles(centre: int, *ends: int) -> tuple[tuple[int, int, int], ...]:
    return tuple((a, centre, b) for k, a in enumerate(ends) for b in ends[k + 1 :])


MOLECULES = (
    _molecule(
        "H2O", "H2O", "r_e",
        ("O–H", _bonds(0, 1, 2), 0.958), ("H–O–H", _angles(0, 1, 2), 104.5),
        modes=[Mode(1595, 1648), Mode(3657, 3832), Mode(3756, 3943)],
    ),
    _molecule(
        "NH3", "NH3", "r_e",
        ("N–H", _bonds(0, 1, 2, 3), 1.012), ("H–N–H", _angles(0, 1, 2, 3), 106.7),
        modes=[Mode(950, 1022), Mode(1627, 1691, 2), Mode(3337), Mode(3444, 3577, 2)],
    ),
    _molecule(
        "CH4", "CH4", "r_e", ("C–H", _bonds(0, 1, 2, 3, 4), 1.087),
        modes=[Mode(1306, 1367, 3), Mode(1534, 1583, 2), Mode(2917, 3026), Mode(3019, 3157, 3)],
    ),
    _molecule("H2", "H2", "r_e", ("H–H", ((0, 1),), 0.741)),
    _molecule("N2", "N2", "r_e", ("N–N", ((0, 1),), 1.098)),
    _molecule("CO", "CO", "r_e", ("C–O", ((0, 1),), 1.128)),
    _molecule(
        "CO2", "CO2", "r_e", ("C–O", _bonds(0, 1, 2), 1.160), ("O–C–O", ((1, 0, 2),), 180.0),
        modes=[Mode(667, 673, 2), Mode(1333, 1354), Mode(2349, 2397)],
    ),
    _molecule("HCN", "HCN", "r_e", ("C–H", ((0, 2),), 1.065), ("C–N", ((0, 1),), 1.153)),
    _molecule("C2H2", "C2H2", "r_e", ("C–C", ((0, 1),), 1.203), ("C–H", ((0, 3), (1, 2)), 1.062)),
    _molecule(
        "C2H4", "C2H4", "r_0",
        ("C–C", ((0, 1),), 1.339), ("C–H", ((0, 2), (0, 3), (1, 4), (1, 5)), 1.086),
        ("H–C–H", ((2, 0, 3), (4, 1, 5)), 117.6),
        modes=[Mode(each) for each in (826, 943, 949, 1023, 1236, 1342, 1444, 1623, 2989, 3026, 3103, 3106)],
    ),
    _molecule(
        "C2H6", "C2H6", "r_0",
        ("C–C", ((0, 1),), 1.536), ("C–H", _bonds(0, 2, 3, 4) + _bonds(1, 5, 6, 7), 1.091),
        ("H–C–H", _angles(0, 2, 3, 4) + _angles(1, 5, 6, 7), 108.0),
    ),
    _molecule(
        "H2CO", "H2CO", "r_0",
        ("C–O", ((0, 1),), 1.205), ("C–H", _bonds(1, 2, 3), 1.111), ("H–C–H", ((2, 1, 3),), 116.1),
        modes=[Mode(each) for each in (1167, 1249, 1500, 1746, 2782, 2843)],
    ),
    _molecule(
        "CH3OH", "CH3OH", "r_0",
        ("C–O", ((0, 1),), 1.427), ("O–H", ((1, 3),), 0.956), ("C–O–H", ((0, 1, 3),), 108.9),
        ("C–H", _bonds(0, 2, 4, 5), 1.096),
    ),
    _molecule(
        "HCOOH", "HCOOH", "r_0",
        ("C=O", ((1, 2),), 1.202), ("C–O", ((0, 1),), 1.343), ("O–H", ((0, 3),), 0.972), ("C–H", ((1, 4),), 1.097),
        ("O–C–O", ((0, 1, 2),), 124.9), ("C–O–H", ((1, 0, 3),), 106.3),
    ),
    _molecule(
        "H2O2", "H2O2", "r_0",
        ("O–O", ((0, 1),), 1.464), ("O–H", ((0, 2), (1, 3)), 0.965), ("O–O–H", ((1, 0, 2), (0, 1, 3)), 99.4),
        ("H–O–O–H", ((2, 0, 1, 3),), 111.8),
    ),
    _molecule(
        "C6H6", "C6H6", "r_0",
        ("C–C", tuple((k, (k + 1) % 6) for k in range(6)), 1.397),
        ("C–H", tuple((k, k + 6) for k in range(6)), 1.084),
    ),
    _molecule(
        "H3O+", _star("OH3", 0.98, 112), "r_e",
        ("O–H", _bonds(0, 1, 2, 3), 0.974), ("H–O–H", _angles(0, 1, 2, 3), 113.6),
        charge=1, modes=[Mode(954), Mode(1626, None, 2), Mode(3445), Mode(3536, None, 2)],
    ),
    _molecule("OH−", Atoms("OH", [[0, 0, 0], [0, 0, 0.97]]), "r_e", ("O–H", ((0, 1),), 0.964), charge=-1),
    _molecule("NH4+", _tetrahedron("NH4", 1.02), "r_e", ("N–H", _bonds(0, 1, 2, 3, 4), 1.021), charge=1),
    _molecule(
        "CH3", "CH3", "r_0", ("C–H", _bonds(0, 1, 2, 3), 1.079), ("H–C–H", _angles(0, 1, 2, 3), 120.0), unpaired=1
    ),
    _molecule(
        "NH2", "NH2", "r_0", ("N–H", _bonds(0, 1, 2), 1.024), ("H–N–H", _angles(0, 1, 2), 103.3), unpaired=1
    ),
    _molecule("OH", "OH", "r_e", ("O–H", ((0, 1),), 0.970), unpaired=1),
    _molecule("NO", "NO", "r_e", ("N–O", ((0, 1),), 1.151), unpaired=1),
    _molecule(
        "CH2, triplet", "CH2_s3B1d", "r_e",
        ("C–H", _bonds(0, 1, 2), 1.075), ("H–C–H", ((1, 0, 2),), 133.9), unpaired=2,
    ),
    _molecule("O2, triplet", "O2", "r_e", ("O–O", ((0, 1),), 1.208), unpaired=2),
)
