"""Repeats a LAMMPS run of water at constant energy with ASE's velocity Verlet; prints the total energies, eV, as JSON.

usage: ase_nve.py START.dump STEPS MODEL    (id type x y z vx vy vz, units metal; steps of 0.5 fs)
"""
import json
import sys

import numpy as np
from ase import Atoms, units
from ase.md.verlet import VelocityVerlet

from spookynet import SpookyNet

start, steps, model = sys.argv[1:]
with open(start) as file:
    rows = np.array([line.split() for line in file.read().split("ITEM: ATOMS")[1].splitlines()[1:]], float)
atoms = Atoms(["OH"[int(kind) - 1] for kind in rows[:, 1]], rows[:, 2:5])
atoms.set_masses([{"O": 15.999, "H": 1.008}[symbol] for symbol in atoms.get_chemical_symbols()])
atoms.set_velocities(rows[:, 5:8] / (1000 * units.fs))
energies = []
with SpookyNet(model=model, device="software") as atoms.calc:
    dynamics = VelocityVerlet(atoms, 0.5 * units.fs)
    dynamics.attach(lambda: energies.append(atoms.get_total_energy()))
    dynamics.run(int(steps))
print(json.dumps(energies))
