"""Hyperparameters, by the names that published checkpoints give them."""

from __future__ import annotations

#: Residual blocks of each stack: what is not named has one.
_RESIDUAL = ["electron", "pre", "local_x", "local_s", "local_p", "local_d", "local"]
_RESIDUAL += ["nonlocal_q", "nonlocal_k", "nonlocal_v", "post", "output"]

#: The published model's, from which a new model's differ where it says so.
PUBLISHED = {
    "activation": "swish",
    "num_features": 64,
    "num_basis_functions": 16,
    "num_modules": 3,
    **{f"num_residual_{name}": 1 for name in _RESIDUAL},
    "basis_functions": "exp-bernstein",
    "exp_weighting": True,
    "cutoff": 5.291772105638412,
    "lr_cutoff": None,
    "use_zbl_repulsion": True,
    "use_electrostatics": True,
    "use_d4_dispersion": True,
    "use_irreps": True,
    "use_nonlinear_embedding": False,
    "compute_d4_atomic": False,
    "module_keep_prob": 1.0,
    "Zmax": 87,
}


def small_hyperparameters(features: int = 48, modules: int = 2) -> dict:
    """A smaller and faster network: fewer features and modules, residual blocks only where depth helps most.

    Neighbours' and attention's inputs are linear functions of activated features. The element tables keep their 87
    rows, without which the published code does not load a checkpoint.
    """
    without = ["local_x", "local_s", "local_p", "local_d", "nonlocal_q", "nonlocal_k", "nonlocal_v"]
    return {
        **PUBLISHED,
        "num_features": features,
        "num_modules": modules,
        **{f"num_residual_{name}": 0 for name in without},
    }


def completed(hyperparameters: dict) -> dict:
    """Hyperparameters of a checkpoint, with what older ones leave out."""
    h = dict(hyperparameters)
    h.setdefault("exp_weighting", False)
    h.setdefault("lr_cutoff", None)
    h.setdefault("use_irreps", False)
    h.setdefault("use_nonlinear_embedding", True)
    return h
