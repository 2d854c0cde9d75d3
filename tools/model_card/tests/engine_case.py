"""The project's engine as the model card asks it: usage: engine_case.py MODEL DEVICE. Writes JSON."""

import json
import sys

import numpy as np
from ase.build import molecule

from spookynet_card.minimum import minimise
from spookynet_card.potential import Potential

with Potential(sys.argv[1], sys.argv[2]) as potential:
    water = molecule("H2O")
    water.info = {"charge": 1, "unpaired": 1}
    found = potential.attach(water)
    hessian = potential.hessian(water)
    step = 1e-4
    moved = []
    for sign in (1, -1):
        image = water.copy()
        image.positions[1, 1] += sign * step
        moved.append(potential.attach(image).get_forces().ravel())
    print(
        json.dumps(
            {
                "energy": found.get_potential_energy(),
                "energies": potential.energies([water, water]).tolist(),
                # Row of y of the first hydrogen.
                "hessian_error": float(np.abs(hessian[4] + (moved[0] - moved[1]) / (2 * step)).max()),
                "lower": minimise(potential, water, steps=3).energy < found.get_potential_energy(),
            }
        )
    )
