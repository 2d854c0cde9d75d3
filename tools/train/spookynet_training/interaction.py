"""How atoms learn of each other: sums over neighbours, and attention over the whole structure."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .blocks import ResidualMLP, ResidualStack, make_linear


class LocalInteraction(nn.Module):
    """Sums over neighbours with functions like s, p and d orbitals; of p and d only scalar products go on."""

    def __init__(self, h: dict):
        super().__init__()
        features, basis, activation = h["num_features"], h["num_basis_functions"], h["activation"]
        for kind in "spd":
            setattr(self, f"radial_{kind}", make_linear(basis, features, bias=False))
        self.resblock_x = ResidualMLP(features, h["num_residual_local_x"], activation)
        self.resblock_s = ResidualMLP(features, h["num_residual_local_s"], activation)
        self.resblock_p = ResidualMLP(features, h["num_residual_local_p"], activation)
        self.resblock_d = ResidualMLP(features, h["num_residual_local_d"], activation)
        self.projection_p = make_linear(features, 2 * features, bias=False)
        self.projection_d = make_linear(features, 2 * features, bias=False)
        self.resblock = ResidualMLP(features, h["num_residual_local"], activation)

    def forward(self, x: Tensor, radial: Tensor, p: Tensor, d: Tensor) -> Tensor:
        """Features (B, N, F) from features, radial functions (B, N, N, K), p (B, N, 3, N) and d (B, N, 5 or 6, N)."""
        features = x.shape[-1]
        weights = torch.cat([self.radial_s.weight, self.radial_p.weight, self.radial_d.weight])
        sources = torch.cat([self.resblock_s(x), self.resblock_p(x), self.resblock_d(x)], -1)
        messages = (radial @ weights.T) * sources.unsqueeze(1)
        s_messages, p_messages, d_messages = messages.split(features, -1)
        s = self.resblock_x(x) + s_messages.sum(2)
        p_first, p_second = self.projection_p(p @ p_messages).split(features, -1)
        d_first, d_second = self.projection_d(d @ d_messages).split(features, -1)
        return self.resblock(s + (p_first * p_second).sum(2) + (d_first * d_second).sum(2))


class Attention(nn.Module):
    """The stored random features ω (F, m) of linear-scaling attention; none of them: exact attention."""

    def __init__(self, features: int, random_features: int):
        super().__init__()
        # Blocks of orthogonal directions cover the space more evenly than independent ones.
        blocks = [torch.linalg.qr(torch.randn(features, features))[0] for _ in range(-(-random_features // features))]
        directions = torch.cat(blocks, 1)[:, :random_features] if blocks else torch.zeros(features, 0)
        self.register_buffer("omega", directions * math.sqrt(features))


class NonlocalInteraction(nn.Module):
    """Attention over all atoms of a structure, however far apart."""

    def __init__(self, h: dict):
        super().__init__()
        features, activation = h["num_features"], h["activation"]
        self.resblock_q = ResidualMLP(features, h["num_residual_nonlocal_q"], activation)
        self.resblock_k = ResidualMLP(features, h["num_residual_nonlocal_k"], activation)
        self.resblock_v = ResidualMLP(features, h["num_residual_nonlocal_v"], activation)
        self.attention = Attention(features, features)

    def forward(self, x: Tensor) -> Tensor:
        """Features (B, N, F) from features (B, N, F)."""
        query, key, value = self.resblock_q(x), self.resblock_k(x), self.resblock_v(x)
        if self.attention.omega.numel() == 0:
            scores = query @ key.transpose(1, 2) / math.sqrt(x.shape[-1])
            weights = torch.exp(scores - scores.amax((1, 2), keepdim=True))
            return weights @ value / (weights.sum(2, keepdim=True) + 1e-8)
        query, key = self._feature_map(query, (2,)), self._feature_map(key, (1, 2))
        norm = query @ key.sum(1).unsqueeze(2)
        return query @ (key.transpose(1, 2) @ value) / (norm + 1e-8)

    def _feature_map(self, x: Tensor, maximum_over: tuple[int, ...]) -> Tensor:
        """Positive features whose products approximate exp(q·k/√F); forces go through the maxima, as published."""
        omega = self.attention.omega
        features, random_features = omega.shape
        u = x @ omega / features**0.25
        exponent = u - (x * x).sum(-1, keepdim=True) / (2 * math.sqrt(features)) - u.amax(maximum_over, keepdim=True)
        return (torch.exp(exponent) + 1e-4) / math.sqrt(random_features)


class InteractionModule(nn.Module):
    """One of the M modules: a local and a nonlocal interaction side by side, and the module's share of the output."""

    def __init__(self, h: dict):
        super().__init__()
        features, activation = h["num_features"], h["activation"]
        self.local_interaction = LocalInteraction(h)
        self.nonlocal_interaction = NonlocalInteraction(h)
        self.residual_pre = ResidualStack(features, h["num_residual_pre"], activation)
        self.residual_post = ResidualStack(features, h["num_residual_post"], activation)
        self.resblock = ResidualMLP(features, h["num_residual_output"], activation, zero=True)

    def forward(self, x: Tensor, radial: Tensor, p: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        """Features for the next module and for the output, both (B, N, F)."""
        x = self.residual_pre(x)
        x = self.residual_post(x + self.local_interaction(x, radial, p, d) + self.nonlocal_interaction(x))
        return x, self.resblock(x)
