"""Prints as JSON how long a step of 100 atoms takes, in ms, with a server that computes nothing: calculator and client.

The server's own time is in it; it is a Python program, and takes some 0.1 ms.
"""

import json
import time

import numpy as np
from ase import Atoms
from fake import COMMAND
from spookynet import SpookyNet


def milliseconds(step, count=1000):
    """Median and lower quartile: other programs' work only adds."""
    times = []
    for _ in range(count):
        started = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - started))
    return {"median": float(np.median(times)), "quartile": float(np.quantile(times, 0.25))}


def main():
    positions = 10 * np.random.default_rng(1).random((100, 3))
    with SpookyNet(model="nothing", command=COMMAND) as calculator:
        atoms = Atoms("C100", positions, calculator=calculator)

        def step():
            atoms.positions[0, 0] += 1e-3
            atoms.get_forces()
            atoms.get_potential_energy()

        step()
        client = calculator._client
        print(
            json.dumps({"calculator": milliseconds(step), "client": milliseconds(lambda: client.compute(positions[None]))})
        )


if __name__ == "__main__":
    main()
