"""Makes a droplet of water in equilibrium, for long_run.py: the same one for the same model, device and seed.

Molecules on a lattice as dense as the liquid, those nearest to the centre, turned at random; then a short optimisation
and Langevin dynamics. Writes extended XYZ with momenta.

    python3 water_droplet.py --model model.safetensors --output results/droplet.xyz
    python3 long_run.py --model model.safetensors --structure results/droplet.xyz --keep-momenta --check-water \\
        --device cpu --steps 200000 --output results/droplet
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.io import write
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary, ZeroRotation
from ase.optimize import FIRE

from driver import Driver
from whole_water import WholeWater

#: Edge of the cube that a molecule has in water of 0.997 g/cm³, Å.
SPACING = 3.107

_WATER = np.array([[0, 0, 0], [0.958, 0, 0], [-0.24, 0.927, 0]])


def droplet(molecules, rng):
    """Water molecules on the points of a cubic lattice that are nearest to a place between them, turned at random."""
    half = int(np.ceil(molecules ** (1 / 3)))
    grid = np.stack(np.meshgrid(*[np.arange(-half, half + 1)] * 3, indexing="ij"), -1).reshape(-1, 3) + 0.5
    # Sorted by place, too, where distances are equal: in the same order on every machine.
    order = np.lexsort((*grid.T, np.round((grid**2).sum(1), 9)))
    places = SPACING * grid[order[:molecules]]
    positions = []
    for place in places:
        rotation, upper = np.linalg.qr(rng.normal(size=(3, 3)))
        rotation = rotation * np.sign(np.diag(upper))
        rotation[:, 0] *= np.sign(np.linalg.det(rotation))
        positions.append(_WATER @ rotation.T + place)
    return Atoms("OHH" * molecules, np.vstack(positions), info={"charge": 0, "unpaired": 0})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, metavar="FILE.xyz")
    parser.add_argument("--molecules", type=int, default=64, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--device", default="auto", help="of the driver (default: %(default)s)")
    parser.add_argument("--model", default="published", metavar="FILE|NAME", help="(default: %(default)s)")
    parser.add_argument("--picoseconds", type=float, default=5, metavar="PS", help="of Langevin (default: %(default)s)")
    parser.add_argument("--temperature", type=float, default=300, metavar="K", help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of turns, velocities and noise (default: %(default)s)")
    arguments = parser.parse_args()

    rng = np.random.default_rng(arguments.seed)
    atoms = droplet(arguments.molecules, rng)
    water = WholeWater(atoms)
    with Driver(atoms, {"model": arguments.model, "device": arguments.device}):
        FIRE(atoms, logfile=None).run(fmax=0.3, steps=200)
        MaxwellBoltzmannDistribution(atoms, temperature_K=arguments.temperature, rng=rng)
        friction = 0.02 / units.fs
        dynamics = Langevin(atoms, 0.5 * units.fs, temperature_K=arguments.temperature, friction=friction, rng=rng)
        steps = round(arguments.picoseconds * 2000)
        for done in range(0, steps, 100):
            dynamics.run(min(100, steps - done))
            broken = water.why_broken(atoms)
            if broken:
                sys.exit(f"Expected whole water molecules but found, {done / 2000:.2f} ps in, that {broken}")
            if sys.stderr.isatty() or done % 1000 == 0:
                end = "" if sys.stderr.isatty() else "\n"
                words = f"\r{done} of {steps} steps, {atoms.get_temperature():.0f} K "
                print(words, end=end, file=sys.stderr, flush=True)
        Stationary(atoms)
        ZeroRotation(atoms)
        Path(arguments.output).parent.mkdir(parents=True, exist_ok=True)
        kept = Atoms(atoms.symbols, atoms.positions, momenta=atoms.get_momenta(), info=atoms.info)
        write(arguments.output, kept, format="extxyz")
    print(f"{arguments.output}: {arguments.molecules} molecules, {kept.get_temperature():.0f} K")


if __name__ == "__main__":
    main()
