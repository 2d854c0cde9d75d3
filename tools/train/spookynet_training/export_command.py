"""``export``: the best model of a run as a file for ``./spookynet --model`` and for the published code."""

from __future__ import annotations

from pathlib import Path

from .checkpoint import save_published, save_safetensors
from .finished import best_model

_WRITERS = {".safetensors": save_safetensors, ".pth": save_published}


def add_arguments(parser) -> None:
    """Options of the command."""
    parser.add_argument("folder", type=Path, help="where the run is kept")
    parser.add_argument("output", type=Path, nargs="+", help="FILE.safetensors, or FILE.pth in the published format")


def run(options) -> None:
    """Writes each file in the format that its name says."""
    for path in options.output:
        if path.suffix not in _WRITERS:
            raise ValueError(f"Expected a file called .safetensors or .pth but found {path}")
    model, extras = best_model(options.folder)
    for path in options.output:
        _WRITERS[path.suffix](model, path, extras)
        print(f"{path}: {path.stat().st_size} bytes")
