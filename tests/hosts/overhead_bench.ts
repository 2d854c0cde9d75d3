/**
 * What a step through a host costs besides the model: `deno run --allow-all tests/hosts/overhead_bench.ts`. The
 * calculator is a stub; a hundred atoms do not feel one another. i-PI's and ASE's own work for the step is in the figures.
 */
import { join } from "node:path";
import { NoCalculator } from "../../src/bench/socket_exchange.ts";
import { pythonEnvironment } from "../../src/cli/python_environment.ts";
import { connect } from "../../src/server/connect.ts";
import { serve } from "../../src/server/serve.ts";
import { inTemporaryFolder, project } from "../spookynet_process.ts";
import { freePort } from "./free_port.ts";
import { IpiSimulation } from "./ipi_simulation.ts";

const atomCount = 100;
const steps = 2000;
const numbers = new Uint8Array(atomCount).fill(6);
const calculator = new NoCalculator();
const atoms = { numbers, charge: 0, unpaired: 0 };
const python = await pythonEnvironment({ ase: true });
if (python === null) throw new Error("Expected a Python environment but found none; the reason is above");

function report(way: string, milliseconds: number) {
  console.log(`${way}: ${milliseconds.toFixed(3)} ms a step of ${atomCount} atoms`);
}

/** Milliseconds of a step through i-PI, its own work for the step included: it says them itself. */
async function ipi(port?: number): Promise<number> {
  const grid = Array.from(
    { length: atomCount },
    (_, k) => ["C", k % 5, Math.floor(k / 5) % 5, Math.floor(k / 25)] as const,
  );
  await using host = await IpiSimulation.start(python!, {
    atoms: grid,
    steps,
    stride: steps,
    ...(port !== undefined && { port }),
  });
  const times: number[] = [];
  let before = 0;
  const driver = connect({
    to: host.to,
    calculator,
    atoms,
    onStep() {
      const now = performance.now();
      times.push(now - before);
      before = now;
    },
  });
  await Promise.all([driver.closed, host.finished()]);
  return median(times);
}

/** Milliseconds from a host's message, as i-PI sends it, to the whole answer: the driver's own time, and the socket's. */
async function exchange(): Promise<number> {
  let milliseconds = NaN;
  await inTemporaryFolder(async (folder) => {
    const script = `
import socket, struct, time
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind("${folder}/socket")
    listener.listen()
    host, _ = listener.accept()
    def ask(header, length):
        host.sendall(header)
        while length > 0:
            length -= len(host.recv(length))
    positions = bytes(144) + struct.pack("i", ${atomCount}) + bytes(24 * ${atomCount})
    ask(b"STATUS      ", 12)
    times = []
    for _ in range(${steps}):
        started = time.perf_counter()
        ask(b"POSDATA     " + positions + b"GETFORCE    ", 12 + 8 + 4 + 24 * ${atomCount} + 72 + 4)
        times.append(1e3 * (time.perf_counter() - started))
        ask(b"STATUS      ", 12)
    host.sendall(b"EXIT        ")
print(sorted(times)[len(times) // 2])
`;
    const driver = connect({ to: `unix:${folder}/socket`, calculator, atoms, init: "ready" });
    const { stdout } = await new Deno.Command(python!.python, { args: ["-c", script] }).output();
    await driver.closed;
    milliseconds = Number(new TextDecoder().decode(stdout));
  });
  return milliseconds;
}

/** Milliseconds of a step through ASE's socket. */
async function aseSocket(): Promise<number> {
  const name = `spookynet-bench-${Deno.pid}`;
  const script = `
import time
import numpy as np
from ase import Atoms
from ase.calculators.socketio import SocketIOCalculator
with SocketIOCalculator(unixsocket="${name}", timeout=60) as calculator:
    atoms = Atoms("C${atomCount}", 10 * np.random.default_rng(1).random((${atomCount}, 3)), calculator=calculator)
    times = []
    for _ in range(${steps}):
        started = time.perf_counter()
        atoms.positions[0, 0] += 1e-3
        atoms.get_forces()
        times.append(1e3 * (time.perf_counter() - started))
print(np.median(times))
`;
  const driver = connect({ to: `unix:${name}`, calculator, atoms });
  const { stdout } = await new Deno.Command(python!.python, { args: ["-c", script] }).output();
  await driver.closed;
  return Number(new TextDecoder().decode(stdout));
}

/** Milliseconds of a step through LAMMPS' `python` command and the C library, or of LAMMPS alone. */
async function lammps(hasModel: boolean): Promise<number> {
  let milliseconds = NaN;
  await inTemporaryFolder(async (folder) => {
    await new Deno.Command(join(project, "adapters", "lammps", "c", "build.sh"), { args: [folder], stdout: "null" })
      .output();
    const server = await serve({ listen: `unix:${folder}/socket`, calculator, model: "nothing" });
    const file = `${folder}/lib/spookynet/spookynet_attach.py`;
    const model = `fix spookynet all external pf/callback 1 1
      python spookynet input 2 SELF "elements=C address=${server.address}" format ps file ${file}
      python spookynet invoke`;
    const script = `units metal\nregion box block 0 100 0 100 0 100\ncreate_box 1 box
      create_atoms 1 random ${atomCount} 4711 NULL\nmass 1 12\nthermo 0\nneigh_modify delay 1000000\nfix move all nve
      ${hasModel ? model : ""}\nrun ${10 * steps}\n`;
    await Deno.writeTextFile(`${folder}/in`, script);
    const { stdout } = await new Deno.Command("lmp", { args: ["-in", `${folder}/in`, "-log", "none"] }).output();
    milliseconds = 1000 * Number(/Loop time of ([\d.e+-]+)/.exec(new TextDecoder().decode(stdout))?.[1]) / (10 * steps);
    server.close();
    await server.closed;
  });
  return milliseconds;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

report("the i-PI protocol over a Unix socket, no host's work included", await exchange());
report("i-PI over a Unix socket, its own work included", await ipi());
report("i-PI over TCP, its own work included", await ipi(freePort()));
report("ASE's SocketIOCalculator over a Unix socket, its own work included", await aseSocket());
report("LAMMPS through the C library, LAMMPS' own work not included", await lammps(true) - await lammps(false));
