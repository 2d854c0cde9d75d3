"""The model that is measured, as the project's own engine computes it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from ase import Atoms

PROJECT = Path(__file__).resolve().parents[3]


class Potential:
    """A model in a server of this project. Use as a context manager.

    Parameters
    ----------
    model : path
        Model file.
    device : str
        Of ``./spookynet serve``: ``cpu`` computes in float64.
    """

    def __init__(self, model: Path, device: str = "cpu"):
        sys.path.insert(0, str(PROJECT / "adapters" / "python"))
        from spookynet import SpookyNet

        self._calculator = SpookyNet(str(model), device=device, command=str(PROJECT / "spookynet"))

    def __enter__(self) -> Potential:
        return self

    def __exit__(self, *_) -> None:
        self._calculator.close()

    def attach(self, atoms: Atoms) -> Atoms:
        """A copy that this potential computes; ``info`` says ``charge`` and ``unpaired``."""
        atoms = atoms.copy()
        atoms.calc = self._calculator
        return atoms

    def energies(self, images: list[Atoms]) -> np.ndarray:
        """Energies of structures, eV."""
        return np.array([result["energy"] for result in self._calculator.compute_many(images, ["energy"])])

    def hessian(self, atoms: Atoms) -> np.ndarray:
        """∂²E/∂R∂R, eV/Å², (3N, 3N)."""
        return self._calculator.get_hessian(atoms)
