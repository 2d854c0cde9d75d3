"""The calculator, with springs for a model: what is computed, and for which charge and spin."""

import copy
import unittest
import warnings

import numpy as np
from ase import Atoms
from ase.build import molecule
from ase.calculators.calculator import PropertyNotImplementedError
from ase.md.verlet import VelocityVerlet
from ase.optimize import BFGS
from ase.units import fs
from ase.vibrations import Vibrations, VibrationsData
from fake import COMMAND, FakeServerTest
from fake_server import springs
from spookynet import SpookyNet, SpookyNetCalculator


def water(**options):
    return molecule("H2O", **options)


class Properties(FakeServerTest):
    def test_results_are_those_of_the_server_in_shapes_that_ase_wants(self):
        atoms = water(calculator=self.calculator(charge=2))
        energy, forces, hessian = springs(atoms.numbers, 2, 0, atoms.positions)
        self.assertEqual(atoms.get_potential_energy(), energy)
        self.assertEqual(atoms.get_potential_energy(force_consistent=True), energy)
        np.testing.assert_array_equal(atoms.get_forces(), forces)
        np.testing.assert_allclose(atoms.get_charges(), [2 / 3] * 3, rtol=1e-15)
        np.testing.assert_allclose(atoms.get_dipole_moment(), 2 / 3 * atoms.positions.sum(0), atol=1e-15)
        np.testing.assert_allclose(atoms.get_potential_energies().sum(), energy, rtol=1e-15)
        np.testing.assert_array_equal(atoms.calc.get_hessian(atoms), hessian)

    def test_stress_is_minus_the_virial_over_the_volume_in_voigt_order(self):
        atoms = water(calculator=self.calculator(), cell=[4, 5, 6], pbc=True)
        _, forces, _ = springs(atoms.numbers, 0, 0, atoms.positions)
        np.testing.assert_allclose(atoms.get_stress(voigt=False), -atoms.positions.T @ forces / 120, atol=1e-16)

    def test_stress_of_a_cluster_is_refused(self):
        with self.assertRaisesRegex(PropertyNotImplementedError, "three directions"):
            water(calculator=self.calculator()).get_stress()

    def test_what_was_asked_once_comes_with_every_step(self):
        atoms = water(calculator=self.calculator(), cell=[4, 5, 6], pbc=True)
        atoms.get_stress()
        self.requests()
        for _ in range(3):
            atoms.rattle(0.01)
            atoms.get_forces(), atoms.get_stress(), atoms.get_potential_energy()
        self.assertEqual(self.requests(), [1, 1, 1])

    def test_results_belong_to_the_caller(self):
        atoms = water(calculator=self.calculator())
        atoms.get_forces()[:] = 7
        self.assertLess(abs(atoms.get_forces()).max(), 7)

    def test_changes_of_atoms_cell_and_periodicity_between_calls_are_noticed(self):
        calculator = self.calculator()
        for name in ["H2O", "CH4", "H2O", "CH3CH2OH"]:
            atoms = molecule(name, calculator=calculator)
            self.assertEqual(atoms.get_potential_energy(), springs(atoms.numbers, 0, 0, atoms.positions)[0])
        self.requests()
        atoms.set_cell([9, 9, 9])
        atoms.pbc = True
        atoms.get_potential_energy()
        atoms.get_potential_energy()
        self.assertEqual(self.requests(), [1])

    def test_compute_many_computes_equal_systems_together_within_the_servers_limit(self):
        calculator = self.calculator()
        images = [water() for _ in range(10)]
        for image in images:
            image.rattle(0.1, rng=np.random)
        images.insert(3, molecule("CH4"))
        results = calculator.compute_many(images, ["forces"])
        # The fake takes eight structures at a time.
        self.assertEqual(sorted(self.requests()), [1, 2, 8])
        for image, result in zip(images, results):
            energy, forces, _ = springs(image.numbers, 0, 0, image.positions)
            self.assertEqual(result["energy"], energy)
            np.testing.assert_array_equal(result["forces"], forces)

    def test_coordinates_that_are_not_finite_are_refused(self):
        atoms = water(calculator=self.calculator())
        atoms.positions[0, 0] = np.nan
        with self.assertRaisesRegex(ValueError, "finite"):
            atoms.get_forces()


class Simulations(FakeServerTest):
    def test_bfgs_converges(self):
        atoms = molecule("CH4", calculator=self.calculator())
        self.assertTrue(BFGS(atoms, logfile=None).run(fmax=1e-4, steps=100))

    def test_hessian_gives_the_frequencies_of_finite_differences(self):
        atoms = water(calculator=self.calculator())
        BFGS(atoms, logfile=None).run(fmax=1e-6, steps=200)
        vibrations = Vibrations(atoms, name=str(self.log.parent / "vib"), delta=1e-3)
        vibrations.run()
        data = VibrationsData.from_2d(atoms, atoms.calc.get_hessian(atoms))
        # Displacements of 1e-3 Å: anharmonic terms are some 1e-6 of the frequencies.
        np.testing.assert_allclose(data.get_frequencies()[-3:], vibrations.get_frequencies()[-3:], rtol=1e-4)

    def test_dynamics_conserve_energy(self):
        atoms = water(calculator=self.calculator())
        atoms.rattle(0.05)
        start = atoms.get_total_energy()
        VelocityVerlet(atoms, 0.1 * fs).run(50)
        self.assertLess(abs(atoms.get_total_energy() - start), 1e-4)


class Electrons(FakeServerTest):
    def energy_of_electrons(self, atoms, **options):
        """Charge and unpaired electrons that the server was told, as its energy shows them."""
        atoms.calc = self.calculator(check_electrons=False, **options)
        return atoms.get_potential_energy() - springs(atoms.numbers, 0, 0, atoms.positions)[0]

    def assert_electrons(self, atoms, expected, **options):
        energy = self.energy_of_electrons(atoms, **options)
        self.assertAlmostEqual(energy, 0.25 * expected[0] + 0.125 * expected[1], 12)

    def test_arguments_win_over_info_and_info_over_initial_moments(self):
        atoms = water()
        self.assert_electrons(atoms, (0, 0))
        atoms.set_initial_magnetic_moments([1, -0.5, -2.5])
        atoms.set_initial_charges([-0.999, 0, 0])
        self.assert_electrons(atoms, (-1, 2))
        atoms.info.update(charge=2, multiplicity=4)
        self.assert_electrons(atoms, (2, 3))
        self.assert_electrons(atoms, (-3, 1), charge=-3, unpaired=1)
        self.assert_electrons(atoms, (2, 1), magmom=1)
        self.assert_electrons(atoms, (2, 2), multiplicity=3)

    def test_a_bare_spin_is_ambiguous(self):
        atoms = water(calculator=self.calculator())
        atoms.info["spin"] = 1
        with self.assertRaisesRegex(ValueError, "ambiguous"):
            atoms.get_potential_energy()
        atoms.info["unpaired"] = 0
        atoms.get_potential_energy()

    def test_ways_that_disagree_are_refused(self):
        atoms = water(calculator=self.calculator())
        atoms.info.update(unpaired=0, multiplicity=3)
        with self.assertRaisesRegex(ValueError, "multiplicity"):
            atoms.get_potential_energy()
        with self.assertRaisesRegex(ValueError, "unpaired"):
            SpookyNet(unpaired=2, magmom=0)

    def test_electrons_that_can_not_be_are_refused(self):
        for options in [dict(charge=1), dict(unpaired=1), dict(unpaired=12), dict(charge=11), dict(charge=0.5)]:
            with self.assertRaisesRegex(ValueError, "Expected"):
                water(calculator=self.calculator(**options)).get_potential_energy()

    def test_initial_charges_without_a_whole_sum_need_a_charge(self):
        atoms = water(calculator=self.calculator())
        atoms.set_initial_charges([-0.8, 0.3, 0.3])
        with self.assertRaisesRegex(ValueError, "charge="):
            atoms.get_potential_energy()
        atoms.calc.set(charge=0)
        atoms.get_potential_energy()

    def test_changes_of_info_and_options_are_noticed(self):
        atoms = water(calculator=self.calculator())
        neutral = atoms.get_potential_energy()
        atoms.info["charge"] = 2
        self.assertAlmostEqual(atoms.get_potential_energy() - neutral, 0.5, 12)
        atoms.calc.set(charge=-2)
        self.assertAlmostEqual(atoms.get_potential_energy() - neutral, -0.5, 12)


class PublishedOptions(FakeServerTest):
    def test_a_script_of_the_published_calculator_changes_one_import(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            calculator = SpookyNetCalculator(
                load_from="springs", charge=0, magmom=2, lr_cutoff=10, use_gpu=True, command=COMMAND
            )
        self.addCleanup(calculator.close)
        self.assertEqual([str(warning.message).split()[0] for warning in caught], ["use_gpu"])
        self.assertEqual(caught[0].filename, __file__)
        atoms = water(calculator=calculator)
        calculator.set_to_hessian_calculation()
        calculator.calculate(atoms)
        self.assertEqual(calculator.results["hessian"].shape, (9, 9))
        self.assertEqual(calculator.get_property("hessian", atoms).shape, (9, 9))

    def test_warnings_of_the_server_are_warnings_here(self):
        calculator = self.calculator("warns")
        for name, number in (("CH4", 6), ("H2O", 8)):
            with self.assertWarns(UserWarning) as caught:
                molecule(name, calculator=calculator).get_potential_energy()
            self.assertEqual([str(warning.message) for warning in caught.warnings], [f"springs for element {number}"])

    def test_unknown_and_contradicting_options_are_refused(self):
        with self.assertRaisesRegex(TypeError, "lrcutoff"):
            SpookyNet(lrcutoff=3)
        with self.assertRaisesRegex(ValueError, "address"):
            SpookyNet("published", address="tcp:localhost:1234")
        with self.assertRaisesRegex(ValueError, "one model"):
            SpookyNet(load_from=["a.pth", "b.pth"])

    def test_a_copy_computes_the_same(self):
        atoms = water(calculator=self.calculator())
        energy = atoms.get_potential_energy()
        other = water(calculator=copy.deepcopy(atoms.calc))
        other.rattle(0.1)
        self.assertNotEqual(other.get_potential_energy(), energy)
        self.assertEqual(self.starts(), 1)
        self.assertEqual(Atoms("H", calculator=other.calc, magmoms=[1]).get_potential_energy(), -0.875)


if __name__ == "__main__":
    unittest.main()
