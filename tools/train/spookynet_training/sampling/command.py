"""``sample``: structures of the built-in model's recipe, as extended XYZ to be labelled."""

from __future__ import annotations

import time
from collections import Counter

import numpy as np
import torch

from ..checkpoint import load_model
from .recipe import PARTS, split_of
from .state import is_possible, write_states


def add_arguments(parser) -> None:
    """Options of the command."""
    parser.add_argument("output", help="extended XYZ file to write")
    parser.add_argument("--teacher", required=True, help="model whose dynamics are sampled, .pth or .safetensors")
    parser.add_argument("--part", choices=sorted(PARTS), action="append", help="part of the recipe; default: all")
    parser.add_argument("--scale", type=float, default=1.0, help="how many structures, 1 being the built-in model's")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)


def run(options) -> None:
    """Samples and writes; the same seed gives the same structures."""
    torch.set_num_threads(options.threads)
    teacher = load_model(options.teacher)
    teacher.requires_grad_(False)
    started = time.monotonic()

    def report(text: str) -> None:
        print(f"{time.monotonic() - started:7.1f} s  {text}", flush=True)

    states = []
    for part in options.part or PARTS:
        rng = np.random.default_rng([options.seed, list(PARTS).index(part)])
        states += PARTS[part](teacher, rng, options.scale, report)
    states = [state for state in states if is_possible(state.numbers, state.charge, state.unpaired)]
    write_states(states, options.output, split_of)
    for (kind, split), count in sorted(Counter((state.kind, split_of(state)) for state in states).items()):
        report(f"{kind:16s} {split:5s} {count:6d}")
    report(f"{len(states)} structures, {sum(len(state) for state in states)} atoms in {options.output}")
