"""Prints as JSON what the calculator computes for a structure: evaluate.py FILE.xyz MODEL DEVICE [LR_CUTOFF].

Positions and cell are in it as ASE read them."""

import json
import sys

import numpy as np
from ase.io import read
from spookynet import SpookyNet

path, model, device, *cutoff = sys.argv[1:]
atoms = read(path)
with SpookyNet(model, device=device, lr_cutoff=float(cutoff[0]) if cutoff else None) as calculator:
    names = ["energy", "free_energy", "forces", "charges", "dipole", "energies"]
    names += ["stress"] if all(atoms.pbc) else ["hessian"]
    results = {name: calculator.get_property(name, atoms) for name in names}
print(json.dumps({name: np.ravel(value).tolist() for name, value in results.items()}))
