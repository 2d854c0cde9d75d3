"""The network: against the reference cases, and against itself."""

import json
import os
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from ase.build import molecule

from spookynet_training.checkpoint import load_model, save_published, save_safetensors, take_tables
from spookynet_training.dataset import read_dataset
from spookynet_training.hyperparameters import smaller
from spookynet_training.network import SpookyNet
from spookynet_training.start import compressed_start, random_start
from support import shaken, student_hyperparameters, teacher, tensors, write_labelled

#: Folders of the reference cases, and of their checkpoints as safetensors.
CASES, CHECKPOINTS = os.environ.get("REFERENCE_CASES"), os.environ.get("REFERENCE_CHECKPOINTS")


class ReferenceCases(unittest.TestCase):
    @unittest.skipIf(CASES is None, "REFERENCE_CASES is not set")
    def test_isolated_structures_are_computed_as_by_the_published_code(self):
        models = {}
        count = 0
        for path in sorted(Path(CASES).glob("*.json")):
            case = json.loads(path.read_text())
            if case["cell"] is not None:
                continue
            name = Path(case["checkpoint"]).with_suffix(".safetensors").name
            if name not in models:
                models[name] = load_model(Path(CHECKPOINTS) / name, torch.float64)
            with self.subTest(path.stem):
                self._check(models[name], case)
            count += 1
        self.assertEqual(count, 87)

    def _check(self, model, case):
        def double(values):
            return torch.tensor(values, dtype=torch.float64).unsqueeze(0)

        output = model(
            torch.tensor([case["numbers"]]), double(case["positions"]), double(case["charge"]), double(case["magmom"])
        )
        expected = case["expected"]
        found = {"energy": output.energy[0], "forces": output.forces[0], "charges": output.charges[0]}
        found["dipole"] = output.dipoles[0]
        found.update({f"energies_{term}": values[0] for term, values in output.energies.items()})
        for name, values in found.items():
            values, reference = values.detach().numpy(), np.array(expected[name])
            # Terms of some cases cancel: 1e-10 eV of an atom's share, which is 1e6 times the rounding of 1 eV.
            error = np.abs(values - reference).max() / max(1, np.abs(reference).max())
            self.assertLess(error, 1e-10, name)


class Symmetries(unittest.TestCase):
    def test_forces_are_minus_the_gradient_of_the_energy(self):
        model = teacher(torch.float64)
        numbers, positions, charge, unpaired = tensors(molecule("CH3OH"), dtype=torch.float64)
        forces = model(numbers, positions, charge, unpaired).forces[0]
        for atom, axis in [(0, 0), (2, 1), (5, 2)]:
            energies = []
            for step in (-1e-4, 1e-4):
                moved = positions.clone()
                moved[0, atom, axis] += step
                energies.append(model(numbers, moved, charge, unpaired).energy.item())
            # Second order in the step: 1e-8 times third derivatives of some 100 eV/Å³.
            self.assertAlmostEqual(float(forces[atom, axis]), (energies[0] - energies[1]) / 2e-4, delta=3e-6)

    def test_structures_of_a_batch_do_not_disturb_each_other(self):
        model = teacher(torch.float64)
        single = tensors(molecule("CH3OH"), dtype=torch.float64)
        other = tensors(molecule("C2H4"), charge=1, unpaired=1, dtype=torch.float64)
        both = [torch.cat(pair) for pair in zip(single, other)]
        alone, together = model(*single), model(*both)
        # Products of matrices are summed in another order: some ulps of a few eV/Å.
        torch.testing.assert_close(together.forces[:1], alone.forces, rtol=1e-12, atol=1e-12)

    def test_one_atom_has_an_energy_and_no_force(self):
        output = teacher()(*tensors(molecule("H"), unpaired=1))
        self.assertTrue(torch.isfinite(output.energy).all())
        self.assertEqual(float(output.forces.abs().max()), 0)


class Files(unittest.TestCase):
    def test_both_formats_give_back_what_was_written(self):
        torch.manual_seed(1)
        model = SpookyNet(student_hyperparameters())
        take_tables(model, teacher())
        with TemporaryDirectory() as folder:
            path = Path(folder) / "model.safetensors"
            save_safetensors(model, path, {"taught_by": "nobody"})
            save_published(model, Path(folder) / "model.pth")
            found = load_model(path)
            content = torch.load(Path(folder) / "model.pth")
        state = model.state_dict()
        self.assertEqual(list(content["state_dict"]), [*state, "keep_prob"])
        for name, value in found.state_dict().items():
            torch.testing.assert_close(value, state[name], rtol=0, atol=0)
            torch.testing.assert_close(content["state_dict"][name], state[name], rtol=0, atol=0)
        self.assertEqual(content["num_features"], 6)

    def test_a_checkpoint_that_lacks_a_parameter_is_refused_by_name(self):
        model = SpookyNet(student_hyperparameters())
        with TemporaryDirectory() as folder:
            path = Path(folder) / "model.safetensors"
            model.output = torch.nn.Identity()
            save_safetensors(model, path)
            with self.assertRaisesRegex(ValueError, "output.weight"):
                load_model(path)


class Compression(unittest.TestCase):
    def setUp(self):
        self.folder = TemporaryDirectory()
        path = Path(self.folder.name) / "data.xyz"
        write_labelled(
            path, shaken("CH3OH", 40, "train") + shaken("CH4", 40, "train") + shaken("NO2", 40, "train", unpaired=1)
        )
        self.groups = read_dataset([str(path)]).groups["train"]

    def tearDown(self):
        self.folder.cleanup()

    def test_nothing_left_out_is_nearly_the_same_network(self):
        large = teacher()
        torch.manual_seed(1)
        random = random_start(large.hyperparameters, large, self.groups)
        small = compressed_start(large.hyperparameters, large, self.groups)
        part = self.groups[6]
        arguments = part.numbers, part.positions.float(), part.charge.float(), part.unpaired.float()
        errors = [(model(*arguments).forces - part.forces).abs().mean() for model in (small, random)]
        # Each layer's least squares are regularised.
        self.assertLess(errors[0], 0.1 * errors[1])

    def test_a_smaller_network_has_the_shapes_asked_for_and_finite_forces(self):
        large = teacher()
        small = compressed_start(student_hyperparameters(), large, self.groups)
        self.assertRaises(ValueError, smaller, large.hyperparameters, 9, 1)
        part = self.groups[6]
        output = small(part.numbers, part.positions.float(), part.charge.float(), part.unpaired.float())
        self.assertTrue(torch.isfinite(output.forces).all())
        self.assertEqual(small.module[0].nonlocal_interaction.attention.omega.shape, (6, 6))


if __name__ == "__main__":
    unittest.main()
