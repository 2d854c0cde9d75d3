"""``evaluate``: errors by class, charge and spin, as a table."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from .checkpoint import load_model
from .dataset import SPLITS, read_dataset
from .evaluation import counts_of, errors_of, table_of
from .finished import best_model


def add_arguments(parser) -> None:
    """Options of the command."""
    parser.add_argument("model", type=Path, help="folder of a run, or a model file")
    parser.add_argument("data", nargs="+", help="labelled extended XYZ files")
    parser.add_argument("--split", choices=SPLITS, default="test")
    parser.add_argument("--largest-force", type=float, default=30.0, help="frames with a larger one are left out, eV/Å")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the errors, and what each split has, there")
    parser.add_argument("--threads", type=int, default=2)


def run(options) -> None:
    """Prints the table."""
    torch.set_num_threads(options.threads)
    model = best_model(options.model)[0] if options.model.is_dir() else load_model(options.model)
    model.requires_grad_(False)
    dataset = read_dataset(options.data, options.largest_force)
    errors = errors_of(model, dataset, options.split)
    print(table_of(errors))
    if options.json is not None:
        report = {
            "split": options.split,
            "structures": {split: counts_of(dataset, split) for split in SPLITS},
            "errors": {name: sums.means() for name, sums in errors.items()},
        }
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
