import type { ServerEvaluation } from "../server/scheduler.ts";
import { serve, type ServeOptions, type ServerCounts } from "../server/serve.ts";
import type { Invocation } from "./commands.ts";
import { describeDevice, loadModels, openCommittee } from "./compute_options.ts";
import type { Options } from "./options.ts";
import { EndSignals } from "./signals.ts";
import { StatusLine } from "./status_line.ts";
import { describeTemplate, templateOf } from "./template.ts";
import { UsageError } from "./usage_error.ts";

/** What a client's structures are prepared for where nobody says their size. */
const unknownAtoms = 100;

/** `serve`: answers clients until SIGTERM, SIGINT or `--idle-exit`; prints one line when it listens. */
export async function run({ options }: Invocation): Promise<number> {
  const { listen } = options;
  if (listen === undefined) {
    throw new UsageError("Expected --listen ADDRESS but found none: see ./spookynet serve --help");
  }
  const host = await hostOf(options);
  const models = await loadModels(options);
  if (options.extras?.includes("committee") && models.length < 2) {
    throw new UsageError("Expected --model A,B,... for --extras committee but found one model");
  }
  const model = models.map(({ name }) => name).join(", ");
  const status = new StatusLine();
  const print = (line: string) => unlessClosed(() => status.print(line));
  await using calculator = await openCommittee(models, options, host?.atoms.numbers.length ?? unknownAtoms, print);
  status.print(`${model} on ${describeDevice(calculator.device)}`);
  if (host !== undefined) status.print(`hosts of the i-PI protocol: ${describeTemplate(host)}`);
  const rate = new Rate();
  const server = await usage(() =>
    serve({
      listen,
      calculator,
      model,
      ...limitsOf(options),
      ...(host !== undefined && { host }),
      onLog: print,
      onEvaluation: (evaluation, counts) => {
        rate.add(evaluation);
        unlessClosed(() => status.update(() => rate.line(counts)));
      },
    })
  );
  using _signals = new EndSignals(() => server.close());
  console.log(`listening on ${server.address}`);
  const counts = await server.closed;
  unlessClosed(() => status.end(total(counts)));
  return 0;
}

/** The atoms of hosts of the i-PI protocol, where the options say them. */
async function hostOf(options: Options) {
  if (options.template === undefined && options.elements === undefined) {
    const given = (["charge", "unpaired", "multiplicity", "pbc"] as const).find((name) => options[name] !== undefined);
    if (given === undefined) return undefined;
    throw new UsageError(
      `Expected --${given} together with --template or --elements but found neither: it is for hosts of the i-PI ` +
        "protocol, other clients say it themselves",
    );
  }
  return await templateOf(options);
}

function limitsOf(options: Options): Partial<ServeOptions> {
  const token = options.token ?? (Deno.env.get("SPOOKYNET_TOKEN") || undefined);
  const { extras } = options;
  return {
    ...(options["max-atoms"] !== undefined && { maxAtoms: options["max-atoms"] }),
    ...(options["max-clients"] !== undefined && { maxClients: options["max-clients"] }),
    ...(options["max-message"] !== undefined && { maxMessage: options["max-message"] * 2 ** 20 }),
    ...(options["idle-exit"] !== undefined && { idleExitSeconds: options["idle-exit"] }),
    ...(options["allow-remote"] === true && { allowRemote: true }),
    ...(options["no-electron-check"] === true && { electronCheck: false }),
    ...(token !== undefined && { token }),
    ...(extras !== undefined && { extras }),
  };
}

/** A program that started the server may have closed its standard error: that does not end it. */
function unlessClosed(write: () => void) {
  try {
    write();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Options that the server refuses are wrong usage. */
async function usage<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    throw error instanceof TypeError || error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

/** What happened since the status line was drawn last. */
class Rate {
  #since = performance.now();
  #answers = 0;
  #evaluations = 0;
  #structures = 0;
  #milliseconds = 0;

  add({ structures, milliseconds }: ServerEvaluation) {
    this.#evaluations++;
    this.#structures += structures;
    this.#milliseconds += milliseconds;
  }

  line({ clients, answers }: ServerCounts): string {
    const now = performance.now();
    const perSecond = 1000 * (answers - this.#answers) / (now - this.#since);
    const line = `${clients} ${clients === 1 ? "client" : "clients"}, ${perSecond.toFixed(0)} requests/s, ${
      (this.#milliseconds / this.#evaluations).toFixed(2)
    } ms an evaluation of ${(this.#structures / this.#evaluations).toFixed(1)} structures`;
    [this.#since, this.#answers] = [now, answers];
    this.#evaluations = this.#structures = this.#milliseconds = 0;
    return line;
  }
}

function total({ answers, evaluations, structures, milliseconds }: ServerCounts): string {
  if (evaluations === 0) return "nothing computed";
  return `${answers} requests answered: ${structures} structures in ${evaluations} evaluations, ${
    (milliseconds / evaluations).toFixed(2)
  } ms each`;
}
