"""Whether water is still water: which hydrogen is at which oxygen."""

import numpy as np

#: Farthest that a hydrogen may be from its oxygen, Å. A proton half-way between two oxygens that are 3 Å apart is 1.5 Å
#: from both; nobody meets one farther off that is not on its way out of its molecule.
FARTHEST = 1.5


class WholeWater:
    """Hydrogens of water, hydronium and hydroxide, each counted at its nearest oxygen.

    Protons may go from one oxygen to another: but there must be as many oxygens with one, two and three hydrogens as at
    first.

    Parameters
    ----------
    atoms : ase.Atoms
        Nothing but H and O, unbroken.

    Raises
    ------
    ValueError
        If there are other elements, or the start is broken.
    """

    def __init__(self, atoms):
        others = sorted(set(atoms.get_chemical_symbols()) - {"H", "O"})
        if others or "O" not in atoms.get_chemical_symbols():
            words = ", ".join(others) or "no oxygen"
            raise ValueError(f"Expected hydrogen and oxygen for --check-water but found {words}")
        self._oxygens = np.flatnonzero(atoms.numbers == 8)
        self._hydrogens = np.flatnonzero(atoms.numbers == 1)
        distances, self._census, owners = self._look(atoms)
        if distances.max() > FARTHEST or not set(self._census) <= {1, 2, 3}:
            raise ValueError(
                f"Expected water, hydronium or hydroxide for --check-water but found a hydrogen {distances.max():.2f} Å "
                f"from the nearest oxygen, and oxygens with {sorted(set(self._census))} hydrogens"
            )
        #: At which oxygen each hydrogen was when last looked at.
        self._owners = owners
        #: How often a hydrogen has been found at another oxygen than before.
        self.hops = 0
        #: Farthest a hydrogen has been found from the nearest oxygen, Å.
        self.farthest = float(distances.max())

    def _look(self, atoms):
        arms = atoms.positions[self._hydrogens, None] - atoms.positions[self._oxygens]
        distances = np.linalg.norm(arms, axis=-1)
        owners = distances.argmin(1)
        census = np.sort(np.bincount(owners, minlength=len(self._oxygens)))
        return distances.min(1), census.tolist(), owners

    def why_broken(self, atoms):
        """What is broken now, in words, or ``None``."""
        distances, census, owners = self._look(atoms)
        self.hops += int((owners != self._owners).sum())
        self._owners = owners
        self.farthest = max(self.farthest, float(distances.max()))
        if distances.max() > FARTHEST:
            hydrogen = int(self._hydrogens[distances.argmax()])
            return f"hydrogen {hydrogen} is {distances.max():.2f} Å from the nearest oxygen"
        if census != self._census:
            return f"oxygens have {census} hydrogens, at first {self._census}"
        return None
