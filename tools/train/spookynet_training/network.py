"""SpookyNet (Unke et al., Nat. Commun. 12, 7273 (2021)) for isolated structures of equal size, differentiable twice."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .blocks import make_linear
from .dispersion import Dispersion
from .electrostatics import electrostatic_energies
from .embedding import ElectronicEmbedding, NonlinearElectronicEmbedding, NuclearEmbedding
from .geometry import cutoff_function, d_functions, pairs_of
from .interaction import InteractionModule
from .radial_basis import RADIAL_BASES
from .repulsion import Repulsion


@dataclass(frozen=True)
class Output:
    """What the network says about B structures of N atoms, in eV, Å and e.

    Attributes
    ----------
    energies : dict of str to Tensor, each of shape (B, N)
        Each atom's energy by term: nn, repulsion, electrostatics, dispersion; a term that the model lacks is 0.
    charges : Tensor, shape (B, N)
    dipoles : Tensor, shape (B, 3)
        Σ q R about the coordinates' origin.
    energy : Tensor, shape (B,)
    forces : Tensor, shape (B, N, 3), or None where they were not asked for
        −∂E/∂R.
    """

    energies: dict[str, Tensor]
    charges: Tensor
    dipoles: Tensor
    energy: Tensor
    forces: Tensor | None


class SpookyNet(nn.Module):
    """The network, with the published names of its parameters.

    Parameters
    ----------
    hyperparameters : dict
        As a published checkpoint has them, see ``hyperparameters.py``.
    """

    def __init__(self, hyperparameters: dict):
        super().__init__()
        h = hyperparameters
        self.hyperparameters = dict(h)
        features, residual, activation = h["num_features"], h["num_residual_electron"], h["activation"]
        self.element_bias = nn.Parameter(torch.zeros(h["Zmax"], 2))
        self.nuclear_embedding = NuclearEmbedding(features, h["Zmax"])
        if h["use_nonlinear_embedding"]:
            self.charge_embedding = NonlinearElectronicEmbedding(features, residual, activation)
            self.magmom_embedding = NonlinearElectronicEmbedding(features, residual, activation)
        else:
            self.charge_embedding = ElectronicEmbedding(features, residual, activation, is_charge=True)
            self.magmom_embedding = ElectronicEmbedding(features, residual, activation, is_charge=False)
        basis = RADIAL_BASES[h["basis_functions"]]
        self.radial_basis_functions = basis(h["num_basis_functions"], h["exp_weighting"], h["cutoff"])
        self.module = nn.ModuleList(InteractionModule(h) for _ in range(h["num_modules"]))
        # Not 0: the modules' shares of it are, and of two factors that are 0 neither would ever learn.
        self.output = make_linear(features, 2, bias=False)
        self.zbl_repulsion_energy = Repulsion() if h["use_zbl_repulsion"] else None
        self.d4_dispersion_energy = Dispersion(h["Zmax"]) if h["use_d4_dispersion"] else None

    def forward(
        self,
        numbers: Tensor,
        positions: Tensor,
        charge: Tensor,
        unpaired: Tensor,
        forces: bool = True,
        create_graph: bool = False,
    ) -> Output:
        """Energies, charges, dipoles and forces.

        Parameters
        ----------
        numbers : Tensor of int64, shape (B, N)
            Atomic numbers.
        positions : Tensor, shape (B, N, 3)
            Å.
        charge, unpaired : Tensor, shape (B,)
            Total charge, e, and number of unpaired electrons.
        forces : bool
            Whether to compute forces.
        create_graph : bool
            Whether the forces can be differentiated, as a loss of them needs.
        """
        h = self.hyperparameters
        if forces and not positions.requires_grad:
            positions = positions.detach().requires_grad_(True)
        pairs = pairs_of(positions)
        inside = pairs.different & (pairs.distances < h["cutoff"])
        cutoff_values = cutoff_function(pairs.distances, inside, h["cutoff"])
        outputs = self._atomic_outputs(numbers, pairs, cutoff_values, charge, unpaired)
        charges = outputs[:, :, 1]
        charges = charges + ((charge - charges.sum(1)) / numbers.shape[1]).unsqueeze(1)
        energies = {"nn": outputs[:, :, 0]}
        absent = torch.zeros_like(charges)
        energies["repulsion"] = absent
        if self.zbl_repulsion_energy is not None:
            energies["repulsion"] = self.zbl_repulsion_energy(numbers, pairs.distances, cutoff_values)
        energies["electrostatics"] = absent
        if h["use_electrostatics"]:
            energies["electrostatics"] = electrostatic_energies(charges, pairs, h["cutoff"], h["lr_cutoff"])
        energies["dispersion"] = absent
        if self.d4_dispersion_energy is not None:
            energies["dispersion"] = self.d4_dispersion_energy(numbers, charges, pairs, h["lr_cutoff"])
        energy = sum(term.sum(1) for term in energies.values())
        gradient = None
        if forces:
            # The energy of one atom alone depends on no position.
            (gradient,) = torch.autograd.grad(energy.sum() + 0 * positions.sum(), positions, create_graph=create_graph)
        return Output(
            energies=energies,
            charges=charges,
            dipoles=(charges.unsqueeze(2) * positions).sum(1),
            energy=energy,
            forces=None if gradient is None else -gradient,
        )

    def _atomic_outputs(
        self, numbers: Tensor, pairs, cutoff_values: Tensor, charge: Tensor, unpaired: Tensor
    ) -> Tensor:
        """Energies and charges (B, N, 2) before charge is conserved."""
        radial = self.radial_basis_functions(pairs.distances) * cutoff_values.unsqueeze(-1)
        p = pairs.directions.transpose(2, 3).contiguous()
        d = d_functions(pairs.directions, self.hyperparameters["use_irreps"]).transpose(2, 3).contiguous()
        nuclear = self.nuclear_embedding(numbers)
        x = nuclear + self.charge_embedding(nuclear, charge) + self.magmom_embedding(nuclear, unpaired)
        f = 0
        for module in self.module:
            x, y = module(x, radial, p, d)
            f = f + y
        return self.output(f) + self.element_bias[numbers]
