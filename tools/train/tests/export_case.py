"""Writes a small model in both formats, and what it says in float64 about some structures; argument: a folder."""

import json
import sys
from pathlib import Path

import torch
from ase.build import molecule

from spookynet_training.checkpoint import load_model, save_published, save_safetensors, take_tables
from spookynet_training.domain import stated_domain
from spookynet_training.network import SpookyNet
from support import student_hyperparameters, teacher, tensors

folder = Path(sys.argv[1])
torch.manual_seed(7)
model = SpookyNet(student_hyperparameters())
take_tables(model, teacher())
with torch.no_grad():
    for parameter in model.parameters():
        parameter += 0.1 * torch.randn(parameter.shape)
save_published(model, folder / "model.pth")
seen = {"elements": [1, 6, 8], "charges": [-1.0, 0.0, 1.0], "unpaired": [0.0, 1.0, 2.0]}
seen.update(closest={"H-O": 0.7}, structures=3)
save_safetensors(model, folder / "model.safetensors", {"domain": json.dumps(stated_domain(seen)), "licence": "MIT"})
exact = load_model(folder / "model.safetensors", torch.float64)
cases = []
for name, charge, unpaired in (("CH3CH2OH", 0, 0), ("H2O", 1, 1), ("O2", 0, 2), ("CH3OH", -1, 1)):
    atoms = molecule(name)
    atoms.rattle(0.05, seed=1)
    output = exact(*tensors(atoms, charge, unpaired, torch.float64))
    case = {"symbols": atoms.get_chemical_symbols(), "positions": atoms.positions.tolist(), "charge": charge}
    case.update(unpaired=unpaired, energy=float(output.energy), forces=output.forces[0].tolist())
    case.update(charges=output.charges[0].tolist(), dipole=output.dipoles[0].tolist())
    cases.append(case)
(folder / "cases.json").write_text(json.dumps(cases))
