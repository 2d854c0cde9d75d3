"""The calculator with `./spookynet serve` and the model and device that TEST_MODEL and TEST_DEVICE name.

Not found by unittest's discovery: ase_calculator_test.ts runs it."""

import multiprocessing
import os
import tempfile
import unittest

import numpy as np
from ase import Atoms, units
from ase.build import molecule
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet
from ase.optimize import BFGS
from ase.vibrations import Vibrations, VibrationsData
from spookynet import ServerError, ServerLost, ServerStartError, SpookyNet, batch_images
from test_band import NEB, band

OPTIONS = dict(model=os.environ["TEST_MODEL"], device=os.environ["TEST_DEVICE"])


def methane_energy(calculator):
    return molecule("CH4", calculator=calculator).get_potential_energy()


class RealServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.calculator = SpookyNet(**OPTIONS)
        cls.calculator.server_address

    @classmethod
    def tearDownClass(cls):
        folder = os.path.dirname(cls.calculator.server_address.partition(":")[2])
        cls.calculator.close()
        assert not os.path.exists(folder), "Expected the server and its folder to be gone with its last calculator"

    def test_bfgs_lowers_energy_and_forces(self):
        atoms = molecule("CH3OH", calculator=self.calculator)
        atoms.rattle(0.05, seed=1)
        before, force = atoms.get_potential_energy(), abs(atoms.get_forces()).max()
        BFGS(atoms, logfile=None).run(fmax=0.1, steps=30)
        self.assertLess(atoms.get_potential_energy(), before)
        self.assertLess(abs(atoms.get_forces()).max(), 0.5 * force)

    def test_hessian_is_that_of_displacements_through_the_calculator(self):
        atoms = molecule("H2O", calculator=self.calculator)
        with tempfile.TemporaryDirectory() as folder:
            vibrations = Vibrations(atoms, name=folder + "/vib", delta=0.005)
            vibrations.run()
            numerical = vibrations.get_vibrations().get_hessian_2d()
        hessian = self.calculator.get_hessian(atoms)
        # Steps of 0.005 Å: third-order terms are 1e-3 of the largest element; float32's noise is less.
        np.testing.assert_allclose(hessian, numerical, atol=5e-3 * abs(hessian).max())
        self.assertEqual(len(VibrationsData.from_2d(atoms, hessian).get_frequencies()), 9)

    def test_a_band_is_one_request_a_step_with_the_forces_of_single_images(self):
        single = band()
        images = batch_images(band(), self.calculator)
        neb = NEB(images, climb=True, method="improvedtangent")
        neb.get_forces()
        requests = self.calculator._client.requests
        BFGS(neb, logfile=None).run(fmax=0, steps=2)
        self.assertEqual(self.calculator._client.requests, requests + 2)
        for image, moved in zip(single, images):
            image.positions[:] = moved.positions
            image.calc = self.calculator
            scale = abs(image.get_forces()).max()
            np.testing.assert_allclose(moved.get_forces(), image.get_forces(), rtol=0, atol=1e-5 * scale)

    def test_dynamics_conserve_energy(self):
        atoms = molecule("H2O", calculator=self.calculator)
        BFGS(atoms, logfile=None).run(fmax=0.05, steps=30)
        MaxwellBoltzmannDistribution(atoms, temperature_K=300, rng=np.random.default_rng(1))
        start = atoms.get_total_energy()
        VelocityVerlet(atoms, 0.25 * units.fs).run(40)
        # Bond stretches of 9 fs with a step of 0.25 fs oscillate by (ω Δt)² / 8, some 0.4 % of the kinetic energy.
        self.assertLess(abs(atoms.get_total_energy() - start), 2e-3)

    def test_composition_charge_and_spin_change_between_calls(self):
        energies = {}
        for turn in range(2):
            for name, charge, unpaired in [("CH4", 0, 0), ("NH3", 0, 0), ("NH3", 1, 1), ("CH2_s3B1d", 0, 2)]:
                atoms = molecule(name, calculator=self.calculator)
                atoms.info.update(charge=charge, unpaired=unpaired)
                energy = atoms.get_potential_energy()
                self.assertEqual(energies.setdefault((name, charge, unpaired), energy), energy)
        self.assertEqual(len(set(energies.values())), 4)

    def test_processes_share_the_server(self):
        expected = methane_energy(self.calculator)
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            self.assertEqual(pool.map(methane_energy, [self.calculator] * 4), [expected] * 4)

    def test_an_unknown_element_is_refused_and_the_next_structure_computed(self):
        with self.assertRaisesRegex(ServerError, "92") as caught:
            Atoms("U", calculator=self.calculator).get_potential_energy()
        self.assertEqual(caught.exception.code, 6)
        methane_energy(self.calculator)

    def test_a_model_that_is_missing_is_named(self):
        with self.assertRaisesRegex(ServerStartError, "missing.pth"):
            methane_energy(SpookyNet("missing.pth"))

    def test_a_server_that_is_killed_is_an_error_and_then_replaced(self):
        with SpookyNet(lr_cutoff=7, **OPTIONS) as calculator:
            energy = methane_energy(calculator)
            client, process = calculator._client, calculator._server._process
            process.kill()
            process.wait()
            with self.assertRaises(ServerLost):
                client.compute(molecule("CH4").positions[None])
            calculator.reset()
            self.assertEqual(methane_energy(calculator), energy)

    def test_stress_is_that_of_strained_cells(self):
        with SpookyNet(lr_cutoff=6, **OPTIONS) as calculator:
            atoms = molecule("H2O", calculator=calculator)
            atoms.set_cell([[3.6, 0, 0], [0.4, 3.5, 0], [-0.3, 0.5, 3.7]])
            atoms.pbc = True
            stress, cell, numerical = atoms.get_stress(), atoms.cell.array.copy(), []
            step = 2e-3
            for i, j in [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]:
                energies = []
                for sign in (1, -1):
                    strain = np.eye(3)
                    strain[i, j] += sign * step / 2
                    strain[j, i] += sign * step / 2
                    atoms.set_cell(cell @ strain, scale_atoms=True)
                    energies.append(atoms.get_potential_energy())
                atoms.set_cell(cell, scale_atoms=True)
                numerical.append((energies[0] - energies[1]) / (2 * step * atoms.get_volume()))
        # float32's noise in an energy, some 1e-6 eV, over 4e-3 times 46 Å³, and third-order terms.
        np.testing.assert_allclose(stress, numerical, rtol=0, atol=max(5e-5, 2e-3 * abs(stress).max()))


if __name__ == "__main__":
    unittest.main()
