"""Muon for weight matrices (Jordan et al., 2024, "Muon: an optimizer for hidden layers"), Adam for the rest."""

from __future__ import annotations

import torch
from torch import Tensor

from .network import SpookyNet

#: Smallest extent of a matrix that Muon moves; embeddings and tables are Adam's as well.
_LEAST_EXTENT = 9

#: Learning rate of the others; at the same rate as the matrices they shake the energies (17 meV/atom instead of 13).
_OTHERS_SHARE = 0.3

#: Coefficients of the Newton–Schulz iteration, which brings singular values close to 1 in five steps.
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


class Optimiser:
    """Moves a model's parameters.

    The momentum of a weight matrix is replaced by the nearest orthogonal matrix, so that all directions of its input
    learn equally fast, the frequent ones and the rare ones. Matrices of one shape are treated together.

    Parameters
    ----------
    model : SpookyNet
    momentum : float
        What remains of the mean gradient of the matrices after each step.
    """

    def __init__(self, model: SpookyNet, momentum: float = 0.95):
        self.momentum = momentum
        self.matrices: dict[tuple[int, ...], list[Tensor]] = {}
        others = []
        for name, parameter in model.named_parameters():
            if (
                parameter.ndim == 2
                and min(parameter.shape) >= _LEAST_EXTENT
                and not name.startswith("nuclear_embedding.")
            ):
                self.matrices.setdefault(tuple(parameter.shape), []).append(parameter)
            else:
                others.append(parameter)
        self.means = {
            shape: torch.zeros(len(members), *shape, device=members[0].device)
            for shape, members in self.matrices.items()
        }
        self.adam = torch.optim.Adam(others, betas=(0.9, 0.99))

    def forget_gradients(self) -> None:
        """Before those of the next step are summed."""
        self.adam.zero_grad(set_to_none=True)
        for members in self.matrices.values():
            for parameter in members:
                parameter.grad = None

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Goes one step.

        Parameters
        ----------
        learning_rate : float
            Of matrices: 0.2 of it is the root mean square of the changes of a square one's elements, about what Adam's
            are at the same rate. All others have 0.3 of it.
        """
        for group in self.adam.param_groups:
            group["lr"] = _OTHERS_SHARE * learning_rate
        self.adam.step()
        for shape, members in self.matrices.items():
            none = torch.zeros_like(members[0])
            gradients = torch.stack([none if member.grad is None else member.grad for member in members])
            mean = self.means[shape].lerp_(gradients, 1 - self.momentum)
            directions = _orthogonal(gradients.lerp(mean, self.momentum))
            for member, direction in zip(members, directions):
                member.add_(direction, alpha=-learning_rate * 0.2 * max(shape) ** 0.5)

    def state(self) -> dict:
        """All that a run needs to go on."""
        return {"means": list(self.means.values()), "adam": self.adam.state_dict()}

    def restore(self, state: dict) -> None:
        """Takes what ``state`` gave."""
        for mean, saved in zip(self.means.values(), state["means"]):
            mean.copy_(saved)
        self.adam.load_state_dict(state["adam"])


def _orthogonal(matrices: Tensor) -> Tensor:
    """The nearest matrices (…, m, n) with orthonormal rows or columns, roughly: singular values from 0.7 to 1.2."""
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.transpose(-2, -1) if tall else matrices
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-12)
    a, b, c = _NEWTON_SCHULZ
    for _ in range(5):
        square = x @ x.transpose(-2, -1)
        x = a * x + (b * square + c * square @ square) @ x
    return x.transpose(-2, -1) if tall else x
