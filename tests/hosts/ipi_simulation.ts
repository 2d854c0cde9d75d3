import type { PythonEnvironment } from "../../src/cli/python_environment.ts";

/** What goes into i-PI's input file; lengths in Å, energies in eV. */
export interface IpiInput {
  /** Elements and positions of the atoms. */
  readonly atoms: readonly (readonly [string, number, number, number])[];
  /** Atoms of further systems with the same socket; the outputs of system k begin with `k_` then. */
  readonly furtherSystems?: readonly IpiInput["atoms"][];
  /** Cell vectors as i-PI's 3×3 matrix, vectors in columns; default a box of 50 Å. */
  readonly cell?: readonly number[];
  /** Steps to run. */
  readonly steps: number;
  /** Steps from one output to the next; default 1. */
  readonly stride?: number;
  /** Attributes and children of `<ffsocket>` besides its address, e.g. `<batch_size>4</batch_size>`. */
  readonly socket?: string;
  /** `unix` or `shm`. */
  readonly mode?: "unix" | "shm";
  /** A TCP port instead of a socket file. */
  readonly port?: number;
  /** Whether the socket is a member of an `<ffcommittee>` that parses JSON; i-PI wants a port then, or `/tmp/ipi_`. */
  readonly committee?: boolean;
  /** Beads; default 1. */
  readonly beads?: number;
  /** Temperature of the initial velocities and the thermostat, K; default 100. */
  readonly temperature?: number;
  /** `<motion>`; default NVE with steps of 1 fs. */
  readonly motion?: string;
  /** More of `<ensemble>`. */
  readonly ensemble?: string;
  /** More of `<output>`. */
  readonly output?: string;
}

/** A running i-PI in a folder of its own. */
export class IpiSimulation implements AsyncDisposable {
  /** The folder with its input and output. */
  readonly folder: string;
  /** Where a driver connects. */
  readonly to: string;
  readonly #process: Deno.ChildProcess;
  #exited = false;

  private constructor(folder: string, to: string, process: Deno.ChildProcess) {
    this.folder = folder;
    this.to = to;
    this.#process = process;
    process.status.then(() => this.#exited = true);
  }

  /** Writes i-PI's input and starts it. */
  static async start(python: PythonEnvironment, input: IpiInput): Promise<IpiSimulation> {
    const folder = await Deno.makeTempDir({ prefix: "spookynet-ipi-" });
    const prefix = `${folder}/socket_`;
    const to = input.port === undefined ? `unix:${prefix}driver` : `tcp:localhost:${input.port}`;
    for (const [k, atoms] of systemsOf(input).entries()) {
      await Deno.writeTextFile(`${folder}/init_${k}.xyz`, initialStructure(atoms, input.cell));
    }
    await Deno.writeTextFile(`${folder}/input.xml`, inputFile(input));
    const process = new Deno.Command(python.ipi, {
      args: ["input.xml", "-S", prefix],
      cwd: folder,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new IpiSimulation(folder, to, process);
  }

  /** Waits for i-PI's end; throws with what it wrote when it has failed or hangs. */
  async finished(seconds = 60): Promise<string> {
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 1000 * seconds);
    const { success, code, stdout, stderr } = await this.#process.output();
    clearTimeout(timer);
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    if (!success) throw new Error(`Expected i-PI to finish within ${seconds} s but it ended with ${code}:\n${text}`);
    return text;
  }

  /** A file of i-PI's output. */
  async read(name: string): Promise<string> {
    return await Deno.readTextFile(`${this.folder}/${name}`);
  }

  /** The columns of `simulation.out`: step, time, conserved, potential, temperature, volume. */
  async properties(): Promise<{ conserved: number[]; potential: number[]; temperature: number[]; volume: number[] }> {
    const lines = (await this.read("simulation.out")).split("\n").filter((line) =>
      line !== "" && !line.startsWith("#")
    );
    const rows = lines.map((line) => line.trim().split(/\s+/).map(Number));
    const column = (index: number) => rows.map((row) => row[index]!);
    return { conserved: column(2), potential: column(3), temperature: column(4), volume: column(5) };
  }

  /** Lines of properties written so far. */
  async stepsDone(): Promise<number> {
    try {
      return (await this.properties()).conserved.length;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return 0;
      throw error;
    }
  }

  /** Ends i-PI if it still runs, and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#exited) {
      this.#process.kill("SIGKILL");
      await this.#process.status;
    }
    await Deno.remove(this.folder, { recursive: true });
  }
}

function systemsOf({ atoms, furtherSystems = [] }: IpiInput): readonly IpiInput["atoms"][] {
  return [atoms, ...furtherSystems];
}

function initialStructure(atoms: IpiInput["atoms"], cell: IpiInput["cell"] = [50, 0, 0, 0, 50, 0, 0, 0, 50]): string {
  const lines = atoms.map(([element, ...position]) => `${element} ${position.join(" ")}`);
  const comment = `# CELL(H): ${cell.join(" ")} cell{angstrom} positions{angstrom}`;
  return `${atoms.length}\n${comment}\n${lines.join("\n")}\n`;
}

function inputFile(input: IpiInput): string {
  const { temperature = 100, stride = 1 } = input;
  const address = input.port === undefined
    ? "<address>driver</address>"
    : `<address> localhost </address> <port>${input.port}</port>`;
  const mode = input.port === undefined ? input.mode ?? "unix" : "inet";
  const forceField = (name: string) =>
    `<ffsocket name="${name}" mode="${mode}" pbc="False">${address}<latency>1e-4</latency>${
      input.socket ?? ""
    }</ffsocket>`;
  const driver = input.committee === true
    ? `<ffcommittee name="driver">${forceField("members")}<parse_json>True</parse_json></ffcommittee>`
    : forceField("driver");
  const motion = input.motion ??
    `<motion mode="dynamics"><dynamics mode="nve"><timestep units="femtosecond"> 1 </timestep></dynamics></motion>`;
  const systems = systemsOf(input).map((_, k, { length }) =>
    `<system${length > 1 ? ` prefix="${k}"` : ""}>
    <initialize nbeads="${input.beads ?? 1}">
      <file mode="xyz">init_${k}.xyz</file>
      <velocities mode="thermal" units="kelvin">${temperature}</velocities>
    </initialize>
    <forces><force forcefield="driver"/></forces>
    <ensemble><temperature units="kelvin">${temperature}</temperature>${input.ensemble ?? ""}</ensemble>
    ${motion}
  </system>`
  );
  return `<simulation verbosity="medium">
  <output prefix="simulation">
    <properties stride="${stride}" filename="out">
      [step, time{femtosecond}, conserved{electronvolt}, potential{electronvolt}, temperature{kelvin}, volume{angstrom3}]
    </properties>
    <trajectory filename="positions" stride="${stride}" format="xyz" cell_units="angstrom">positions{angstrom}</trajectory>
    ${input.output ?? ""}
  </output>
  <total_steps>${input.steps}</total_steps>
  <prng><seed>31415</seed></prng>
  ${driver}
  ${systems.join("\n  ")}
</simulation>
`;
}
