"""The optimiser for weight matrices."""

import unittest

import torch
from spookynet_training.optimiser import Optimiser
from support import teacher


class Steps(unittest.TestCase):
    def test_matrices_move_equally_far_in_all_directions_of_their_gradient(self):
        model = teacher().requires_grad_(True)
        # Matrices of this small a model are Adam's, but for one made large enough.
        model.output = torch.nn.Linear(24, 16, bias=False)
        optimiser = Optimiser(model)
        self.assertEqual([shape for shape in optimiser.matrices], [(16, 24)])
        before = model.output.weight.detach().clone()
        torch.manual_seed(1)
        # Directions whose gradients differ a hundredfold.
        model.output.weight.grad = torch.diag(torch.logspace(-2, 0, 16)) @ torch.randn(16, 24)
        optimiser.step(1.0)
        moved = torch.linalg.svdvals(before - model.output.weight.detach()) / (0.2 * 24**0.5)
        # The iteration leaves singular values between 0.7 and 1.2, small ones a little below.
        self.assertGreater(float(moved.min()), 0.4)
        self.assertLess(float(moved.max()), 1.25)


if __name__ == "__main__":
    unittest.main()
