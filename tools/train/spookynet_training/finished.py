"""The best model of a run's folder."""

from __future__ import annotations

from pathlib import Path

import torch

from .network import SpookyNet
from .training import BEST_FILE, STATE_FILE


def best_model(folder: Path) -> tuple[SpookyNet, dict]:
    """The moving average at its best validation error, and what it was trained on as ``domain_of`` gives it.

    Raises
    ------
    FileNotFoundError
        If no epoch has ended yet.
    """
    if not (folder / BEST_FILE).exists():
        raise FileNotFoundError(f"Expected {BEST_FILE} in {folder} but found none: no epoch has ended there yet")
    state = torch.load(folder / STATE_FILE, map_location="cpu")
    model = SpookyNet(state["hyperparameters"])
    model.load_state_dict(torch.load(folder / BEST_FILE, map_location="cpu"))
    return model, state["domain"]
