"""Energy along paths: protons on their way, bonds that break, two waters that part."""

from __future__ import annotations

import numpy as np
from ase.constraints import FixAtoms

from .clusters import dimer, shared_proton
from .minimum import minimise
from .molecules import MOLECULES

#: Distances of the two oxygens between which a proton moves, Å.
OXYGEN_DISTANCES = (2.4, 2.6, 2.8, 3.0)

#: Closest the moving proton comes to an oxygen, Å.
_CLOSEST = 0.85

#: Bonds that are stretched: molecule, atoms of the bond (the second one's side moves), and the atoms of that side.
BONDS = {
    "O–H of water": ("H2O", (0, 1), [1]),
    "C–H of methane": ("CH4", (0, 1), [1]),
    "C–C of ethane": ("C2H6", (0, 1), [1, 5, 6, 7]),
}


def proton_transfer(potential, distance: float, hydrogens: int, points: int = 14) -> dict[str, list[float]]:
    """A proton from the middle between two fixed oxygens to one of them, the other hydrogens relaxed at each place.

    Parameters
    ----------
    distance : float
        Between the oxygens, Å.
    hydrogens : {1, 2}
        See ``shared_proton``.

    Returns
    -------
    dict
        ``shift`` from the middle, Å, and ``energy``, eV. The other half of the path is the mirror image.
    """
    shifts = np.linspace(0, distance / 2 - _CLOSEST, points)
    energies, atoms = [], shared_proton(distance, 0.0, hydrogens)
    for shift in shifts:
        atoms.positions[2] = [shift, 0, 0]
        atoms.set_constraint(FixAtoms([0, 1, 2]))
        found = minimise(potential, atoms, 100, 0.0)
        atoms = found.atoms
        energies.append(found.energy)
    return {"shift": shifts.tolist(), "energy": energies}


def dissociation(potential, bond: str) -> dict[str, list[float]]:
    """A bond from 0.75 to 3.2 times its length at the start, both sides rigid, as the singlet throughout.

    Returns
    -------
    dict
        ``length``, Å, and ``energy``, eV.
    """
    name, (a, b), side = BONDS[bond]
    start = next(molecule.start for molecule in MOLECULES if molecule.name == name)
    vector = start.positions[b] - start.positions[a]
    factors = np.linspace(0.75, 3.2, 50)
    images = []
    for factor in factors:
        image = start.copy()
        image.positions[side] += (factor - 1) * vector
        images.append(image)
    lengths = factors * np.linalg.norm(vector)
    return {"length": lengths.tolist(), "energy": potential.energies(images).tolist()}


def separation(potential) -> dict[str, list[float]]:
    """Two rigid waters, one giving a hydrogen to the other, from contact to 10 Å.

    Returns
    -------
    dict
        ``distance`` of the oxygens, Å, and ``energy`` relative to both alone, eV.
    """
    distances = np.concatenate([np.arange(2.2, 4, 0.05), np.arange(4, 10.01, 0.2)])
    pair = dimer()
    images = []
    for distance in distances:
        image = pair.copy()
        image.positions[3:] += [distance - pair.positions[3, 0], 0, 0]
        images.append(image)
    alone = potential.energies([pair[:3], pair[3:]]).sum()
    return {"distance": distances.tolist(), "energy": (potential.energies(images) - alone).tolist()}

