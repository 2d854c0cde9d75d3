"""Images of a band, or other structures that move together, computed in one request."""

from __future__ import annotations

from ase.calculators.calculator import Calculator, all_changes

from .calculator import SpookyNet


def batch_images(images, calculator):
    """Gives every image a calculator that computes all images of the band at once.

    As soon as one of them is asked for something that it does not have, all those whose atoms have changed are computed
    in one request: a step of ``ase.mep.NEB`` is one request, whatever its options. The images need no
    ``allow_shared_calculator``.

    Parameters
    ----------
    images : sequence of ase.Atoms
        The band, in any order; end points included.
    calculator : SpookyNet
        Computes. It stays the caller's, who closes it.

    Returns
    -------
    list of ase.Atoms
        The images.

    Examples
    --------
    >>> with SpookyNet() as calculator:                             # doctest: +SKIP
    ...     band = NEB(batch_images(images, calculator), climb=True)
    ...     BFGS(band).run(fmax=0.05)
    """
    band = list(images)
    for image in band:
        image.calc = _BatchedImage(band, calculator)
    return band


class _BatchedImage(Calculator):
    """Calculator of one image of a band."""

    implemented_properties = SpookyNet.implemented_properties

    def __init__(self, band, calculator):
        Calculator.__init__(self)
        self._band = band
        self._calculator = calculator
        self._electrons = None

    def check_state(self, atoms, tol=1e-15):
        changes = Calculator.check_state(self, atoms, tol)
        if not changes and self._electrons != self._calculator.electrons(atoms):
            changes = ["info"]
        return changes

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        atoms = self.atoms if atoms is None else atoms
        calculators = [self]
        images = [atoms]
        for image in self._band:
            other = image.calc
            if other is not self and isinstance(other, _BatchedImage) and other._band is self._band:
                if other.check_state(image):
                    calculators.append(other)
                    images.append(image)
        wanted = {"forces", *properties}
        for calculator, image, results in zip(calculators, images, self._calculator.compute_many(images, wanted)):
            calculator.atoms = image.copy()
            calculator.results = results
            calculator._electrons = self._calculator.electrons(image)

    def get_spin_polarized(self):
        return False
