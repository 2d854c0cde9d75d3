"""Data, loss, and a training from end to end in seconds."""

import json
import unittest
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from spookynet_training.dataset import read_dataset
from spookynet_training.domain import domain_of
from spookynet_training.evaluation import errors_of, table_of
from spookynet_training.finished import best_model
from spookynet_training.loss import Weights, loss_of
from spookynet_training.start import random_start, refined_start
from spookynet_training.training import Options, Training
from support import shaken, student_hyperparameters, teacher, tensors, write_labelled


class TemporaryFolderTest(unittest.TestCase):
    def setUp(self):
        self.temporary = TemporaryDirectory()
        self.folder = Path(self.temporary.name)

    def tearDown(self):
        self.temporary.cleanup()

    def write(self, frames, **info):
        path = self.folder / "data.xyz"
        write_labelled(path, frames, **info)
        return [str(path)]


class Data(TemporaryFolderTest):
    def test_frames_come_back_with_their_labels_by_size_and_split(self):
        frames = shaken("CH4", 3, "train") + shaken("CH3", 2, "valid", unpaired=1) + shaken("H2O", 1, "test")
        dataset = read_dataset(self.write(frames, kind="some"))
        self.assertEqual([dataset.count(split)[0] for split in ("train", "valid", "test")], [3, 2, 1])
        self.assertEqual(dataset.kinds, ["some"])
        group = dataset.groups["valid"][4]
        output = teacher()(*tensors(frames[3][0], unpaired=1))
        np.testing.assert_allclose(group.forces[0], output.forces[0], rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(group.charges[0], output.charges[0].detach(), rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(group.atomic[0], output.energies["nn"][0].detach(), rtol=1e-6, atol=1e-6)
        self.assertEqual(group.unpaired.tolist(), [1, 1])

    def test_without_split_a_molecule_comes_into_one_part_as_a_whole(self):
        frames = []
        for name in ("CH4", "C2H6", "CH3OH", "H2O", "NH3", "C2H2", "HCN", "H2CO", "C2H4", "CO2", "N2", "H2O2"):
            frames += shaken(name, 2, "all")
        path = self.write(frames)[0]
        text = Path(path).read_text().replace("split=all", "")
        Path(path).write_text(text)
        dataset = read_dataset([path])
        for split in dataset.groups.values():
            for group in split.values():
                self.assertEqual(len(group) % 2, 0)
        self.assertEqual(sum(dataset.count(split)[0] for split in dataset.groups), 24)

    def test_what_can_not_be_learned_from_is_refused_with_file_and_frame(self):
        path = self.write(shaken("H2O", 2, "train"))[0]
        text = Path(path).read_text()
        for old, new, message in (
            ("energy=", "e=", "Expected energy in .*frame 1 but found none"),
            ('pbc="F F F"', 'Lattice="9 0 0 0 9 0 0 0 9" pbc="T T T"', "periodic one in .*frame 1"),
            ("unpaired=0", "spin=0", "found spin, which may mean either"),
            ("split=train", "split=other", "Expected split to be one of train, valid, test but found other"),
        ):
            Path(path).write_text(text.replace(old, new))
            with self.assertRaisesRegex(ValueError, message):
                read_dataset([path])

    def test_the_domain_is_what_the_training_structures_have(self):
        frames = shaken("H2O", 2, "train", charge=1, unpaired=1) + shaken("CH4", 1, "test")
        domain = domain_of(read_dataset(self.write(frames)))
        self.assertEqual(domain["elements"], [1, 8])
        self.assertEqual((domain["charges"], domain["unpaired"], domain["structures"]), ([1.0], [1.0], 2))
        shortest = min(min(atoms.get_distances(0, [1, 2])) for atoms, *_ in frames[:2])
        self.assertAlmostEqual(domain["closest"]["H-O"], shortest, delta=1e-3)


class Loss(TemporaryFolderTest):
    def test_is_nothing_for_the_teacher_and_counts_no_missing_label(self):
        group = read_dataset(self.write(shaken("H2O", 3, "train"))).groups["train"][3]
        model = teacher()
        arguments = group.numbers, group.positions.float(), group.charge.float(), group.unpaired.float()
        output = model(*arguments)
        # Labels are written with nine digits; an error ε counts ε²/0.006.
        self.assertLess(float(loss_of(output, group, Weights())), 1e-4)
        known = replace(group, energy=group.energy + 1, charges=group.charges + 1)
        missing = replace(known, charges=torch.full_like(known.charges, np.nan))
        self.assertLess(float(loss_of(output, missing, Weights())), float(loss_of(output, known, Weights())))


class Start(TemporaryFolderTest):
    def test_energies_from_another_zero_are_met_by_the_elements(self):
        frames = [frame for name in ("H2O", "CH4", "CH3OH", "CO2") for frame in shaken(name, 3, "train")]
        groups = read_dataset(self.write(frames)).groups["train"]
        offsets = torch.zeros(18, dtype=torch.float64)
        offsets[[1, 6, 8]] = torch.tensor([-13.6, -1030.0, -2040.0], dtype=torch.float64)
        shifted = {
            n: replace(group, energy=group.energy + offsets[group.numbers].sum(1)) for n, group in groups.items()
        }
        model = refined_start(teacher(), shifted)
        for group in shifted.values():
            arguments = group.numbers, group.positions.float(), group.charge.float(), group.unpaired.float()
            # Float32 carries 2000 eV to 1e-4 eV; the fit is regularised.
            torch.testing.assert_close(model(*arguments).energy.double(), group.energy, rtol=1e-6, atol=2e-3)
        self.assertEqual(model.element_bias.abs().sum(1).nonzero().flatten().tolist(), [1, 6, 8])


class Loop(TemporaryFolderTest):
    def setUp(self):
        super().setUp()
        frames = shaken("H2O", 30, "train") + shaken("CH4", 30, "train") + shaken("NO2", 20, "train", unpaired=1)
        self.dataset = read_dataset(self.write(frames + shaken("H2O", 5, "valid", seed=1)))
        self.options = Options(epochs=3, step_atoms=30, most_pairs=90, learning_rate=1e-3, warm_up=3, average=0.8)

    def training(self, name):
        """The teacher itself, but for an error in each parameter: what is to be learned is known to be learnable."""
        torch.manual_seed(3)
        model = teacher().requires_grad_(True)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.05 * parameter.abs().mean() * torch.randn(parameter.shape)
            model.element_bias[[0, *range(2, 6), *range(9, 18)]] = 0
        return Training(model, self.dataset, self.folder / name, self.options)

    def test_the_loss_falls_and_the_best_model_is_kept(self):
        training = self.training("run")
        first = errors_of(training.model, self.dataset, "train")["all"].means()
        training.run()
        rows = [json.loads(line) for line in (self.folder / "run" / "log.jsonl").read_text().splitlines()]
        self.assertEqual([row["epoch"] for row in rows], [1, 2, 3])
        self.assertLess(rows[-1]["loss"], 0.7 * rows[0]["loss"])
        self.assertIn("polyline", (self.folder / "run" / "curves.svg").read_text())
        model, seen = best_model(self.folder / "run")
        last = errors_of(model, self.dataset, "train")["all"].means()
        self.assertLess(last["energy_meV_per_atom"], 0.5 * first["energy_meV_per_atom"])
        self.assertEqual(seen["elements"], [1, 6, 7, 8])
        self.assertIn("| charge 0 unpaired 1 | 20 |", table_of(errors_of(model, self.dataset, "train")))

    def test_interrupted_and_gone_on_with_it_ends_with_the_same_numbers(self):
        self.training("whole").run()
        for _ in range(4):
            self.training("parts").run(most_steps=6)
        parts = self.training("parts")
        self.assertGreater(parts.steps, 0)
        parts.run()
        found, expected = (best_model(self.folder / name)[0].state_dict() for name in ("parts", "whole"))
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=0, atol=0)

    def test_untrained_elements_stay_empty(self):
        training = self.training("run")
        training.run(most_steps=3)
        self.assertEqual(training.average.model.element_bias.abs().sum(1).nonzero().flatten().tolist(), [1, 6, 7, 8])

    def test_another_network_does_not_go_on_with_a_run(self):
        self.training("run").run(most_steps=1)
        other = {**student_hyperparameters(), "num_features": 4}
        with self.assertRaisesRegex(ValueError, "same network"):
            model = random_start(other, teacher(), self.dataset.groups["train"])
            Training(model, self.dataset, self.folder / "run", self.options)


if __name__ == "__main__":
    unittest.main()
