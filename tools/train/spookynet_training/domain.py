"""What a model has seen in training: outside of it, nobody knows what it says."""

from __future__ import annotations

import torch
from ase.data import chemical_symbols

from .dataset import Dataset


def domain_of(dataset: Dataset) -> dict:
    """Elements, charges, spins and closest distances of the structures that a model is trained on.

    Returns
    -------
    dict
        ``elements``: atomic numbers; ``charges`` and ``unpaired``: those that occur, ascending; ``closest``: for each
        pair of elements, like ``H-O``, the shortest distance between two of them, Å; ``structures``: how many.
    """
    elements: set[int] = set()
    charges: set[float] = set()
    unpaired: set[float] = set()
    closest: dict[str, float] = {}
    for size, group in dataset.groups["train"].items():
        elements.update(group.numbers.unique().tolist())
        charges.update(group.charge.unique().tolist())
        unpaired.update(group.unpaired.unique().tolist())
        if size == 1:
            continue
        distances = torch.cdist(group.positions.cpu(), group.positions.cpu()) + 1e3 * torch.eye(size)
        pairs = 256 * group.numbers.cpu().unsqueeze(2) + group.numbers.cpu().unsqueeze(1)
        for pair in pairs.unique().tolist():
            first, second = sorted((pair // 256, pair % 256))
            name = f"{chemical_symbols[first]}-{chemical_symbols[second]}"
            shortest = round(float(distances[pairs == pair].min()), 3)
            if shortest < 1e2:
                closest[name] = min(shortest, closest.get(name, 1e3))
    return {
        "elements": sorted(elements),
        "charges": sorted(charges),
        "unpaired": sorted(unpaired),
        "closest": dict(sorted(closest.items())),
        "structures": dataset.count("train")[0],
    }


def stated_domain(seen: dict) -> dict:
    """The same as model files say it under ``domain`` (``docs/models.md``).

    Returns
    -------
    dict
        ``elements``: symbols; ``charge`` and ``unpaired``: the least and the greatest; ``closest``: as above, Å.
    """
    return {
        "elements": [chemical_symbols[number] for number in seen["elements"]],
        "charge": [seen["charges"][0], seen["charges"][-1]],
        "unpaired": [seen["unpaired"][0], seen["unpaired"][-1]],
        "closest": seen["closest"],
    }
