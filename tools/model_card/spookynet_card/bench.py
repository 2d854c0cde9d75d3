"""Times a model and its teacher in turns with ``./spookynet bench``."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Callable

from .potential import PROJECT

#: How often the two take turns.
_ROUNDS = 3


def bench(
    model: Path, teacher: Path, devices: list[str], sizes: str, seconds: float, report: Callable[[str], None]
) -> dict:
    """Medians of evaluations of water clusters, ms.

    Parameters
    ----------
    sizes : str
        Atoms, ``3,21``.
    seconds : float
        How long each turn measures each size.

    Returns
    -------
    dict
        ``machine``, ``versions`` and ``date`` as ``bench`` says them, and ``rows``: ``device``, ``system``, ``model``
        (``model`` or ``teacher``) and ``median_ms``, a row for each turn.
    """
    found: dict = {"rows": []}
    for turn in range(_ROUNDS):
        files = [("model", model), ("teacher", teacher)]
        for name, file in files if turn % 2 == 0 else files[::-1]:
            for device in devices:
                report(f"turn {turn + 1} of {_ROUNDS}: {name} on {device}")
                command = [PROJECT / "spookynet", "bench", "--model", file, "--device", device, "--sizes", sizes]
                command += ["--seconds", str(seconds), "--json"]
                ended = subprocess.run(command, stdout=subprocess.PIPE, check=True)
                answer = json.loads(ended.stdout)
                found.update({key: answer[key] for key in ("date", "machine", "versions")})
                for system in answer["systems"]:
                    for each in system["devices"]:
                        row = {"device": each["device"], "system": f"{system['atoms']} atoms", "model": name}
                        found["rows"].append({**row, "median_ms": each["evaluation"]["median"]})
    return found
