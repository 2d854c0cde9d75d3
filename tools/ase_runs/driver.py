"""Drivers of this project under ASE, with the time and the memory that they take; for the scripts beside this file."""

import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ase.calculators.socketio import SocketIOCalculator
from ase.io import write

PROJECT = Path(__file__).resolve().parents[2]

_counter = itertools.count()


class Driver:
    """A calculator with a driver process of its own, which ends with it. Use as a context manager.

    Parameters
    ----------
    atoms : ase.Atoms
        Get the calculator; ``atoms.info`` may state ``charge`` and ``unpaired``.
    options : dict
        Options of ``./spookynet connect`` or ``serve`` and their values: ``model``, ``device``.
    way : "socket" or "serve"
        ASE's ``SocketIOCalculator`` with ``./spookynet connect``, or the calculator of ``adapters/python`` with
        ``./spookynet serve``.
    environment : dict, optional
        Additions to the environment of ``connect``.

    Attributes
    ----------
    first_forces : float
        Time from the start of the driver to its first forces, s; known after ``start``.
    """

    def __init__(self, atoms, options, way="socket", environment=None):
        self.atoms = atoms
        self.first_forces = float("nan")
        self._options = options
        self._way = way
        self._environment = {**os.environ, **(environment or {})}
        self._folder = tempfile.TemporaryDirectory(prefix="spookynet-ase-")
        self._log = Path(self._folder.name, "driver.log")
        self._pid = None

    def start(self):
        """Starts the driver, which computes the first forces."""
        if self._way == "serve":
            sys.path.insert(0, str(PROJECT / "adapters" / "python"))
            from spookynet import SpookyNet

            self.atoms.calc = SpookyNet(command=PROJECT / "spookynet", **self._options)
        else:
            name = f"spookynet-{os.getpid()}-{next(_counter)}"
            self.atoms.calc = SocketIOCalculator(unixsocket=name, timeout=600, launch_client=self._connect)
        started = time.perf_counter()
        self.atoms.get_forces()
        self.first_forces = time.perf_counter() - started
        if self._way == "serve":
            self._pid = self.atoms.calc._server._process.pid

    def memory(self):
        """Resident memory of the driver, MiB: now, and the most there was. NaN where the system has no ``/proc``."""
        try:
            lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
        except OSError:
            return float("nan"), float("nan")
        kibibytes = {line.split()[0]: line.split()[1] for line in lines if line.startswith(("VmRSS", "VmHWM"))}
        return int(kibibytes["VmRSS:"]) / 1024, int(kibibytes["VmHWM:"]) / 1024

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, *_):
        if kind is not None and self._log.exists():
            print(self._log.read_text().strip(), file=sys.stderr)
        if self.atoms.calc is not None:
            self.atoms.calc.close()
        self._folder.cleanup()

    def _connect(self, atoms, properties=None, port=None, unixsocket=None):
        template = Path(self._folder.name, "template.xyz")
        write(template, self.atoms.copy(), format="extxyz")
        command = [PROJECT / "spookynet", "connect", "--to", f"unix:{unixsocket}", "--template", template]
        for name, value in self._options.items():
            command += [f"--{name}", str(value)]
        with open(self._log, "wb") as log:
            process = subprocess.Popen(command, stderr=log, env=self._environment)
        # The launcher turns into the driver, which keeps its number.
        self._pid = process.pid
        return process
