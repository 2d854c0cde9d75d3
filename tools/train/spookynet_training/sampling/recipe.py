"""What the built-in model learns from: how many structures of each kind, and which are kept apart for tests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from ..network import SpookyNet
from .clusters import dimer, liquid_fragment, shared_proton, stretched, water_cluster
from .dynamics import relaxed, sampled
from .molecules import in_state, joined, named, relatives, shipped_molecules, turned, without_hydrogen
from .state import State, bonds_of, reachable

#: Water clusters of these sizes are tested on, and the last of each validated on; all others are trained on.
_HELD_OUT = {"water": (5, 10, 7), "water-proton": (4, 9, 6), "water-hydroxide": (3, 8, 6), "water-liquid": (20, 20, 17)}

#: Tries for each molecule that is joined of two others; some in two succeed.
_MOST_TRIES = 100

#: Molecules with fewer heavy atoms are always trained on: they are what larger ones are made of.
_LEAST_HEAVY_ATOMS = 3


def split_of(state: State) -> str:
    """``test`` if one of the molecules is held out for tests, else ``valid`` if one is held back for that."""
    splits = {_split_of_molecule(parent) for parent in state.parents}
    return "test" if "test" in splits else "valid" if "valid" in splits else "train"


def _split_of_molecule(name: str) -> str:
    kind, _, size = name.rpartition("-")
    if kind in _HELD_OUT:
        *tested, validated = _HELD_OUT[kind]
        return "test" if int(size) in tested else "valid" if int(size) == validated else "train"
    if _heavy_atoms(name) < _LEAST_HEAVY_ATOMS:
        return "train"
    return {0: "test", 1: "valid"}.get(int(hashlib.sha256(name.encode()).hexdigest(), 16) % 12, "train")


def _heavy_atoms(name: str) -> int:
    count = 0
    formula = name.split("-")[0]
    for at, symbol in enumerate(formula):
        if symbol in "CNO":
            digits = ""
            while at + 1 + len(digits) < len(formula) and formula[at + 1 + len(digits)].isdigit():
                digits += formula[at + 1 + len(digits)]
            count += int(digits or 1)
    return count


def water(teacher: SpookyNet, rng: np.random.Generator, scale: float, report: Callable[[str], None]) -> list[State]:
    """Water clusters of 1 to 12, with and without proton or hydroxide, close and far apart, and bits of the liquid."""
    found, starts = [], []
    for kind in ("water", "water-proton", "water-hydroxide"):
        for size in range(1, 13):
            for _ in range(_scaled(4 if size > 4 else 6, scale)):
                starts.append(water_cluster(size, kind, rng))
            for _ in range(_scaled(20, scale) if size > 1 else 0):
                loose = rng.random() < 0.5
                found.append(water_cluster(size, kind, rng, (2.4, 7.0) if loose else (2.4, 3.4)))
    found = _shaken(found, rng)
    report(f"{len(found)} random water clusters")
    starts = relaxed(starts, teacher, 60)
    found += starts
    found += sampled(
        starts, teacher, rng.uniform(200, 700, len(starts)), 22, 8, rng, _progress(report, "water clusters")
    )
    liquid = [liquid_fragment(int(rng.integers(14, 25)), rng) for _ in range(_scaled(18, scale))]
    liquid = relaxed(liquid, teacher, 25)
    return found + sampled(liquid, teacher, rng.uniform(250, 500, len(liquid)), 6, 10, rng, _progress(report, "liquid"))


def molecules(teacher: SpookyNet, rng: np.random.Generator, scale: float, report: Callable[[str], None]) -> list[State]:
    """Organic molecules, their ions, radicals and triplets, hot, stretched and in states that do not suit them."""
    base, grown = _molecules(teacher, rng, _scaled(800, scale), report)
    akin = [relative for state in base for _ in range(2) for relative in relatives(state, rng)]
    akin += [relative for state in grown for relative in relatives(state, rng) if rng.random() < 0.15]
    akin = relaxed(akin, teacher, 30)
    report(f"{len(akin)} ions, radicals and triplets")
    starts = base * _scaled(6, scale) + grown + akin
    frames = sampled(starts, teacher, _temperatures(len(starts), rng), 7, 8, rng, _progress(report, "molecules"))
    some = [frames[place] for place in rng.permutation(len(frames))]
    count = _scaled(2200, scale)
    bent = [state for state in (stretched(state, rng) for state in some[:count]) if state is not None]
    states = [(charge, unpaired) for charge in (-1, 0, 1) for unpaired in (0, 1, 2)]
    other = []
    for state in some[count : 2 * count]:
        choices = [in_state(state, *pair, "contrast") for pair in states if pair != (state.charge, state.unpaired)]
        choices = [choice for choice in choices if choice is not None]
        other.append(choices[rng.integers(len(choices))])
    noisy = _shaken(some[2 * count : 3 * count], rng)
    return base + grown + akin + frames + bent + other + noisy


def pairs(teacher: SpookyNet, rng: np.random.Generator, scale: float, report: Callable[[str], None]) -> list[State]:
    """Dimers at all distances, ions among them, and protons on their way from one molecule to another."""
    base, grown = _molecules(teacher, rng, _scaled(64, scale), report)
    small = [state for state in base + grown if len(state) <= 12]
    waters = [state for state in small if sorted(state.numbers) == [1, 1, 8]]
    akin = [relative for state in small for relative in relatives(state, rng) if relative.kind in ("cation", "anion")]
    akin = relaxed(akin, teacher, 30)
    found = []
    for _ in range(_scaled(2080, scale)):
        first = _one(akin if rng.random() < 0.25 else small, rng)
        second = _one(waters if rng.random() < 0.3 else small, rng)
        closest = rng.uniform(1.4, 3.0) if rng.random() < 0.7 else rng.uniform(3.0, 7.0)
        if first.unpaired + second.unpaired <= 2:
            found.append(dimer(first, second, rng, closest))
    polar = [state for state in small if np.isin(state.numbers, [7, 8]).any() and state.unpaired == 0]
    cations = [state for state in akin if state.charge == 1 and state.unpaired == 0]
    anions = [state for state in akin if state.charge == -1 and state.unpaired == 0]
    for _ in range(_scaled(1920, scale)):
        kind = rng.integers(3)
        donor = _one(cations if kind == 0 else polar, rng)
        acceptor = _one(anions if kind == 1 else waters if rng.random() < 0.3 else polar, rng)
        state = shared_proton(donor, acceptor, rng)
        if state is not None:
            found.append(state)
    report(f"{len(found)} pairs of molecules")
    starts = relaxed([state for state in found if rng.random() < 0.5], teacher, 15)
    temperatures = rng.uniform(200, 800, len(starts))
    return _shaken(found, rng) + sampled(starts, teacher, temperatures, 3, 8, rng, _progress(report, "pairs"))


def radicals(teacher: SpookyNet, rng: np.random.Generator, scale: float, report: Callable[[str], None]) -> list[State]:
    """Radicals, triplets and radical ions: few frames each of many, for their energies differ more than their forces."""
    _, grown = _molecules(teacher, rng, _scaled(1000, scale), report, most_atoms=16)
    found = []
    for state in grown:
        found += [without_hydrogen(state, rng, 0, 1, "radical") for _ in range(2)]
        found.append(in_state(state, 0, 2, "triplet") if rng.random() < 0.5 else None)
        found.append(in_state(state, int(rng.choice([-1, 1])), 1, "radical-ion") if rng.random() < 0.5 else None)
    starts = relaxed([state for state in found if state is not None], teacher, 30)
    report(f"{len(starts)} radicals, triplets and radical ions")
    temperatures = _temperatures(len(starts), rng)
    return starts + sampled(starts, teacher, temperatures, 3, 10, rng, _progress(report, "radicals"))


def protons(teacher: SpookyNet, rng: np.random.Generator, scale: float, report: Callable[[str], None]) -> list[State]:
    """A proton between two waters, or water and hydroxide: which of them has it, and what is between, matters most."""
    water, hydronium, hydroxide = (water_cluster(1, f"water{ion}", rng) for ion in ("", "-proton", "-hydroxide"))
    found = []
    for _ in range(_scaled(1500, scale)):
        donor, acceptor = (water, hydroxide) if rng.random() < 0.7 else (hydronium, water)
        found.append(shared_proton(donor, acceptor, rng))
    found = [state for state in found if state is not None]
    report(f"{len(found)} protons between two waters")
    return _shaken(found, rng)


#: Parts of the recipe; each can be sampled by itself, at the same time as the others. Their order is part of the seed.
PARTS = {"molecules": molecules, "pairs": pairs, "water": water, "radicals": radicals, "protons": protons}


def _molecules(teacher, rng, count, report, most_atoms=20) -> tuple[list[State], list[State]]:
    """Shipped molecules, and so many that are joined of their fragments, relaxed and still in one piece."""
    base = relaxed(shipped_molecules(), teacher, 30)
    closed = [state for state in base if state.unpaired == 0]
    grown = []
    tries = 0
    while len(grown) < count:
        tries += 1
        if tries > _MOST_TRIES * count:
            raise ValueError("Expected molecules that can be joined but found none: the teacher tears them apart")
        first = _one(grown if grown and rng.random() < 0.3 else closed, rng)
        new = joined(turned(first, rng), turned(_one(closed, rng), rng), rng, most_atoms)
        if new is not None:
            grown.append(new)
    names = set()
    whole = []
    for state in relaxed(grown, teacher, 50):
        name = named(state.numbers, state.positions)
        if name not in names and reachable(bonds_of(state.numbers, state.positions), 0).all():
            names.add(name)
            whole.append(State(state.numbers, state.positions, 0, 0, "organic", (name,)))
    report(f"{len(base)} molecules of ASE and {len(whole)} joined of their fragments")
    return base, whole


def _shaken(states: list[State], rng: np.random.Generator) -> list[State]:
    """Moved at random, some hardly, some by as much as at 1500 K; atoms never come into one another."""
    moved = []
    for state in states:
        positions = state.positions + rng.uniform(0.01, 0.12) * rng.normal(size=state.positions.shape)
        apart = (
            len(state) == 1
            or min(np.linalg.norm(positions[k + 1 :] - positions[k], axis=1).min() for k in range(len(state) - 1)) > 0.6
        )
        moved.append(state.moved(positions) if apart else state)
    return moved


def _temperatures(count: int, rng: np.random.Generator) -> np.ndarray:
    """K; as many per octave everywhere from 200 to 1500."""
    return np.exp(rng.uniform(np.log(200), np.log(1500), count))


def _one(states: list[State], rng: np.random.Generator) -> State:
    return states[rng.integers(len(states))]


def _scaled(count: int, scale: float) -> int:
    return max(1, round(count * scale))


def _progress(report: Callable[[str], None], what: str) -> Callable[[int, int], None]:
    shown = [0]

    def show(done: int, total: int) -> None:
        if done * 10 // total > shown[0]:
            shown[0] = done * 10 // total
            report(f"{what}: {done} of {total} trajectories")

    return show
