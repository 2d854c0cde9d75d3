"""The commands, as a user types them."""

import io
import json
import os
import signal
import threading
import time
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import torch

from support import TINY, shaken, write_labelled
from spookynet_training.__main__ import main
from spookynet_training.checkpoint import load_model
from spookynet_training.finished import best_model


def run(*arguments):
    """Exit status and what is printed on both streams."""
    printed, errors = io.StringIO(), io.StringIO()
    with (
        patch("sys.argv", ["spookynet_training", *map(str, arguments)]),
        redirect_stdout(printed),
        redirect_stderr(errors),
    ):
        status = main()
    return status, printed.getvalue(), errors.getvalue()


def metadata_of(path):
    """The texts of a safetensors file."""
    data = path.read_bytes()
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]


class Commands(unittest.TestCase):
    def test_own_data_become_a_model_file_by_train_evaluate_and_export(self):
        with TemporaryDirectory() as temporary:
            folder, data = Path(temporary) / "run", Path(temporary) / "data.xyz"
            write_labelled(data, shaken("H2O", 20, "train") + shaken("H2O", 4, "valid") + shaken("CH4", 4, "test"))
            train = [
                "train",
                data,
                "--start",
                TINY,
                "--folder",
                folder,
                "--how",
                "refined",
                "--epochs",
                1,
                "--processes",
                2,
            ]
            status, printed, errors = run(*train)
            self.assertEqual((status, errors), (0, ""))
            self.assertIn("train: 20 structures, 60 atoms", printed)
            self.assertIn("epoch    1 of 1", printed)
            # A run that goes on needs no data files, and this one has ended.
            self.assertEqual(run(*(argument for argument in train if argument != data))[0], 0)
            report = Path(temporary) / "errors.json"
            status, printed, _ = run("evaluate", folder, data, "--threads", 1, "--json", report)
            self.assertEqual(status, 0)
            self.assertIn("| charge 0 unpaired 0 | 4 |", printed)
            report = json.loads(report.read_text())
            self.assertEqual(report["structures"]["train"], {"all": 20, "kind all": 20})
            self.assertEqual(report["structures"]["test"], {"all": 4, "kind all": 4})
            self.assertEqual(report["errors"]["all"]["structures"], 4)
            self.assertIn(f"{report['errors']['all']['force_meV_per_A']:.1f}", printed)
            model = Path(temporary) / "model.safetensors"
            self.assertEqual(run("export", folder, model, "--licence", "MIT", "--taught-by", "tiny")[0], 0)
            self.assertEqual(load_model(model).hyperparameters["num_features"], 8)
            texts = metadata_of(model)
            self.assertEqual((texts["licence"], texts["taught_by"], texts["training_structures"]), ("MIT", "tiny", "20"))
            domain = json.loads(texts["domain"])
            self.assertEqual(domain["elements"], ["H", "O"])
            self.assertEqual((domain["charge"], domain["unpaired"]), ([0, 0], [0, 0]))
            self.assertEqual(list(domain["closest"]), ["H-H", "H-O"])
            self.assertEqual(run("export", folder, model)[0], 0)
            self.assertNotIn("licence", metadata_of(model))

    def test_processes_that_share_the_batches_end_with_the_same_model_as_one(self):
        with TemporaryDirectory() as temporary:
            data = Path(temporary) / "data.xyz"
            write_labelled(data, shaken("H2O", 20, "train") + shaken("CH3", 7, "train", unpaired=1))
            models = []
            for processes in (1, 2):
                folder = Path(temporary) / str(processes)
                options = ["--how", "refined", "--epochs", 2, "--step-atoms", 20, "--most-pairs", 60]
                train = ["train", data, "--start", TINY, "--folder", folder, *options, "--processes", processes]
                self.assertEqual(run(*train)[0], 0)
                models.append(best_model(folder)[0].state_dict())
            for name, value in models[0].items():
                # Their sums of gradients differ by rounding, and Muon and Adam are not smooth where one is close to 0.
                torch.testing.assert_close(models[1][name], value, rtol=1e-3, atol=1e-4)

    def test_an_interrupted_training_saves_its_state_says_so_and_goes_on(self):
        with TemporaryDirectory() as temporary:
            folder, data = Path(temporary) / "run", Path(temporary) / "data.xyz"
            write_labelled(data, shaken("H2O", 20, "train"))
            train = ["train", data, "--start", TINY, "--folder", folder, "--how", "refined", "--processes", 2]

            def interrupt():
                while not (folder / "best.pth").exists():
                    time.sleep(0.1)
                os.kill(os.getpid(), signal.SIGTERM)

            waiting = threading.Thread(target=interrupt)
            waiting.start()
            status, _, errors = run(*train, "--epochs", 100_000)
            waiting.join()
            self.assertEqual((status, errors), (130, "interrupted: the same command goes on with what has been saved\n"))
            self.assertIn("going on after step", run(*train, "--epochs", 1)[1])

    def test_errors_are_one_line_and_status_1(self):
        with TemporaryDirectory() as temporary:
            status, _, errors = run("export", temporary, Path(temporary) / "model.safetensors")
            self.assertEqual(status, 1)
            self.assertRegex(errors, "^Expected best.pth in .* but found none: no epoch has ended there yet\n$")
            status, _, errors = run("train", "--start", TINY, "--folder", temporary)
            self.assertRegex(errors, "^Expected structures to train on but found none.*\n$")


if __name__ == "__main__":
    unittest.main()
