"""Batches: structures of equal size computed together, several of them for each step of training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .dataset import Structures

#: One batch: the number of atoms of its structures, and their places in the group of that size.
Batch = tuple[int, np.ndarray]


def batches_of(groups: dict[int, Structures], most_pairs: int, rng: np.random.Generator | None = None) -> list[Batch]:
    """All structures in batches of at most ``most_pairs`` pairs of atoms, in random order where ``rng`` is given."""
    found = []
    for size, group in sorted(groups.items()):
        order = np.arange(len(group)) if rng is None else rng.permutation(len(group))
        count = -(-len(group) // max(1, most_pairs // size**2))
        found += [(size, rows) for rows in np.array_split(order, count)]
    if rng is not None:
        found = [found[place] for place in rng.permutation(len(found))]
    return found


def steps_of(batches: list[Batch], atoms: int) -> Iterator[list[Batch]]:
    """Consecutive batches, as many for one step as have ``atoms`` atoms; what remains at the end is a step as well."""
    step, count = [], 0
    for size, rows in batches:
        step.append((size, rows))
        count += size * len(rows)
        if count >= atoms:
            yield step
            step, count = [], 0
    if step:
        yield step
