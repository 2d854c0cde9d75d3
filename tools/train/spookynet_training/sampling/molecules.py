"""Molecules: those that ASE ships, new ones joined of their fragments, and ions and radicals of all."""

from __future__ import annotations

import hashlib

import numpy as np
from ase.build import molecule
from ase.data import covalent_radii, g2, s22
from ase.formula import Formula

from .state import State, bonds_of, is_crowded, is_possible, random_rotation, reachable

#: Hydrogen, carbon, nitrogen, oxygen.
ELEMENTS = {1, 6, 7, 8}


def shipped_molecules() -> list[State]:
    """ASE's G2 molecules of H, C, N and O with up to two unpaired electrons, and the parts of its S22 complexes."""
    states = []
    for name in g2.molecule_names + g2.atom_names:
        atoms = molecule(name)
        unpaired = int(round(abs(atoms.get_initial_magnetic_moments().sum())))
        if set(atoms.numbers) <= ELEMENTS and unpaired <= 2:
            kind = "radical" if unpaired else "organic"
            states.append(
                State(atoms.numbers, atoms.positions, 0, unpaired, kind, (named(atoms.numbers, atoms.positions),))
            )
    for name in s22.s22:
        atoms = s22.create_s22_system(name)
        bonds = bonds_of(atoms.numbers, atoms.positions)
        first = reachable(bonds, 0)
        for part in (first, ~first):
            numbers, positions = atoms.numbers[part], atoms.positions[part]
            states.append(State(numbers, positions, 0, 0, "organic", (named(numbers, positions),)))
    unique = {}
    for state in states:
        unique.setdefault((state.parents, state.unpaired), state)
    return list(unique.values())


def named(numbers: np.ndarray, positions: np.ndarray) -> str:
    """A molecule's name: its formula, and a digest of which elements are bonded to which.

    Conformers of a molecule have one name, isomers have different ones.
    """
    bonds = bonds_of(numbers, positions)
    labels = [str(number) for number in numbers]
    for _ in range(len(numbers)):
        labels = [
            _digest(labels[i] + "".join(sorted(labels[j] for j in np.flatnonzero(bonds[i]))))
            for i in range(len(labels))
        ]
    formula = Formula.from_list([_symbol(number) for number in numbers]).format("hill")
    return f"{formula}-{_digest(''.join(sorted(labels)))[:4]}"


def joined(first: State, second: State, rng: np.random.Generator, most_atoms: int) -> State | None:
    """A new molecule: an H is taken off each of two, and the atoms that had them are bonded, at a random torsion.

    None where that gives more than ``most_atoms`` atoms, or atoms that touch.
    """
    if len(first) + len(second) - 2 > most_atoms:
        return None
    parts = []
    for state in (first, second):
        removable = _terminal_hydrogens(state)
        if not removable:
            return None
        parts.append(removable[rng.integers(len(removable))])
    (h1, x1), (h2, x2) = parts
    axis = _unit(first.positions[h1] - first.positions[x1])
    length = covalent_radii[first.numbers[x1]] + covalent_radii[second.numbers[x2]]
    other = second.positions - second.positions[x2]
    other = other @ _rotation_between(_unit(other[h2]), -axis).T @ _rotation_about(axis, rng.uniform(0, 2 * np.pi)).T
    other = other + first.positions[x1] + length * axis
    keep1, keep2 = np.arange(len(first)) != h1, np.arange(len(second)) != h2
    rest1, rest2 = keep1.copy(), keep2.copy()
    rest1[x1] = rest2[x2] = False
    if rest1.any() and rest2.any() and is_crowded(first.positions[rest1], other[rest2], 1.5):
        return None
    numbers = np.concatenate([first.numbers[keep1], second.numbers[keep2]])
    positions = np.concatenate([first.positions[keep1], other[keep2]])
    return State(numbers, positions, 0, 0, "organic", (named(numbers, positions),))


def protonated(state: State, rng: np.random.Generator) -> State | None:
    """With a proton where one of its N or O atoms, else any other heavy atom, has room for it."""
    heavy = np.flatnonzero(np.isin(state.numbers, [7, 8]))
    heavy = heavy if len(heavy) else np.flatnonzero(state.numbers > 1)
    if len(heavy) == 0:
        return None
    site = heavy[rng.integers(len(heavy))]
    bonded = np.flatnonzero(bonds_of(state.numbers, state.positions)[site])
    away = sum((_unit(state.positions[site] - state.positions[j]) for j in bonded), np.zeros(3))
    place = state.positions[site] + 1.0 * _unit(away + 0.5 * rng.normal(size=3))
    if is_crowded(np.delete(state.positions, site, 0) if len(state) > 1 else place[None] + 9, place[None], 1.2):
        return None
    numbers, positions = np.append(state.numbers, 1), np.vstack([state.positions, place])
    return State(numbers, positions, state.charge + 1, state.unpaired, "cation", state.parents)


def without_hydrogen(state: State, rng: np.random.Generator, charge: int, unpaired: int, kind: str) -> State | None:
    """Without one of its H atoms, preferably of N or O: a proton leaves charge −1, an atom an unpaired electron."""
    removable = _terminal_hydrogens(state)
    polar = [pair for pair in removable if state.numbers[pair[1]] in (7, 8)]
    removable = polar if polar and rng.random() < 0.6 else removable
    if not removable or len(state) < 2:
        return None
    h, _ = removable[rng.integers(len(removable))]
    keep = np.arange(len(state)) != h
    return State(state.numbers[keep], state.positions[keep], charge, unpaired, kind, state.parents)


def in_state(state: State, charge: int, unpaired: int, kind: str) -> State | None:
    """The same atoms with another charge and spin, None where there is no such number of electrons."""
    if not is_possible(state.numbers, charge, unpaired):
        return None
    return State(state.numbers, state.positions, charge, unpaired, kind, state.parents)


def relatives(state: State, rng: np.random.Generator) -> list[State]:
    """Ions and radicals of a molecule: a proton or electron more or less, an H atom less, a triplet."""
    found = [
        protonated(state, rng),
        without_hydrogen(state, rng, -1, 0, "anion"),
        without_hydrogen(state, rng, 0, 1, "radical"),
        in_state(state, 1, 1, "radical-ion"),
        in_state(state, -1, 1, "radical-ion"),
        in_state(state, 0, 2, "triplet"),
    ]
    return [
        relative
        for relative in found
        if relative is not None and is_possible(relative.numbers, relative.charge, relative.unpaired)
    ]


def turned(state: State, rng: np.random.Generator) -> State:
    """Turned at random about its centre, which comes to the origin."""
    return state.moved((state.positions - state.positions.mean(0)) @ random_rotation(rng).T)


def _terminal_hydrogens(state: State) -> list[tuple[int, int]]:
    bonds = bonds_of(state.numbers, state.positions)
    hydrogens = [h for h in np.flatnonzero(state.numbers == 1) if bonds[h].sum() == 1]
    return [(h, int(np.flatnonzero(bonds[h])[0])) for h in hydrogens]


def _rotation_between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    axis = np.cross(start, end)
    cosine = float(start @ end)
    if cosine < -0.999999:
        return _rotation_about(_unit(np.cross(start, [0.3, 0.5, 0.8])), np.pi)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + cross + cross @ cross / (1 + cosine)


def _rotation_about(axis: np.ndarray, angle: float) -> np.ndarray:
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(np.linalg.norm(vector), 1e-12)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _symbol(number: int) -> str:
    return {1: "H", 6: "C", 7: "N", 8: "O"}[int(number)]
