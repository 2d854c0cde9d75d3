"""The tables of a card, from measurements of the model and its teacher."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ase import units

from .clusters import CLUSTERS
from .internal import largest_differences
from .markdown import number, table
from .measurements import structure_of
from .molecules import MOLECULES

_KCAL = units.mol / units.kcal

_FORMULA = re.compile("([A-Z][A-Za-z0-9]*[+−]?)(, .*)?")
_SMALL = str.maketrans("0123456789+−", "₀₁₂₃₄₅₆₇₈₉⁺⁻")

#: How near a model's geometries should be to its teacher's: Å and degrees.
NEAR = (0.03, 3.0)


@dataclass(frozen=True)
class Verdict:
    """How many geometries are near the teacher's, and which are not."""

    near: int
    #: With the largest differences, in words.
    far: list[str]


def geometries(model: dict, teacher: dict) -> str:
    """Bond lengths and angles of molecules."""
    rows = []
    for molecule in MOLECULES:
        found, taught = (measured["molecules"][molecule.name] for measured in (model, teacher))
        for place, each in enumerate(molecule.coordinates):
            digits = 3 if len(each.atoms[0]) == 2 else 1
            a, b = found["coordinates"][each.label], taught["coordinates"][each.label]
            numbers = [number(a, digits), number(b, digits), number(a - b, digits), number(each.experiment, digits)]
            rows.append([_pretty(molecule.name) if place == 0 else "", each.label, *numbers, f"`{molecule.kind}`"])
    return table(["molecule", "Å or °", "model", "teacher", "difference", "experiment", "kind"], rows, 2)


def verdict(model: dict, teacher: dict) -> Verdict:
    """All bonds and angles of molecules, the water dimer and the Zundel cation against the teacher's."""
    near, far = 0, []
    pairs = [(m.name, m.coordinates, "molecules") for m in MOLECULES]
    pairs += [(c.name, c.coordinates, "clusters") for c in CLUSTERS if c.name in ("water dimer", "Zundel cation")]
    for name, coordinates, where in pairs:
        found, taught = model[where][name], teacher[where][name]
        bond, angle = largest_differences(structure_of(found), structure_of(taught))
        for each in coordinates:
            difference = abs(found["coordinates"][each.label] - taught["coordinates"][each.label])
            if len(each.atoms[0]) == 2:
                bond = max(bond, difference)
            else:
                angle = max(angle, difference)
        if bond <= NEAR[0] and angle <= NEAR[1]:
            near += 1
        else:
            far.append(f"{_pretty(name)} ({number(bond, 3)} Å, {number(angle, 1)}°)")
    return Verdict(near, far)


def not_minima(measured: dict) -> list[str]:
    """Molecules and clusters whose optimisation did not end, or ended where the energy falls along a vibration."""
    names = []
    for where in ("molecules", "clusters"):
        for name, kept in measured[where].items():
            # Numbers of a few cm⁻¹ are zero to what an optimisation leaves.
            if not kept["converged"] or any(value < -10 for value in kept.get("frequencies", [])):
                names.append(_pretty(name))
    return names


def vibrations(model: dict, teacher: dict) -> str:
    """Harmonic wavenumbers, in ascending order beside the experimental ones."""
    rows = []
    for molecule in MOLECULES:
        at = 0
        for mode in molecule.modes:
            numbers = []
            for measured in (model, teacher):
                values = measured["molecules"][molecule.name]["frequencies"][at : at + mode.degeneracy]
                numbers.append(sum(values) / len(values))
            cells = [numbers[0], numbers[1], numbers[0] - numbers[1], mode.harmonic, mode.fundamental]
            name = _pretty(molecule.name) if at == 0 else ""
            rows.append([name, str(mode.degeneracy), *(number(cell, 0) for cell in cells)])
            at += mode.degeneracy
    head = ["cm⁻¹", "modes", "model", "teacher", "difference", "experiment, harmonic", "experiment, observed"]
    return table(head, rows)


def binding(measured: dict, cluster) -> float:
    """Energy that a cluster is below its parts, kcal/mol."""
    parts = sum(count * measured["molecules"][name]["energy"] for name, count in cluster.parts.items())
    return _KCAL * (parts - measured["clusters"][cluster.name]["energy"])


def clusters(model: dict, teacher: dict) -> str:
    """Binding energies and hydrogen bonds."""
    rows = []
    for cluster in CLUSTERS:
        a, b = binding(model, cluster), binding(teacher, cluster)
        energies = [number(each, 1) for each in (a, b, a - b, cluster.binding)]
        rows.append([cluster.name, "binding, kcal/mol", *energies])
        for each in cluster.coordinates:
            digits = 2 if len(each.atoms[0]) == 2 else 0
            unit = "Å" if digits else "°"
            mean = ", mean" if len(each.atoms) > 1 else ""
            a, b = (measured["clusters"][cluster.name]["coordinates"][each.label] for measured in (model, teacher))
            values = [number(value, digits) for value in (a, b, a - b, each.experiment)]
            rows.append(["", f"{each.label}{mean}, {unit}", *values])
    return table(["cluster", "", "model", "teacher", "difference", "literature"], rows, 2)


def barriers(model: dict, teacher: dict) -> str:
    """Energy of the proton in the middle above the lowest of the path."""
    rows = []
    for system, paths in model["proton_transfer"].items():
        for place, distance in enumerate(paths):
            values = []
            for measured in (model, teacher):
                energies = measured["proton_transfer"][system][distance]["energy"]
                values.append(_KCAL * (energies[0] - min(energies)))
            cells = [number(value, 1) for value in (*values, values[0] - values[1])]
            rows.append([_pretty(system) if place == 0 else "", distance, *cells])
    return table(["system", "O–O, Å", "model, kcal/mol", "teacher, kcal/mol", "difference"], rows)


def stretched(model: dict, teacher: dict) -> str:
    """How far the dissociation curves are apart at multiples of the bond's length."""
    rows = []
    for bond in model["dissociation"]:
        cells = []
        for factor in (1.3, 1.6, 2.0, 2.5, 3.0):
            values = [_relative(measured["dissociation"][bond], factor) for measured in (model, teacher)]
            cells.append(f"{number(values[0], 2)} / {number(values[1], 2)}")
        rows.append([bond, *cells])
    return table(["model / teacher, eV", "1.3 ×", "1.6 ×", "2.0 ×", "2.5 ×", "3.0 ×"], rows)


def _relative(path: dict, factor: float) -> float:
    least = min(path["energy"])
    length = path["length"][path["energy"].index(least)]
    nearest = min(range(len(path["length"])), key=lambda k: abs(path["length"][k] - factor * length))
    return path["energy"][nearest] - least


def errors(evaluation: dict) -> str:
    """Errors on structures of molecules that were not trained on, by class, and by charge and spin."""
    rows = []
    for name, each in evaluation["errors"].items():
        kind = name.removeprefix("kind ").replace(" -", " −")
        cells = [str(each["structures"]), number(each["energy_meV_per_atom"], 2), number(each["force_meV_per_A"], 1)]
        cells += [number(each["force_rms_meV_per_A"], 1), number(each["reference_force_rms_meV_per_A"], 0)]
        rows.append([kind, *cells, number(each["charge_me"], 1), number(each["dipole_meA"], 1)])
    head = ["structures", "number", "energy, meV/atom", "force, meV/Å", "RMS error", "RMS force", "charge, me"]
    return table([*head, "dipole, me Å"], rows)


def data(evaluation: dict) -> str:
    """How many structures each class and split has."""
    splits = evaluation["structures"]
    names = sorted({name for split in splits.values() for name in split})
    rows = [[name.removeprefix("kind "), *(str(split.get(name, 0)) for split in splits.values())] for name in names]
    return table(["class", *splits], rows)


def simulation(name: str, run: dict) -> list[str]:
    """A row of the table of simulations."""
    settings, water = run["settings"], run.get("water")
    drift = f"{number(run['energy_drift_mev_per_atom_per_100_ps'], 3)} ± {number(run['energy_drift_error'], 3)}"
    whole = "not looked at" if water is None else water["broken"] or "none"
    hops = "" if water is None else str(water["proton_hops"])
    return [
        f"{name}, {settings['timestep']} fs, {settings['device']}",
        number(run["picoseconds"], 1),
        number(run["temperature_k"], 0),
        drift,
        number(run["energy_noise_mev_per_atom"], 3),
        whole,
        hops,
    ]


def simulations(runs: list[dict]) -> str:
    """Energy and molecules in simulations at constant energy."""
    rows = [simulation(_system_of(run), run) for run in runs]
    head = ["system", "ps", "K", "drift, meV/atom in 100 ps", "noise, meV/atom", "broken molecules", "proton hops"]
    return table(head, rows)


def _system_of(run: dict) -> str:
    return {"H5O2": "Zundel cation", "H128O64": "64 water molecules"}.get(run["formula"], _pretty(run["formula"]))


def speed(bench: dict) -> str:
    """Time of an evaluation with both models, and the ratio."""
    rows = []
    for key in dict.fromkeys((row["device"], row["system"]) for row in bench["rows"]):
        times = {}
        for row in bench["rows"]:
            if (row["device"], row["system"]) == key:
                times.setdefault(row["model"], []).append(row["median_ms"])
        a, b = (min(times[name]) for name in ("model", "teacher"))
        rows.append([f"{key[0]}, {key[1]}", number(a, 2), number(b, 2), f"{number(b / a, 2)} ×"])
    return table(["device and system", "model, ms", "teacher, ms", "faster"], rows)


def _pretty(name: str) -> str:
    """A name, with small digits and signs if it is a chemical formula."""
    formula = _FORMULA.fullmatch(name)
    return name if formula is None else formula[1].translate(_SMALL) + (formula[2] or "")
