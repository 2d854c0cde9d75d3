"""Molecular dynamics of the Zundel cation with ASE; options of the driver may follow (--model FILE, --device cpu, ...)."""

import os
import subprocess
import sys
from pathlib import Path

import numpy
from ase import units
from ase.calculators.socketio import SocketIOCalculator
from ase.io import read
from ase.md.velocitydistribution import Stationary
from ase.md.verlet import VelocityVerlet

spookynet = Path(__file__).resolve().parents[3] / "spookynet"
zundel = Path(__file__).with_name("zundel.xyz")


def start_driver(atoms, properties=None, port=None, unixsocket=None):
    command = [spookynet, "connect", "--to", f"unix:{unixsocket}", "--template", zundel]
    return subprocess.Popen(command + sys.argv[1:])


atoms = read(zundel)
momenta = numpy.random.default_rng(3).normal(size=(len(atoms), 3))
atoms.set_momenta(momenta * numpy.sqrt(atoms.get_masses()[:, None] * units.kB * 300))
Stationary(atoms)
with SocketIOCalculator(unixsocket=f"zundel-{os.getpid()}", launch_client=start_driver) as calculator:
    atoms.calc = calculator
    dynamics = VelocityVerlet(atoms, timestep=0.5 * units.fs)
    start = atoms.get_total_energy()
    print("time / fs   temperature / K   energy change / meV")
    for step in range(0, 201, 50):
        if step > 0:
            dynamics.run(50)
        change = 1000 * (atoms.get_total_energy() - start)
        print(f"{step / 2:9.1f}   {atoms.get_temperature():15.0f}   {change:19.2f}")
