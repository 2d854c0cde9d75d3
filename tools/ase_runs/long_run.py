"""A long simulation at constant energy: does the energy stay, and do the driver's speed and memory?

ASE's velocity Verlet with this project's driver through ASE's socket; by default the Zundel cation of examples/. Writes a
line a block of steps to OUTPUT.csv while it runs, and a summary to OUTPUT.json at the end. Ctrl-C ends it early, with the
summary of what there is; with --resume the same command goes on from OUTPUT.npz, where that run, or a killed one, was
at the end of its last block.

    python3 long_run.py --device cpu --steps 200000 --output results/zundel-cpu

With --check-water it looks after every tenth step whether a molecule of water has broken, and stops with an error if so.
water_droplet.py makes a droplet to begin with.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from ase import units
from ase.io import read
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary, ZeroRotation
from ase.md.verlet import VelocityVerlet

from driver import PROJECT, Driver
from whole_water import WholeWater

COLUMNS = "step,time_ps,energy_mev_per_atom,energy_noise_mev_per_atom,temperature_k,ms_per_step,driver_memory_mib"

#: Steps from one look at the water molecules to the next: 5 fs, half a period of the O–H vibration.
WATER_EVERY = 10


class Broken(Exception):
    """A molecule that had to stay whole did not."""


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


def blocks(atoms, driver, timestep, done, steps, every, start, water):
    """Runs the simulation from step ``done`` on. Yields a row of COLUMNS for each block of steps: means, the energy
    relative to ``start``, eV."""
    dynamics = VelocityVerlet(atoms, timestep * units.fs)
    for end in range(done + every, steps + 1, every):
        energies, temperatures, times = np.empty(every), np.empty(every), np.empty(every)
        for k in range(every):
            started = time.perf_counter()
            dynamics.step()
            times[k] = 1e3 * (time.perf_counter() - started)
            energies[k] = 1e3 * (atoms.get_total_energy() - start) / len(atoms)
            temperatures[k] = temperature_of(atoms)
            if water is not None and k % WATER_EVERY == 0:
                why = water.why_broken(atoms)
                if why:
                    raise Broken(f"{(end - every + k + 1) * timestep / 1000:.3f} ps in, {why}")
        yield [
            end,
            end * timestep / 1000,
            energies.mean(),
            energies.std(),
            temperatures.mean(),
            float(np.median(times)),
            driver.memory()[0],
        ]


def save(path, atoms, **values):
    """Keeps positions, Å, momenta, ASE's units, and other numbers; what was kept before stays until it is replaced."""
    with open(f"{path}.new", "wb") as file:
        np.savez(file, positions=atoms.positions, momenta=atoms.get_momenta(), **values)
    os.replace(f"{path}.new", path)


def rows_until(table, step):
    """The blocks of an earlier run up to a step."""
    lines = Path(table).read_text().splitlines()[1:]
    rows = [[float(value) for value in line.split(",")] for line in lines if line.count(",") == COLUMNS.count(",")]
    return [row for row in rows if row[0] <= step]


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
    parser.add_argument("--keep-momenta", action="store_true", help="those of the structure, instead of random ones")
    parser.add_argument("--check-water", action="store_true", help="stop if a water molecule breaks; protons may hop")
    parser.add_argument("--resume", action="store_true", help="go on with an earlier run, if there is one")
    arguments = parser.parse_args()
    if arguments.steps < 3 * arguments.every:
        parser.error(f"expected at least three blocks of --every {arguments.every} steps but found --steps {arguments.steps}")

    atoms = read(arguments.structure)
    if arguments.keep_momenta and not atoms.has("momenta"):
        parser.error(f"expected momenta in {arguments.structure} for --keep-momenta but found none")
    output = Path(arguments.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    state, table = f"{output}.npz", f"{output}.csv"
    try:
        water = WholeWater(atoms) if arguments.check_water else None
    except ValueError as error:
        sys.exit(str(error))
    done, start, rows = 0, None, []
    if arguments.resume and Path(state).exists():
        kept = np.load(state)
        atoms.set_positions(kept["positions"])
        atoms.set_momenta(kept["momenta"])
        done, start, rows = int(kept["done"]), float(kept["start"]), rows_until(table, int(kept["done"]))
        if water is not None:
            why = water.why_broken(atoms)
            if why:
                sys.exit(f"Expected whole water molecules in {state} but found that {why}")
            water.hops, water.farthest = int(kept["hops"]), max(water.farthest, float(kept["farthest"]))
        print(f"going on from step {done}", file=sys.stderr)
    elif not arguments.keep_momenta:
        heat(atoms, arguments.temperature, arguments.seed)
    options = {"model": arguments.model, "device": arguments.device}
    broken = None
    with Driver(atoms, options, arguments.way) as driver, open(table, "w") as file:
        start = atoms.get_total_energy() if start is None else start
        print(COLUMNS, file=file)
        for row in rows:
            print(",".join(f"{value:.6g}" for value in row), file=file)
        try:
            for row in blocks(atoms, driver, arguments.timestep, done, arguments.steps, arguments.every, start, water):
                rows.append(row)
                print(",".join(f"{value:.6g}" for value in row), file=file, flush=True)
                looked = {} if water is None else {"hops": water.hops, "farthest": water.farthest}
                save(state, atoms, done=row[0], start=start, **looked)
                if sys.stderr.isatty():
                    print(f"\r{row[0]} of {arguments.steps} steps, {row[5]:.2f} ms each ", end="", file=sys.stderr)
        except KeyboardInterrupt:
            if len(rows) < 3:
                raise
        except Broken as error:
            broken = str(error)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    settings = {name: str(value) for name, value in vars(arguments).items() if name not in ("output", "resume")}
    summary = {
        "date": time.strftime("%Y-%m-%d"),
        "settings": settings,
        "atoms": len(atoms),
        "formula": atoms.get_chemical_formula(),
        **(summarise(rows, driver.first_forces) if len(rows) >= 3 else {}),
    }
    if water is not None:
        summary["water"] = {
            "broken": broken,
            "proton_hops": water.hops,
            "farthest_hydrogen_angstrom": water.farthest,
        }
    Path(f"{output}.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(json.dumps(summary, indent=2))
    if broken:
        sys.exit(f"Expected whole water molecules but found, {broken}")


if __name__ == "__main__":
    main()
