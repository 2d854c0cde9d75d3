"""Times molecular dynamics with the published PyTorch code and with this project's driver, in turns in one run.

Both get the same structures and momenta and do the same steps of ASE's velocity Verlet (0.5 fs): the published calculator
in this process, the driver through ASE's socket as a user has it. Needs ASE, PyTorch and a copy of the published code
(github.com/OUnke/SpookyNet); on Debian python3-ase and python3-torch will do, scikit-learn can be missing.

    python3 compare_pytorch.py --spookynet-code ~/SpookyNet --checkpoint published.pth --json results.json
"""

import argparse
import contextlib
import functools
import importlib.util
import json
import os
import platform
import sys
import tempfile
import time
import types
import warnings
from pathlib import Path

import ase
import numpy as np
from ase import Atoms, units
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet

from driver import Driver

#: In how many turns the steps of each calculator come.
ROUNDS = 6

#: Uncounted time of each calculator at the beginning, as a share of the counted: both compile what they find hot.
WARM_UP = 0.3

#: Uncounted steps at the beginning of each turn: the other calculators had the caches, and threads had gone to sleep or left.
SETTLING = 3

#: Fewest counted steps of a turn.
FEWEST = 3

#: Most that energies (an atom, eV) and forces (eV/Å) of the same positions may differ: both are float32 at best.
LARGEST_DIFFERENCES = (1e-4, 1e-3)


def water_cluster(atoms):
    """The water molecules on a lattice that ``./spookynet bench`` measures."""
    molecules = atoms // 3
    side = round(molecules ** (1 / 3) + 0.499999)
    positions = []
    for m in range(molecules):
        centre = 3.1 * np.array([m % side, m // side % side, m // side**2])
        x, y = 0.76 * np.cos(0.7 * m), 0.76 * np.sin(0.7 * m)
        positions += [centre, centre + [x, y, 0.59], centre + [-x, -y, 0.59]]
    return Atoms("OHH" * molecules, np.array(positions))


class Published:
    """The published calculator, loaded from a folder without installing it."""

    def __init__(self, folder, checkpoint):
        started = time.perf_counter()
        import torch

        self._torch = torch
        self.versions = f"PyTorch {torch.__version__}"
        if torch.cuda.is_available():
            self.versions += f", {torch.cuda.get_device_name()}"
        if importlib.util.find_spec("sklearn") is None:
            # Only clusters with a long-range cutoff need it.
            sys.modules["sklearn"] = types.ModuleType("sklearn")
            sys.modules["sklearn.neighbors"] = types.ModuleType("sklearn.neighbors")
            sys.modules["sklearn.neighbors"].BallTree = None
        package = Path(folder, "spookynet")
        # Under another name, for the ASE adapter of this project is a package "spookynet", too.
        spec = importlib.util.spec_from_file_location(
            "published_spookynet", package / "__init__.py", submodule_search_locations=[str(package)]
        )
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        self._calculator = module.SpookyNetCalculator
        self._checkpoint = checkpoint
        # ASE's, of what the published calculator passes to it.
        warnings.filterwarnings("ignore", category=FutureWarning, module="ase")
        self.import_seconds = time.perf_counter() - started

    def use_threads(self, count):
        """Has PyTorch compute with so many threads from now on."""
        self._torch.set_num_threads(count)

    def calculator(self):
        """A new calculator of neutral singlets."""
        return self._calculator(load_from=self._checkpoint, charge=0, magmom=0)


class Candidate:
    """A calculator in a simulation of its own. ``prepare`` is called before each of its turns."""

    def __init__(self, name, atoms, prepare=lambda: None):
        self.name = name
        self.atoms = atoms
        self._prepare = prepare
        self.energy = atoms.get_potential_energy() / len(atoms)
        self.forces = atoms.get_forces()
        self.milliseconds = []
        self._dynamics = VelocityVerlet(atoms, 0.5 * units.fs)

    def step(self):
        """Time of one step, ms."""
        started = time.perf_counter()
        self._dynamics.step()
        return 1e3 * (time.perf_counter() - started)

    def warm_up(self, seconds):
        """Steps for so long, three at least. Returns what the quickest took, ms."""
        self._prepare()
        times = []
        while len(times) < 3 or sum(times) < 1e3 * seconds:
            times.append(self.step())
        return min(times)

    def run(self, steps):
        """Steps that count; before them some that do not."""
        self._prepare()
        for _ in range(SETTLING):
            self.step()
        self.milliseconds += [self.step() for _ in range(steps)]


def measure(atoms, published, devices, arguments):
    """One size with all calculators. Returns a list of rows, the published code's first, for each number of threads."""
    rng = np.random.default_rng(1)
    MaxwellBoltzmannDistribution(atoms, temperature_K=300, rng=rng)
    with contextlib.ExitStack() as stack:
        candidates, drivers, first_forces = [], [], []
        for threads in arguments.threads:
            own = atoms.copy()
            started = time.perf_counter()
            own.calc = published.calculator()
            name = f"published, {threads} thread{'s' if threads > 1 else ''}"
            candidates.append(Candidate(name, own, functools.partial(published.use_threads, threads)))
            drivers.append(None)
            first_forces.append(published.import_seconds + time.perf_counter() - started)
        for device in devices:
            options = {"model": arguments.checkpoint, "device": device}
            drivers.append(stack.enter_context(Driver(atoms.copy(), options, arguments.way)))
            first_forces.append(drivers[-1].first_forces)
            candidates.append(Candidate(device, drivers[-1].atoms))
        slowest = max(candidate.warm_up(WARM_UP * arguments.seconds) for candidate in candidates)
        steps = int(np.clip(1e3 * arguments.seconds / ROUNDS / slowest, FEWEST, 200))
        for turn in range(ROUNDS):
            for candidate in candidates if turn % 2 == 0 else candidates[::-1]:
                candidate.run(steps)
        rows = []
        fastest = min(np.median(candidate.milliseconds) for candidate in candidates[: len(arguments.threads)])
        for candidate, driver, seconds in zip(candidates, drivers, first_forces):
            lower, median, upper = np.quantile(candidate.milliseconds, [0.25, 0.5, 0.75])
            rows.append(
                {
                    "atoms": len(atoms),
                    "calculator": candidate.name,
                    "least_ms": min(candidate.milliseconds),
                    "median_ms": median,
                    "lower_quartile_ms": lower,
                    "upper_quartile_ms": upper,
                    "steps": len(candidate.milliseconds),
                    "speed_up": fastest / median,
                    "first_forces_s": seconds,
                    "peak_memory_mib": None if driver is None else driver.memory()[1],
                    "energy_difference_ev_per_atom": abs(candidate.energy - candidates[0].energy),
                    "force_difference_ev_per_angstrom": float(np.abs(candidate.forces - candidates[0].forces).max()),
                }
            )
    return rows


def cold_start(atoms, device, checkpoint):
    """Time to the first forces when neither Deno nor the Vulkan driver has anything in its caches, s."""
    with tempfile.TemporaryDirectory() as folder:
        caches = {name: f"{folder}/{name}" for name in ("DENO_DIR", "MESA_SHADER_CACHE_DIR", "XDG_CACHE_HOME")}
        with Driver(atoms.copy(), {"model": checkpoint, "device": device}, environment=caches) as driver:
            return driver.first_forces


def show(row):
    """A row of the table."""
    peak = row["peak_memory_mib"]
    print(
        f"{row['atoms']:5}  {row['calculator']:20} {row['median_ms']:9.2f}  "
        f"{row['lower_quartile_ms']:8.2f} – {row['upper_quartile_ms']:<8.2f} {row['steps']:5}  {row['speed_up']:7.2f}×  "
        f"{row['first_forces_s']:8.2f}  {'' if peak is None else f'{peak:.0f}':>5}  "
        f"{row['energy_difference_ev_per_atom']:8.1e}  {row['force_difference_ev_per_angstrom']:8.1e}",
        flush=True,
    )


def words(text):
    """A list with commas."""
    return [word.strip() for word in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spookynet-code", required=True, metavar="FOLDER", help="a copy of github.com/OUnke/SpookyNet")
    parser.add_argument("--checkpoint", required=True, metavar="FILE", help="the model, .pth, for both")
    parser.add_argument("--devices", default="software,cpu", metavar="A,B", help="of the driver (default: %(default)s)")
    parser.add_argument("--sizes", default="3,21,63,192,513", metavar="N,N", help="atoms (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=6, help="for each calculator and size (default: %(default)s)")
    parser.add_argument(
        "--threads",
        default=",".join(str(count) for count in sorted({1, len(os.sched_getaffinity(0))})),
        metavar="N,N",
        help="of PyTorch, each measured by itself; speed-ups refer to the fastest (default: %(default)s)",
    )
    parser.add_argument(
        "--way",
        choices=["socket", "serve"],
        default="socket",
        help="ASE's SocketIOCalculator and a driver, or this project's own ASE calculator (default: %(default)s)",
    )
    parser.add_argument("--json", metavar="FILE", help="also write everything there")
    arguments = parser.parse_args()

    arguments.checkpoint = str(Path(arguments.checkpoint).resolve())
    published = Published(arguments.spookynet_code, arguments.checkpoint)
    devices = words(arguments.devices)
    arguments.threads = [int(word) for word in words(arguments.threads)]
    sizes = [int(word) for word in words(arguments.sizes)]
    report = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {platform.system()} {platform.release()}",
        "versions": f"{published.versions}, ASE {ase.__version__}, Python {platform.python_version()}",
        "way": arguments.way,
        "cold_start_s": {device: cold_start(water_cluster(sizes[0]), device, arguments.checkpoint) for device in devices},
        "rows": [],
    }
    print(f"{report['date']}, {report['machine']}, {report['versions']}")
    for device, seconds in report["cold_start_s"].items():
        print(f"first forces of {device} with empty caches: {seconds:.2f} s")
    print("atoms  calculator             ms/step          quartiles   steps  speed-up  first, s    MiB  dE/atom   dF (eV, Å)", flush=True)
    for size in sizes:
        for row in measure(water_cluster(size), published, devices, arguments):
            report["rows"].append(row)
            show(row)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(report, indent=2) + "\n")
    energy, force = LARGEST_DIFFERENCES
    for row in report["rows"]:
        if row["energy_difference_ev_per_atom"] > energy or row["force_difference_ev_per_angstrom"] > force:
            sys.exit(f"Expected energies and forces to agree but found a difference with {row['atoms']} atoms")


if __name__ == "__main__":
    main()
