"""Molecules, clusters, and the dynamics that samples them."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

import ase.io
import numpy as np
from ase.build import molecule

from spookynet_training.checkpoint import load_model
from spookynet_training.sampling.clusters import dimer, liquid_fragment, shared_proton, stretched, water_cluster
from spookynet_training.sampling.dynamics import relaxed, sampled
from spookynet_training.sampling.molecules import joined, named, protonated, relatives, shipped_molecules, turned
from spookynet_training.sampling.recipe import protons, radicals, split_of
from spookynet_training.sampling.state import State, bonds_of, is_possible, reachable, write_states
from support import teacher


def state(name, charge=0, unpaired=0):
    atoms = molecule(name)
    return State(atoms.numbers, atoms.positions, charge, unpaired, "organic", (named(atoms.numbers, atoms.positions),))


class Molecules(unittest.TestCase):
    def test_isomers_have_different_names_and_turned_molecules_the_same(self):
        rng = np.random.default_rng(1)
        ethanol, ether = state("CH3CH2OH"), state("CH3OCH3")
        self.assertNotEqual(ethanol.parents, ether.parents)
        again = turned(ethanol, rng)
        self.assertEqual(named(again.numbers, again.positions), ethanol.parents[0])

    def test_shipped_ones_have_possible_electrons_and_the_four_elements(self):
        states = shipped_molecules()
        self.assertGreater(len(states), 80)
        for member in states:
            self.assertTrue(is_possible(member.numbers, member.charge, member.unpaired), member.parents)
            self.assertLessEqual(set(member.numbers), {1, 6, 7, 8})

    def test_two_joined_are_one_molecule_with_two_hydrogens_less(self):
        rng = np.random.default_rng(1)
        new = joined(state("CH4"), state("CH3OH"), rng, 20)
        self.assertEqual(sorted(new.numbers), [1] * 6 + [6, 6, 8])
        self.assertTrue(reachable(bonds_of(new.numbers, new.positions), 0).all())
        self.assertIsNone(joined(state("CH4"), state("CH3OH"), rng, 8))

    def test_relatives_have_possible_electrons_and_the_same_parent(self):
        ethanol = state("CH3CH2OH")
        found = relatives(ethanol, np.random.default_rng(1))
        self.assertEqual({member.kind for member in found}, {"cation", "anion", "radical", "radical-ion", "triplet"})
        for member in found:
            self.assertTrue(is_possible(member.numbers, member.charge, member.unpaired))
            self.assertEqual(member.parents, ethanol.parents)

    def test_a_proton_comes_to_the_oxygen(self):
        ion = protonated(state("CH3OH"), np.random.default_rng(1))
        self.assertEqual((ion.charge, len(ion)), (1, 7))
        oxygen = ion.positions[ion.numbers == 8][0]
        self.assertAlmostEqual(np.linalg.norm(ion.positions[-1] - oxygen), 1.0, delta=1e-9)


class Clusters(unittest.TestCase):
    def test_water_clusters_are_made_of_water_and_one_ion(self):
        rng = np.random.default_rng(1)
        for kind, charge, hydrogens in (("water", 0, 10), ("water-proton", 1, 11), ("water-hydroxide", -1, 9)):
            cluster = water_cluster(5, kind, rng)
            self.assertEqual(
                (cluster.charge, sum(cluster.numbers == 1), sum(cluster.numbers == 8)), (charge, hydrogens, 5)
            )
            oxygens = cluster.positions[cluster.numbers == 8]
            distances = np.linalg.norm(oxygens[:, None] - oxygens, axis=-1)
            self.assertGreaterEqual(distances[~np.eye(5, dtype=bool)].min(), 2.45)

    def test_a_fragment_of_the_liquid_is_as_dense_as_water(self):
        fragment = liquid_fragment(24, np.random.default_rng(1))
        oxygens = fragment.positions[fragment.numbers == 8]
        radius = np.linalg.norm(oxygens - oxygens.mean(0), axis=1).max()
        # 24 molecules of 30 Å³ fill a sphere of 5.6 Å; the outermost oxygen of a lattice is a little further or closer.
        self.assertLess(abs(radius - 5.6), 1.2)

    def test_dimers_are_as_far_apart_as_said(self):
        rng = np.random.default_rng(1)
        for closest in (1.5, 3.0, 6.0):
            pair = dimer(state("CH3OH"), state("H2O"), rng, closest)
            distances = np.linalg.norm(pair.positions[:6, None] - pair.positions[None, 6:], axis=-1)
            self.assertAlmostEqual(distances.min(), closest, delta=1e-9)

    def test_a_shared_proton_is_between_two_polar_atoms(self):
        rng = np.random.default_rng(1)
        found = [shared_proton(state("CH3OH"), state("NH3"), rng) for _ in range(5)]
        self.assertTrue(any(member is not None for member in found))
        for member in found:
            if member is not None:
                self.assertEqual((len(member), member.parents), (10, state("CH3OH").parents + state("NH3").parents))

    def test_stretching_moves_one_side_of_one_bond(self):
        ethane = state("C2H6")
        longer = stretched(ethane, np.random.default_rng(1))
        before = np.linalg.norm(ethane.positions[:, None] - ethane.positions, axis=-1)
        after = np.linalg.norm(longer.positions[:, None] - longer.positions, axis=-1)
        bonds = bonds_of(ethane.numbers, ethane.positions)
        self.assertEqual((np.abs(before - after)[np.triu(bonds)] > 1e-9).sum(), 1)


class Dynamics(unittest.TestCase):
    def test_relaxing_lowers_the_forces_and_dynamics_moves_on(self):
        rng = np.random.default_rng(1)
        model = teacher()
        starts = relaxed([state("H2O"), state("CH4"), state("H2O")], model, 20)
        self.assertGreater(len(starts), 0)
        frames = sampled(starts, model, np.full(len(starts), 50.0), 3, 2, rng)
        self.assertLessEqual(len(frames), 3 * len(starts))
        self.assertTrue(all(np.isfinite(frame.positions).all() for frame in frames))

    def test_the_same_seed_gives_the_same_frames(self):
        model = teacher()
        runs = [sampled([state("CH4")], model, np.array([50.0]), 2, 2, np.random.default_rng(5)) for _ in range(2)]
        for one, other in zip(*runs):
            np.testing.assert_array_equal(one.positions, other.positions)


class Recipe(unittest.TestCase):
    def test_protons_are_between_two_waters_or_water_and_hydroxide(self):
        found = protons(None, np.random.default_rng(1), 0.04, lambda text: None)
        self.assertEqual(len(found), 60)
        self.assertEqual({(len(member), member.charge) for member in found}, {(5, -1), (7, 1)})
        for member in found:
            first, second = member.positions[member.numbers == 8]
            # 2.3 to 3.3 Å, and both moved by a normal deviate of up to 0.12 Å in each direction.
            self.assertTrue(1.6 < np.linalg.norm(second - first) < 4.0)

    def test_radicals_are_of_molecules_of_at_most_16_atoms_in_possible_states(self):
        built_in = load_model(Path(__file__).parents[3] / "models" / "hcno-1.safetensors").requires_grad_(False)
        found = radicals(built_in, np.random.default_rng(1), 0.01, lambda text: None)
        states = {(member.kind, member.charge, member.unpaired) for member in found}
        wanted = {("radical", 0, 1), ("triplet", 0, 2)}
        self.assertLessEqual(wanted, states)
        self.assertLessEqual(states, wanted | {("radical-ion", 1, 1), ("radical-ion", -1, 1)})
        for member in found:
            self.assertLessEqual(len(member), 15 if member.kind == "radical" else 16)
            self.assertTrue(is_possible(member.numbers, member.charge, member.unpaired))


    def test_a_teacher_that_tears_all_molecules_apart_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "the teacher tears them apart"):
            radicals(teacher(), np.random.default_rng(1), 0.002, lambda text: None)


class Splits(unittest.TestCase):
    def test_a_pair_with_a_tested_molecule_is_tested(self):
        water = State(np.array([8, 1, 1]), np.zeros((3, 3)), 0, 0, "dimer", ("H2O-0000", "water-5"))
        self.assertEqual(split_of(water), "test")
        self.assertEqual(
            split_of(State(water.numbers, water.positions, 0, 0, "dimer", ("H2O-0000", "water-7"))), "valid"
        )
        self.assertEqual(
            split_of(State(water.numbers, water.positions, 0, 0, "dimer", ("H2O-0000", "CH4-0000"))), "train"
        )

    def test_written_states_are_read_by_ase_with_charge_spin_and_split(self):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "states.xyz"
            write_states([water_cluster(5, "water-proton", np.random.default_rng(1))], path, split_of)
            (atoms,) = ase.io.read(path, index=":", format="extxyz")
        self.assertEqual((atoms.info["charge"], atoms.info["unpaired"], atoms.info["split"]), (1, 0, "train"))
        self.assertEqual((atoms.info["kind"], atoms.info["molecule"]), ("water-proton", "water-proton-5"))


if __name__ == "__main__":
    unittest.main()
