"""Errors of a model by class, charge and spin."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .batches import batches_of
from .dataset import Dataset, Structures
from .network import SpookyNet

_MOST_PAIRS = 30_000


@dataclass
class Errors:
    """Sums of absolute errors over structures, and their means."""

    structures: int = 0
    atoms: int = 0
    energy: float = 0.0
    energy_per_atom: float = 0.0
    forces: float = 0.0
    forces_squared: float = 0.0
    reference_squared: float = 0.0
    charges: float = 0.0
    dipole: float = 0.0

    def means(self) -> dict[str, float]:
        """Mean absolute errors: energy meV/atom, force components meV/Å, charges me, dipole components me Å."""
        components = 3 * self.atoms
        return {
            "structures": self.structures,
            "energy_meV_per_atom": 1000 * self.energy_per_atom / max(self.structures, 1),
            "force_meV_per_A": 1000 * self.forces / max(components, 1),
            "force_rms_meV_per_A": 1000 * (self.forces_squared / max(components, 1)) ** 0.5,
            "reference_force_rms_meV_per_A": 1000 * (self.reference_squared / max(components, 1)) ** 0.5,
            "charge_me": 1000 * self.charges / max(self.atoms, 1),
            "dipole_meA": 1000 * self.dipole / max(3 * self.structures, 1),
        }


def errors_of(model: SpookyNet, dataset: Dataset, split: str, most_structures: int | None = None) -> dict[str, Errors]:
    """Errors of one split: of ``all``, of each class (``kind …``), and of each state (``charge … unpaired …``).

    Parameters
    ----------
    most_structures : int, optional
        Looks at some of each size only, evenly spread, so that about so many are looked at.
    """
    found: dict[str, Errors] = {}
    groups = dataset.groups[split]
    total = dataset.count(split)[0]
    if most_structures is not None and total > most_structures:
        stride = -(-total // most_structures)
        groups = {size: group[torch.arange(0, len(group), stride)] for size, group in groups.items()}
    parameter = next(model.parameters())
    for size, rows in batches_of(groups, _MOST_PAIRS):
        part = groups[size][torch.tensor(rows)]
        _add(found, model, part, dataset.kinds, parameter)
    return dict(sorted(found.items()))


def _add(found: dict[str, Errors], model: SpookyNet, part: Structures, kinds: list[str], parameter) -> None:
    cast = {"device": parameter.device, "dtype": parameter.dtype}
    output = model(
        part.numbers.to(parameter.device), part.positions.to(**cast), part.charge.to(**cast), part.unpaired.to(**cast)
    )
    size = part.numbers.shape[1]
    energy = (output.energy.detach().cpu().double() - part.energy).abs()
    force_errors = output.forces.detach().cpu().double() - part.forces
    charges = torch.nan_to_num((output.charges.detach().cpu().double() - part.charges).abs()).sum(1)
    dipole = torch.nan_to_num((output.dipoles.detach().cpu().double() - part.dipole).abs()).sum(1)
    for k in range(len(part)):
        state = f"charge {int(part.charge[k])} unpaired {int(part.unpaired[k])}"
        for name in ("all", f"kind {kinds[int(part.kind[k])]}", state):
            errors = found.setdefault(name, Errors())
            errors.structures += 1
            errors.atoms += size
            errors.energy += float(energy[k])
            errors.energy_per_atom += float(energy[k]) / size
            errors.forces += float(force_errors[k].abs().sum())
            errors.forces_squared += float((force_errors[k] ** 2).sum())
            errors.reference_squared += float((part.forces[k] ** 2).sum())
            errors.charges += float(charges[k])
            errors.dipole += float(dipole[k])


def counts_of(dataset: Dataset, split: str) -> dict[str, int]:
    """How many structures of each class a split has, and of ``all``."""
    counts = {"all": dataset.count(split)[0]}
    for group in dataset.groups[split].values():
        for kind, count in zip(*torch.unique(group.kind, return_counts=True)):
            name = f"kind {dataset.kinds[int(kind)]}"
            counts[name] = counts.get(name, 0) + int(count)
    return dict(sorted(counts.items()))


def table_of(errors: dict[str, Errors]) -> str:
    """The errors as a table in Markdown."""
    lines = [
        "| structures | count | energy meV/atom | force MAE meV/Å | force RMSE meV/Å | RMS force meV/Å | charge me "
        "| dipole me Å |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, sums in errors.items():
        m = sums.means()
        lines.append(
            f"| {name} | {m['structures']} | {m['energy_meV_per_atom']:.2f} | {m['force_meV_per_A']:.1f} | "
            f"{m['force_rms_meV_per_A']:.1f} | {m['reference_force_rms_meV_per_A']:.0f} | {m['charge_me']:.2f} | "
            f"{m['dipole_meA']:.1f} |"
        )
    return "\n".join(lines)
