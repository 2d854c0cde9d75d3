"""SpookyNet as an external force of LAMMPS: the Python half, which needs nothing but Python.

In a script for LAMMPS with its PYTHON package (Debian's)::

    fix spookynet all external pf/callback 1 1
    python spookynet input 2 SELF "elements=O,H address=unix:/path" format ps file spookynet_attach.py
    python spookynet invoke

In a program with LAMMPS' Python module::

    from spookynet_attach import spookynet
    spookynet(lmp, "elements=O,H address=unix:/path")

Python is not called again: each step goes from LAMMPS to the library and back.
"""

import ctypes
import os

_library_path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "spookynetplugin.so")


def spookynet(lammps, options, fix="spookynet"):
    """Serves a ``fix ID group external pf/callback`` of LAMMPS from now on.

    Parameters
    ----------
    lammps : lammps.lammps or capsule
        LAMMPS, as its Python module or its ``python`` command gives it.
    options : str
        Words ``name=value``, see spookynet_lammps.h: elements, address, charge, unpaired, ...
    fix : str
        ID of the fix.

    Raises
    ------
    RuntimeError
        Where LAMMPS or the options are not such that the fix can be served.
    """
    library = ctypes.CDLL(_library_path)
    library.spk_lammps_attach.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
    library.spk_lammps_message.restype = ctypes.c_char_p
    if library.spk_lammps_attach(_pointer(lammps), fix.encode(), options.encode()) != 0:
        raise RuntimeError(library.spk_lammps_message().decode())


def _pointer(lammps):
    if hasattr(lammps, "lmp"):
        return lammps.lmp
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype = ctypes.c_void_p
    get.argtypes = [ctypes.py_object, ctypes.c_char_p]
    return get(lammps, None)
