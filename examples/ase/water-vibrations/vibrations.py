"""Normal modes of water with ASE; options of the driver may follow (--model FILE, --device cpu, ...)."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ase.build import molecule
from ase.calculators.socketio import SocketIOCalculator
from ase.optimize import BFGS
from ase.vibrations import Vibrations

spookynet = Path(__file__).resolve().parents[3] / "spookynet"


def start_driver(atoms, properties=None, port=None, unixsocket=None):
    elements = ",".join(atoms.get_chemical_symbols())
    command = [spookynet, "connect", "--to", f"unix:{unixsocket}", "--elements", elements]
    return subprocess.Popen(command + sys.argv[1:])


atoms = molecule("H2O")
with (
    SocketIOCalculator(unixsocket=f"water-{os.getpid()}", launch_client=start_driver) as calculator,
    tempfile.TemporaryDirectory() as cache,
):
    atoms.calc = calculator
    BFGS(atoms, logfile=None).run(fmax=0.001, steps=100)
    vibrations = Vibrations(atoms, name=f"{cache}/vibrations")
    vibrations.run()
    for name, frequency in zip(["bend", "symmetric stretch", "asymmetric stretch"], vibrations.get_frequencies()[-3:]):
        print(f"{name:20}{frequency.real:7.0f} cm-1")
