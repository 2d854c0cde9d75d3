"""ASE as the host of a driver, for ase_protocol_test.ts: ase_host.py unix|tcp NAME|PORT cluster|crystal|slab.

Prints JSON."""

import json
import sys

import numpy as np
from ase import Atoms
from ase.calculators.socketio import SocketIOCalculator
from ase.optimize import BFGS

transport, where, task = sys.argv[1:]


def calculator():
    address = {"unixsocket": where} if transport == "unix" else {"port": int(where)}
    return SocketIOCalculator(timeout=60, **address)


def numerical_stress(atoms, step=1e-3):
    """Central differences of the energy, Voigt order, eV/Å³."""
    cell = np.array(atoms.cell)
    volume = atoms.get_volume()
    stress = []
    for i, j in [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]:
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[i, j] += sign * step / 2
            strain[j, i] += sign * step / 2
            atoms.set_cell(cell @ strain, scale_atoms=True)
            energies.append(atoms.get_potential_energy())
        stress.append((energies[0] - energies[1]) / (2 * step * volume))
        atoms.set_cell(cell, scale_atoms=True)
    return stress


def cluster():
    atoms = Atoms("CCOH", [[0, 0, 0], [1.7, 0, 0], [0, 1.8, 0], [0.2, 0.1, 1.9]])
    with calculator() as atoms.calc:
        before = atoms.get_potential_energy()
        converged = BFGS(atoms, logfile=None).run(fmax=1e-4, steps=200)
        return {"before": before, "after": atoms.get_potential_energy(), "converged": bool(converged)}


def crystal():
    positions = [[0, 0, 0], [1.9, 1.7, 0.1], [1.8, 0.1, 1.9], [0.1, 1.9, 1.7]]
    cell = [[3.6, 0.4, 0.3], [0.5, 3.7, -0.2], [-0.3, 0.2, 3.8]]
    atoms = Atoms("C4", positions, cell=cell, pbc=True)
    with calculator() as atoms.calc:
        return {"stress": list(atoms.get_stress()), "numerical": numerical_stress(atoms)}


def slab():
    positions = [[0, 0, 0], [1.9, 1.7, 0.1], [0.2, 0.1, 1.9]]
    atoms = Atoms("C3", positions, cell=[[3.6, 0, 0], [0.5, 3.7, 0], [0, 0, 0]], pbc=[True, True, False])
    with calculator() as atoms.calc:
        return {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces().tolist()}


print(json.dumps({"cluster": cluster, "crystal": crystal, "slab": slab}[task]()))
