"""Water with and without excess proton or hydroxide, pairs of molecules, and protons on their way between two."""

from __future__ import annotations

import numpy as np
from ase.data import covalent_radii

from .molecules import turned
from .state import State, bonds_of, is_crowded, numbers_of, random_rotation, reachable

_WATER = (numbers_of("O H H"), np.array([[0, 0, 0], [0.958, 0, 0], [-0.24, 0.927, 0]]))
_HYDRONIUM = (numbers_of("O H H H"), np.array([[0, 0, 0.25], [0.93, 0, 0], [-0.465, 0.805, 0], [-0.465, -0.805, 0]]))
_HYDROXIDE = (numbers_of("O H"), np.array([[0, 0, 0], [0.975, 0, 0]]))

#: Kinds of water clusters with their charge and what is in them besides water.
_EXCESS = {"water": (0, None), "water-proton": (1, _HYDRONIUM), "water-hydroxide": (-1, _HYDROXIDE)}


def water_cluster(size: int, kind: str, rng: np.random.Generator, shell: tuple[float, float] = (2.5, 3.2)) -> State:
    """A random cluster with ``size`` oxygen atoms, each next to another one, no two molecules in one place.

    Parameters
    ----------
    size : int
        Oxygen atoms, that of the ion among them.
    kind : {'water', 'water-proton', 'water-hydroxide'}
    shell : tuple of float
        Shortest and longest distance to the next oxygen, Å.
    """
    charge, ion = _EXCESS[kind]
    parts = [ion or _WATER] + [_WATER] * (size - 1)
    numbers, positions = parts[0][0], parts[0][1] @ random_rotation(rng).T
    for part_numbers, part_positions in parts[1:]:
        while True:
            oxygens = positions[numbers == 8]
            direction = rng.normal(size=3)
            start = oxygens[rng.integers(len(oxygens))] + rng.uniform(*shell) * direction / np.linalg.norm(direction)
            placed = part_positions @ random_rotation(rng).T + start
            if not is_crowded(placed, positions, 1.5) and not is_crowded(placed[:1], oxygens, shell[0] - 0.01):
                break
        numbers, positions = np.concatenate([numbers, part_numbers]), np.vstack([positions, placed])
    return State(numbers, positions, charge, 0, kind, (f"{kind}-{size}",))


def liquid_fragment(size: int, rng: np.random.Generator) -> State:
    """As many water molecules as dense as in the liquid: those nearest to the centre of a disturbed lattice."""
    spacing = 3.1
    grid = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 3, indexing="ij"), -1).reshape(-1, 3) * spacing
    grid = grid + rng.uniform(-0.25, 0.25, grid.shape) + rng.uniform(-1.5, 1.5, 3)
    nearest = grid[np.argsort(np.linalg.norm(grid, axis=1))[:size]]
    positions = np.vstack([_WATER[1] @ random_rotation(rng).T + place for place in nearest])
    return State(np.tile(_WATER[0], size), positions, 0, 0, "water-liquid", (f"water-liquid-{size}",))


def dimer(first: State, second: State, rng: np.random.Generator, closest: float) -> State:
    """Two molecules turned at random, the closest atoms of the two ``closest`` Å apart."""
    first, second = turned(first, rng), turned(second, rng)
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    # The smallest shift at which no two atoms are closer: a root of each pair's distance, the largest counts.
    difference = (second.positions[None] - first.positions[:, None]).reshape(-1, 3)
    along = difference @ direction
    across = (difference**2).sum(1) - along**2
    shift = np.max(np.where(across < closest**2, -along + np.sqrt(np.maximum(closest**2 - across, 0)), -1e9))
    numbers = np.concatenate([first.numbers, second.numbers])
    positions = np.vstack([first.positions, second.positions + shift * direction])
    unpaired = first.unpaired + second.unpaired
    return State(numbers, positions, first.charge + second.charge, unpaired, "dimer", first.parents + second.parents)


def shared_proton(donor: State, acceptor: State, rng: np.random.Generator) -> State | None:
    """A proton somewhere between an atom of one molecule that has it and an N, O or C of another.

    Parameters
    ----------
    donor : State
        An H of its N or O atoms is moved towards the acceptor.
    acceptor : State
        Stands with one of its N or O atoms on the far side of that H.

    Returns
    -------
    State or None
        None where there is no such H or acceptor, or where the molecules touch otherwise.
    """
    bonds = bonds_of(donor.numbers, donor.positions)
    hydrogens = [h for h in np.flatnonzero(donor.numbers == 1) if np.isin(donor.numbers[bonds[h]], [7, 8]).any()]
    sites = np.flatnonzero(np.isin(acceptor.numbers, [7, 8]))
    if not hydrogens or len(sites) == 0:
        return None
    h = hydrogens[rng.integers(len(hydrogens))]
    x = int(np.flatnonzero(bonds[h])[0])
    site = sites[rng.integers(len(sites))]
    axis = donor.positions[h] - donor.positions[x]
    axis = axis / np.linalg.norm(axis)
    length = rng.uniform(2.3, 3.3)
    for _ in range(20):
        placed = (acceptor.positions - acceptor.positions[site]) @ random_rotation(rng).T
        placed = placed + donor.positions[x] + length * axis
        others = np.arange(len(donor)) != h
        contacts = np.linalg.norm(placed[:, None] - donor.positions[others][None], axis=-1)
        contacts[site] = 9
        proton = donor.positions[x] + rng.uniform(0.9, max(length - 0.9, 0.95)) * axis + rng.normal(0, 0.08, 3)
        rest = np.delete(placed, site, 0)
        if contacts.min() > 1.8 and (len(rest) == 0 or not is_crowded(rest, proton[None], 1.3)):
            positions = donor.positions.copy()
            positions[h] = proton
            numbers = np.concatenate([donor.numbers, acceptor.numbers])
            parents = donor.parents + acceptor.parents
            unpaired = donor.unpaired + acceptor.unpaired
            charge = donor.charge + acceptor.charge
            return State(numbers, np.vstack([positions, placed]), charge, unpaired, "proton-transfer", parents)
    return None


def stretched(state: State, rng: np.random.Generator) -> State | None:
    """One bond between 0.75 and 2.2 times its usual length, the parts on both sides unchanged; None in rings."""
    bonds = bonds_of(state.numbers, state.positions)
    pairs = np.argwhere(np.triu(bonds))
    rng.shuffle(pairs)
    for i, j in pairs:
        cut = bonds.copy()
        cut[i, j] = cut[j, i] = False
        side = reachable(cut, j)
        if side[i]:
            continue
        usual = covalent_radii[state.numbers[i]] + covalent_radii[state.numbers[j]]
        vector = state.positions[j] - state.positions[i]
        length = np.linalg.norm(vector)
        # Half of them short: repulsion is steep.
        factor = rng.uniform(0.75, 1.1) if rng.random() < 0.5 else rng.uniform(1.1, 2.2)
        positions = state.positions.copy()
        positions[side] += vector / length * (factor * usual - length)
        return state.moved(positions, "stretched")
    return None
