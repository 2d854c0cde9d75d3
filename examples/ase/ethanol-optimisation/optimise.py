"""Optimises the geometry of ethanol with ASE; options of the driver may follow (--model FILE, --device cpu, ...)."""

import os
import subprocess
import sys
from pathlib import Path

from ase.build import molecule
from ase.calculators.socketio import SocketIOCalculator
from ase.optimize import BFGS

spookynet = Path(__file__).resolve().parents[3] / "spookynet"


def start_driver(atoms, properties=None, port=None, unixsocket=None):
    elements = ",".join(atoms.get_chemical_symbols())
    command = [spookynet, "connect", "--to", f"unix:{unixsocket}", "--elements", elements]
    return subprocess.Popen(command + sys.argv[1:])


atoms = molecule("CH3CH2OH")
with SocketIOCalculator(unixsocket=f"ethanol-{os.getpid()}", launch_client=start_driver) as calculator:
    atoms.calc = calculator
    print(f"energy before  {atoms.get_potential_energy():9.4f} eV")
    BFGS(atoms, logfile=None).run(fmax=0.01, steps=100)
    print(f"energy after   {atoms.get_potential_energy():9.4f} eV")
    for bond, first, second in [("C-C", 0, 1), ("C-O", 1, 2), ("O-H", 2, 3)]:
        print(f"{bond} bond       {atoms.get_distance(first, second):9.3f} Å")
