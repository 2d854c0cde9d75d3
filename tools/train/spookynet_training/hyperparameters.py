"""Hyperparameters, by the names that published checkpoints give them."""

from __future__ import annotations

#: Stacks of residual blocks that a smaller network does without.
_WITHOUT = ["local_x", "local_s", "local_p", "local_d", "nonlocal_q", "nonlocal_k", "nonlocal_v"]


def smaller(hyperparameters: dict, features: int, modules: int) -> dict:
    """A smaller and faster network: fewer features and modules, residual blocks only where depth helps most.

    Neighbours' and attention's inputs are linear functions of activated features. The element tables keep their rows,
    without which the published code does not load a checkpoint.

    Raises
    ------
    ValueError
        If there are not so many features or modules.
    """
    for name, count in (("num_features", features), ("num_modules", modules)):
        if not 1 <= count <= hyperparameters[name]:
            raise ValueError(f"Expected {name} from 1 to the larger model's {hyperparameters[name]} but found {count}")
    return {
        **hyperparameters,
        "num_features": features,
        "num_modules": modules,
        **{f"num_residual_{name}": 0 for name in _WITHOUT},
        "module_keep_prob": 1.0,
    }


def completed(hyperparameters: dict) -> dict:
    """Hyperparameters of a checkpoint, with what older ones leave out."""
    h = dict(hyperparameters)
    h.setdefault("exp_weighting", False)
    h.setdefault("lr_cutoff", None)
    h.setdefault("use_irreps", False)
    h.setdefault("use_nonlinear_embedding", True)
    return h
