"""Exponential moving average of a model's parameters."""

from __future__ import annotations

import copy

import torch

from .network import SpookyNet


class Average:
    """A model whose parameters follow those of another; it is what is evaluated and exported.

    Parameters
    ----------
    decay : float
        What remains of the average after each step; it starts lower, so that the first parameters are soon forgotten.
    """

    def __init__(self, model: SpookyNet, decay: float):
        self.model = copy.deepcopy(model).requires_grad_(False)
        self.decay = decay
        self.steps = 0

    @torch.no_grad()
    def follow(self, model: SpookyNet) -> None:
        """Takes in the parameters after a step."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        averages, values = list(self.model.parameters()), list(model.parameters())
        torch._foreach_mul_(averages, decay)
        torch._foreach_add_(averages, values, alpha=1 - decay)
