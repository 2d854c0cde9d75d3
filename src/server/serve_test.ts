import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { displacedStructures } from "../reference/hessian.ts";
import type { Structure } from "../structure/structure.ts";
import { createRandom } from "../structure/random.ts";
import { FakeCalculator, type FakeCalculatorOptions, resultOf } from "./fake_calculator.ts";
import { computeBody, errorOf, FakeClient, helloBody, message, systemBody, valuesOf } from "./fake_client.ts";
import { type RunningServer, serve, type ServeOptions } from "./serve.ts";
import { requestKinds } from "./wire.ts";

/** A server on a socket file of its own, which ends with the test. */
class Served implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly server: RunningServer,
    readonly calculator: FakeCalculator,
    readonly log: string[],
  ) {}

  static async start(options: Partial<ServeOptions> = {}, how: FakeCalculatorOptions = {}): Promise<Served> {
    const folder = await Deno.makeTempDir({ prefix: "spookynet-serve-" });
    const calculator = new FakeCalculator(how);
    const log: string[] = [];
    const onLog = (line: string) => log.push(line);
    const server = await serve({ listen: `unix:${folder}/s`, calculator, model: "a model", onLog, ...options });
    return new Served(folder, server, calculator, log);
  }

  get address(): string {
    return this.server.address;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    await this.server.closed;
    await Deno.remove(this.folder, { recursive: true });
  }
}

const water = [8, 1, 1];
const waterPositions = [0, 0, 0.1, 0, 0.76, -0.5, 0, -0.76, -0.5];

function structureOf(numbers: readonly number[], positions: readonly number[], charge = 0): Structure {
  return {
    numbers: Uint8Array.from(numbers),
    positions: Float64Array.from(positions),
    cell: null,
    periodic: [false, false, false],
    charge,
    unpaired: 0,
  };
}

Deno.test("serve() says its limits, model and device, and answers all that can be asked for in the order written down", async () => {
  await using served = await Served.start({ maxAtoms: 5, maxMessage: 4096 });
  using client = await FakeClient.connect(served.address);
  const { kind, body } = await client.request(requestKinds.hello, helloBody());
  equal(kind, 101);
  deepEqual([...new Uint32Array(body.buffer, 0, 4)], [1, 5, 4096, 4096]);
  match(new TextDecoder().decode(body), /a model.*fake/s);
  equal((await client.system(water, 2)).kind, 102);
  const second = waterPositions.map((x) => x + 1);
  const positions = [...waterPositions, ...second];
  const values = valuesOf(await client.compute({ positions, count: 2, wanted: 31 }));
  const [a, b] = [structureOf(water, waterPositions, 2), structureOf(water, second, 2)].map(resultOf);
  deepEqual(
    [...values],
    [a!, b!].map(({ energy }) => energy).concat(
      ...([a!, b!].map(({ forces }) => [...forces])),
      ...([a!, b!].map(({ virial }) => [...virial!])),
      ...([a!, b!].map(({ charges }) => [...charges!])),
      ...([a!, b!].map(({ dipole }) => [...dipole!])),
      ...([a!, b!].map(({ energies }) => [...energies!.nn])),
    ),
  );
  deepEqual([...valuesOf(await client.compute({ positions: waterPositions, wanted: 0 }))], [a!.energy]);
  equal((await client.request(requestKinds.goodbye)).kind, 104);
  await client.receiveEnd();
});

Deno.test("serve() takes cells and periodic axes, and refuses those that span no lattice", async () => {
  const seen: Structure[] = [];
  await using served = await Served.start({}, { onCompute: ([structure]) => seen.push({ ...structure! }) });
  using client = await FakeClient.open(served.address);
  await client.system([8]);
  const cells = [0, 0, 9, 5, 0, 0, 7, 7, 7];
  valuesOf(await client.compute({ positions: [1, 2, 3], cells, axes: 3 }));
  deepEqual(seen[0]!.periodic, [true, true, false]);
  deepEqual([...seen[0]!.cell!], cells);
  const flat = errorOf(await client.compute({ positions: [1, 2, 3], cells: [1, 0, 0, 2, 0, 0, 0, 0, 1], axes: 7 }));
  equal(flat.code, 6);
  match(flat.message, /not parallel or coplanar/);
});

Deno.test("serve() makes Hessians from batches of forces, others' requests in between", async () => {
  await using served = await Served.start();
  using client = await FakeClient.open(served.address);
  await client.system([6]);
  const values = valuesOf(await client.compute({ positions: [0.1, 0.2, 0.3], wanted: 32 }));
  equal(values.length, 1 + 9);
  // The fake forces do not depend on the positions.
  ok(values.subarray(1).every((element) => Math.abs(element) < 1e-12));
  deepEqual(served.calculator.batches.map((batch) => batch.length), [
    1,
    displacedStructures(structureOf([6], [0, 0, 0]), 1).length,
  ]);
});

Deno.test("serve() refuses in words what it cannot serve, and goes on where it can", async () => {
  await using served = await Served.start({ maxAtoms: 3, maxMessage: 1 << 16 });
  using client = await FakeClient.connect(served.address);
  const refused = async (code: number, text: RegExp, reply: Promise<Parameters<typeof errorOf>[0]>) => {
    const error = errorOf(await reply);
    equal(error.code, code);
    match(error.message, text);
  };
  await refused(5, /HELLO as the first request/, client.system(water));
  await client.request(requestKinds.hello, helloBody());
  await refused(5, /SYSTEM before COMPUTE/, client.compute({ positions: waterPositions }));
  await refused(4, /at most 3 atoms but found 4/, client.system([8, 1, 1, 1]));
  await refused(6, /one atom/, client.system([]));
  await refused(6, /found 0 at atom 1/, client.system([8, 0]));
  await refused(6, /unpaired electrons/, client.system(water, 1));
  await refused(6, /whole total charge|finite total charge/, client.system(water, NaN));
  await refused(6, /0 or more unpaired/, client.system(water, 0, -1));
  equal((await client.system(water)).kind, 102);
  await refused(6, /found NaN for atom 2$/, client.compute({ positions: waterPositions.with(8, NaN) }));
  await refused(
    6,
    /structure 2 of 2/,
    client.compute({ positions: [...waterPositions, ...waterPositions.with(0, Infinity)], count: 2 }),
  );
  await refused(6, /hydrogen within 1000/, client.compute({ positions: waterPositions.with(8, 2000) }));
  await refused(4, /4096 structures in a request but found 5000/, client.compute({ positions: [], count: 5000 }));
  await refused(
    4,
    /a reply of at most 65536 bytes/,
    client.compute({ positions: new Array(900).fill(0), count: 100, wanted: 63 }),
  );
  equal(valuesOf(await client.compute({ positions: waterPositions })).length, 1 + 9 + 9 + 3 + 3 + 3);
  // Numbers that are not there: the message was cut elsewhere than the client believes.
  await refused(
    1,
    /Expected 18 numbers in COMPUTE for 2 structures of 3 atoms without cells but found 9/,
    client.compute({ positions: waterPositions, count: 2 }),
  );
  await client.receiveEnd();
});

Deno.test("serve() ends a connection that is wrong from its start, and says why", async () => {
  await using served = await Served.start({ token: "right", maxClients: 2, maxMessage: 4096 });
  const wrong: readonly (readonly [number, RegExp, Uint8Array])[] = [
    [3, /found none/, message(1, helloBody(), 1)],
    [3, /found another/, message(1, helloBody("wrong"), 1)],
    [3, /found another/, message(1, helloBody("right "), 1)],
    [2, /speaks version 1 but found version 2/, message(1, helloBody("right", "", 2), 1)],
    [1, /begins with SPK1 but found the bytes 47 45/, new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")],
    [4, /at most 4096 bytes/, message(3, new Uint8Array(1 << 20), 1)],
  ];
  for (const [code, text, bytes] of wrong) {
    using client = await FakeClient.connect(served.address);
    await client.send(bytes);
    const error = errorOf(await client.receive());
    equal(error.code, code);
    match(error.message, text);
    await client.receiveEnd();
    match(served.log.at(-1)!, text);
  }
  using one = await FakeClient.open(served.address, "right");
  using _two = await FakeClient.open(served.address, "right");
  using three = await FakeClient.connect(served.address);
  const { code, message: text } = errorOf(await three.request(requestKinds.hello, helloBody("right")));
  equal(code, 4);
  match(text, /at most 2 clients/);
  await three.receiveEnd();
  equal((await one.system(water)).kind, 102);
});

Deno.test("serve() closes a client that stops in the midst of a message or does not read, and nobody waits for it", async () => {
  await using served = await Served.start({ patienceSeconds: 0.2 });
  using half = await FakeClient.open(served.address);
  await half.send(message(2, systemBody(water), 2).subarray(0, 21));
  using deaf = await FakeClient.open(served.address);
  await deaf.system([6]);
  const count = 4096;
  for (let k = 0; k < 3; k++) {
    // A reply of 1 MB does not fit into a socket's buffer.
    deaf.sendRequest(requestKinds.compute, computeBody({ positions: new Array(3 * count).fill(1), count })).catch(
      () => {},
    );
  }
  using idle = await FakeClient.open(served.address);
  using client = await FakeClient.open(served.address);
  await client.system([6]);
  const start = performance.now();
  while (performance.now() - start < 2500) {
    const asked = performance.now();
    valuesOf(await client.compute({ positions: [1, 2, 3] }));
    ok(performance.now() - asked < 500);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await half.receiveEnd();
  // A client that says nothing may do so for ever.
  equal((await idle.system([6])).kind, 102);
  await rejects(async () => {
    while (true) await deaf.receive();
  });
});

Deno.test("serve() finishes at its end what clients have asked, answers it and refuses the rest", async () => {
  let started = () => {};
  const computing = new Promise<void>((resolve) => started = resolve);
  const served = await Served.start({}, { milliseconds: 200, onCompute: () => started() });
  const path = served.address.slice("unix:".length);
  using busy = await FakeClient.open(served.address);
  using queued = await FakeClient.open(served.address);
  using late = await FakeClient.open(served.address);
  using idle = await FakeClient.open(served.address);
  for (const client of [busy, queued, late]) await client.system([6]);
  const first = busy.compute({ positions: [1, 2, 3], wanted: 0 });
  await computing;
  const second = queued.compute({ positions: [1, 1, 1], wanted: 0 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  served.server.close();
  await rejects(Deno.lstat(path), Deno.errors.NotFound);
  deepEqual([...valuesOf(await first)], [84]);
  // Its connection is closed when the end of the server is seen to be near: at once, or after the refusal.
  await late.compute({ positions: [1, 2, 3] }).then(
    (reply) => equal(errorOf(reply).code, 8),
    (error) => match(String(error), /found the end|Broken pipe|reset/),
  );
  deepEqual([...valuesOf(await second)], [36]);
  await idle.receiveEnd();
  await busy.receiveEnd();
  const { answers, evaluations } = await served.server.closed;
  equal(evaluations, 2);
  equal(answers, 4 + 3 + 2);
  await served[Symbol.asyncDispose]();
});

Deno.test("serve() answers a request that arrives while it ends with error 8", async () => {
  await using served = await Served.start();
  using client = await FakeClient.open(served.address);
  const reply = client.system([6]);
  served.server.close();
  const { kind } = await reply;
  // Read before the end, or refused.
  ok(kind === 102 || kind === 199);
  await client.receiveEnd();
});

Deno.test("serve() is not kept from its end by a half-sent message or a client that does not read", async () => {
  const served = await Served.start();
  using half = await FakeClient.open(served.address);
  await half.send(message(2, systemBody(water), 2).subarray(0, 21));
  using deaf = await FakeClient.open(served.address);
  await deaf.system([6]);
  const count = 4096;
  for (let k = 0; k < 4; k++) {
    deaf.sendRequest(requestKinds.compute, computeBody({ positions: new Array(3 * count).fill(1), count })).catch(
      () => {},
    );
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  const start = performance.now();
  await served[Symbol.asyncDispose]();
  ok(performance.now() - start < 4000);
});

Deno.test("serve() ends when there was no client for the time it was told", async () => {
  const served = await Served.start({ idleExitSeconds: 0.3 });
  {
    using client = await FakeClient.open(served.address);
    await new Promise((resolve) => setTimeout(resolve, 500));
    equal((await client.system([6])).kind, 102);
  }
  const start = performance.now();
  await served.server.closed;
  ok(performance.now() - start > 250 && performance.now() - start < 2000);
  await Deno.remove(served.folder, { recursive: true });
});

Deno.test("serve() makes its socket the user's alone, replaces one that was left behind and respects one in use", async () => {
  await using served = await Served.start();
  const path = served.address.slice("unix:".length);
  equal(Deno.lstatSync(path).mode! & 0o777, 0o600);
  const options = { calculator: served.calculator, model: "" };
  await rejects(serve({ ...options, listen: served.address }), /nobody to listen on .* but found a server/);
  await Deno.writeTextFile(`${served.folder}/file`, "");
  await rejects(serve({ ...options, listen: `unix:${served.folder}/file` }), /found something else/);
  // A server that was killed leaves its file.
  const stale = `${served.folder}/stale`;
  const killed = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `Deno.listen({ transport: "unix", path: ${JSON.stringify(stale)} }); Deno.kill(Deno.pid, "SIGKILL");`,
    ],
  });
  await killed.output();
  ok(Deno.lstatSync(stale).isSocket);
  const [one, two] = await Promise.allSettled([1, 2].map(() => serve({ ...options, listen: `unix:${stale}` })));
  deepEqual([one!.status, two!.status].sort(), ["fulfilled", "rejected"]);
  for (const started of [one!, two!]) {
    if (started.status !== "fulfilled") continue;
    started.value.close();
    await started.value.closed;
  }
  await rejects(Deno.lstat(stale), Deno.errors.NotFound);
  await Deno.mkdir(`${served.folder}/open`);
  await Deno.chmod(`${served.folder}/open`, 0o777);
  await rejects(serve({ ...options, listen: `unix:${served.folder}/open/s` }), /others cannot write/);
});

Deno.test("serve() listens at loopback TCP, and elsewhere only when told to and with a token", async () => {
  await using served = await Served.start({ listen: "tcp:127.0.0.1:0" });
  match(served.address, /^tcp:127\.0\.0\.1:\d+$/);
  using client = await FakeClient.open(served.address);
  equal((await client.system(water)).kind, 102);
  const options = { calculator: served.calculator, model: "", listen: "tcp:0.0.0.0:0" };
  await rejects(serve(options), /--allow-remote/);
  await rejects(serve({ ...options, allowRemote: true }), /a token/);
  await using _remote = await Served.start({ ...options, allowRemote: true, token: "secret" });
});

Deno.test("serve() gives healthy clients right answers while others break off, send garbage or ask too much", async () => {
  await using served = await Served.start({ maxMessage: 1 << 16, patienceSeconds: 1 }, { milliseconds: 1 });
  const end = performance.now() + 2500;
  let answers = 0;
  const healthy = async (seed: number) => {
    const random = createRandom(seed);
    using client = await FakeClient.open(served.address);
    const atoms = 1 + Math.floor(8 * random());
    const numbers = Array.from({ length: atoms }, () => 6);
    const charge = 2 * seed;
    await client.system(numbers, charge);
    while (performance.now() < end) {
      const count = random() < 0.1 ? 150 : 1;
      const positions = Array.from({ length: 3 * atoms * count }, () => random());
      const values = valuesOf(await client.compute({ positions, count, wanted: 1 }));
      const expected = Array.from(
        { length: count },
        (_, s) => resultOf(structureOf(numbers, positions.slice(3 * atoms * s, 3 * atoms * (s + 1)), charge)),
      );
      deepEqual([...values.subarray(0, count)], expected.map(({ energy }) => energy));
      deepEqual([...values.subarray(count, count + 3 * atoms)], [...expected[0]!.forces]);
      answers++;
    }
  };
  const unruly = async (seed: number) => {
    const random = createRandom(seed);
    while (performance.now() < end) {
      using client = await FakeClient.connect(served.address);
      try {
        const bytes = [
          message(1, helloBody(), 1),
          message(2, systemBody([1]), 2),
          message(
            3,
            computeBody({
              positions: random() < 0.3 ? [5000, 0, 0] : new Array(3 * 500).fill(0),
              count: random() < 0.5 ? 1 : 500,
            }),
            3,
          ),
        ];
        for (const piece of bytes) {
          if (random() < 0.2) piece[Math.floor(random() * piece.length)] = 255;
          await client.send(random() < 0.2 ? piece.subarray(0, Math.floor(random() * piece.length)) : piece);
        }
        if (random() < 0.2) await client.send(message(3, new Uint8Array(1 << 17), 4));
        if (random() < 0.5) await client.receive();
      } catch (error) {
        if (!(error instanceof Error)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20 * random()));
    }
  };
  await Promise.all([...[1, 2, 3, 4, 5].map(healthy), ...[6, 7, 8, 9].map(unruly)]);
  ok(answers > 100, `${answers} answers`);
});
