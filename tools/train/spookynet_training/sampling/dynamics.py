"""Relaxation and Langevin dynamics of many structures at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from ..network import SpookyNet
from .state import State

#: Boltzmann's constant, eV/K.
BOLTZMANN = 8.617333262e-5

#: Acceleration of 1 eV/Å on 1 u, Å/fs².
_ACCELERATION = 0.009648533212

#: All atoms weigh as much as carbon: the distribution in space is the same, and hydrogen allows a longer step.
_MASS = 12.0

#: Largest force of a structure that is kept, eV/Å.
LARGEST_FORCE = 30.0

#: Pairs of atoms computed together: what fits into a processor's cache is fastest.
_PAIRS_TOGETHER = 30_000


def in_groups(states: list[State], repeats: int = 1) -> Iterator[list[int]]:
    """Places of states of equal size, as many together as are computed fast together."""
    places = {}
    for place, state in enumerate(states):
        places.setdefault(len(state), []).append(place)
    for size, group in sorted(places.items()):
        together = max(1, _PAIRS_TOGETHER // size**2)
        for start in range(0, len(group), together):
            yield group[start : start + together]


def relaxed(states: list[State], model: SpookyNet, steps: int) -> list[State]:
    """Each after some steps downhill, at most 0.06 Å an atom a step; those whose forces stay large are left out."""
    found = []
    for group in in_groups(states):
        members = [states[place] for place in group]
        forces_of, positions = _forces(members, model)
        step = torch.full((len(members), 1, 1), 0.02)
        previous = torch.zeros_like(positions)
        for _ in range(steps):
            forces = forces_of(positions)
            downhill = (forces * previous).sum((1, 2), keepdim=True) >= 0
            step = torch.where(downhill, step * 1.1, step * 0.5).clamp(1e-4, 0.1)
            move = step * forces
            longest = move.norm(dim=2, keepdim=True).amax(1, keepdim=True)
            positions = positions + move * (0.06 / longest).clamp(max=1)
            previous = forces
        largest = forces_of(positions).norm(dim=2).amax(1)
        for k, member in enumerate(members):
            if float(largest[k]) < LARGEST_FORCE / 3:
                found.append(member.moved(positions[k].numpy().astype(float)))
    return found


def sampled(
    states: list[State],
    model: SpookyNet,
    temperatures: np.ndarray,
    frames: int,
    stride: int,
    rng: np.random.Generator,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[State]:
    """Frames of a Langevin trajectory of each state.

    Parameters
    ----------
    temperatures : ndarray, shape (len(states),)
        K.
    frames, stride : int
        How many frames of each, and how many steps of 2 fs apart.

    Returns
    -------
    list of State
        Fewer than asked for where a trajectory came apart: it ends with its first force above ``LARGEST_FORCE``.
    """
    time_step, friction = 2.0, 0.02
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    found = []
    done = 0
    for group in in_groups(states):
        members = [states[place] for place in group]
        forces_of, positions = _forces(members, model)
        thermal = torch.tensor(BOLTZMANN * temperatures[group], dtype=torch.float32).reshape(-1, 1, 1)
        width = torch.sqrt(thermal * _ACCELERATION / _MASS)
        velocities = width * torch.randn(positions.shape, generator=generator)
        decay = float(np.exp(-friction * time_step))
        forces = forces_of(positions)
        alive = torch.ones(len(members), dtype=torch.bool)
        for step in range(1, frames * stride + 1):
            # BAOAB splitting (Leimkuhler and Matthews, J. Chem. Phys. 138, 174102 (2013)).
            velocities = velocities + 0.5 * time_step * _ACCELERATION / _MASS * forces
            positions = positions + 0.5 * time_step * velocities
            noise = torch.randn(positions.shape, generator=generator)
            velocities = decay * velocities + (1 - decay**2) ** 0.5 * width * noise
            positions = positions + 0.5 * time_step * velocities
            forces = forces_of(positions)
            largest = forces.norm(dim=2).amax(1)
            alive = alive & (largest < LARGEST_FORCE)
            # What has come apart stays where it is, so that it can not disturb the arithmetic.
            forces = torch.where(alive[:, None, None], forces, torch.zeros_like(forces))
            velocities = torch.where(alive[:, None, None], velocities, torch.zeros_like(velocities))
            velocities = velocities + 0.5 * time_step * _ACCELERATION / _MASS * forces
            if step % stride == 0:
                for k in torch.nonzero(alive).flatten().tolist():
                    found.append(members[k].moved(positions[k].numpy().astype(float)))
        done += len(members)
        progress(done, len(states))
    return found


def _forces(members: list[State], model: SpookyNet):
    """A function from positions to forces of states of equal size, and their positions."""
    numbers = torch.tensor(np.array([member.numbers for member in members]))
    charge = torch.tensor([float(member.charge) for member in members])
    unpaired = torch.tensor([float(member.unpaired) for member in members])
    positions = torch.tensor(np.array([member.positions for member in members]), dtype=torch.float32)

    def forces_of(places: torch.Tensor) -> torch.Tensor:
        forces = model(numbers, places, charge, unpaired).forces.detach()
        return torch.nan_to_num(forces, nan=1e6, posinf=1e6, neginf=-1e6)

    return forces_of, positions
