"""ASE as the host of `./spookynet connect`, for ase_acceptance_test.ts: ase_chemistry.py NAME energy|optimise|stress FILE.

Prints JSON, in eV and Å; the driver says what the atoms' charge and spin are.
"""

import json
import sys

from ase.calculators.socketio import SocketIOCalculator
from ase.io import read
from ase.optimize import BFGS
from ase.units import Bohr

name, task, file = sys.argv[1:]
atoms = read(file, format="extxyz")
result = {"bohr": Bohr}
with SocketIOCalculator(unixsocket=name, timeout=60) as calculator:
    atoms.calc = calculator
    result["before"] = atoms.get_potential_energy()
    if task == "optimise":
        optimiser = BFGS(atoms, logfile=None)
        result["converged"] = bool(optimiser.run(fmax=0.01, steps=100))
        result["steps"] = optimiser.nsteps
    if task == "stress":
        result["numerical"] = calculator.calculate_numerical_stress(atoms, d=2e-3).tolist()
        result["stress"] = atoms.get_stress().tolist()
    result["energy"] = atoms.get_potential_energy()
    result["forces"] = atoms.get_forces().ravel().tolist()
    result["positions"] = atoms.get_positions().ravel().tolist()
print(json.dumps(result))
