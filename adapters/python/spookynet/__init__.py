"""SpookyNet on WebGPU: a calculator for ASE, and the client of the server that computes.

Units are Å, eV and e throughout.
"""

from .band import batch_images
from .calculator import SpookyNet, SpookyNetCalculator
from .client import QUANTITIES, Client, Welcome
from .errors import ProtocolError, ServerError, ServerLost, ServerStartError, ServerTimeout, SpookyNetError
from .server import Server, find_command

__version__ = "0.1.0"

__all__ = [
    "QUANTITIES",
    "Client",
    "ProtocolError",
    "Server",
    "ServerError",
    "ServerLost",
    "ServerStartError",
    "ServerTimeout",
    "SpookyNet",
    "SpookyNetCalculator",
    "SpookyNetError",
    "Welcome",
    "batch_images",
    "find_command",
]
