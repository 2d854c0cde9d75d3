"""When water counts as broken."""

import unittest

from ase import Atoms
from whole_water import WholeWater


def zundel(proton):
    """Two waters 2.4 Å apart, with a proton at a place between them."""
    outer = [[-0.6, 0.75, 0], [-0.6, -0.75, 0], [3.0, 0, 0.75], [3.0, 0, -0.75]]
    return Atoms("OOHHHHH", [[0, 0, 0], [2.4, 0, 0], [proton, 0, 0], *outer])


class Whole(unittest.TestCase):
    def test_protons_may_hop_and_are_counted(self):
        water = WholeWater(zundel(1.0))
        for proton in (1.1, 1.3, 1.4, 1.1):
            self.assertIsNone(water.why_broken(zundel(proton)))
        self.assertEqual(water.hops, 2)
        self.assertAlmostEqual(water.farthest, 1.1)

    def test_a_hydrogen_that_leaves_is_named(self):
        water, atoms = WholeWater(zundel(1.0)), zundel(1.0)
        atoms.positions[3] *= 2
        self.assertEqual(water.why_broken(atoms), "hydrogen 3 is 1.92 Å from the nearest oxygen")

    def test_water_that_became_hydronium_and_hydroxide_is_broken(self):
        start = Atoms("OHHOHH", [[0, 0, 0], [0.96, 0, 0], [-0.3, 0.9, 0], [2.8, 0, 0], [3.4, 0.7, 0], [3.4, -0.7, 0]])
        water, moved = WholeWater(start), start.copy()
        moved.positions[1] = [1.8, 0, 0]
        self.assertEqual(water.why_broken(moved), "oxygens have [1, 3] hydrogens, at first [2, 2]")

    def test_other_elements_and_broken_starts_are_refused(self):
        with self.assertRaisesRegex(ValueError, "Expected hydrogen and oxygen for --check-water but found C"):
            WholeWater(Atoms("CO", [[0, 0, 0], [0, 0, 1.1]]))
        with self.assertRaisesRegex(ValueError, "Expected water, hydronium or hydroxide"):
            WholeWater(Atoms("OHH", [[0, 0, 0], [0, 0, 1], [0, 2, 0]]))


if __name__ == "__main__":
    unittest.main()
