"""A small teacher, and structures that it has labelled."""

from pathlib import Path

import numpy as np
import torch
from ase.build import molecule
from ase.data import chemical_symbols

from spookynet_training.checkpoint import load_model
from spookynet_training.hyperparameters import smaller

#: A model of 8 features with random weights, and with the tables of all terms.
TINY = Path(__file__).parents[3] / "tests" / "fixtures" / "tiny.safetensors"


def teacher(dtype=torch.float32):
    """The tiny model; nothing of it is trained."""
    return load_model(TINY, dtype).requires_grad_(False)


def student_hyperparameters():
    """A network smaller than the tiny model."""
    return smaller(teacher().hyperparameters, features=6, modules=1)


def tensors(atoms, charge=0, unpaired=0, dtype=torch.float32):
    """What a model takes, of one structure."""
    numbers = torch.tensor(atoms.numbers).unsqueeze(0)
    positions = torch.tensor(atoms.positions, dtype=dtype).unsqueeze(0)
    return numbers, positions, torch.tensor([float(charge)], dtype=dtype), torch.tensor([float(unpaired)], dtype=dtype)


def write_labelled(path, frames, **changed_info):
    """Writes structures with the teacher's labels as the project's ``eval`` does.

    ``frames`` are (atoms, charge, unpaired, split).
    """
    model = teacher()
    with open(path, "w", encoding="utf-8") as file:
        for atoms, charge, unpaired, split in frames:
            output = model(*tensors(atoms, charge, unpaired))
            dipole = " ".join(str(value) for value in output.dipoles[0].tolist())
            info = {
                "charge": charge,
                "unpaired": unpaired,
                "energy": output.energy.item(),
                "split": split,
                **changed_info,
            }
            file.write(f"{len(atoms)}\n")
            file.write("Properties=species:S:1:pos:R:3:forces:R:3:charges:R:1:energies_nn:R:1 ")
            file.write(f'pbc="F F F" dipole="{dipole}" ' + " ".join(f"{k}={v}" for k, v in info.items()) + "\n")
            atomic = [output.forces[0], output.charges[0][:, None], output.energies["nn"][0][:, None]]
            rows = np.hstack([atoms.positions, *(values.detach().numpy() for values in atomic)])
            for number, row in zip(atoms.numbers, rows):
                file.write(" ".join([chemical_symbols[number], *(f"{value:.9g}" for value in row)]) + "\n")


def shaken(name, count, split, charge=0, unpaired=0, seed=0):
    """Frames of a molecule of ASE's, each moved at random."""
    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(count):
        atoms = molecule(name)
        atoms.positions += 0.05 * rng.normal(size=atoms.positions.shape)
        frames.append((atoms, charge, unpaired, split))
    return frames
