"""A structure in a given electronic state, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from ase.data import atomic_numbers, chemical_symbols, covalent_radii


@dataclass(frozen=True)
class State:
    """Atoms, charge and unpaired electrons.

    Attributes
    ----------
    numbers : ndarray of int, shape (N,)
        Atomic numbers.
    positions : ndarray, shape (N, 3)
        Å.
    charge, unpaired : int
        Total charge, e, and number of unpaired electrons.
    kind : str
        Class of structures, by which errors are reported.
    parents : tuple of str
        Names of the molecules it is made of. A structure belongs to the test set if one of them does.
    """

    numbers: np.ndarray
    positions: np.ndarray
    charge: int
    unpaired: int
    kind: str
    parents: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def moved(self, positions: np.ndarray, kind: str | None = None) -> State:
        """The same atoms elsewhere."""
        return replace(self, positions=positions, kind=kind or self.kind)


def is_possible(numbers: np.ndarray, charge: int, unpaired: int) -> bool:
    """Whether there is a number of electrons with that charge of which so many can be unpaired."""
    electrons = int(np.sum(numbers)) - charge
    return electrons >= max(unpaired, 1) and (electrons - unpaired) % 2 == 0


def bonds_of(numbers: np.ndarray, positions: np.ndarray, tolerance: float = 1.25) -> np.ndarray:
    """Which atoms are bonded (N, N): closer than ``tolerance`` times the sum of their covalent radii."""
    radii = covalent_radii[numbers]
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    bonded = distances < tolerance * (radii[:, None] + radii[None])
    np.fill_diagonal(bonded, False)
    return bonded


def reachable(bonds: np.ndarray, start: int) -> np.ndarray:
    """Which atoms (N,) are connected with one of them."""
    found = np.zeros(len(bonds), bool)
    found[start] = True
    while True:
        more = found | bonds[found].any(0)
        if (more == found).all():
            return found
        found = more


def is_crowded(positions: np.ndarray, others: np.ndarray, closest: float) -> bool:
    """Whether an atom of one group comes closer than ``closest``, Å, to one of the other."""
    return np.linalg.norm(positions[:, None] - others[None], axis=-1).min() < closest


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    """A rotation matrix, all orientations being equally likely."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def write_states(states: list[State], path, split_of) -> None:
    """Writes states as extended XYZ; ``split_of`` says whether one is of ``train``, ``valid`` or ``test``."""
    with open(path, "w", encoding="utf-8") as file:
        for state in states:
            file.write(f"{len(state)}\n")
            file.write(
                f'Properties=species:S:1:pos:R:3 pbc="F F F" charge={state.charge} unpaired={state.unpaired} '
                f"kind={state.kind} molecule={'|'.join(state.parents)} split={split_of(state)}\n"
            )
            for number, (x, y, z) in zip(state.numbers, state.positions):
                file.write(f"{chemical_symbols[number]} {x:.8f} {y:.8f} {z:.8f}\n")


def numbers_of(symbols: str) -> np.ndarray:
    """Atomic numbers of symbols with blanks between them."""
    return np.array([atomic_numbers[symbol] for symbol in symbols.split()])
