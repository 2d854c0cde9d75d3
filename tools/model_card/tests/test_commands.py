"""The command ``card``, as a user types it, with measurements that are there already."""

import hashlib
import io
import json
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from spookynet_card.__main__ import main
from spookynet_card.measurements import VERSION, measure
from spookynet_card.model_file import describe
from spookynet_card.potential import PROJECT
from support import SpringPotential

TINY = PROJECT / "tests" / "fixtures" / "tiny.safetensors"


def run(*arguments):
    """Exit status and what is printed on both streams."""
    printed, errors = io.StringIO(), io.StringIO()
    with (
        patch("sys.argv", ["spookynet_card", *map(str, arguments)]),
        redirect_stdout(printed),
        redirect_stderr(errors),
    ):
        status = main()
    return status, printed.getvalue(), errors.getvalue()


def write_card(folder):
    """A card of the tiny model as its own teacher, measured with springs instead of it."""
    kept = {"sha256": hashlib.sha256(TINY.read_bytes()).hexdigest(), "bytes": 1, "version": VERSION}
    (folder / "card").mkdir()
    (folder / "card" / "tiny.json").write_text(json.dumps({**kept, **measure(SpringPotential(), lambda words: None)}))
    return run("card", TINY, TINY, "--output", folder / "README.md")


class Commands(unittest.TestCase):
    def test_card_writes_text_and_figures_and_measures_nothing_again(self):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            status, printed, errors = write_card(folder)
            self.assertEqual(status, 0, errors)
            self.assertIn("3 figures", printed)
            self.assertEqual(errors.count("measured before"), 2)
            text = (folder / "README.md").read_text(encoding="utf-8")
            self.assertTrue(text.startswith("# The built-in model tiny\n"))
            for name in ("proton-transfer", "dissociation", "water-dimer"):
                self.assertIn(f"(card/{name}.svg)", text)
                self.assertTrue((folder / "card" / f"{name}.svg").exists())

    def test_errors_are_one_line_and_status_1(self):
        with tempfile.TemporaryDirectory() as temporary:
            wrong = Path(temporary) / "wrong.safetensors"
            wrong.write_bytes(b"\xff" * 100)
            status, _, errors = run("card", wrong, TINY, "--output", Path(temporary) / "README.md")
            self.assertEqual(status, 1)
            self.assertRegex(errors, "^Expected a safetensors file but found .*\n$")

    def test_describe_says_what_the_file_says(self):
        about = describe(TINY)
        self.assertEqual((about["name"], about["hyperparameters"]["num_features"]), ("tiny", 8))
        self.assertEqual(about["bytes"], TINY.stat().st_size)


if __name__ == "__main__":
    unittest.main()
