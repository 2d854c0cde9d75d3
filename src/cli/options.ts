import type { Extra } from "../server/extras.ts";
import type { Property } from "../structure/result.ts";
import type { CommandName } from "./commands.ts";

/** What the user types after an option: nothing, text, a number, one of some words, or several of either with commas. */
export type OptionKind =
  | { readonly kind: "flag" }
  | { readonly kind: "text"; readonly argument: string }
  | { readonly kind: "number"; readonly argument: string; readonly whole?: true; readonly least?: number }
  | { readonly kind: "whole numbers"; readonly least: number }
  | { readonly kind: "choice"; readonly choices: readonly string[] }
  | { readonly kind: "choices"; readonly choices: readonly string[] };

/** One option of the command line. */
export type Option = OptionKind & {
  /** What it does, with its default. */
  readonly help: string;
  /** The commands that take it. */
  readonly commands: readonly CommandName[];
};

const computing = ["eval", "connect", "serve", "lammps", "bench", "demo"] as const;

/** The quantities `eval` can write. */
export const properties = [
  "energy",
  "forces",
  "virial",
  "stress",
  "charges",
  "dipole",
  "energies",
  "polarizabilities",
  "c6",
  "hessian",
  "domain",
] as const satisfies readonly Property[];

/** The quantities a driver can send beside energy, forces and virial. */
export const extras = [
  "charges",
  "dipole",
  "energies",
  "polarizabilities",
  "c6",
  "domain",
  "committee",
] as const satisfies readonly Extra[];

/** What `test` runs, in this order. */
export const testParts = ["format", "lint", "types", "docs", "unit", "hosts"] as const;

/** Every option of every command: parsing and help are made from this table. */
export const options = {
  "output": {
    kind: "text",
    argument: "FILE",
    help: "where to write; a finished file replaces an older one in one move (default: standard output)",
    commands: ["eval"],
  },
  "format": {
    kind: "choice",
    choices: ["extxyz", "jsonl"],
    help: "extended XYZ, or one JSON object a frame (default: jsonl for FILE.jsonl, extxyz otherwise)",
    commands: ["eval"],
  },
  "properties": {
    kind: "choices",
    choices: properties,
    help:
      "what to compute (default: energy,forces); domain: why a frame is outside what the model was trained on, which such frames say anyway",
    commands: ["eval"],
  },
  "to": {
    kind: "text",
    argument: "ADDRESS",
    help: "the host: unix:NAME (the socket PREFIX + NAME), unix:/full/path or tcp:HOST:PORT",
    commands: ["connect"],
  },
  "listen": {
    kind: "text",
    argument: "ADDRESS",
    help: "where clients connect: unix:/full/path, unix:NAME (a socket in the user's own folder) or tcp:127.0.0.1:PORT",
    commands: ["serve"],
  },
  "max-atoms": {
    kind: "number",
    argument: "N",
    whole: true,
    least: 1,
    help: "most atoms of a structure (default: 20000)",
    commands: ["serve"],
  },
  "max-clients": {
    kind: "number",
    argument: "N",
    whole: true,
    least: 1,
    help: "most connections at a time (default: 64)",
    commands: ["serve"],
  },
  "max-message": {
    kind: "number",
    argument: "MIB",
    whole: true,
    least: 1,
    help: "longest request or reply, MiB (default: 64)",
    commands: ["serve"],
  },
  "idle-exit": {
    kind: "number",
    argument: "SECONDS",
    least: 0,
    help: "end when there was no client for so long (default: never)",
    commands: ["serve"],
  },
  "token": {
    kind: "text",
    argument: "TEXT",
    help: "what clients must know to be served; other users see it here, so rather set SPOOKYNET_TOKEN (default: none)",
    commands: ["serve"],
  },
  "allow-remote": {
    kind: "flag",
    help: "listen also at an address other machines reach; needs a token, and encrypts nothing",
    commands: ["serve"],
  },
  "template": {
    kind: "text",
    argument: "FILE",
    help: "structure file whose first frame has the host's atoms in the host's order; may state charge, spin and pbc",
    commands: ["connect", "serve"],
  },
  "elements": {
    kind: "text",
    argument: "O,H,H,...",
    help: "the host's atoms in the host's order, instead of a template; O,2*H repeats (lammps: of each atom type)",
    commands: ["connect", "serve", "lammps"],
  },
  "pbc": {
    kind: "choice",
    choices: ["auto", "none", "xyz"],
    help: "whether a cell is a crystal's: as the file says (i-PI's say nothing: not), never, always (default: auto)",
    commands: ["eval", "connect", "serve", "bench"],
  },
  "prefix": {
    kind: "text",
    argument: "PATH",
    help: "what stands before NAME in unix:NAME (default: /tmp/ipi_)",
    commands: ["connect"],
  },
  "init": {
    kind: "choice",
    choices: ["ask", "ready", "every"],
    help: "ask for INIT once, never, or before every structure (default: ask; i-PI sends batches only when asked)",
    commands: ["connect"],
  },
  "extras": {
    kind: "choices",
    choices: extras,
    help: "what else to send, as JSON in atomic units (default: nothing; large ones cost the host time)",
    commands: ["connect", "serve"],
  },
  "retry": {
    kind: "number",
    argument: "SECONDS",
    least: 0,
    help: "how long to wait for the host to appear (default: 30)",
    commands: ["connect"],
  },
  "shm": {
    kind: "flag",
    help: "exchange arrays through shared memory; the host must be set to it as well (i-PI: mode='shm')",
    commands: ["connect"],
  },
  "clients": {
    kind: "number",
    argument: "N",
    whole: true,
    least: 1,
    help: "connections to open; what has arrived on any of them is computed together (default: 1)",
    commands: ["connect"],
  },
  "fix-id": {
    kind: "text",
    argument: "ID",
    help: "ID of the fix external (default: the script's own, else spookynet)",
    commands: ["lammps"],
  },
  "group": {
    kind: "text",
    argument: "ID",
    help: "group whose atoms the model is given, and acts on (default: that of the script's own fix, else all)",
    commands: ["lammps"],
  },
  "library": {
    kind: "text",
    argument: "FILE",
    help: "LAMMPS' shared library (default: the active Python or conda environment's, else the system's)",
    commands: ["lammps"],
  },
  "lammps-args": {
    kind: "text",
    argument: "'...'",
    help: "what would follow lmp, such as '-log none -var T 300'",
    commands: ["lammps"],
  },
  "steps": {
    kind: "number",
    argument: "N",
    whole: true,
    least: 1,
    help: "molecular dynamics steps (default: 200)",
    commands: ["demo"],
  },
  "sizes": {
    kind: "whole numbers",
    least: 3,
    help: "atoms of the water clusters to measure, multiples of 3 (default: 3,21,63,192,513)",
    commands: ["bench"],
  },
  "batch": {
    kind: "whole numbers",
    least: 1,
    help: "structures to compute at a time, copies of FILE's or of the Zundel cation (default: 1,8,32; of FILE's 1)",
    commands: ["bench"],
  },
  "seconds": {
    kind: "number",
    argument: "S",
    least: 0,
    help: "how long to measure each system on each device (default: 2)",
    commands: ["bench"],
  },
  "kernels": {
    kind: "flag",
    help: "also measure each kernel, where the adapter has timestamps",
    commands: ["bench"],
  },
  "json": {
    kind: "flag",
    help: "write one JSON object with all that was measured, instead of tables",
    commands: ["bench"],
  },
  "only": {
    kind: "choices",
    choices: testParts,
    help: "run only these parts (default: all)",
    commands: ["test"],
  },
  "force": {
    kind: "flag",
    help: "replace OUT.safetensors if it exists",
    commands: ["convert"],
  },
  "model": {
    kind: "text",
    argument: "FILE|NAME",
    help:
      "model file, or the name of one of ./spookynet models (default: the built-in one); connect and serve send the mean of several: A,B",
    commands: computing,
  },
  "yes": {
    kind: "flag",
    help: "download the model, if it is published and not here, without asking",
    commands: computing,
  },
  "charge": {
    kind: "number",
    argument: "Q",
    help: "total charge, e; wins over the file (default: the file's, else 0)",
    commands: ["eval", "connect", "serve", "lammps", "bench"],
  },
  "unpaired": {
    kind: "number",
    argument: "N",
    whole: true,
    least: 0,
    help: "number of unpaired electrons; wins over the file (default: the file's, else 0)",
    commands: ["eval", "connect", "serve", "lammps", "bench"],
  },
  "multiplicity": {
    kind: "number",
    argument: "M",
    whole: true,
    least: 1,
    help: "spin multiplicity, unpaired electrons + 1, instead of --unpaired",
    commands: ["eval", "connect", "serve", "lammps", "bench"],
  },
  "no-electron-check": {
    kind: "flag",
    help: "accept charge and spin that no number of electrons can have",
    commands: ["eval", "connect", "serve", "lammps", "bench"],
  },
  "strict": {
    kind: "flag",
    help: "refuse structures outside what the model was trained on (default: compute them, and warn)",
    commands: ["eval", "connect", "serve", "lammps", "demo"],
  },
  "lr-cutoff": {
    kind: "number",
    argument: "Å",
    least: 0,
    help: "cutoff of electrostatics and dispersion (default: the model's; a crystal needs one)",
    commands: ["eval", "connect", "serve", "lammps", "bench"],
  },
  "device": {
    kind: "choice",
    choices: ["auto", "gpu", "software", "cpu"],
    help:
      "a GPU, the software Vulkan driver, or the float64 engine on the processor (default: auto, the faster of GPU and processor; bench: all)",
    commands: [...computing, "doctor"],
  },
  "threads": {
    kind: "number",
    argument: "N",
    whole: true,
    least: 1,
    help:
      "most threads of the float64 engine, which takes no more than pay for a size (default: one for each processor core)",
    commands: computing,
  },
} as const satisfies Record<string, Option>;

/** An option's name, without its dashes. */
export type OptionName = keyof typeof options;

type ValueOf<O extends OptionKind> = O extends { kind: "flag" } ? boolean
  : O extends { kind: "number" } ? number
  : O extends { kind: "whole numbers" } ? number[]
  : O extends { kind: "choice"; choices: readonly (infer Choice)[] } ? Choice
  : O extends { kind: "choices"; choices: readonly (infer Choice)[] } ? Choice[]
  : string;

/** The options that were given, by name, converted and checked. */
export type Options = { readonly [Name in OptionName]?: ValueOf<(typeof options)[Name]> };
