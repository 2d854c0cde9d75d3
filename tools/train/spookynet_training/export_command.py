"""``export``: the best model of a run as a file for ``./spookynet --model`` and for the published code."""

from __future__ import annotations

import json
from pathlib import Path

from .checkpoint import save_published, save_safetensors
from .domain import stated_domain
from .finished import best_model


def add_arguments(parser) -> None:
    """Options of the command."""
    parser.add_argument("folder", type=Path, help="where the run is kept")
    parser.add_argument("output", type=Path, nargs="+", help="FILE.safetensors, or FILE.pth in the published format")
    parser.add_argument("--licence", help="the licence of the parameters, such as MIT")
    parser.add_argument("--taught-by", help="what the labels come from: a level of theory, or the teacher")


def run(options) -> None:
    """Writes each file in the format that its name says; only safetensors have room for what the model was taught."""
    for path in options.output:
        if path.suffix not in (".safetensors", ".pth"):
            raise ValueError(f"Expected a file called .safetensors or .pth but found {path}")
    model, seen = best_model(options.folder)
    texts = {
        "domain": json.dumps(stated_domain(seen)),
        "training_structures": str(seen["structures"]),
        "licence": options.licence,
        "taught_by": options.taught_by,
    }
    known_texts = {key: text for key, text in texts.items() if text is not None}
    for path in options.output:
        if path.suffix == ".pth":
            save_published(model, path)
        else:
            save_safetensors(model, path, known_texts)
        print(f"{path}: {path.stat().st_size} bytes")
