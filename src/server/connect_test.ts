import { deepEqual, equal } from "node:assert/strict";
import type { Calculator } from "../engine/calculator.ts";
import { FakeHost } from "../protocol/fake_host.ts";
import { header, positionData } from "../protocol/host_messages.ts";
import type { Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { connect, type ConnectOptions } from "./connect.ts";

/** Charge and unpaired electrons are kept; the coordinates of what a template was made from do not matter. */
const atoms = { numbers: Uint8Array.of(8, 1), charge: -1, unpaired: 0 };

/** Remembers what it was asked, and answers with a charge of one for each atom. */
class Recorder implements Calculator {
  readonly device = { kind: "cpu", name: "recorder", driver: "", readBack: "none" } as const;
  readonly asked: { structure: Structure; properties: readonly Property[] }[] = [];

  compute(structure: Structure, properties?: Iterable<Property>): Promise<Result>;
  compute(structures: readonly Structure[], properties?: Iterable<Property>): Promise<Result[]>;
  compute(input: Structure | readonly Structure[], properties: Iterable<Property> = []): Promise<Result | Result[]> {
    const results = this.computeSync("numbers" in input ? [input] : input, properties);
    return Promise.resolve("numbers" in input ? results[0]! : results);
  }

  computeSync(structures: readonly Structure[], properties: Iterable<Property> = []): Result[] {
    return structures.map((structure) => {
      this.asked.push({ structure, properties: [...properties] });
      const zeros = { energy: 0, forces: new Float64Array(6), virial: new Float64Array(9) };
      return { ...zeros, charges: Float64Array.of(1, 1) };
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** Sends one structure with this cell (Å, rows) to a driver; returns what its calculator was asked, and the extras. */
async function serveOne(cell: readonly number[], options: Partial<ConnectOptions>) {
  const calculator = new Recorder();
  await using host = FakeHost.listen("unix");
  const driver = connect({ to: host.to, calculator, atoms, init: "ready", ...options });
  const connection = await host.accept();
  const columns = [0, 3, 6, 1, 4, 7, 2, 5, 8].map((k) => cell[k]! / 0.529177210903);
  await connection.send(positionData({ cell: columns, positions: [0, 0, 0, 2, 0, 0] }), header("GETFORCE"));
  const { extras } = await connection.receiveForces(2);
  connection.close();
  await driver.closed;
  return { ...calculator.asked[0]!, extras };
}

const skewed = [10, 0, 0, 2, 9, 0, 1, 1, 8];

Deno.test("connect() takes a host's box for nothing unless it is told", async () => {
  const { structure } = await serveOne(skewed, {});
  deepEqual(structure.numbers, atoms.numbers);
  equal(structure.charge, -1);
  equal(structure.cell, null);
  deepEqual(structure.periodic, [false, false, false]);
});

Deno.test("connect() gives a crystal its cell vectors as rows", async () => {
  const { structure } = await serveOne(skewed, { periodic: [true, true, true] });
  deepEqual(structure.periodic, [true, true, true]);
  structure.cell!.forEach((component, k) => equal(Math.abs(component - skewed[k]!) < 1e-12, true));
});

Deno.test("connect() repeats nothing along a vector of zeros, or along an axis nobody asked for", async () => {
  const slab = await serveOne([10, 0, 0, 2, 9, 0, 0, 0, 0], { periodic: [true, true, true] });
  deepEqual(slab.structure.periodic, [true, true, false]);
  const wire = await serveOne(skewed, { periodic: [false, false, true] });
  deepEqual(wire.structure.periodic, [false, false, true]);
  equal((await serveOne(new Array(9).fill(0), { periodic: [true, true, true] })).structure.cell, null);
});

Deno.test("connect() computes and sends extras only when asked to", async () => {
  const without = await serveOne(skewed, {});
  deepEqual(without.properties, ["energy", "forces", "virial"]);
  deepEqual(without.extras, [""]);
  const withCharges = await serveOne(skewed, { extras: ["charges"] });
  deepEqual(withCharges.properties, ["energy", "forces", "virial", "charges"]);
  deepEqual(withCharges.extras, ['{"charges":[1,1]}']);
});
