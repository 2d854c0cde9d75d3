"""Figures, tables and the whole card."""

import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

from spookynet_card import sections
from spookynet_card.card import card
from spookynet_card.figure import Line, Panel, ticks, write_figure
from spookynet_card.figures import write_figures
from spookynet_card.markdown import number, table, wrapped
from spookynet_card.measurements import measure
from support import SpringPotential

ABOUT = {
    "name": "tiny",
    "bytes": 1234567,
    "parameters": 1000,
    "hyperparameters": {"num_features": 8, "num_modules": 2, "cutoff": 5.3},
    "domain": {"elements": ["H", "C"], "charge": [-1, 1], "unpaired": [0, 2]},
    "licence": "MIT",
}

ERRORS = {
    "structures": 3,
    "energy_meV_per_atom": 1.234,
    "force_meV_per_A": 56.78,
    "force_rms_meV_per_A": 90.1,
    "reference_force_rms_meV_per_A": 1800.4,
    "charge_me": 2.5,
    "dipole_meA": 40.6,
}

EXTRAS = {
    "evaluation": {
        "structures": {"train": {"all": 30, "kind water": 30}, "valid": {"all": 2}, "test": {"all": 3}},
        "errors": {"all": ERRORS, "charge -1 unpaired 0": ERRORS},
    },
    "simulations": [
        {
            "settings": {"timestep": "0.25", "device": "cpu"},
            "formula": "H5O2",
            "picoseconds": 100.0,
            "temperature_k": 299.7,
            "energy_drift_mev_per_atom_per_100_ps": -0.0004,
            "energy_drift_error": 0.001,
            "energy_noise_mev_per_atom": 0.1,
            "water": {"broken": None, "proton_hops": 812},
        }
    ],
    "bench": {
        "date": "2026-11-22",
        "machine": {"processor": "some processor", "processors": 2, "system": "linux"},
        "versions": {"deno": "2.9.6", "v8": "14", "mesa": None},
        "rows": [
            {"device": "cpu", "system": "63 atoms", "model": "model", "median_ms": 2.0},
            {"device": "cpu", "system": "63 atoms", "model": "model", "median_ms": 2.2},
            {"device": "cpu", "system": "63 atoms", "model": "teacher", "median_ms": 5.0},
        ],
    },
    "logs": [[{"epoch": 1, "seconds": 3600, "valid": {"all": {"force_meV_per_A": 80.4, "energy_meV_per_atom": 6.0}}}]],
}


class Markdown(unittest.TestCase):
    def test_table_has_even_columns_as_the_formatter_leaves_them(self):
        self.assertEqual(table(["a", "b"], [["long", "1"]]), "| a    |   b |\n| ---- | --: |\n| long |   1 |")

    def test_wrapped_fills_paragraphs_and_entries_of_lists_and_leaves_code_alone(self):
        text = wrapped("word " * 40 + "\n\n- a\n- b\n  c\n\n```sh\n" + "x " * 80 + "\n\ny\n```\n\nend")
        lines = text.split("\n")
        self.assertTrue(all(len(line) <= 120 for line in lines if not line.startswith("x")))
        self.assertIn("- a\n- b c\n", text)
        self.assertIn("x " * 80 + "\n\ny\n```", text)

    def test_number_has_a_real_minus_sign_and_no_negative_zero(self):
        self.assertEqual((number(-1.25, 1), number(-0.001, 2), number(None, 2)), ("−1.2", "0.00", ""))


class Figures(unittest.TestCase):
    def test_ticks_are_round_numbers_inside_the_range(self):
        self.assertEqual(ticks(0, 10), [0, 2, 4, 6, 8, 10])
        self.assertEqual([round(tick, 9) for tick in ticks(-0.55, 0.55)], [-0.4, -0.2, 0, 0.2, 0.4])

    def test_write_figure_writes_panels_with_axes_units_and_names_of_the_curves(self):
        lines = [Line("model", [0, 1], [0, 5]), Line("teacher & co", [0, 1], [0, 1e9], 1, True)]
        panel = Panel("water", "r, Å", "E, eV", lines, (0, 6))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "figure.svg"
            write_figure([panel, panel], path)
            root = xml.parse(path).getroot()
        self.assertEqual(root.get("width"), "800")
        texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
        for expected in ("water", "r, Å", "E, eV", "model", "teacher & co"):
            self.assertEqual(texts.count(expected), 2)


class Card(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.teacher = measure(SpringPotential(), lambda words: None)
        cls.model = measure(SpringPotential(0.001), lambda words: None)

    def test_verdict_counts_geometries_near_the_teacher_and_names_the_others(self):
        found = sections.verdict(self.model, self.teacher)
        self.assertEqual(found.far, [])
        self.assertEqual(found.near, len(sections.MOLECULES) + 2)
        stretched = {**self.model, "molecules": {**self.model["molecules"]}}
        water = {**stretched["molecules"]["H2O"]}
        water["positions"] = [[1.1 * x for x in row] for row in water["positions"]]
        stretched["molecules"]["H2O"] = water
        found = sections.verdict(stretched, self.teacher)
        self.assertEqual([words.split()[0] for words in found.far], ["H₂O"])

    def test_card_has_every_section_and_no_place_left_empty(self):
        text = card(ABOUT, self.model, self.teacher, EXTRAS, "card")
        self.assertNotIn("{{", text)
        self.assertNotIn("Not measured", text)
        titles = ("# The built-in model tiny", "charge −1 unpaired 0", "Zundel cation, 0.25 fs, cpu")
        for expected in (*titles, "2.50 ×", "812"):
            self.assertIn(expected, text)
        self.assertIn("were 80 meV/Å and 6.0 meV/atom", " ".join(text.split()))

    def test_card_says_what_was_not_measured(self):
        text = card(ABOUT, self.model, self.teacher, {}, "card")
        self.assertEqual(text.count("Not measured for this card."), 4)

    def test_figures_of_measurements_are_files_of_their_own(self):
        with tempfile.TemporaryDirectory() as folder:
            write_figures(self.model, self.teacher, Path(folder))
            names = sorted(path.name for path in Path(folder).iterdir())
        self.assertEqual(names, ["dissociation.svg", "proton-transfer.svg", "water-dimer.svg"])


if __name__ == "__main__":
    unittest.main()
