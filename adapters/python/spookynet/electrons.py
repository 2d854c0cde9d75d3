"""Total charge and number of unpaired electrons of ASE's ``Atoms``."""

from __future__ import annotations

import numpy as np

#: How far a sum of initial charges or magnetic moments may be from a whole number: they are often rounded.
_ROUNDING = 0.01


def electrons_of(atoms, charge=None, unpaired=None):
    """Total charge and number of unpaired electrons.

    What is given as an argument counts; else what ``atoms.info`` says under ``charge`` and ``unpaired``, ``magmom`` (the
    published code's name for it) or ``multiplicity`` (one more), in any case; else the sums of the initial charges and
    of the initial magnetic moments; else 0.

    Parameters
    ----------
    atoms : ase.Atoms
    charge : float, optional
        Total charge, e.
    unpaired : int, optional
        Number of unpaired electrons: singlet 0, doublet 1, triplet 2.

    Returns
    -------
    charge : float
        Total charge, e.
    unpaired : int
        Number of unpaired electrons.

    Raises
    ------
    ValueError
        If a value is not a number that charge or spin can have, if two ways of saying the same disagree, and for a bare
        ``spin``, which may be S, 2S or 2S + 1.
    """
    info = atoms.info
    if info and (charge is None or unpaired is None):
        told_charge, told_unpaired = _told(info, charge is None, unpaired is None)
        charge = told_charge if charge is None else charge
        unpaired = told_unpaired if unpaired is None else unpaired
    if charge is None:
        charge = _whole_sum(atoms, "initial_charges", "charge=") if atoms.has("initial_charges") else 0
    if unpaired is None:
        unpaired = abs(_whole_sum(atoms, "initial_magmoms", "unpaired=")) if atoms.has("initial_magmoms") else 0
    return _number("charge", charge), _count("unpaired", unpaired)


def check_electrons(numbers, charge, unpaired):
    """Checks that ΣZ − charge electrons can have this many unpaired ones.

    Raises
    ------
    ValueError
        If not; the message has the nearest number that they can have.
    """
    protons = int(np.sum(numbers))
    electrons = protons - charge
    advice = "see charge= and unpaired=, or give check_electrons=False to compute it anyway"
    if electrons < 0 or electrons != int(electrons):
        raise ValueError(f"Expected a whole charge of at most {protons} e but found {charge:g}; {advice}")
    if unpaired > electrons or (electrons - unpaired) % 2:
        parity = "an odd" if electrons % 2 else "an even"
        raise ValueError(
            f"Expected {parity} number of unpaired electrons, at most {electrons:g}, for {electrons:g} electrons "
            f"({protons} protons, charge {charge:g}) but found {unpaired}; {advice}"
        )


def unpaired_of(unpaired=None, magmom=None, multiplicity=None):
    """Number of unpaired electrons, however it is said; None if it is not.

    Raises
    ------
    ValueError
        If a value is no such number, or if two of them disagree.
    """
    found = None
    for name, value in (("unpaired", unpaired), ("magmom", magmom), ("multiplicity", multiplicity)):
        if value is None:
            continue
        count = _count(name, value) - (name == "multiplicity")
        if count < 0 or found not in (None, count):
            raise ValueError(
                f"Expected one number of unpaired electrons, 0 or more, but found {name} {value}"
                + ("" if found is None else f" besides {found} unpaired electrons")
            )
        found = count
    return found


def _told(info, needs_charge, needs_unpaired):
    keys = {key.lower(): value for key, value in info.items() if isinstance(key, str)}
    charge = keys.get("charge") if needs_charge else None
    if not needs_unpaired:
        return charge, None
    unpaired = unpaired_of(keys.get("unpaired"), keys.get("magmom"), keys.get("multiplicity"))
    if unpaired is None and "spin" in keys:
        raise ValueError(
            "Expected unpaired or multiplicity in atoms.info but found a bare spin, which is ambiguous (S, 2S or 2S+1): "
            "rename it, or give unpaired="
        )
    return charge, unpaired


def _whole_sum(atoms, name, option):
    values = atoms.get_array(name)
    if values.ndim != 1:
        raise ValueError(f"Expected {name} with one number for each atom but found shape {values.shape}: give {option}")
    total = float(values.sum())
    if not abs(total - round(total)) <= _ROUNDING:
        raise ValueError(f"Expected {name} with a whole sum but found {total:g}: give {option}")
    return round(total)


def _number(name, value):
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise ValueError(f"Expected a finite number for {name} but found {value!r}")
    return number


def _count(name, value):
    number = _number(name, value)
    if number < 0 or number != int(number):
        raise ValueError(f"Expected a whole number of 0 or more for {name} but found {value!r}")
    return int(number)
