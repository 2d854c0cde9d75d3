"""The network before training: from random weights, from a larger model, or from one to be refined."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from .checkpoint import take_tables
from .compress import compress
from .dataset import Structures
from .network import SpookyNet

#: Structures that the elements' energies are fitted to, and how many are computed together.
_FITTED, _TOGETHER = 3000, 128


def random_start(hyperparameters: dict, source: SpookyNet, groups: dict[int, Structures]) -> SpookyNet:
    """A network with random weights, with the tables of ``source``, and its radial decay where both have one."""
    model = SpookyNet({**hyperparameters, "Zmax": source.hyperparameters["Zmax"]})
    take_tables(model, source)
    present = _present_elements(model, groups)
    with torch.no_grad():
        if hyperparameters["basis_functions"] == source.hyperparameters["basis_functions"] == "exp-bernstein":
            model.radial_basis_functions._alpha.copy_(source.radial_basis_functions._alpha)
        embedding = model.nuclear_embedding.element_embedding
        # Different directions for different elements, of the length that activations expect.
        embedding[present] = torch.empty(int(present.sum()), embedding.shape[1]).uniform_(-(3**0.5), 3**0.5)
    _fit_elements(model, groups, present)
    return model


def compressed_start(hyperparameters: dict, source: SpookyNet, groups: dict[int, Structures]) -> SpookyNet:
    """A network of another size that is as close to ``source`` as linear least squares make it, see ``compress.py``."""
    model = random_start(hyperparameters, source, groups)
    present = _present_elements(model, groups)
    compress(model, source, groups, present)
    _fit_elements(model, groups, present)
    return model


def refined_start(source: SpookyNet, groups: dict[int, Structures]) -> SpookyNet:
    """``source`` itself, for the elements that the structures have: the others would go astray unseen."""
    model = copy.deepcopy(source).requires_grad_(True)
    present = _present_elements(model, groups)
    with torch.no_grad():
        model.element_bias[~present] = 0
    _fit_elements(model, groups, present)
    return model


def _present_elements(model: SpookyNet, groups: dict[int, Structures]) -> Tensor:
    """Whether an element (by atomic number) occurs."""
    rows = model.hyperparameters["Zmax"]
    present = torch.zeros(rows, dtype=torch.bool)
    for group in groups.values():
        largest = int(group.numbers.max())
        if largest >= rows:
            raise ValueError(f"Expected atomic numbers below {rows}, as the model has, but found {largest}")
        present[group.numbers.unique()] = True
    return present


@torch.no_grad()
def _fit_elements(model: SpookyNet, groups: dict[int, Structures], present: Tensor) -> None:
    """Adds to each element's energy what makes energies of labels and model agree best, and likewise to its charge.

    Other programs count energies from another zero. Elements that no structure has stay 0, by which they are known to
    be untrained.
    """
    counts, energies, atoms, charges = [], [], [], []
    share = min(1.0, _FITTED / sum(len(group) for group in groups.values()))
    for group in groups.values():
        rows = torch.linspace(0, len(group) - 1, max(1, round(share * len(group)))).long()
        for part in (group[chosen] for chosen in rows.split(_TOGETHER)):
            arguments = part.numbers, part.positions.float(), part.charge.float(), part.unpaired.float()
            output = model(*arguments, forces=False)
            one_hot = torch.nn.functional.one_hot(part.numbers, len(present))[:, :, present].double()
            counts.append(one_hot.sum(1))
            energies.append(part.energy - output.energy)
            known = torch.isfinite(part.charges)
            atoms.append(one_hot[known])
            charges.append((part.charges - output.charges)[known])
    model.element_bias[present, 0] += _least_squares(torch.cat(counts), torch.cat(energies))
    model.element_bias[present, 1] += _least_squares(torch.cat(atoms), torch.cat(charges))


def _least_squares(matrix: Tensor, values: Tensor) -> Tensor:
    """Regularised a little: elements may come in fixed proportions only, and labels may be missing."""
    normal = matrix.T @ matrix
    normal += 1e-6 * max(len(matrix), 1) * torch.eye(len(normal), dtype=normal.dtype)
    return torch.linalg.solve(normal, matrix.T @ values).float()
