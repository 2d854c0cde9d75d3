"""A long simulation at constant energy: does the energy stay, and do the driver's speed and memory?

ASE's velocity Verlet with this project's driver through ASE's socket; by default the Zundel cation of examples/. Writes a
line a block of steps to OUTPUT.csv while it runs, and a summary to OUTPUT.json at the end. Ctrl-C ends it early.

    python3 long_run.py --device cpu --steps 200000 --output results/zundel-cpu
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from ase import units
from ase.io import read
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary, ZeroRotation
from ase.md.verlet import VelocityVerlet

from driver import PROJECT, Driver

COLUMNS = "step,time_ps,energy_mev_per_atom,energy_noise_mev_per_atom,temperature_k,ms_per_step,driver_memory_mib"


def heat(atoms, temperature, seed):
    """Random momenta without motion or rotation of the whole.

    Half of their energy goes to the potential: they are those of twice the temperature, K, which is then about the mean.
    """
    MaxwellBoltzmannDistribution(atoms, temperature_K=temperature, rng=np.random.default_rng(seed))
    Stationary(atoms)
    ZeroRotation(atoms)
    atoms.set_momenta(atoms.get_momenta() * np.sqrt(2 * temperature / temperature_of(atoms)))


def temperature_of(atoms):
    """Temperature of a cluster that neither moves nor turns, K: that of 3N − 6 degrees of freedom."""
    return 2 * atoms.get_kinetic_energy() / ((3 * len(atoms) - 6) * units.kB)


def blocks(atoms, driver, timestep, steps, every):
    """Runs the simulation. Yields a row of COLUMNS for each block of steps: means, the energy's relative to the start."""
    dynamics = VelocityVerlet(atoms, timestep * units.fs)
    start = atoms.get_total_energy()
    for done in range(every, steps + 1, every):
        energies, temperatures, times = np.empty(every), np.empty(every), np.empty(every)
        for k in range(every):
            started = time.perf_counter()
            dynamics.step()
            times[k] = 1e3 * (time.perf_counter() - started)
            energies[k] = 1e3 * (atoms.get_total_energy() - start) / len(atoms)
            temperatures[k] = temperature_of(atoms)
        yield [
            done,
            done * timestep / 1000,
            energies.mean(),
            energies.std(),
            temperatures.mean(),
            float(np.median(times)),
            driver.memory()[0],
        ]


def summarise(rows, first_forces):
    """What came of it. Drift is the slope of a straight line through the blocks' mean energies."""
    step, picoseconds, energy, noise, temperature, milliseconds, memory = np.array(rows).T
    slope, offset = np.polyfit(picoseconds, energy, 1)
    residual = energy - (slope * picoseconds + offset)
    # As if the blocks' means were independent: slow exchange of energy between modes makes it larger in short runs.
    error = np.sqrt(residual.var(ddof=2) / ((picoseconds - picoseconds.mean()) ** 2).sum())
    tenth = max(1, len(rows) // 10)
    return {
        "steps": int(step[-1]),
        "picoseconds": picoseconds[-1],
        "temperature_k": temperature.mean(),
        "energy_drift_mev_per_atom_per_100_ps": 100 * slope,
        "energy_drift_error": 100 * error,
        "energy_noise_mev_per_atom": float(np.sqrt((noise**2).mean())),
        "energy_range_of_blocks_mev_per_atom": energy.max() - energy.min(),
        "ms_per_step_first_tenth": float(np.median(milliseconds[:tenth])),
        "ms_per_step_last_tenth": float(np.median(milliseconds[-tenth:])),
        "memory_mib_after_first_tenth": memory[tenth - 1],
        "memory_mib_at_end": memory[-1],
        "memory_mib_most": memory.max(),
        "first_forces_s": first_forces,
    }


def main():
    zundel = PROJECT / "examples" / "ase" / "zundel-md" / "zundel.xyz"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, metavar="PATH", help="without .csv and .json")
    parser.add_argument("--device", default="auto", help="of the driver (default: %(default)s)")
    parser.add_argument("--model", default="published", metavar="FILE|NAME", help="(default: %(default)s)")
    parser.add_argument("--structure", default=zundel, metavar="FILE", help="xyz with charge=Q (default: Zundel cation)")
    parser.add_argument("--steps", type=int, default=200_000, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--every", type=int, default=200, metavar="N", help="steps of a block (default: %(default)s)")
    parser.add_argument("--timestep", type=float, default=0.5, metavar="FS", help="(default: %(default)s)")
    parser.add_argument("--temperature", type=float, default=300, metavar="K", help="about the mean (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the velocities (default: %(default)s)")
    parser.add_argument("--way", choices=["socket", "serve"], default="socket", help="see compare_pytorch.py")
    arguments = parser.parse_args()
    if arguments.steps < 3 * arguments.every:
        parser.error(f"expected at least three blocks of --every {arguments.every} steps but found --steps {arguments.steps}")

    atoms = read(arguments.structure)
    heat(atoms, arguments.temperature, arguments.seed)
    output = Path(arguments.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    options = {"model": arguments.model, "device": arguments.device}
    rows = []
    with Driver(atoms, options, arguments.way) as driver, open(f"{output}.csv", "w") as table:
        print(COLUMNS, file=table)
        try:
            for row in blocks(atoms, driver, arguments.timestep, arguments.steps, arguments.every):
                rows.append(row)
                print(",".join(f"{value:.6g}" for value in row), file=table, flush=True)
                if sys.stderr.isatty():
                    print(f"\r{row[0]} of {arguments.steps} steps, {row[5]:.2f} ms each ", end="", file=sys.stderr)
        except KeyboardInterrupt:
            if len(rows) < 3:
                raise
        if sys.stderr.isatty():
            print(file=sys.stderr)
    settings = {name: str(value) for name, value in vars(arguments).items() if name != "output"}
    summary = {"date": time.strftime("%Y-%m-%d"), "settings": settings, **summarise(rows, driver.first_forces)}
    Path(f"{output}.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
