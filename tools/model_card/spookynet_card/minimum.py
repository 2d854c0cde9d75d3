"""Minima of the potential energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.optimize import BFGS

#: Largest force of a minimum, eV/Å.
LARGEST_FORCE = 0.002

#: How far atoms are moved at first, Å: out of saddle points that symmetry would keep.
_DISTURBANCE = 0.02


@dataclass
class Minimum:
    """What an optimisation ended with."""

    atoms: Atoms
    #: eV
    energy: float
    #: Whether no force is larger than LARGEST_FORCE.
    converged: bool


def minimise(potential, atoms: Atoms, steps: int = 500, disturbance: float = _DISTURBANCE) -> Minimum:
    """Optimises a structure with BFGS; constraints of the atoms hold.

    Parameters
    ----------
    potential : Potential
    atoms : Atoms
        ``info`` says ``charge`` and ``unpaired``; stays as it is.
    disturbance : float
        Of the start, Å; always the same one for the same number of atoms.
    """
    moved = potential.attach(atoms)
    moved.set_positions(moved.positions + np.random.default_rng(1).normal(0, disturbance, moved.positions.shape))
    # The default of 0.2 Å a step leaves the basin of a molecule that starts far from its minimum.
    with BFGS(moved, logfile=None, maxstep=0.1) as optimiser:
        converged = optimiser.run(fmax=LARGEST_FORCE, steps=steps)
    energy = moved.get_potential_energy()
    return Minimum(moved, float(energy), bool(converged))
