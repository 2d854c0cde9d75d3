import { parseAddress } from "../protocol/address.ts";
import type { DriverStep } from "../protocol/driver.ts";
import { connect } from "../server/connect.ts";
import type { Invocation } from "./commands.ts";
import { describeDevice, loadModels, openCommittee } from "./compute_options.ts";
import { EndSignals } from "./signals.ts";
import { StatusLine } from "./status_line.ts";
import { describeTemplate, templateOf } from "./template.ts";
import { UsageError } from "./usage_error.ts";

/** `connect`: the driver of a host, until that has finished. */
export async function run({ options }: Invocation): Promise<number> {
  const { to, prefix, init, retry, shm, clients, extras } = options;
  if (to === undefined) throw new UsageError("Expected --to ADDRESS but found none: see ./spookynet connect --help");
  checkAddress(to, prefix);
  const { atoms, periodic, notice } = await templateOf(options);
  const models = await loadModels(options);
  if (extras?.includes("committee") && models.length < 2) {
    throw new UsageError("Expected --model A,B,... for --extras committee but found one model");
  }
  const status = new StatusLine();
  await using calculator = await openCommittee(
    models,
    options,
    (clients ?? 1) * atoms.numbers.length,
    (line) => status.print(line),
  );
  if (notice !== null) status.print(notice);
  status.print(
    `${models.map(({ name }) => name).join(", ")} on ${describeDevice(calculator.device)}: ${
      describeTemplate({ atoms, periodic })
    }`,
  );
  const speed = new Speed();
  const driver = connect({
    to,
    calculator,
    atoms,
    periodic,
    ...(prefix !== undefined && { prefix }),
    ...(init !== undefined && { init }),
    ...(retry !== undefined && { retrySeconds: retry }),
    ...(shm !== undefined && { shm }),
    ...(clients !== undefined && { clients }),
    ...(extras !== undefined && { extras }),
    onLog: (line) => status.print(line),
    onStep: (step) => {
      speed.add(step);
      status.update(() => speed.toString());
    },
  });
  // The host gives its work to another driver when this one leaves in order.
  using signals = new EndSignals(() => driver.close());
  const summary = await driver.closed;
  status.end(speed.toString());
  if (summary.error !== undefined) throw summary.error;
  return signals.exitCode;
}

function checkAddress(to: string, prefix: string | undefined) {
  try {
    parseAddress(to, prefix);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

/** Counts and the time of an evaluation; the first one, which compiles kernels, is left out of the mean. */
class Speed {
  #last: DriverStep | null = null;
  #timed = 0;
  #milliseconds = 0;

  add(step: DriverStep) {
    if (this.#last !== null) {
      this.#timed++;
      this.#milliseconds += step.milliseconds;
    }
    this.#last = step;
  }

  toString(): string {
    if (this.#last === null) return "nothing computed";
    const { evaluation, frames, milliseconds, host } = this.#last;
    const mean = this.#timed > 0 ? this.#milliseconds / this.#timed : milliseconds;
    return `${host ?? "host"}: ${evaluation} ${evaluation === 1 ? "evaluation" : "evaluations"}, ${
      mean.toFixed(2)
    } ms each, ` +
      `${frames} ${frames === 1 ? "structure" : "structures"} at a time`;
  }
}
