"""A water dimer, minimised by LAMMPS from Python: PYTHONPATH=../../python python3 dimer.py"""

import sys

from lammps import lammps
from model_forces import ModelForces

lmp = lammps(cmdargs=["-log", "none", "-screen", "none"])
lmp.commands_string("units metal\nboundary f f f\nread_data ../examples/water.data\nfix spookynet all external pf/callback 1 1")
lmp.command("fix_modify spookynet energy yes virial yes")
with ModelForces(lmp, elements=[8, 1], model=sys.argv[1] if len(sys.argv) > 1 else None) as forces:
    lmp.command("run 0")
    forces.check()
    print(f"start   {lmp.get_thermo('pe'):.4f} eV")
    lmp.command("minimize 0 1e-3 200 1000")
    forces.check()
    print(f"minimum {lmp.get_thermo('pe'):.4f} eV")
