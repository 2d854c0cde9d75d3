"""A server of docs/protocol.md with springs between all atoms instead of SpookyNet, for tests without an engine.

    python fake_server.py serve --listen unix:/path --model springs [other options are ignored]

The model's name says how it behaves: ``springs`` computes; ``nothing`` answers zeros at once; ``dies``, ``hangs``,
``garbles``, ``drips``, ``nan`` do that instead of answering the first COMPUTE; ``warns`` writes warnings and computes;
``missing`` does not start. Every COMPUTE
is a line ``compute M`` in the file that the environment variable FAKE_SERVER_LOG names.
"""

import argparse
import os
import signal
import socket
import struct
import sys
import threading
import time

import numpy as np

HEADER = struct.Struct("<4sIII")
MOST_ATOMS, MOST_STRUCTURES, LONGEST_BODY = 4000, 8, 1 << 24


def springs(numbers, charge, unpaired, positions):
    """Energy (eV), forces (N, 3) and Hessian (3N, 3N) of Σ ½ k (r − r₀)², k = 1 eV/Å², r₀ = 1.5 Å."""
    count = len(numbers)
    energy = 0.25 * charge + 0.125 * unpaired - float(numbers.sum())
    forces = np.zeros((count, 3))
    hessian = np.zeros((count, 3, count, 3))
    for i in range(count):
        for j in range(i):
            vector = positions[i] - positions[j]
            r = np.linalg.norm(vector)
            unit = vector / r
            energy += 0.5 * (r - 1.5) ** 2
            forces[i] -= (r - 1.5) * unit
            forces[j] += (r - 1.5) * unit
            block = np.outer(unit, unit) + (r - 1.5) / r * (np.eye(3) - np.outer(unit, unit))
            hessian[i, :, i] += block
            hessian[j, :, j] += block
            hessian[i, :, j] -= block
            hessian[j, :, i] -= block
    return energy, forces, hessian.reshape(3 * count, 3 * count)


def text(value):
    data = value.encode()
    return struct.pack("<I", len(data)) + data + b"\0" * (-len(data) % 4)


class Connection:
    def __init__(self, stream, model):
        self.stream = stream
        self.model = model
        self.system = None

    def serve(self):
        with self.stream:
            self.answer()

    def answer(self):
        while True:
            header = self.receive(HEADER.size)
            if header is None:
                return
            _, kind, length, self.sequence = HEADER.unpack(header)
            body = self.receive(length)
            if kind == 1:
                limits = struct.pack("<IIII", 1, MOST_ATOMS, MOST_STRUCTURES, LONGEST_BODY)
                self.reply(101, limits + text(self.model) + text("no device"))
            elif kind == 2:
                count, unpaired, charge = struct.unpack_from("<Iid", body)
                numbers = np.frombuffer(body, np.uint8, count, 16)
                if numbers.max() > 86:
                    message = f"Expected elements up to 86 but found {numbers.max()}"
                    self.reply(199, struct.pack("<II", 6, 0) + text(message))
                else:
                    self.system = (numbers, charge, unpaired)
                    self.reply(102, b"")
            elif kind == 3:
                self.compute(body)
            else:
                self.reply(104, b"")
                return

    def compute(self, body):
        count, mask, axes, _ = struct.unpack_from("<IIII", body)
        note(f"compute {count}")
        if self.model == "dies":
            print("the device was lost", flush=True)
            os._exit(3)
        if self.model == "warns":
            print(f"springs\nwarning: springs for element {self.system[0][0]}", file=sys.stderr, flush=True)
        if self.model == "hangs":
            time.sleep(60)
        if self.model == "garbles":
            self.stream.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return
        numbers, charge, unpaired = self.system
        atoms = len(numbers)
        at = 16 + (72 * count if axes else 0)
        positions = np.frombuffer(body, "<f8", count * atoms * 3, at).reshape(count, atoms, 3)
        shares = {1: 3 * atoms, 2: 9, 4: atoms, 8: 3, 16: atoms, 32: 9 * atoms * atoms}
        wanted = [bit for bit in shares if mask & bit]
        if self.model == "nothing":
            self.reply(103, struct.pack("<II", count, mask) + bytes(8 * count * (1 + sum(shares[bit] for bit in wanted))))
            return
        rows = {bit: [] for bit in [0, *wanted]}
        for structure in positions:
            energy, forces, hessian = springs(numbers, charge, unpaired, structure)
            charges = np.full(atoms, charge / atoms)
            all_of_it = {
                0: np.nan if self.model == "nan" else energy,
                1: forces,
                2: structure.T @ forces,
                4: charges,
                8: charges @ structure,
                16: np.full(atoms, energy / atoms),
                32: hessian,
            }
            for bit, row in rows.items():
                row.append(np.ravel(all_of_it[bit]))
        values = np.concatenate([np.concatenate(row) for row in rows.values()])
        message = struct.pack("<II", count, mask) + values.astype("<f8").tobytes()
        if self.model == "drips":
            message = HEADER.pack(b"SPK1", 103, len(message), self.sequence) + message
            for at in range(0, len(message), 7):
                self.stream.sendall(message[at : at + 7])
                time.sleep(0.001)
        else:
            self.reply(103, message)

    def reply(self, kind, body):
        body += b"\0" * (-len(body) % 8)
        self.stream.sendall(HEADER.pack(b"SPK1", kind, len(body), self.sequence) + body)

    def receive(self, count):
        data = bytearray()
        while len(data) < count:
            part = self.stream.recv(count - len(data))
            if not part:
                return None
            data += part
        return bytes(data)


def note(line):
    path = os.environ.get("FAKE_SERVER_LOG")
    if path:
        with open(path, "a") as log:
            log.write(line + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("--listen", required=True)
    parser.add_argument("--model", default="springs")
    options, _ = parser.parse_known_args()
    if options.model == "missing":
        print("Expected a model file missing but there is none", file=sys.stderr)
        sys.exit(1)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    path = options.listen.partition(":")[2]
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    note("start")
    print(f"listening on {options.listen}", flush=True)
    while True:
        stream, _ = listener.accept()
        threading.Thread(target=Connection(stream, options.model).serve, daemon=True).start()


if __name__ == "__main__":
    main()
