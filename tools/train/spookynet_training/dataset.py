"""Labelled structures from extended XYZ, grouped by their number of atoms."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path

import ase.io
import numpy as np
import torch
from torch import Tensor

#: Parts that structures are split into.
SPLITS = ("train", "valid", "test")

#: Names of the term that the network itself gives, as the project's ``eval`` writes atomic energies.
_ATOMIC_ENERGIES = "energies_nn"


@dataclass(frozen=True)
class Structures:
    """B structures of N atoms with what a model shall learn of them; labels that a file lacks are NaN.

    Attributes
    ----------
    numbers : Tensor of int64, shape (B, N)
    positions : Tensor, shape (B, N, 3)
        Å.
    charge, unpaired : Tensor, shape (B,)
        Total charge, e, and number of unpaired electrons.
    energy : Tensor, shape (B,)
        eV.
    forces : Tensor, shape (B, N, 3)
        eV/Å.
    dipole : Tensor, shape (B, 3)
        Σ q R about the coordinates' origin, e Å.
    charges : Tensor, shape (B, N)
        Partial charges, e.
    atomic : Tensor, shape (B, N)
        Atomic energies of the network alone, without repulsion, electrostatics and dispersion, eV.
    kind : Tensor of int64, shape (B,)
        Class of structures, a place in ``Dataset.kinds``.
    """

    numbers: Tensor
    positions: Tensor
    charge: Tensor
    unpaired: Tensor
    energy: Tensor
    forces: Tensor
    dipole: Tensor
    charges: Tensor
    atomic: Tensor
    kind: Tensor

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows) -> Structures:
        return Structures(*[getattr(self, field.name)[rows] for field in fields(self)])

    def to(self, device: str) -> Structures:
        """The same on another device."""
        return Structures(*[getattr(self, field.name).to(device) for field in fields(self)])


@dataclass(frozen=True)
class Dataset:
    """Structures by split and number of atoms, and the names of their classes."""

    groups: dict[str, dict[int, Structures]]
    kinds: list[str]

    def count(self, split: str) -> tuple[int, int]:
        """How many structures, and how many atoms, a split has."""
        groups = self.groups[split].items()
        return sum(len(group) for _, group in groups), sum(len(group) * size for size, group in groups)


def read_dataset(paths: list[str], largest_force: float = 50.0) -> Dataset:
    """Reads labelled structures.

    Each frame needs ``energy`` and ``forces``; ``charge`` and ``unpaired`` (or ``magmom``, or ``multiplicity``) are 0
    where nothing is said; ``dipole``, ``charges`` and ``energies_nn`` are learned where they are there. ``split`` puts
    a frame into train, valid or test; without it, frames of one ``molecule`` (else of one formula) come into the same
    part, one molecule of ten each into valid and test. ``kind`` is the class for reports.

    Parameters
    ----------
    paths : list of str
        Extended XYZ files; eV, Å, e.
    largest_force : float
        Frames with a larger force, eV/Å, are left out: no simulation gets there, and they would rule the loss.

    Raises
    ------
    ValueError
        Naming file and frame, where a label is missing or not finite, or the frame is periodic.
    """
    frames: dict[tuple[str, int], list[tuple]] = {}
    kinds: dict[str, int] = {}
    for path in paths:
        for place, atoms in enumerate(ase.io.iread(path, index=":", format="extxyz")):
            where = f"{path}, frame {place + 1}"
            row = _row_of(atoms, where)
            if np.abs(row[5]).max() > largest_force:
                continue
            kind = str(atoms.info.get("kind", "all"))
            row = (*row, kinds.setdefault(kind, len(kinds)))
            frames.setdefault((_split_of(atoms, where), len(atoms)), []).append(row)
    groups: dict[str, dict[int, Structures]] = {split: {} for split in SPLITS}
    for (split, size), rows in sorted(frames.items()):
        groups[split][size] = Structures(*[_tensor(column) for column in zip(*rows)])
    return Dataset(groups, list(kinds))


def save_dataset(dataset: Dataset, path: Path) -> None:
    """Writes structures and labels as they are in memory, which is read much faster than text."""
    groups = {
        split: {size: [getattr(group, field.name) for field in fields(group)] for size, group in members.items()}
        for split, members in dataset.groups.items()
    }
    torch.save({"groups": groups, "kinds": dataset.kinds}, path)


def load_dataset(path: Path) -> Dataset:
    """Reads what ``save_dataset`` has written."""
    content = torch.load(path)
    groups = {
        split: {size: Structures(*columns) for size, columns in members.items()}
        for split, members in content["groups"].items()
    }
    return Dataset(groups, content["kinds"])


def _row_of(atoms, where: str) -> tuple:
    results = dict(atoms.calc.results) if atoms.calc is not None else {}
    labels = {**atoms.info, **atoms.arrays, **results}
    if "initial_charges" in atoms.arrays:
        # What ASE 3.22 makes of a column of charges.
        labels.setdefault("charges", atoms.arrays["initial_charges"])
    if any(atoms.pbc):
        raise ValueError(
            f"Expected isolated structures but found a periodic one in {where}: train on clusters cut from it"
        )
    for name in ("energy", "forces"):
        if name not in labels:
            raise ValueError(f"Expected {name} in {where} but found none: label the file, see the README")
        if not np.isfinite(labels[name]).all():
            raise ValueError(f"Expected finite {name} in {where} but found {labels[name]}")
    count = len(atoms)
    return (
        atoms.numbers.astype(np.int64),
        atoms.positions,
        float(atoms.info.get("charge", 0)),
        _unpaired(atoms.info, where),
        float(labels["energy"]),
        np.asarray(labels["forces"]),
        np.asarray(labels.get("dipole", np.full(3, np.nan)), float),
        np.asarray(labels.get("charges", np.full(count, np.nan)), float),
        np.asarray(labels.get(_ATOMIC_ENERGIES, np.full(count, np.nan)), float),
    )


def _unpaired(info: dict, where: str) -> float:
    if "spin" in info:
        raise ValueError(f"Expected unpaired=N or multiplicity=M in {where} but found spin, which may mean either")
    if "multiplicity" in info:
        return float(info["multiplicity"]) - 1
    return float(info.get("unpaired", info.get("magmom", 0)))


def _split_of(atoms, where: str) -> str:
    split = atoms.info.get("split")
    if split is None:
        molecule = str(atoms.info.get("molecule", atoms.get_chemical_formula()))
        return {0: "test", 1: "valid"}.get(int(hashlib.sha256(molecule.encode()).hexdigest(), 16) % 10, "train")
    if split not in SPLITS:
        raise ValueError(f"Expected split to be one of {', '.join(SPLITS)} but found {split} in {where}")
    return split


def _tensor(column) -> Tensor:
    array = np.array(column)
    return torch.tensor(array) if array.dtype.kind == "i" else torch.tensor(array, dtype=torch.float64)
