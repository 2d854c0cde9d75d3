"""The figures of a card: the model's curves beside its teacher's."""

from __future__ import annotations

from pathlib import Path

from ase import units

from .figure import Line, Panel, write_figure

_KCAL = units.mol / units.kcal


def write_figures(model: dict, teacher: dict, folder: Path) -> None:
    """Writes ``proton-transfer.svg``, ``dissociation.svg`` and ``water-dimer.svg`` of two models' measurements."""
    panels = [_proton_transfer(system, model, teacher) for system in model["proton_transfer"]]
    write_figure(panels, folder / "proton-transfer.svg")
    write_figure([_dissociation(bond, model, teacher) for bond in model["dissociation"]], folder / "dissociation.svg")
    write_figure([_separation(model, teacher)], folder / "water-dimer.svg")


def _proton_transfer(system: str, model: dict, teacher: dict) -> Panel:
    lines = []
    for colour, distance in enumerate(model["proton_transfer"][system]):
        for dashed, measured in ((False, model), (True, teacher)):
            path = measured["proton_transfer"][system][distance]
            least = min(path["energy"])
            half = [(shift, _KCAL * (energy - least)) for shift, energy in zip(path["shift"], path["energy"])]
            points = [(-shift, energy) for shift, energy in half[:0:-1]] + half
            label = "" if dashed else f"{distance} Å"
            lines.append(Line(label, *map(list, zip(*points)), colour=colour, dashed=dashed))
    title = f"{system} at fixed O–O distances, teacher dashed"
    return Panel(title, "proton from the middle, Å", "energy, kcal/mol", lines, (-0.5, 16))


def _dissociation(bond: str, model: dict, teacher: dict) -> Panel:
    lines = []
    for dashed, measured in ((False, model), (True, teacher)):
        path = measured["dissociation"][bond]
        least = min(path["energy"])
        label = "teacher" if dashed else "model"
        lines.append(Line(label, path["length"], [energy - least for energy in path["energy"]], int(dashed), dashed))
    return Panel(f"{bond}, singlet", "bond length, Å", "energy, eV", lines, (-0.3, 8))


def _separation(model: dict, teacher: dict) -> Panel:
    lines = []
    for dashed, measured in ((False, model), (True, teacher)):
        path = measured["separation"]
        energies = [_KCAL * energy for energy in path["energy"]]
        lines.append(Line("teacher" if dashed else "model", path["distance"], energies, int(dashed), dashed))
    return Panel("two rigid waters", "O–O distance, Å", "energy, kcal/mol", lines, (-6, 6))
