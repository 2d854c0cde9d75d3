"""SpookyNet in a LAMMPS that Python runs, or that runs Python: ``fix external`` served by ``spookynet serve``.

Needs LAMMPS' Python module, NumPy and the package ``spookynet`` of ``adapters/python``; units metal and real, one MPI rank.
"""

import os
import sys
import traceback

import numpy as np
from spookynet import Client, Server

#: One eV in LAMMPS' unit of energy; its unit of length is Å in both.
_ENERGY_UNITS = {"metal": 1.0, "real": 23.060549}

#: Style of an atom-style variable in LAMMPS' Python module.
_ATOM_STYLE = 1


class ModelForces:
    """Serves a ``fix ID group external pf/callback 1 1`` of a LAMMPS with energy, forces and virial.

    Parameters
    ----------
    lmp : lammps.lammps
        Has the fix already.
    elements : sequence of int
        Atomic number of each atom type, type 1 first.
    fix_id, group : str
        The fix's ID and group: the model is given the group's atoms, and acts on them.
    charge : float
        Total charge of the group's atoms, e.
    unpaired : int
        Number of unpaired electrons.
    address : str, optional
        A running server, ``unix:/path`` or ``tcp:HOST:PORT``; without it one is started.
    exits : bool
        What an error does: end the process with code 1, for a stand-alone ``lmp``; or, the default, stop the run and be
        raised by ``check`` and at the end of ``with``.
    **server
        ``model``, ``device``, ``lr_cutoff``, ... of ``spookynet.Server``.

    Raises
    ------
    ValueError
        For other units, and on more than one MPI rank.
    """

    def __init__(
        self, lmp, elements, fix_id="spookynet", group="all", charge=0, unpaired=0, address=None, exits=False, **server
    ):
        units = lmp.extract_global("units")
        if units not in _ENERGY_UNITS:
            raise ValueError(f"Expected units metal or real but found units {units}")
        if lmp.extract_setting("world_size") > 1:
            raise ValueError("Expected LAMMPS on one MPI rank but found more: the model needs all atoms")
        self.error = None
        self.evaluations = 0
        self._lmp, self._fix_id, self._group, self._exits = lmp, fix_id, group, exits
        self._unit = _ENERGY_UNITS[units]
        self._elements = np.asarray(elements)
        self._electrons = charge, unpaired
        self._numbers = np.empty(0, int)
        if group != "all":
            lmp.command(f"variable spookynet_group atom gmask({group})")
        self._server = None if address else Server(**server)
        try:
            self._client = Client(address or self._server.address, name="lammps")
        except BaseException:
            self.close()
            raise
        lmp.set_fix_external_callback(fix_id, self._callback, lmp)

    def check(self):
        """Raises the error that stopped LAMMPS, if there was one."""
        if self.error is not None:
            raise self.error

    def close(self):
        """Ends the server, where one was started."""
        if self._server is not None:
            self._server.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close()
        if kind is None:
            self.check()

    def _callback(self, lmp, step, count, ids, positions, forces):
        # An exception cannot pass through LAMMPS; it would go on with old forces.
        energy, virial = 0.0, np.zeros((3, 3))
        forces[:] = 0
        try:
            if self.error is None:
                energy, virial = self._compute(count, ids, positions, forces)
        except Exception as error:
            self._fail(error)
        lmp.fix_external_set_energy_global(self._fix_id, energy)
        order = virial[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]  # xx yy zz xy xz yz
        lmp.fix_external_set_virial_global(self._fix_id, [float(element) for element in order])

    def _compute(self, count, ids, positions, forces):
        lmp = self._lmp
        if count != lmp.get_natoms():
            raise ValueError(f"Expected all of LAMMPS' {lmp.get_natoms():g} atoms but found {count}: some left the box")
        members = np.arange(count)
        if self._group != "all":
            mask = lmp.extract_variable("spookynet_group", "all", _ATOM_STYLE)
            members = members[np.array(mask[:count]) != 0]
        order = members[np.argsort(np.ravel(ids)[members])]
        self._set_system(np.ravel(lmp.numpy.extract_atom("type"))[order])
        low, high, xy, yz, xz, periodic, _ = lmp.extract_box()
        a, b, c = np.subtract(high, low)
        cells = [[[a, 0, 0], [xy, b, 0], [xz, yz, c]]] if any(periodic) else None
        result = self._client.compute([positions[order]], ["forces", "virial"], cells, [bool(axis) for axis in periodic])
        forces[order] = self._unit * result["forces"][0]
        self.evaluations += 1
        return self._unit * float(result["energy"][0]), self._unit * result["virial"][0]

    def _set_system(self, types):
        if types.max() > len(self._elements):
            raise ValueError(f"Expected the elements of types 1 to {types.max()} but found {len(self._elements)}")
        numbers = self._elements[types - 1]
        if not np.array_equal(numbers, self._numbers):
            self._numbers = numbers
            self._client.set_system(numbers, *self._electrons)

    def _fail(self, error):
        if self._exits:
            traceback.print_exception(type(error), error, error.__traceback__, limit=0)
            sys.stderr.flush()
            self.close()
            os._exit(1)
        self.error = error
        self._lmp.lib.lammps_force_timeout(self._lmp.lmp)
