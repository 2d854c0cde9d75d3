import assert from "node:assert/strict";
import { type DriverOptions, type DriverStep, runDriver } from "./driver.ts";
import { FakeHost } from "./fake_host.ts";
import type { Frame, FrameResult } from "./frame.ts";
import {
  batchedPositionData,
  float64,
  header,
  init,
  int32,
  join,
  positionData,
  text,
  type WireStructure,
  wireStructure,
} from "./host_messages.ts";
import { bohr, hartree } from "./units.ts";

const atomCount = 2;

/** Springs to the origin of 1 hartree/bohr², so that in atomic units E = Σ x²/2 and F = −x. */
function harmonic(frames: readonly Frame[]): FrameResult[] {
  const stiffness = hartree / bohr ** 2;
  return frames.map(({ positions }) => ({
    energy: positions.reduce((energy, x) => energy + stiffness * x * x / 2, 0),
    forces: positions.map((x) => -stiffness * x),
    virial: Float64Array.of(1, 2, 3, 2, 5, 6, 3, 6, 9).map((virial) => virial * hartree),
  }));
}

/** Rounding of two unit conversions. */
const tolerance = 1e-14;

function assertHarmonic(
  { header: forceReady, energies, atomCount: count, forces, virials }: Awaited<
    ReturnType<import("./fake_host.ts").FakeConnection["receiveForces"]>
  >,
  structures: readonly WireStructure[],
): void {
  assert.equal(forceReady, "FORCEREADY  ");
  assert.equal(count, atomCount);
  for (const [i, { positions }] of structures.entries()) {
    const energy = positions.reduce((sum, x) => sum + x * x / 2, 0);
    assert.ok(Math.abs(energies[i]! - energy) < tolerance * 10);
    for (const [j, x] of positions.entries()) {
      assert.ok(Math.abs(forces[3 * atomCount * i + j]! + x) < tolerance);
    }
    assert.deepEqual(virials.slice(9 * i, 9 * i + 9).map((x) => Math.round(x * 1e9) / 1e9), [
      1,
      2,
      3,
      2,
      5,
      6,
      3,
      6,
      9,
    ]);
  }
}

function options(host: FakeHost, more: Partial<DriverOptions> = {}): DriverOptions {
  return { to: host.to, atomCount, evaluate: harmonic, retrySeconds: 5, ...more };
}

for (const transport of ["unix", "tcp"] as const) {
  Deno.test(`runDriver serves i-PI's consolidated exchange over ${transport}`, async () => {
    await using host = FakeHost.listen(transport);
    const driver = runDriver(options(host));
    const connection = await host.accept();
    await connection.send(header("STATUS"));
    assert.equal(await connection.receiveHeader(), "NEEDINIT    ");
    await connection.send(init(0, " "), header("STATUS"));
    assert.equal(await connection.receiveHeader(), "READY       ");
    for (let step = 0; step < 3; step++) {
      await connection.send(positionData(wireStructure(atomCount, step)), header("GETFORCE"));
      assertHarmonic(await connection.receiveForces(atomCount), [wireStructure(atomCount, step)]);
      await connection.send(header("STATUS"));
      assert.equal(await connection.receiveHeader(), "READY       ");
    }
    await connection.send(header("EXIT"));
    connection.close();
    const { ended, answers, evaluations, frames, host: name } = await driver.closed;
    assert.deepEqual([ended, answers, evaluations, frames, name], ["exit", 3, 3, 3, "i-PI"]);
  });
}

Deno.test("runDriver serves the classic exchange of ASE, in small writes, and takes its silent end for success", async () => {
  await using host = FakeHost.listen();
  const driver = runDriver(options(host));
  const connection = await host.accept();
  await connection.send(header("STATUS"));
  assert.equal(await connection.receiveHeader(), "NEEDINIT    ");
  await connection.send(init(0, "\0"));
  for (let step = 0; step < 2; step++) {
    await connection.send(header("STATUS"));
    assert.equal(await connection.receiveHeader(), "READY       ");
    await connection.sendInPieces(positionData(wireStructure(atomCount, step)), 72);
    await connection.send(header("STATUS"));
    assert.equal(await connection.receiveHeader(), "HAVEDATA    ");
    await connection.send(header("GETFORCE"));
    assertHarmonic(await connection.receiveForces(atomCount), [wireStructure(atomCount, step)]);
  }
  connection.close();
  const { ended, host: name } = await driver.closed;
  assert.deepEqual([ended, name], ["eof", "ASE"]);
});

Deno.test("runDriver tells CP2K and serves it", async () => {
  await using host = FakeHost.listen("tcp");
  const driver = runDriver(options(host));
  const connection = await host.accept();
  await connection.send(header("STATUS"));
  assert.equal(await connection.receiveHeader(), "NEEDINIT    ");
  await connection.send(init(1, "Initializing"));
  await connection.send(positionData(wireStructure(atomCount)), header("STATUS"));
  assert.equal(await connection.receiveHeader(), "HAVEDATA    ");
  await connection.send(header("GETFORCE"));
  await connection.receiveForces(atomCount);
  await connection.send(header("EXIT"));
  assert.deepEqual([(await driver.closed).ended, (await driver.closed).host], ["exit", "CP2K"]);
});

Deno.test("runDriver says READY at once with init: ready, and reads eOn's headers padded with NULs", async () => {
  await using host = FakeHost.listen();
  const driver = runDriver(options(host, { init: "ready" }));
  const connection = await host.accept();
  const identity = { ...wireStructure(atomCount), cell: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
  await connection.send(header("STATUS", "\0"));
  assert.equal(await connection.receiveHeader(), "READY       ");
  await connection.send(positionData(identity, "\0"), header("STATUS", "\0"));
  assert.equal(await connection.receiveHeader(), "HAVEDATA    ");
  await connection.send(header("STATUS", "\0"));
  assert.equal(await connection.receiveHeader(), "HAVEDATA    ");
  await connection.send(header("GETFORCE", "\0"));
  assertHarmonic(await connection.receiveForces(atomCount), [identity]);
  await connection.send(header("EXIT", "\0"));
  assert.equal((await driver.closed).ended, "exit");
});

Deno.test("runDriver says what to do when a host closes instead of answering NEEDINIT", async () => {
  await using host = FakeHost.listen();
  const log: string[] = [];
  const driver = runDriver(options(host, { onLog: (line) => log.push(line) }));
  const connection = await host.accept();
  await connection.send(header("STATUS", "\0"));
  assert.equal(await connection.receiveHeader(), "NEEDINIT    ");
  connection.close();
  assert.equal((await driver.closed).ended, "eof");
  assert.ok(log.some((line) => line.includes("--init ready")), log.join("; "));
});

Deno.test("runDriver asks for INIT after every answer with init: every, as Rootstock wants", async () => {
  await using host = FakeHost.listen();
  const texts: string[] = [];
  const driver = runDriver(options(host, { init: "every", onInit: ({ text }) => texts.push(text) }));
  const connection = await host.accept();
  for (let step = 0; step < 2; step++) {
    await connection.send(header("STATUS"));
    assert.equal(await connection.receiveHeader(), "NEEDINIT    ");
    await connection.send(init(step, `{"numbers":[1,${step}]}`), header("STATUS"));
    assert.equal(await connection.receiveHeader(), "READY       ");
    await connection.send(positionData(wireStructure(atomCount, step)), header("STATUS"));
    assert.equal(await connection.receiveHeader(), "HAVEDATA    ");
    await connection.send(header("GETFORCE"));
    await connection.receiveForces(atomCount);
  }
  connection.close();
  assert.deepEqual([(await driver.closed).ended, (await driver.closed).host], ["eof", "Rootstock"]);
  assert.deepEqual(texts, [`{"numbers":[1,0]}`, `{"numbers":[1,1]}`]);
});

Deno.test("runDriver evaluates a batch in one call, and its padding not at all", async () => {
  await using host = FakeHost.listen();
  const steps: DriverStep[] = [];
  const driver = runDriver(options(host, { onStep: (step) => steps.push(step) }));
  const connection = await host.accept();
  await connection.send(header("STATUS"));
  await connection.receiveHeader();
  await connection.send(init(0, "  batch_size:4"), header("STATUS"));
  assert.equal(await connection.receiveHeader(), "READY       ");
  const full = [0, 1, 2, 3].map((seed) => ({
    ...wireStructure(atomCount, seed),
    cell: [9 + seed, 1, 2, 0, 9, 3, 0, 0, 9],
  }));
  const padded = [full[0]!, full[1]!, full[1]!, full[1]!];
  for (const structures of [full, padded]) {
    await connection.send(batchedPositionData(structures), header("GETFORCE"));
    assertHarmonic(await connection.receiveForces(atomCount, 4), structures);
    await connection.send(header("STATUS"));
    assert.equal(await connection.receiveHeader(), "READY       ");
  }
  await connection.send(header("EXIT"));
  assert.equal((await driver.closed).ended, "exit");
  assert.deepEqual(steps.map(({ frames, connections, evaluation, host }) => [frames, connections, evaluation, host]), [
    [4, 1, 1, "i-PI"],
    [2, 1, 2, "i-PI"],
  ]);
});

Deno.test("runDriver sends extras when there are any", async () => {
  await using host = FakeHost.listen();
  const evaluate = (frames: readonly Frame[]) =>
    harmonic(frames).map((result) => ({ ...result, extras: { charges: Float64Array.of(0.5, -0.5) } }));
  const driver = runDriver(options(host, { evaluate, init: "ready" }));
  const connection = await host.accept();
  await connection.send(positionData(wireStructure(atomCount)), header("GETFORCE"));
  const { extras } = await connection.receiveForces(atomCount);
  assert.deepEqual(extras, ['{"charges":[0.5,-0.5]}']);
  await connection.send(header("EXIT"));
  assert.equal((await driver.closed).ended, "exit");
});

Deno.test("runDriver has read GETFORCE before it computes, and answers STATUS only afterwards", async () => {
  await using host = FakeHost.listen();
  const { promise: computing, resolve: startComputing } = Promise.withResolvers<void>();
  const { promise: computed, resolve: finishComputing } = Promise.withResolvers<void>();
  const evaluate = async (frames: readonly Frame[]) => {
    startComputing();
    await computed;
    return harmonic(frames);
  };
  const driver = runDriver(options(host, { evaluate, init: "ready" }));
  const connection = await host.accept();
  await connection.send(positionData(wireStructure(atomCount)));
  await computing;
  await connection.send(header("STATUS"));
  const early = await Promise.race([
    connection.receiveHeader(),
    new Promise((resolve) => setTimeout(resolve, 30, "none")),
  ]);
  assert.equal(early, "none");
  finishComputing();
  await connection.send(header("GETFORCE"), header("EXIT"));
  assert.equal((await driver.closed).ended, "exit");
});

Deno.test("runDriver brings the requests of all connections into one call, those that come while it computes into the next", async () => {
  await using host = FakeHost.listen();
  const steps: DriverStep[] = [];
  const { promise: allSent, resolve: release } = Promise.withResolvers<void>();
  const evaluate = async (frames: readonly Frame[]) => {
    await allSent;
    return harmonic(frames);
  };
  const driver = runDriver(options(host, { clients: 3, init: "ready", evaluate, onStep: (step) => steps.push(step) }));
  const connections = [await host.accept(), await host.accept(), await host.accept()];
  for (const [i, connection] of connections.entries()) {
    await connection.send(positionData(wireStructure(atomCount, i)), header("GETFORCE"));
  }
  setTimeout(release, 50);
  for (const [i, connection] of connections.entries()) {
    assertHarmonic(await connection.receiveForces(atomCount), [wireStructure(atomCount, i)]);
    await connection.send(header("EXIT"));
  }
  assert.deepEqual([(await driver.closed).ended, (await driver.closed).answers], ["exit", 3]);
  assert.equal(steps.reduce((sum, { frames }) => sum + frames, 0), 3);
  assert.ok(steps.length <= 2, JSON.stringify(steps));
});

Deno.test("runDriver goes on when one of its connections is ended", async () => {
  await using host = FakeHost.listen();
  const driver = runDriver(options(host, { clients: 2, init: "ready" }));
  const [first, second] = [await host.accept(), await host.accept()];
  await first.send(header("EXIT"));
  assert.equal(await first.receiveEnd(), "end");
  await second.send(positionData(wireStructure(atomCount)), header("GETFORCE"));
  assertHarmonic(await second.receiveForces(atomCount), [wireStructure(atomCount)]);
  second.close();
  assert.deepEqual([(await driver.closed).ended, (await driver.closed).answers], ["eof", 1]);
});

/** What a driver must refuse, with the message it must give; each is sent with GETFORCE or more behind it. */
const faults: readonly [string, () => Uint8Array, RegExp, Partial<DriverOptions>?][] = [
  ["another atom count", () => positionData(wireStructure(3000)), /^Expected 2 atoms .* found 3000/],
  [
    "NaN positions",
    () => positionData({ ...wireStructure(2), positions: [0, 0, NaN, 0, 0, 1] }),
    /^Expected finite posi/,
  ],
  [
    "a degenerate cell",
    () => positionData({ ...wireStructure(2), cell: [1, 2, 0, 1, 2, 0, 1, 2, 1] }),
    /^Expected linearly independent/,
  ],
  ["an unknown message", () => header("GETHESSIAN"), /^Expected STATUS, INIT.*GETHESSIAN/],
  ["GETFORCE without positions", () => new Uint8Array(0), /^Expected POSDATA before GETFORCE/],
  ["a huge batch", () => init(0, "  batch_size:999999999"), /^Expected a batch_size of at most/],
  ["NaN results", () => positionData(wireStructure(2)), /^Expected a finite energy/, {
    evaluate: (frames) => harmonic(frames).map((result) => ({ ...result, energy: NaN })),
  }],
  ["too few results", () => positionData(wireStructure(2)), /^Expected 1 results/, { evaluate: () => [] }],
  ["a model that throws", () => positionData(wireStructure(2)), /^out of memory$/, {
    evaluate: () => {
      throw new Error("out of memory");
    },
  }],
  ["an INIT its caller refuses", () => init(0, '{"numbers":[1]}'), /^other elements$/, {
    onInit: () => {
      throw new Error("other elements");
    },
  }],
];

for (const transport of ["unix", "tcp"] as const) {
  Deno.test(`runDriver refuses what it cannot serve over ${transport}: one error, no answer, no reset`, async (context) => {
    for (const [name, message, expected, more] of faults) {
      await context.step(name, async () => {
        await using host = FakeHost.listen(transport);
        const log: string[] = [];
        const driver = runDriver(options(host, { ...more, onLog: (line) => log.push(line) }));
        const connection = await host.accept();
        await connection.send(header("STATUS"));
        await connection.receiveHeader();
        await connection.sendInPieces(join(message(), header("GETFORCE")), 1 << 14);
        assert.equal(await connection.receiveEnd(), "end");
        const { ended, error } = await driver.closed;
        assert.equal(ended, "error");
        assert.match(error!.message, expected);
        assert.doesNotMatch(error!.message, /\n/);
        assert.deepEqual(log, [log[0]]); // "connected to …" only: the one fatal line is the caller's to print
      });
    }
  });
}

Deno.test("runDriver ends all connections when one is refused", async () => {
  await using host = FakeHost.listen();
  const driver = runDriver(options(host, { clients: 2, init: "ready" }));
  const [first, second] = [await host.accept(), await host.accept()];
  await first.send(text("nonsense....."));
  assert.equal(await first.receiveEnd(), "end");
  assert.equal(await second.receiveEnd(), "end");
  assert.match((await driver.closed).error!.message, /^Expected STATUS/);
});

Deno.test("runDriver reports a host that dies within a message, wherever", async () => {
  const bytes = join(header("STATUS"), init(0, " "), positionData(wireStructure(atomCount)));
  const boundaries = new Set([0, 12, 33, bytes.length]);
  for (const cut of [0, 1, 11, 12, 13, 24, 31, 32, 33, 34, 60, 188, 193, bytes.length - 1, bytes.length]) {
    await using host = FakeHost.listen();
    const driver = runDriver(options(host));
    const connection = await host.accept();
    await connection.send(bytes.subarray(0, cut));
    if (cut >= 12) await connection.receiveHeader();
    connection.close();
    const { ended, error } = await driver.closed;
    assert.equal(ended, boundaries.has(cut) ? "eof" : "error", `cut at ${cut}: ${error}`);
    if (ended === "error") assert.match(error!.message, /^Expected the rest of a message but found the end/);
  }
});

Deno.test("runDriver takes a host that leaves while it computes for a normal end, with EXIT or without", async () => {
  for (const goodbye of [header("EXIT"), new Uint8Array(0)]) {
    await using host = FakeHost.listen();
    const { promise: gone, resolve: leave } = Promise.withResolvers<void>();
    const evaluate = async (frames: readonly Frame[]) => {
      await gone;
      return harmonic(frames);
    };
    const driver = runDriver(options(host, { evaluate, init: "ready" }));
    const connection = await host.accept();
    await connection.send(positionData(wireStructure(atomCount)), header("GETFORCE"), goodbye);
    connection.close();
    setTimeout(leave, 20);
    assert.equal((await driver.closed).ended, goodbye.length > 0 ? "exit" : "eof");
  }
});

Deno.test("runDriver can be ended from its own side, connected or not", async () => {
  await using host = FakeHost.listen();
  const driver = runDriver(options(host));
  const connection = await host.accept();
  driver.close();
  assert.equal(await connection.receiveEnd(), "end");
  assert.equal((await driver.closed).ended, "closed");
  const controller = new AbortController();
  const waiting = runDriver({
    ...options(host),
    to: "unix:/nowhere/to/be/found",
    retrySeconds: 60,
    signal: controller.signal,
  });
  controller.abort();
  assert.equal((await waiting.closed).ended, "closed");
  assert.equal((await runDriver(options(host, { signal: AbortSignal.abort() })).closed).ended, "closed");
});

Deno.test("runDriver waits for a host that is not up yet: no file, nobody listening", async () => {
  const folder = await Deno.makeTempDir({ prefix: "spookynet-host-" });
  const path = `${folder}/socket`;
  const log: string[] = [];
  const driver = runDriver({
    to: `unix:${path}`,
    atomCount,
    evaluate: harmonic,
    retrySeconds: 10,
    onLog: (line) => log.push(line),
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  Deno.listen({ transport: "unix", path }).close(); // leaves the file: ECONNREFUSED from now on
  await new Promise((resolve) => setTimeout(resolve, 50));
  await Deno.remove(path).catch(() => {}); // Deno may have removed it
  const listener = Deno.listen({ transport: "unix", path });
  (await listener.accept()).close();
  listener.close();
  assert.equal((await driver.closed).ended, "eof");
  assert.match(log[0]!, /^waiting for a host at unix:/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("runDriver gives up after retrySeconds, saying where it looked", async () => {
  const { ended, error } = await runDriver({
    to: "unix:/nowhere/to/be/found",
    atomCount,
    evaluate: harmonic,
    retrySeconds: 0.05,
  }).closed;
  assert.equal(ended, "error");
  assert.match(error!.message, /^Expected a host listening at unix:\/nowhere\/to\/be\/found but found: No such file/);
});

Deno.test("runDriver refuses options out of range at once", () => {
  const good = { to: "unix:x", atomCount, evaluate: harmonic };
  for (const wrong of [{ atomCount: 0 }, { clients: 0 }, { clients: 1.5 }, { retrySeconds: -1 }, { to: "x" }]) {
    assert.throws(() => runDriver({ ...good, ...wrong }), /^(RangeError|TypeError): Expected/);
  }
});

Deno.test("runDriver survives random bytes: an error or an end, in bounded time", async () => {
  for (let round = 0; round < 20; round++) {
    await using host = FakeHost.listen();
    const driver = runDriver(options(host));
    const connection = await host.accept();
    const noise = crypto.getRandomValues(new Uint8Array(1 + 97 * round));
    await connection.send(header("STATUS"), round % 2 === 0 ? header("POSDATA") : int32(), float64([1]), noise);
    connection.close();
    assert.equal((await driver.closed).ended, "error");
  }
});
