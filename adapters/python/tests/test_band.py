"""Bands of images that are computed together."""

import unittest

import numpy as np
from ase.build import molecule
from ase.optimize import BFGS
from fake import FakeServerTest
from spookynet import batch_images

try:
    from ase.mep import NEB
except ImportError:  # ASE 3.22
    from ase.neb import NEB


def band():
    """Five images of ammonia that turns inside out, displaced so that no force vanishes by symmetry."""
    images = [molecule("NH3") for _ in range(5)]
    images[-1].positions[0] += [0, 0, -0.6]
    NEB(images, method="improvedtangent").interpolate()
    for at, image in enumerate(images):
        image.rattle(0.02, seed=at)
    return images


class Bands(FakeServerTest):
    def test_all_images_of_a_step_are_one_request(self):
        images = batch_images(band(), self.calculator())
        neb = NEB(images, climb=True, method="improvedtangent")
        neb.get_forces()
        self.assertEqual(self.requests(), [5])
        neb.get_forces()
        self.assertEqual(self.requests(), [])
        BFGS(neb, logfile=None).run(fmax=0, steps=3)
        # The end points stay, and so do their results.
        self.assertEqual(self.requests(), [3, 3, 3])

    def test_forces_are_those_of_calculators_of_their_own(self):
        batched, single = band(), band()
        batch_images(batched, self.calculator())
        for image in single:
            image.calc = self.calculator()
        forces = [NEB(images, method="improvedtangent").get_forces() for images in (batched, single)]
        np.testing.assert_allclose(*forces, rtol=1e-14, atol=1e-15)

    def test_charge_in_info_counts_for_each_image(self):
        images = batch_images(band(), self.calculator())
        neutral = images[1].get_potential_energy()
        images[1].info["charge"] = 2
        self.assertAlmostEqual(images[1].get_potential_energy() - neutral, 0.5, 12)
        self.assertEqual(self.requests(), [5, 1])


if __name__ == "__main__":
    unittest.main()
