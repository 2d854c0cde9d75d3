"""Everything that is measured of one model: plain numbers that JSON can keep."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Callable

from ase import Atoms

from .clusters import CLUSTERS
from .curves import BONDS, OXYGEN_DISTANCES, dissociation, proton_transfer, separation
from .internal import coordinate
from .minimum import Minimum, minimise
from .molecules import MOLECULES, Coordinate
from .potential import Potential
from .vibrations import frequencies

#: Changes when the same model would give other measurements.
VERSION = 1


def measured(model: Path, device: str, file: Path, report: Callable[[str], None]) -> dict:
    """Measurements of a model: those in ``file`` if they are of the same bytes and version, else new ones, kept there."""
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    if file.exists():
        found = json.loads(file.read_text(encoding="utf-8"))
        if (found["sha256"], found["version"]) == (digest, VERSION):
            report(f"{model.name}: measured before, {file}")
            return found
    with Potential(model, device) as potential:
        found = {"sha256": digest, "bytes": model.stat().st_size, "version": VERSION, **measure(potential, report)}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_lines(found, 2) + "\n", encoding="utf-8")
    return json.loads(file.read_text(encoding="utf-8"))


def measure(potential, report: Callable[[str], None], molecules=MOLECULES, clusters=CLUSTERS) -> dict:
    """Measures a potential; ``report`` gets a line for each part.

    Returns
    -------
    dict
        ``molecules`` and ``clusters`` by name, ``proton_transfer`` by system and distance of the oxygens,
        ``dissociation`` by bond, ``separation`` of two waters. Å, degrees, eV, cm⁻¹.
    """
    found: dict = {"molecules": {}, "clusters": {}}
    for molecule in molecules:
        report(f"molecule {molecule.name}")
        minimum = minimise(potential, molecule.start)
        found["molecules"][molecule.name] = {
            **_kept(minimum, molecule.coordinates),
            "frequencies": _rounded(frequencies(minimum.atoms, potential.hessian(minimum.atoms)), 2),
        }
    for cluster in clusters:
        report(f"cluster {cluster.name}")
        found["clusters"][cluster.name] = _kept(minimise(potential, cluster.start, 1000), cluster.coordinates)
    found["proton_transfer"] = {}
    for system, hydrogens in (("H5O2+", 2), ("H3O2−", 1)):
        for distance in OXYGEN_DISTANCES:
            report(f"proton transfer in {system}, oxygens {distance} Å apart")
            path = proton_transfer(potential, distance, hydrogens)
            found["proton_transfer"].setdefault(system, {})[str(distance)] = _curve(path)
    report("dissociation")
    found["dissociation"] = {bond: _curve(dissociation(potential, bond)) for bond in BONDS}
    found["separation"] = _curve(separation(potential))
    return found


def structure_of(kept: dict) -> Atoms:
    """The atoms of a molecule or cluster in the measurements."""
    return Atoms(kept["symbols"], kept["positions"])


def _lines(value, depth: int) -> str:
    """JSON with a line for each molecule, cluster and curve."""
    if depth == 0 or not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    entries = [f"{json.dumps(key, ensure_ascii=False)}: {_lines(each, depth - 1)}" for key, each in value.items()]
    return "{\n" + ",\n".join(entries) + "\n}"


def _kept(minimum: Minimum, coordinates: tuple[Coordinate, ...]) -> dict:
    positions = minimum.atoms.positions
    return {
        "symbols": minimum.atoms.get_chemical_symbols(),
        "positions": [_rounded(row, 5) for row in positions],
        "energy": round(minimum.energy, 6),
        "converged": minimum.converged,
        "coordinates": {
            each.label: _mean([coordinate(positions, atoms) for atoms in each.atoms]) for each in coordinates
        },
    }


def _curve(columns: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: _rounded(column, 5) for name, column in columns.items()}


def _rounded(values, digits: int) -> list[float]:
    # Adding zero makes 0 of −0.
    return [round(float(value), digits) + 0.0 for value in values]


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 5)
