"""What the tests with the fake server share."""

import os
import sys
import tempfile
import unittest
from pathlib import Path

from spookynet import SpookyNet
from spookynet import server as servers

COMMAND = [sys.executable, str(Path(__file__).with_name("fake_server.py"))]


class FakeServerTest(unittest.TestCase):
    """A test whose servers are fakes, and count what they are asked for."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        # One that was left to the next calculator would write to this test's file in the next test.
        self.addCleanup(servers._close_all)
        self.log = Path(folder.name) / "requests"
        self.log.touch()
        os.environ["FAKE_SERVER_LOG"] = str(self.log)

    def calculator(self, model="springs", **options):
        """A calculator, closed when the test ends."""
        calculator = SpookyNet(model=model, command=COMMAND, **options)
        self.addCleanup(calculator.close)
        return calculator

    def requests(self):
        """What the servers were asked for since the last call: how many structures each time."""
        lines = self.log.read_text().splitlines()
        self.log.write_text("")
        return [int(line.split()[1]) for line in lines if line.startswith("compute")]

    def starts(self):
        """How many servers have started since the last call of ``requests``."""
        return self.log.read_text().splitlines().count("start")
