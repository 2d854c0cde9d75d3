"""Harmonic vibrations, without those of the whole: translations and rotations are projected out."""

from __future__ import annotations

import numpy as np
from ase import Atoms, units

#: cm⁻¹ of the square root of 1 eV/(Å² u).
_WAVENUMBER = units._hbar * 1e10 / (units._e * units._amu) ** 0.5 / units.invcm


def frequencies(atoms: Atoms, hessian: np.ndarray) -> np.ndarray:
    """Harmonic wavenumbers in ascending order, cm⁻¹; negative where the energy falls.

    Parameters
    ----------
    atoms : Atoms
    hessian : ndarray, (3N, 3N)
        ∂²E/∂R∂R, eV/Å².

    Returns
    -------
    ndarray, (3N − 6,), or (3N − 5,) of linear molecules
    """
    roots = np.repeat(atoms.get_masses(), 3) ** 0.5
    weighted = (hessian + hessian.T) / 2 / np.outer(roots, roots)
    inner = _inner_motions(atoms, roots)
    values = np.linalg.eigvalsh(inner.T @ weighted @ inner)
    return np.sign(values) * np.abs(values) ** 0.5 * _WAVENUMBER


def _inner_motions(atoms: Atoms, roots: np.ndarray) -> np.ndarray:
    """Orthonormal columns that span all mass-weighted motions but those of the whole."""
    arms = atoms.positions - atoms.get_center_of_mass()
    whole = [np.tile(axis, (len(atoms), 1)) for axis in np.eye(3)] + [np.cross(axis, arms) for axis in np.eye(3)]
    columns = np.array([roots * motion.ravel() for motion in whole]).T
    left, sizes, _ = np.linalg.svd(columns, full_matrices=True)
    # The rotation of a linear molecule about its axis vanishes; hundredths of an ångström beside it are still linear.
    return left[:, (sizes > 0.05 * sizes[0]).sum() :]
