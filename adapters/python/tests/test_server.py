"""Servers that this process starts: shared, joined from other processes, and gone when nobody needs them."""

import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
import unittest

from ase.build import molecule
from fake import COMMAND, FakeServerTest
from fake_server import springs
from spookynet import Client, ServerError, ServerLost, ServerStartError, ServerTimeout, SpookyNet, find_command


def energy(calculator):
    """Energy of methane: it goes to processes, so it stands here."""
    return molecule("CH4", calculator=calculator).get_potential_energy()


METHANE = springs(molecule("CH4").numbers, 0, 0, molecule("CH4").positions)[0]


def socket_exists(address):
    return os.path.exists(address.partition(":")[2])


class Sharing(FakeServerTest):
    def test_calculators_of_one_model_share_a_server_until_the_last_is_closed(self):
        first, second = self.calculator(), self.calculator(charge=0)
        self.assertEqual(energy(first), energy(second))
        self.assertEqual(self.starts(), 1)
        address = second.server_address
        folder = os.path.dirname(address.partition(":")[2])
        self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700)
        first.close()
        self.assertEqual(energy(second), METHANE)
        second.close()
        self.assertFalse(os.path.exists(folder))
        with self.assertRaises(ServerLost):
            Client(address)

    def test_other_options_need_another_server(self):
        servers = [self.calculator(**options) for options in ({}, {"lr_cutoff": 6}, {"strict": True})]
        self.assertEqual(len({calculator.server_address for calculator in servers}), 3)

    def test_a_calculator_that_is_only_dropped_leaves_its_server_to_the_next(self):
        for _ in range(3):
            self.assertEqual(energy(self.dropped()), METHANE)
            gc.collect()
        self.assertEqual(self.starts(), 1)

    def dropped(self):
        return SpookyNet(model="springs", command=COMMAND)

    def test_a_closed_calculator_can_be_used_again(self):
        with self.calculator() as calculator:
            energy(calculator)
        self.assertEqual(energy(calculator), METHANE)

    def test_a_running_server_is_joined_by_its_address(self):
        owner = self.calculator()
        joined = SpookyNet(address=owner.server_address)
        self.assertEqual(energy(joined), METHANE)
        joined.close()
        self.assertEqual(energy(owner), METHANE)

    def test_the_program_is_found_by_argument_environment_and_repository(self):
        self.assertEqual(find_command(COMMAND), COMMAND)
        with self.assertRaisesRegex(ServerStartError, "nowhere"):
            find_command("nowhere")
        os.environ["SPOOKYNET_COMMAND"] = f"{sys.executable} -u"
        try:
            self.assertEqual(find_command(), [sys.executable, "-u"])
        finally:
            del os.environ["SPOOKYNET_COMMAND"]
        self.assertTrue(find_command()[0].endswith("spookynet"))


class Processes(FakeServerTest):
    def check_children(self, method):
        calculator = self.calculator()
        self.assertEqual(energy(calculator), METHANE)
        with multiprocessing.get_context(method).Pool(2) as pool:
            self.assertEqual(pool.map(energy, [calculator] * 4), [METHANE] * 4)
        self.assertEqual(energy(calculator), METHANE)
        self.assertEqual(self.starts(), 1)

    def test_spawned_processes_join_the_server(self):
        self.check_children("spawn")

    def test_forked_processes_join_the_server(self):
        self.check_children("fork")

    def test_a_fork_connects_anew_and_leaves_the_parents_server_running(self):
        calculator = self.calculator()
        energy(calculator)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                calculator.reset()
                status = 0 if energy(calculator) == METHANE else 2
                calculator.close()
            finally:
                os._exit(status)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        calculator.reset()
        self.assertEqual(energy(calculator), METHANE)

    def test_a_pickle_that_outlives_its_server_starts_another(self):
        calculator = self.calculator()
        energy(calculator)
        state = pickle.dumps(calculator)
        calculator.close()
        with pickle.loads(state) as revived:
            revived.reset()
            self.assertEqual(energy(revived), METHANE)

    def test_no_server_outlives_its_process(self):
        script = (
            "import sys, os, signal; from ase.build import molecule; from spookynet import SpookyNet\n"
            f"calculator = SpookyNet(model='springs', command={COMMAND!r})\n"
            "print(calculator.server_address, flush=True)\n"
        )
        for end in ["", "sys.exit(3)", "raise ValueError", "os.kill(os.getpid(), signal.SIGINT)"]:
            done = subprocess.run([sys.executable, "-c", script + end], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            address = done.stdout.decode().strip()
            self.assertTrue(address.startswith("unix:"), done.stderr)
            self.assertFalse(socket_exists(address))
            self.assertFalse(os.path.exists(os.path.dirname(address.partition(":")[2])))


class Failures(FakeServerTest):
    def test_a_server_that_does_not_start_says_why(self):
        with self.assertRaisesRegex(ServerStartError, "code 1: Expected a model file missing but there is none"):
            energy(self.calculator("missing"))
        with self.assertRaisesRegex(ServerStartError, "nowhere"):
            energy(SpookyNet(command="nowhere"))

    def test_a_server_that_dies_says_how_and_the_next_calculation_starts_another(self):
        calculator = self.calculator("dies")
        with self.assertRaisesRegex(ServerLost, "ended with code 3: the device was lost"):
            energy(calculator)
        self.assertEqual(calculator.results, {})
        with self.assertRaises(ServerLost):
            energy(calculator)
        self.assertEqual(self.starts(), 2)

    def test_a_server_that_is_killed_between_steps_is_replaced(self):
        calculator = self.calculator()
        energy(calculator)
        os.kill(calculator._server._process.pid, signal.SIGKILL)
        time.sleep(0.1)
        calculator.reset()
        self.assertEqual(energy(calculator), METHANE)

    def test_a_server_that_hangs_is_given_up(self):
        calculator = self.calculator("hangs", timeout=0.2)
        started = time.monotonic()
        with self.assertRaisesRegex(ServerTimeout, "within 0.2 s"):
            energy(calculator)
        self.assertLess(time.monotonic() - started, 5)

    def test_garbage_and_values_that_are_not_finite_are_refused(self):
        for model, message in [("garbles", "something else"), ("nan", "finite")]:
            with self.assertRaisesRegex(RuntimeError, message):
                energy(self.calculator(model))

    def test_a_reply_in_pieces_is_put_together(self):
        self.assertEqual(energy(self.calculator("drips")), METHANE)

    def test_an_element_that_the_model_does_not_know_is_refused_and_the_next_is_computed(self):
        calculator = self.calculator()
        atoms = molecule("CH4", calculator=calculator)
        atoms.numbers[0] = 92
        with self.assertRaisesRegex(ServerError, "92") as caught:
            atoms.get_potential_energy()
        self.assertEqual(caught.exception.code, 6)
        self.assertEqual(energy(calculator), METHANE)

    def test_a_structure_beyond_the_limit_is_refused_before_it_is_sent(self):
        with Client(self.calculator().server_address) as client:
            with self.assertRaisesRegex(ValueError, "at most 4000 atoms"):
                client.set_system([1] * 4001)

    def test_addresses_are_checked(self):
        for address in ["unix:relative", "tcp:localhost", "tcp:localhost:99999", "nothing", "unix:/" + 120 * "a"]:
            with self.assertRaisesRegex(ValueError, "Expected"):
                Client(address)
        with self.assertRaisesRegex(ServerLost, "spookynet serve"):
            Client("unix:/nowhere/at/all")

    def test_an_error_can_be_pickled(self):
        error = pickle.loads(pickle.dumps(ServerError(6, "no")))
        self.assertEqual((error.code, str(error)), (6, "no"))


if __name__ == "__main__":
    unittest.main()
