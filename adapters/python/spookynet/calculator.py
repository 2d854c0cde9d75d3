"""ASE calculator: SpookyNet energies, forces and stresses from a server that it starts or joins."""

from __future__ import annotations

import os
import sys
import warnings

import numpy as np
from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes

from .client import Client
from .electrons import check_electrons, electrons_of, unpaired_of
from .errors import ServerLost
from .server import Server

#: The quantity of the protocol behind each of ASE's properties.
_QUANTITY_OF = {
    "energy": None,
    "free_energy": None,
    "forces": "forces",
    "stress": "virial",
    "charges": "charges",
    "dipole": "dipole",
    "energies": "energies",
    "hessian": "hessian",
}

#: xx, yy, zz, yz, xz, xy of a 3×3 matrix in rows.
_VOIGT = [0, 4, 8, 5, 2, 1]

#: Options of the published calculator, and of ASE's, that change nothing here, with the reason.
_INEFFECTIVE = {
    "use_gpu": "the server takes a GPU where there is one, see device=",
    "dtype": "the server computes in float32, and in float64 with device='cpu'",
    "skin": "the server keeps its own neighbour lists",
    "restart": "nothing is written to files",
    "ignore_bad_restart_file": "nothing is written to files",
    "label": "nothing is written to files",
    "directory": "nothing is written to files",
}


class SpookyNet(Calculator):
    """SpookyNet on WebGPU, as an ASE calculator.

    With its first calculation it starts ``spookynet serve``, or joins a running one (``address``). All calculators of a
    process with the same model, device and cutoff share one server, and it ends with the last one that is closed, at
    the latest with the process. The calculator may be used as a context manager, copied, pickled, and taken over a
    fork; a child process joins its parent's server as long as there is one.

    Atoms, cell, periodicity, charge and spin may all change from one call to the next.

    Parameters
    ----------
    model : str or path, optional
        Model file (``.pth`` or ``.safetensors``), or the name of one of ``spookynet models``; default: the built-in model.
        ``load_from`` is the published calculator's name for it.
    charge : float, optional
        Total charge, e. Default: what ``atoms.info["charge"]`` says, else the sum of the initial charges, else 0.
    unpaired : int, optional
        Number of unpaired electrons: singlet 0, doublet 1, triplet 2. ``magmom`` is the published calculator's name for
        it; ``multiplicity``, one more, may be given instead. Default: ``unpaired``, ``magmom`` or ``multiplicity`` of
        ``atoms.info``, else the sum of the initial magnetic moments, else 0. A bare ``spin`` there is refused.
    address : str, optional
        A running server, ``unix:/full/path`` or ``tcp:HOST:PORT``, which then decides about model, device and cutoff.
    device : {'auto', 'gpu', 'software', 'cpu'}, optional
        Where to compute: the first there is of a GPU, a software Vulkan driver, and the CPU in float64.
    lr_cutoff : float, optional
        Cutoff of electrostatics and dispersion, Å. Default: the model's. Periodic structures need one.
    timeout : float, optional
        How long to wait for a result, s.
    command : str, path or sequence of str, optional
        The ``spookynet`` program; see ``spookynet.find_command``.
    token : str, optional
        What a server beyond loopback asks for; default: SPOOKYNET_TOKEN. ASE does not write it to files.
    check_electrons : bool, optional
        Whether charge and spin that no number of electrons can have are refused; default true.
    strict : bool, optional
        Whether structures outside what the model was trained on are refused, as ``ServerError`` with code 6; default
        false: they are computed, with a warning. A server that is joined (``address``) has decided about it, and keeps
        its warnings to itself.
    atoms : ase.Atoms, optional
        Gets this calculator.
    **others
        The published calculator's ``use_gpu``, ``dtype`` and ``skin`` are accepted with a warning: they change nothing.

    Notes
    -----
    Results, as ASE has them: ``energy`` and ``free_energy``, eV, which are the same; ``forces`` (N, 3), eV/Å; ``stress``
    (6,), +∂E/∂ε / V in the order xx, yy, zz, yz, xz, xy, eV/Å³, for structures that repeat along three directions;
    ``charges`` (N,), e; ``dipole`` (3,), Σ q R about the coordinates' origin, e Å; ``energies`` (N,), each atom's share of
    the energy, eV; ``hessian`` (3N, 3N), eV/Å². What has been asked for once is computed with every structure from then
    on, except the Hessian, so that a step of constant-pressure dynamics is one request.

    Raises
    ------
    TypeError, ValueError
        For options that do not exist or contradict each other.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from spookynet import SpookyNet
    >>> with SpookyNet(charge=0) as calculator:         # doctest: +SKIP
    ...     ethanol = molecule("CH3CH2OH", calculator=calculator)
    ...     ethanol.get_forces()
    """

    implemented_properties = list(_QUANTITY_OF)

    default_parameters = dict(
        model=None,
        charge=None,
        unpaired=None,
        address=None,
        device=None,
        lr_cutoff=None,
        timeout=600.0,
        command=None,
        check_electrons=True,
        strict=False,
    )

    discard_results_on_any_change = True

    def __init__(self, model=None, charge=None, unpaired=None, *, token=None, atoms=None, **others):
        self._client = None
        self._server = None
        #: Process and address of a server that another process started.
        self._joined = None
        self._electrons = None
        self._asked = {"forces"}
        self._token = token
        self.calc_hessian = False
        given = {"model": model, "charge": charge, "unpaired": unpaired}
        others.update({name: value for name, value in given.items() if value is not None})
        Calculator.__init__(self, atoms=atoms, **_understood(others))

    def set(self, **options):
        """Changes options of the constructor, by name; results are discarded if that changes anything.

        Returns
        -------
        dict
            The options that changed.
        """
        options = _understood(options)
        _check_options({**self.parameters, **options}, self.default_parameters)
        changed = Calculator.set(self, **options)
        if set(changed) - {"charge", "unpaired"}:
            self._disconnect(stop=True)
        return changed

    def electrons(self, atoms):
        """Total charge, e, and number of unpaired electrons that ``atoms`` are computed with.

        Raises
        ------
        ValueError
            If they are said ambiguously, or if no number of electrons can have them.
        """
        charge, unpaired = electrons_of(atoms, self.parameters["charge"], self.parameters["unpaired"])
        if self.parameters["check_electrons"]:
            check_electrons(atoms.numbers, charge, unpaired)
        return charge, unpaired

    def check_state(self, atoms, tol=1e-15):
        """What has changed since the last calculation, charge and spin included (as ``info``)."""
        changes = Calculator.check_state(self, atoms, tol)
        if not changes and self._electrons != self.electrons(atoms):
            changes = ["info"]
        return changes

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        """Computes properties, as ASE asks for them; see the class for shapes and units."""
        atoms = self.atoms if atoms is None else atoms
        if atoms is None:
            raise ValueError("Expected atoms but found none: give them, or set atoms.calc and ask the atoms")
        properties = set(properties)
        self._asked |= properties - {"hessian"}
        wanted = properties | self._asked | ({"hessian"} if self.calc_hessian else set())
        if "stress" not in properties and not all(atoms.pbc):
            wanted.discard("stress")
        # Nothing is kept of a calculation that fails.
        results = self.compute_many([atoms], wanted)[0]
        self.atoms = atoms.copy()
        self._electrons = self.electrons(atoms)
        self.results = results if system_changes else {**self.results, **results}

    def compute_many(self, images, properties=("energy", "forces")):
        """Computes many structures at once; those of the same atoms, charge, spin and periodicity in one request.

        Parameters
        ----------
        images : sequence of ase.Atoms
            They need no calculator, and get none.
        properties : iterable of str
            Some of ``implemented_properties``; the energy is always there.

        Returns
        -------
        list of dict
            For each image ``energy``, ``free_energy`` and the properties asked for; see the class for shapes and units.

        Raises
        ------
        ase.calculators.calculator.PropertyNotImplementedError
            For a property that there is not, or a stress of atoms that do not repeat along three directions.
        ValueError
            For an impossible charge or spin, or coordinates that are not finite.
        spookynet.SpookyNetError
            If the server can not be started or reached, refuses the structure, or does not answer in time.
        """
        images = list(images)
        unknown = set(properties) - set(_QUANTITY_OF)
        if unknown:
            raise PropertyNotImplementedError(f"Expected one of {', '.join(_QUANTITY_OF)} but found {', '.join(unknown)}")
        if "stress" in properties and not all(all(image.pbc) for image in images):
            raise PropertyNotImplementedError(
                "Expected atoms that repeat along three directions for a stress but found others: set atoms.pbc and cell"
            )
        quantities = {_QUANTITY_OF[name] for name in properties} - {None}
        groups = {}
        for at, image in enumerate(images):
            key = (image.numbers.tobytes(), self.electrons(image), tuple(image.pbc.tolist()))
            groups.setdefault(key, []).append(at)
        results = [None] * len(images)
        for (_, electrons, periodic), places in groups.items():
            members = [images[at] for at in places]
            arrays = self._compute(members, electrons, periodic, quantities)
            for row, at in enumerate(places):
                results[at] = _properties(arrays, row, images[at])
        for line in self._server.warnings() if self._server is not None else []:
            warnings.warn(line, stacklevel=2)
        return results

    def get_hessian(self, atoms):
        """Second derivatives of the energy, computed by the server as one request.

        Parameters
        ----------
        atoms : ase.Atoms

        Returns
        -------
        ndarray, shape (3N, 3N)
            ∂²E/∂R∂R, eV/Å², rows and columns x, y, z of the first atom first: what
            ``ase.vibrations.VibrationsData.from_2d`` takes.
        """
        return self.compute_many([atoms], ["hessian"])[0]["hessian"]

    @property
    def server_address(self):
        """Address of the server, which is started or joined now if it has not been: others may join it there."""
        return self._connected().address

    def close(self):
        """Closes the connection, and ends the server if no other calculator of this process uses it.

        The calculator can be used again, which starts another server.
        """
        self._disconnect(stop=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        # A server that is left by garbage, not by close, is the next calculator's; nobody's ends by itself.
        if not sys.is_finalizing() and hasattr(self, "_client"):
            self._disconnect(stop=False)

    def __getstate__(self):
        state = self.__dict__.copy()
        if self._server is not None:
            state["_joined"] = (os.getpid(), self._server.address)
        state.update(_client=None, _server=None)
        return state

    def get_spin_polarized(self):
        """Whether spin densities are computed: they are not."""
        return False

    def set_to_hessian_calculation(self):
        """Computes ``results["hessian"]`` with everything else from now on, as the published calculator does."""
        self.calc_hessian = True
        self.reset()

    def set_to_gradient_calculation(self):
        """Ends ``set_to_hessian_calculation``."""
        self.calc_hessian = False

    def clear_restart_file(self):
        """Does nothing: there are no such files. The published calculator has it, too."""

    def _compute(self, images, electrons, periodic, quantities):
        client = self._connected()
        try:
            client.set_system(images[0].numbers, *electrons)
            positions = np.array([image.positions for image in images])
            cells = np.array([image.cell.array for image in images]) if any(periodic) else None
            return client.compute(positions, quantities, cells, periodic)
        except ServerLost as error:
            words = self._server.obituary() if self._server is not None else ""
            self._disconnect(stop=False)
            if words:
                raise ServerLost(f"{error}; {words}") from error
            raise

    def _connected(self):
        server = self._server
        if server is not None and not server.is_own():
            self._joined = (None, server.address)
            self._disconnect(stop=False)
        elif self._client is not None and (server is None or server.is_running()):
            return self._client
        self._disconnect(stop=False)
        self._client = self._open()
        return self._client

    def _open(self):
        options = self.parameters
        if options["address"] is not None:
            return Client(options["address"], self._token, options["timeout"], "ASE")
        if self._joined is not None and self._joined[0] != os.getpid():
            try:
                return Client(self._joined[1], None, options["timeout"], "ASE")
            except ServerLost:
                self._joined = None
        self._server = Server.shared(
            options["model"],
            options["device"],
            options["lr_cutoff"],
            options["command"],
            options["check_electrons"],
            options["strict"],
        )
        return Client(self._server.address, None, options["timeout"], "ASE")

    def _disconnect(self, stop):
        client, self._client = self._client, None
        server, self._server = self._server, None
        if client is not None:
            client.close()
        if server is not None:
            server.release(stop)


#: The name of the published calculator, so that a script changes one import at most.
SpookyNetCalculator = SpookyNet


def _understood(options):
    """Options under the names they have here, without those that change nothing."""
    options = dict(options)
    for name in [name for name in options if name in _INEFFECTIVE]:
        del options[name]
        warnings.warn(f"{name} has no effect: {_INEFFECTIVE[name]}", UserWarning, stacklevel=3)
    if "load_from" in options:
        load_from = options.pop("load_from")
        if isinstance(load_from, (list, tuple)):
            raise ValueError(
                f"Expected one model for load_from but found {len(load_from)}: make a calculator of each, and average"
            )
        if options.setdefault("model", load_from) != load_from:
            raise ValueError(f"Expected either model or load_from but found {options['model']} and {load_from}")
    ways = {name: options.pop(name) for name in ("unpaired", "magmom", "multiplicity") if name in options}
    if ways:
        options["unpaired"] = unpaired_of(**ways)
    if options.get("model") is not None:
        options["model"] = os.fspath(options["model"])
    return options


def _check_options(options, known):
    unknown = set(options) - set(known)
    if unknown:
        raise TypeError(f"Expected options of {', '.join(known)} but found {', '.join(sorted(unknown))}")
    decided = [name for name in ("model", "device", "lr_cutoff", "command") if options[name] is not None]
    decided += ["strict"] if options["strict"] else []
    if options["address"] is not None and decided:
        raise ValueError(
            f"Expected either address or {', '.join(decided)} but found both: a running server has decided about them"
        )


def _properties(arrays, row, atoms):
    energy = float(arrays["energy"][row])
    results = {"energy": energy, "free_energy": energy}
    for name, quantity in _QUANTITY_OF.items():
        if quantity not in arrays:
            continue
        value = arrays[quantity][row]
        results[name] = -value.reshape(9)[_VOIGT] / atoms.get_volume() if name == "stress" else value
    return results
