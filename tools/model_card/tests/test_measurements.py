"""Structures, vibrations and curves, with potentials whose answers are known."""

import unittest

import numpy as np
from ase import Atoms, units

from spookynet_card.clusters import CLUSTERS, shared_proton
from spookynet_card.curves import proton_transfer
from spookynet_card.internal import bonds_and_angles, coordinate, largest_differences
from spookynet_card.measurements import measure
from spookynet_card.minimum import minimise
from spookynet_card.molecules import MOLECULES
from spookynet_card.vibrations import frequencies
from support import SpringPotential


class InternalCoordinates(unittest.TestCase):
    def test_lengths_angles_and_dihedral_angles_are_those_of_the_points(self):
        points = np.array([[1, 0, 0], [0, 0, 0], [0, 2, 0], [0, 2, 1.0]])
        self.assertAlmostEqual(coordinate(points, (1, 2)), 2)
        self.assertAlmostEqual(coordinate(points, (0, 1, 2)), 90)
        self.assertAlmostEqual(coordinate(points, (0, 1, 2, 3)), 90)

    def test_a_shared_proton_is_bonded_to_both_oxygens(self):
        found = bonds_and_angles(shared_proton(2.4, 0.05, 2))
        self.assertIn((0, 2), found)
        self.assertIn((1, 2), found)
        self.assertIn((0, 2, 1), found)
        self.assertNotIn((0, 1), found)

    def test_mirror_images_do_not_differ(self):
        bond, angle = largest_differences(shared_proton(2.4, -0.1, 1), shared_proton(2.4, 0.1, 1))
        self.assertLess(bond, 1e-9)
        self.assertLess(angle, 1e-6)
        bond, _ = largest_differences(shared_proton(2.4, 0.1, 1), shared_proton(2.4, 0.0, 1))
        self.assertAlmostEqual(bond, 0.1)


class Starts(unittest.TestCase):
    def test_molecules_start_near_experiment_which_shows_that_coordinates_name_the_right_atoms(self):
        for molecule in MOLECULES:
            for each in molecule.coordinates:
                for atoms in each.atoms:
                    value = coordinate(molecule.start.positions, atoms)
                    # Calculated structures that ASE ships: some hundredths of an ångström, some degrees.
                    most = 0.08 if len(atoms) == 2 else 10
                    self.assertLess(abs(value - each.experiment), most, f"{molecule.name} {each.label}")

    def test_molecules_have_as_many_vibrations_as_experiment_or_none(self):
        for molecule in MOLECULES:
            if molecule.modes:
                linear = molecule.name == "CO2"
                expected = 3 * len(molecule.start) - (5 if linear else 6)
                self.assertEqual(sum(mode.degeneracy for mode in molecule.modes), expected, molecule.name)
                values = [mode.fundamental for mode in molecule.modes]
                self.assertEqual(values, sorted(values), molecule.name)

    def test_clusters_start_with_whole_molecules_that_do_not_touch(self):
        for cluster in CLUSTERS:
            distances = cluster.start.get_all_distances()
            np.fill_diagonal(distances, 9)
            self.assertGreater(distances.min(), 0.9, cluster.name)
            oxygens = cluster.start.numbers == 8
            self.assertGreater(distances[np.ix_(oxygens, oxygens)].min(), 2.3, cluster.name)
            hydrogens = cluster.start.numbers == 1
            self.assertGreater(distances[np.ix_(hydrogens, hydrogens)].min(), 1.1, cluster.name)
            charge = {"Zundel cation": 1, "Eigen cation": 1, "water with hydroxide": -1}.get(cluster.name, 0)
            self.assertEqual(cluster.start.info.get("charge", 0), charge)


class Vibrations(unittest.TestCase):
    def test_a_diatomic_molecule_vibrates_with_its_reduced_mass(self):
        atoms = Atoms("CO", [[0, 0, 0], [0.3, 0.4, 1]])
        found = frequencies(atoms, SpringPotential().hessian(atoms))
        masses = atoms.get_masses()
        reduced = masses.prod() / masses.sum() * units._amu
        # √(k / μ) / 2πc in SI units.
        expected = (20 * units._e * 1e20 / reduced) ** 0.5 / (2 * np.pi * units._c * 100)
        self.assertEqual(len(found), 1)
        self.assertAlmostEqual(found[0], expected, delta=1e-3)

    def test_translations_and_rotations_of_a_bent_and_a_straight_molecule_are_left_out(self):
        potential = SpringPotential()
        for positions, count in (([[0, 0, 0], [1, 0, 0], [0, 1, 0]], 3), ([[0, 0, 0], [1, 0, 0], [-1, 0, 0]], 4)):
            atoms = Atoms("OHH", positions)
            self.assertEqual(len(frequencies(atoms, potential.hessian(atoms))), count)

    def test_a_direction_in_which_the_energy_falls_is_negative(self):
        atoms = Atoms("CO", [[0, 0, 0], [0, 0, 1]])
        self.assertLess(frequencies(atoms, -SpringPotential().hessian(atoms))[0], -100)


class Curves(unittest.TestCase):
    def test_minimise_finds_the_structure_at_rest_from_a_disturbed_one(self):
        start = next(molecule.start for molecule in MOLECULES if molecule.name == "CH3OH")
        found = minimise(SpringPotential(), start)
        self.assertTrue(found.converged)
        # Forces of 0.002 eV/Å at springs of 20 eV/Å².
        self.assertLess(max(largest_differences(found.atoms, start)), 0.05)

    def test_proton_transfer_goes_from_the_middle_to_0_85_ångström_from_an_oxygen(self):
        path = proton_transfer(SpringPotential(), 2.6, 2, points=3)
        self.assertEqual([round(shift, 3) for shift in path["shift"]], [0, 0.225, 0.45])
        self.assertEqual(len(path["energy"]), 3)

    def test_measure_gives_the_same_numbers_every_time(self):
        def once():
            return measure(SpringPotential(), lambda words: None, MOLECULES[:2], CLUSTERS[:1])

        found = once()
        self.assertEqual(found, once())
        self.assertAlmostEqual(found["molecules"]["H2O"]["coordinates"]["O–H"], 0.969, delta=2e-3)
        self.assertEqual(set(found["proton_transfer"]["H5O2+"]), {"2.4", "2.6", "2.8", "3.0"})


if __name__ == "__main__":
    unittest.main()
