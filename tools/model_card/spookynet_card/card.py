"""The card: the template with the tables in their places."""

from __future__ import annotations

import json
import re
from pathlib import Path

from . import sections
from .markdown import number, table, wrapped

_TEMPLATE = Path(__file__).with_name("template.md")

_MISSING = "Not measured for this card."


def card(about: dict, model: dict, teacher: dict, extras: dict, folder: str) -> str:
    """The text of a model card.

    Parameters
    ----------
    about : dict
        Of ``describe``.
    model, teacher : dict
        Of ``measure``.
    extras : dict
        ``evaluation`` of the training tool, ``simulations``, a list of summaries of ``long_run.py``, ``bench``, and
        ``logs``, the lines of the log of each stage of the training; each may be missing.
    folder : str
        Of the figures, relative to the card.
    """
    near = sections.verdict(model, teacher)
    far = f"{near.near} of {near.near + len(near.far)}; the others: {', '.join(near.far)}" if near.far else "all of them"
    evaluation, logs = extras.get("evaluation"), extras.get("logs")
    values = {
        "name": about["name"],
        "facts": _facts(about),
        "folder": folder,
        "geometries": sections.geometries(model, teacher),
        "near": far,
        "lengths": number(sections.NEAR[0], 2),
        "angles": number(sections.NEAR[1], 0),
        "minima": _minima(model, teacher),
        "vibrations": sections.vibrations(model, teacher),
        "clusters": sections.clusters(model, teacher),
        "barriers": sections.barriers(model, teacher),
        "stretched": sections.stretched(model, teacher),
        "errors": sections.errors(evaluation) if evaluation else _MISSING,
        "data": sections.data(evaluation) if evaluation else _MISSING,
        "training": _training(logs) if logs else "",
        "simulations": sections.simulations(extras["simulations"]) if extras.get("simulations") else _MISSING,
        "speed": _speed(extras["bench"]) if extras.get("bench") else _MISSING,
    }
    text = re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], _TEMPLATE.read_text(encoding="utf-8"))
    return wrapped(re.sub(r"\n{3,}", "\n\n", text).strip()) + "\n"


def _facts(about: dict) -> str:
    settings, domain = about["hyperparameters"], about.get("domain", {})

    def span(name: str) -> str:
        low, high = domain[name]
        return f"{number(low, 0)} to {number(high, 0)}"

    rows = [
        ["network", f"SpookyNet, {settings['num_features']} features, {settings['num_modules']} modules"],
        ["local cutoff", f"{settings['cutoff']:.2f} Å; all pairs for electrostatics and D4 dispersion"],
        ["size", f"{about['bytes'] / 1e6:.2f} MB, {about['parameters']} numbers, float32"],
    ]
    if "elements" in domain:
        rows.append(["elements", ", ".join(domain["elements"])])
    spans = (("charge", "charge, e"), ("unpaired", "unpaired electrons"))
    rows += [[words, span(name)] for name, words in spans if name in domain]
    if "training_structures" in about:
        rows.append(["trained on", f"{about['training_structures']} structures"])
    rows += [[words, about[key]] for key, words in (("taught_by", "taught by"), ("licence", "licence")) if key in about]
    return table(["", ""], rows, 2)


def _minima(model: dict, teacher: dict) -> str:
    names = {"the model": sections.not_minima(model), "the teacher": sections.not_minima(teacher)}
    parts = [f"of {whose} {', '.join(found)}" for whose, found in names.items() if found]
    return f"No minimum was found {' and '.join(parts)}." if parts else "All are minima of both."


def _training(logs: list[list[dict]]) -> str:
    last = [log[-1] for log in logs]
    epochs = " and ".join(str(line["epoch"]) for line in last)
    hours = sum(line["seconds"] for line in last) / 3600
    valid = last[-1]["valid"]["all"]
    return (
        f"Training took {epochs} epochs in {hours:.1f} h; in the end the errors on the molecules held out for validation "
        f"were {valid['force_meV_per_A']:.0f} meV/Å and {valid['energy_meV_per_atom']:.1f} meV/atom."
    )


def _speed(bench: dict) -> str:
    machine, versions = bench["machine"], bench["versions"]
    mesa = f", Mesa {versions['mesa']}" if versions.get("mesa") else ""
    words = (
        f"Energy, forces and virial of clusters of water; medians, the best of three turns each. {machine['processor']}, "
        f"{machine['processors']} cores, {machine['system']}, Deno {versions['deno']}{mesa}, {bench['date']}."
    )
    return f"{words}\n\n{sections.speed(bench)}"


def read_log(path: Path) -> list[dict]:
    """The lines of a training's log."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
