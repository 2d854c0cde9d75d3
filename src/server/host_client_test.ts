import { deepEqual, equal, match, ok } from "node:assert/strict";
import { FakeConnection } from "../protocol/fake_host.ts";
import { header, init, positionData, wireStructure } from "../protocol/host_messages.ts";
import { bohr, hartree } from "../protocol/units.ts";
import { FakeCalculator, resultOf } from "./fake_calculator.ts";
import { FakeClient, valuesOf } from "./fake_client.ts";
import { serve, type ServeOptions } from "./serve.ts";

/** A server, its log, and a host of the i-PI protocol that has connected to it. */
async function withHost(
  options: Partial<ServeOptions>,
  body: (host: FakeConnection, log: string[], address: string, calculator: FakeCalculator) => Promise<void>,
) {
  const folder = await Deno.makeTempDir({ prefix: "spookynet-serve-" });
  const log: string[] = [];
  const calculator = new FakeCalculator({ milliseconds: 5 });
  const listen = `unix:${folder}/s`;
  const server = await serve({ listen, calculator, model: "fake", onLog: (line) => log.push(line), ...options });
  const connection = await Deno.connect({ transport: "unix", path: `${folder}/s` });
  try {
    await body(new FakeConnection(connection), log, server.address, calculator);
  } finally {
    connection.close();
    server.close();
    await server.closed;
    await Deno.remove(folder, { recursive: true });
  }
}

const atoms = { numbers: Uint8Array.of(8, 6), charge: -1, unpaired: 0 };
const host = { atoms, periodic: [false, false, false] } as const;

/** That a host's next energy is that of its structure (bohr) with these elements. */
async function expectEnergy(
  connection: FakeConnection,
  structure = wireStructure(2),
  numbers = atoms.numbers,
  charge = -1,
) {
  const { header: text, energies, atomCount } = await connection.receiveForces(2);
  equal(text, "FORCEREADY  ");
  equal(atomCount, 2);
  const positions = Float64Array.from(structure.positions, (x) => x * bohr);
  const { energy } = resultOf({ numbers, positions, charge, unpaired: 0, cell: null, periodic: [false, false, false] });
  ok(Math.abs(energies[0]! * hartree - energy) < 1e-12 * (1 + Math.abs(energy)));
}

Deno.test("serve() drives a host of the i-PI protocol that connects, with the atoms it was told", async () => {
  await withHost({ host }, async (connection, log, address, calculator) => {
    await connection.send(header("STATUS"));
    equal(await connection.receiveHeader(), "NEEDINIT    ");
    await connection.sendInPieces(init(0, "\0"), 5);
    await connection.send(header("STATUS"));
    equal(await connection.receiveHeader(), "READY       ");
    await connection.send(positionData(wireStructure(2)), header("GETFORCE"));
    await expectEnergy(connection);
    match(log.join("\n"), /a host of the i-PI protocol/);
    // Other clients' structures are computed with the host's.
    using client = await FakeClient.open(address);
    await client.system([6]);
    calculator.batches.length = 0;
    for (let step = 0; step < 20; step++) {
      const values = client.compute({ positions: [1, 2, 3], wanted: 0 });
      await connection.send(positionData(wireStructure(2, step)), header("GETFORCE"));
      await expectEnergy(connection, wireStructure(2, step));
      deepEqual([...valuesOf(await values)], [84]);
    }
    ok(calculator.batches.some((batch) => batch.length === 2), JSON.stringify(calculator.batches));
    await connection.send(header("EXIT"));
    equal(await connection.receiveEnd(), "end");
  });
});

Deno.test("serve() takes a host's atoms from a JSON INIT, which it asks for before every structure", async () => {
  await withHost({}, async (connection, log) => {
    for (const numbers of [[8, 6], [7, 6]]) {
      await connection.send(header("STATUS"));
      equal(await connection.receiveHeader(), "NEEDINIT    ");
      await connection.send(
        init(0, JSON.stringify({ numbers, pbc: [false, false, false], charge: 1 })),
        header("STATUS"),
      );
      equal(await connection.receiveHeader(), "READY       ");
      await connection.send(positionData(wireStructure(2)), header("GETFORCE"));
      await expectEnergy(connection, wireStructure(2), Uint8Array.from(numbers), 1);
    }
    await connection.send(header("STATUS"));
    equal(await connection.receiveHeader(), "NEEDINIT    ");
    await connection.send(init(0, `{"numbers":[1]}`));
    equal(await connection.receiveEnd(), "end");
    match(log.at(-1)!, /Expected 2 atoms in INIT as before but found 1/);
  });
});

Deno.test("serve() refuses a host whose atoms nobody says, and one whose INIT makes no sense", async () => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    ["\0", /says its atoms, as JSON in INIT, but found the INIT .* --template FILE or --elements/],
    [`{"numbers":[8,"H"]}`, /Expected atomic numbers/],
    [`{"numbers":[8],"pbc":[true]}`, /three answers as `pbc`/],
    [`{"numbers":[8],"charge":"x"}`, /`charge` and `unpaired`/],
    [`{"numbers":[8,8,8,8]}`, /at most 3 atoms but found 4/],
  ];
  for (const [text, expected] of refusals) {
    await withHost({ maxAtoms: 3 }, async (connection, log) => {
      await connection.send(header("STATUS"));
      equal(await connection.receiveHeader(), "NEEDINIT    ");
      await connection.send(init(0, text));
      equal(await connection.receiveEnd(), "end");
      match(log.at(-1)!, expected);
    });
  }
  await withHost({}, async (connection, log) => {
    await connection.send(positionData(wireStructure(2)));
    await connection.receiveEnd();
    match(log.at(-1)!, /but found POSDATA/);
  });
  await withHost({ host, token: "secret" }, async (connection, log) => {
    await connection.send(header("STATUS"));
    await connection.receiveEnd();
    match(log.at(-1)!, /which has no token/);
  });
});
