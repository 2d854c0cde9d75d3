"""D4 dispersion without the three-body term (Caldeweyher et al., J. Chem. Phys. 150, 154122 (2019)).

Distances are in bohr inside.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from .geometry import Pairs, switch_function
from .units import BOHR, HARTREE

_REFERENCES, _COUNTS, _FREQUENCIES, _SYSTEMS = 7, 3, 23, 18

_SCALARS = ["_s6", "_s8", "_a1", "_a2", "_scaleq"]

#: Tables whose rows are atomic numbers, with the shape of a row. All of them come from a checkpoint.
_ROWS = {
    "refsys": (_REFERENCES,),
    "zeff": (),
    "refh": (_REFERENCES,),
    "gam": (),
    "ascale": (_REFERENCES,),
    "alphaiw": (_REFERENCES, _FREQUENCIES),
    "hcount": (_REFERENCES,),
    "rcov": (),
    "en": (),
    "ncount_mask": (_REFERENCES, _COUNTS),
    "ncount_weight": (_REFERENCES, _COUNTS),
    "cn": (_REFERENCES, _COUNTS),
    "fixgweights": (_REFERENCES,),
    "refq": (_REFERENCES,),
    "sqrt_r4r2": (),
    "alpha": (_REFERENCES, _FREQUENCIES),
}

_TABLES = {"sscale": (_SYSTEMS,), "secaiw": (_SYSTEMS, _FREQUENCIES), "casimir_polder_weights": (_FREQUENCIES,)}


class Dispersion(nn.Module):
    """C6 and C8 terms with coefficients from coordination numbers and partial charges."""

    def __init__(self, rows: int):
        super().__init__()
        for name in _SCALARS:
            self.register_buffer(name, torch.tensor(0.0))
        for name, shape in _ROWS.items():
            kind = torch.int64 if name == "refsys" else torch.get_default_dtype()
            self.register_buffer(name, torch.zeros(rows, *shape, dtype=kind))
        for name, shape in _TABLES.items():
            self.register_buffer(name, torch.zeros(shape))

    def forward(self, numbers: Tensor, charges: Tensor, pairs: Pairs, long_range_cutoff: float | None) -> Tensor:
        """Energies (B, N), eV, of atomic numbers (B, N) and partial charges (B, N), e."""
        r = pairs.distances / BOHR
        counted = pairs.different
        end = None if long_range_cutoff is None else long_range_cutoff / BOHR
        if end is not None:
            counted = counted & (r < end)
        counted = counted.to(r.dtype)
        weights = self._reference_weights(numbers, charges, self._coordination_numbers(numbers, r, counted, end))
        # C6 of a pair is a sum over imaginary frequencies of the product of two atoms' polarisabilities.
        polarisabilities = (weights.unsqueeze(3) * self._reference_polarisabilities()[numbers]).sum(2)
        weighted = 3 / math.pi * self.casimir_polder_weights * polarisabilities
        c6 = weighted @ polarisabilities.transpose(1, 2)
        root = self.sqrt_r4r2[numbers]
        b = math.sqrt(3) * root.unsqueeze(2) * root.unsqueeze(1)
        radius = functional.softplus(self._a1) * b + functional.softplus(self._a2)
        sixth = functional.softplus(self._s6) * _damped_power(r, radius, 6, end)
        eighth = functional.softplus(self._s8) * b * b * _damped_power(r, radius, 8, end)
        return -0.5 * HARTREE * (c6 * (sixth + eighth) * counted).sum(2)

    def _coordination_numbers(self, numbers: Tensor, r: Tensor, counted: Tensor, end: float | None) -> Tensor:
        radius, electronegativity = self.rcov[numbers], self.en[numbers]
        bond = 4 / 3 * (radius.unsqueeze(2) + radius.unsqueeze(1))
        difference = (electronegativity.unsqueeze(2) - electronegativity.unsqueeze(1)).abs()
        strength = 4.10451 * torch.exp(-((difference + 19.08857) ** 2) / 254.5553148552)
        count = strength * 0.5 * (1 + torch.erf(-7.5 * (r - bond) / bond.clamp(min=1e-8))) * counted
        if end is not None:
            # The published switch is 0.529 bohr wide.
            count = count * switch_function(r, end - BOHR, end)
        return count.sum(2)

    def _reference_weights(self, numbers: Tensor, charges: Tensor, coordination: Tensor) -> Tensor:
        """Each reference system's weight (B, N, 7) in an atom: how alike its surroundings and its charge are."""
        distance = coordination[:, :, None, None] - self.cn[numbers]
        weights = torch.exp(-6 * self.ncount_weight[numbers] * distance**2) * self.ncount_mask[numbers]
        weights = weights.sum(3)
        norm = weights.sum(2, keepdim=True)
        found = norm > 1e-8
        weights = torch.where(
            found, weights / torch.where(found, norm, torch.ones_like(norm)), self.fixgweights[numbers]
        )
        core = self.zeff[numbers].unsqueeze(2)
        reference = core + functional.softplus(self._scaleq) * self.refq[numbers]
        return weights * _charge_scaling(self.gam[numbers].unsqueeze(2), reference, core + charges.unsqueeze(2))

    def _reference_polarisabilities(self) -> Tensor:
        """Dynamic polarisabilities (rows, 7, 23) of the reference systems, what is not the element taken off."""
        system = self.refsys
        core = self.zeff[system]
        charge = core + functional.softplus(self._scaleq) * self.refh
        scaling = _charge_scaling(self.gam[system], core, charge).unsqueeze(2)
        others = self.hcount.unsqueeze(2) * self.sscale[system].unsqueeze(2) * self.secaiw[system] * scaling
        return (self.ascale.unsqueeze(2) * (self.alphaiw - others)).clamp(min=0)


def _charge_scaling(hardness: Tensor, reference: Tensor, actual: Tensor) -> Tensor:
    """exp(3(1 − exp(2γ(1 − reference/actual)))), and its limit e³ where there is no charge left."""
    reference, actual, hardness = torch.broadcast_tensors(reference, actual, hardness)
    positive = actual > 1e-8
    ratio = reference / torch.where(positive, actual, torch.ones_like(actual))
    exponent = 3 * (1 - torch.exp(2 * hardness * (1 - ratio)))
    return torch.exp(torch.where(positive, exponent, torch.full_like(exponent, 3.0)))


def _damped_power(r: Tensor, radius: Tensor, power: int, end: float | None) -> Tensor:
    """1/(rⁿ + r0ⁿ), with an end shifted and tilted to come there with value and slope 0."""
    value = 1 / (r**power + radius**power)
    if end is None:
        return value
    last = 1 / (end**power + radius**power)
    return value - last + power * end ** (power - 1) * last * last * (r - end)
