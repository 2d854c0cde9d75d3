"""Client of the protocol of ``spookynet serve`` (docs/protocol.md), with NumPy arrays as buffers. Needs no ASE."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from dataclasses import dataclass

import numpy as np

from .errors import ProtocolError, ServerError, ServerLost, ServerTimeout

VERSION = 1

_HEADER = struct.Struct("<4sIII")
_MAGIC = b"SPK1"
_HELLO, _SYSTEM, _COMPUTE, _GOODBYE = 1, 2, 3, 4
_REPLY_OF = {_HELLO: 101, _SYSTEM: 102, _COMPUTE: 103, _GOODBYE: 104}
_ERROR = 199

#: Texts only: no honest WELCOME or ERROR is longer.
_LONGEST_TEXT_BODY = 1 << 16
_LONGEST_BODY = (1 << 32) - 8

#: After these the server closes the connection (after 4 only sometimes: then opening another one does no harm).
_CLOSING_ERRORS = (1, 2, 3, 4, 8)

_F64 = np.dtype("<f8")

#: Bit of each quantity and its number of values for N atoms, in the order of the protocol. Energies are always there.
_QUANTITIES = {
    "forces": (1, lambda n: (n, 3)),
    "virial": (2, lambda n: (3, 3)),
    "charges": (4, lambda n: (n,)),
    "dipole": (8, lambda n: (3,)),
    "energies": (16, lambda n: (n,)),
    "hessian": (32, lambda n: (3 * n, 3 * n)),
}

#: What ``Client.compute`` can be asked for besides the energy.
QUANTITIES = tuple(_QUANTITIES)


@dataclass(frozen=True)
class Welcome:
    """What a server says about itself.

    Attributes
    ----------
    most_atoms, most_structures : int
        Largest number of atoms of a structure, and of structures of a request.
    longest_body : int
        Largest length of a message's body, bytes.
    model, device : str
        Names of the model and of the device it runs on.
    """

    version: int
    most_atoms: int
    most_structures: int
    longest_body: int
    model: str
    device: str


class Client:
    """A connection to a running server.

    The connection is opened again when it is needed and was lost, and in a process that was forked from the one that
    opened it. Threads may share a client; their requests wait for each other.

    Parameters
    ----------
    address : str
        ``unix:/full/path`` or ``tcp:HOST:PORT``.
    token : str, optional
        What a server beyond loopback asks for; default: the environment variable SPOOKYNET_TOKEN.
    timeout : float, optional
        How long to wait for a reply, s. The first one of a server may take longer than the others, since its kernels
        are compiled then.
    name : str, optional
        Name under which the server lists this client.

    Attributes
    ----------
    welcome : Welcome
        What the server said about itself.
    requests : int
        Number of requests sent so far.

    Raises
    ------
    ServerLost, ServerTimeout, ServerError, ProtocolError
        If there is no server, if it does not answer in time, if it refuses, or if it is something else.

    Examples
    --------
    >>> with Client("unix:/run/user/1000/spookynet") as client:                   # doctest: +SKIP
    ...     client.set_system([8, 1], charge=-1)
    ...     client.compute([[[0, 0, 0], [0.97, 0, 0]]], ["forces"])["energy"][0]  # eV
    """

    def __init__(self, address, token=None, timeout=600.0, name="python"):
        self.address = address
        self.timeout = timeout
        self.name = name
        self.requests = 0
        self._token = token or os.environ.get("SPOOKYNET_TOKEN", "")
        self._family, self._where = _parse_address(address)
        self._socket = None
        self._adopt()
        with self._lock:
            self._connect()

    def set_system(self, numbers, charge=0.0, unpaired=0):
        """Says what the next structures are made of. Nothing is sent before it is needed.

        Parameters
        ----------
        numbers : array_like of int, shape (N,)
            Atomic numbers.
        charge : float
            Total charge, e.
        unpaired : int
            Number of unpaired electrons.

        Raises
        ------
        ValueError
            If there are no atoms, more than the server takes, or numbers that are none of elements.
        """
        numbers = np.asarray(numbers)
        if numbers.ndim != 1 or numbers.size == 0:
            raise ValueError(f"Expected atomic numbers of shape (N,) but found shape {numbers.shape}")
        if numbers.size > self.welcome.most_atoms:
            raise ValueError(
                f"Expected at most {self.welcome.most_atoms} atoms but found {numbers.size}: that is the limit of the "
                f"server at {self.address}"
            )
        if numbers.min() < 1 or numbers.max() > 255:
            raise ValueError(f"Expected atomic numbers from 1 but found {numbers.min()} to {numbers.max()}")
        body = struct.pack("<Iid", numbers.size, unpaired, charge) + numbers.astype(np.uint8).tobytes()
        with self._entered():
            self._system = _padded(body)
            self._atoms = numbers.size

    def compute(self, positions, quantities=("forces",), cells=None, periodic=(False, False, False)):
        """Computes structures of the system in one request, or in several where they exceed the server's limits.

        Parameters
        ----------
        positions : array_like, shape (M, N, 3)
            Coordinates, Å.
        quantities : iterable of str
            Some of ``QUANTITIES``.
        cells : array_like, shape (M, 3, 3), optional
            Cell vectors, Å, in rows a, b, c; only for periodic structures.
        periodic : sequence of three bool
            Whether the structures repeat along a, b, c.

        Returns
        -------
        dict of str to ndarray
            ``energy`` (M,) eV, and of those asked for ``forces`` (M, N, 3) eV/Å, ``virial`` (M, 3, 3) −∂E/∂ε eV,
            ``charges`` (M, N) e, ``dipole`` (M, 3) Σ q R e Å, ``energies`` (M, N) eV, ``hessian`` (M, 3N, 3N) eV/Å².
            The arrays belong to the caller.

        Raises
        ------
        ValueError
            If shapes do not fit, or coordinates are not finite.
        ServerError, ServerLost, ServerTimeout, ProtocolError
            If the request fails. The client can be used again in any case.
        """
        with self._entered():
            if self._system is None:
                raise ValueError("Expected set_system before compute but found no system")
            positions = np.asarray(positions, _F64)
            if positions.ndim != 3 or positions.shape[0] == 0 or positions.shape[1:] != (self._atoms, 3):
                raise ValueError(f"Expected positions of shape (M, {self._atoms}, 3) but found {positions.shape}")
            count = len(positions)
            axes = sum(1 << axis for axis in range(3) if periodic[axis])
            cells = np.asarray(cells, _F64) if axes else np.empty((count, 0), _F64)
            if axes and cells.shape != (count, 3, 3):
                raise ValueError(f"Expected cells of shape ({count}, 3, 3) but found {cells.shape}")
            if not (np.isfinite(positions).all() and np.isfinite(cells).all()):
                raise ValueError("Expected finite coordinates but found some that are not: the simulation has failed")
            unknown = set(quantities) - set(_QUANTITIES)
            if unknown:
                raise ValueError(f"Expected quantities of {', '.join(_QUANTITIES)} but found {', '.join(unknown)}")
            wanted = [name for name in _QUANTITIES if name in quantities]
            self._connect()
            most = self._most_structures(wanted, bool(axes))
            parts = [
                self._compute(positions[at : at + most], cells[at : at + most], axes, wanted)
                for at in range(0, count, most)
            ]
        if len(parts) == 1:
            return parts[0]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def close(self):
        """Closes the connection; a later request opens it again."""
        with self._entered():
            if self._socket is not None:
                self._drop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_socket", None) is not None:
            self._socket.close()

    def _adopt(self):
        """Makes the client this process's: a socket or a lock that came over a fork is the parent's."""
        if self._socket is not None:
            self._socket.close()
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._socket = None
        self._system = getattr(self, "_system", None)
        self._atoms = getattr(self, "_atoms", 0)
        self._sent_system = None
        self._sequence = 0

    def _entered(self):
        if self._process != os.getpid():
            self._adopt()
        return self._lock

    def _most_structures(self, wanted, has_cells):
        limit = min(self.welcome.longest_body, _LONGEST_BODY)
        request = 8 * (3 * self._atoms + (9 if has_cells else 0))
        reply = 8 + 8 * sum(int(np.prod(_QUANTITIES[name][1](self._atoms))) for name in wanted)
        return max(1, min(self.welcome.most_structures, (limit - 16) // max(request, reply)))

    def _connect(self):
        if self._socket is not None:
            return
        try:
            self._socket = socket.socket(self._family, socket.SOCK_STREAM)
            self._socket.settimeout(self.timeout)
            self._socket.connect(self._where)
            if self._family != socket.AF_UNIX:
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            self._drop()
            raise ServerLost(
                f"Expected a SpookyNet server at {self.address} but found {error.strerror or error}: start one with "
                f"spookynet serve --listen {self.address}"
            ) from error
        self._sent_system = None
        self._sequence = 0
        body = struct.pack("<II", VERSION, 0) + _text(self._token) + _text(self.name)
        self.welcome = _parse_welcome(self._exchange(_HELLO, _padded(body), None), self.address)

    def _compute(self, positions, cells, axes, wanted):
        if self._sent_system != self._system:
            self._connect()
            self._exchange(_SYSTEM, self._system, 0)
            self._sent_system = self._system
        count, atoms = positions.shape[:2]
        mask = sum(_QUANTITIES[name][0] for name in wanted)
        body = b"".join([struct.pack("<IIII", count, mask, axes, 0), cells.tobytes(), positions.tobytes()])
        shapes = {name: (count, *_QUANTITIES[name][1](atoms)) for name in wanted}
        words = count + sum(int(np.prod(shape)) for shape in shapes.values())
        reply = self._exchange(_COMPUTE, body, 8 + 8 * words)
        if struct.unpack_from("<II", reply, _HEADER.size) != (count, mask):
            self._drop()
            raise ProtocolError(f"Expected what was asked for from the server at {self.address} but found other results")
        values = np.frombuffer(reply, _F64, words, _HEADER.size + 8)
        if not np.isfinite(values).all():
            raise ProtocolError(f"Expected finite results from the server at {self.address} but found some that are not")
        results = {"energy": values[:count]}
        at = count
        for name, shape in shapes.items():
            size = int(np.prod(shape))
            results[name] = values[at : at + size].reshape(shape)
            at += size
        return results

    def _exchange(self, kind, body, expected):
        """Sends a request and returns the reply, header included; ``expected`` is its body's length (None: a text's)."""
        if len(body) > min(_LONGEST_BODY, self.welcome.longest_body if kind != _HELLO else _LONGEST_BODY):
            raise ValueError(
                f"Expected a request of at most {self.welcome.longest_body} bytes but found {len(body)}: that is the "
                f"limit of the server at {self.address}"
            )
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        try:
            # A broken exchange leaves bytes on the connection that belong to no request: it cannot be used again.
            self._socket.settimeout(self.timeout)
            self._send(_HEADER.pack(_MAGIC, kind, len(body), self._sequence) + body)
            self.requests += 1
            found, reply = self._receive(kind, expected)
        except BaseException:
            self._drop()
            raise
        if found != _ERROR:
            return reply
        code, message = _parse_error(reply, self.address)
        if code in _CLOSING_ERRORS:
            self._drop()
        raise ServerError(code, message)

    def _send(self, message):
        try:
            self._socket.sendall(message)
        except (BrokenPipeError, ConnectionResetError):
            # The server may have said why before it closed: that is still there to be read.
            pass
        except socket.timeout as error:
            raise self._late() from error
        except OSError as error:
            raise self._lost(error) from error

    def _receive(self, kind, expected):
        """The kind and the bytes of the reply. Its length is checked before memory is taken for it."""
        deadline = None if self.timeout is None else time.monotonic() + self.timeout
        reply = bytearray(_HEADER.size + (_LONGEST_TEXT_BODY if expected is None else max(expected, 256)))
        view = memoryview(reply)
        have = self._receive_into(view, 0, _HEADER.size, deadline)
        magic, found, length, sequence = _HEADER.unpack_from(reply)
        if magic != _MAGIC:
            raise ProtocolError(
                f"Expected a SpookyNet server at {self.address} but found something else that begins {magic!r}"
            )
        if found == _ERROR or expected is None:
            is_good = length <= _LONGEST_TEXT_BODY and length % 8 == 0
        else:
            is_good = length == expected
        if found not in (_REPLY_OF[kind], _ERROR) or sequence != self._sequence or not is_good:
            raise ProtocolError(
                f"Expected reply {_REPLY_OF[kind]} to request {self._sequence} from {self.address} but found reply "
                f"{found} to request {sequence} with {length} bytes"
            )
        end = _HEADER.size + length
        if end > len(reply):
            longer = bytearray(end)
            longer[:have] = view[:have]
            reply, view = longer, memoryview(longer)
        have = self._receive_into(view, have, end, deadline)
        if have > end:
            raise ProtocolError(f"Expected nothing after a reply from {self.address} but found {have - end} bytes")
        return found, reply

    def _receive_into(self, view, have, need, deadline):
        """Receives until there are ``need`` bytes; what came besides is in the view as well."""
        while have < need:
            try:
                count = self._socket.recv_into(view[have:])
            except socket.timeout as error:
                raise self._late() from error
            except OSError as error:
                raise self._lost(error) from error
            if count == 0:
                raise self._lost("the connection closed")
            have += count
            if have < need and deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise self._late()
                self._socket.settimeout(left)
        return have

    def _drop(self):
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _lost(self, reason):
        return ServerLost(f"Expected a reply of the server at {self.address} but found {reason}: it has ended or failed")

    def _late(self):
        return ServerTimeout(
            f"Expected a reply of the server at {self.address} within {self.timeout:g} s but found none: give a longer "
            f"timeout, or see whether the server still runs"
        )


def _parse_address(address):
    """Socket family and address; ``unix:/path`` or ``tcp:HOST:PORT``, with an IPv6 host in brackets."""
    scheme, _, rest = str(address).partition(":")
    if scheme == "unix" and rest.startswith("/"):
        if len(os.fsencode(rest)) > 107:
            raise ValueError(f"Expected a socket's path of at most 107 bytes but found {len(os.fsencode(rest))}: {rest}")
        return socket.AF_UNIX, rest
    host, _, port = rest.rpartition(":")
    if scheme == "tcp" and host and port.isdecimal() and int(port) < 65536:
        host = host.strip("[]")
        return (socket.AF_INET6 if ":" in host else socket.AF_INET), (host, int(port))
    raise ValueError(f"Expected an address like unix:/full/path or tcp:HOST:PORT but found {address!r}")


def _text(text):
    data = text.encode()
    return struct.pack("<I", len(data)) + data + b"\0" * (-len(data) % 4)


def _padded(body):
    return body + b"\0" * (-len(body) % 8)


def _read_text(reply, at):
    """A text and where what follows it begins."""
    (length,) = struct.unpack_from("<I", reply, at)
    end = _HEADER.size + _HEADER.unpack_from(reply)[2]
    if at + 4 + length > end:
        raise ValueError(f"a text of {length} bytes")
    text = bytes(reply[at + 4 : at + 4 + length]).decode("utf-8", "replace")
    return text, at + 4 + length + (-length % 4)


def _parse_welcome(reply, address):
    try:
        numbers = struct.unpack_from("<IIII", reply, _HEADER.size)
        model, at = _read_text(reply, _HEADER.size + 16)
        device, _ = _read_text(reply, at)
    except (struct.error, ValueError) as error:
        raise ProtocolError(f"Expected a welcome from the server at {address} but found {error}") from error
    return Welcome(*numbers, model, device)


def _parse_error(reply, address):
    try:
        (code,) = struct.unpack_from("<I", reply, _HEADER.size)
        return code, _read_text(reply, _HEADER.size + 8)[0]
    except (struct.error, ValueError) as error:
        raise ProtocolError(f"Expected an error from the server at {address} but found {error}") from error
