import assert from "node:assert/strict";
import { runDriver } from "./driver.ts";
import { FakeHost } from "./fake_host.ts";
import { emptyFrame, type Frame } from "./frame.ts";
import { float64, header, init, int32, join, text } from "./host_messages.ts";
import { ProtocolError } from "./protocol_error.ts";
import { segmentKinds, SharedMemory } from "./shared_memory.ts";
import { bohr, hartree, hartreePerBohr } from "./units.ts";

const ignore = Deno.build.os !== "linux";
const atomCount = 2;
const batchSize = 2;
const cells = [[10, 1, 2, 0, 10, 3, 0, 0, 10], [11, 0, 0, 0, 11, 0, 0, 0, 11]];
const positions = [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]];

/** i-PI's six segments, as files of /dev/shm. */
class Segments implements Disposable {
  static #made = 0;
  readonly names: string[];

  constructor(sizes: Partial<Record<typeof segmentKinds[number], number>> = {}) {
    const prefix = `ipi_shm_${Deno.pid}_${++Segments.#made}`;
    this.names = segmentKinds.map((kind) => `${prefix}_${kind}`);
    const usual = { pos: 6, h: 9, ih: 9, pot: 1, force: 6, vir: 9 };
    for (const [i, kind] of segmentKinds.entries()) {
      const size = sizes[kind] ?? 8 * batchSize * usual[kind];
      Deno.writeFileSync(`/dev/shm/${this.names[i]}`, new Uint8Array(size));
    }
  }

  write(kind: typeof segmentKinds[number], numbers: number[]): void {
    Deno.writeFileSync(this.path(kind), float64(numbers));
  }

  read(kind: typeof segmentKinds[number]): number[] {
    return [...new Float64Array(Deno.readFileSync(this.path(kind)).buffer)];
  }

  path(kind: typeof segmentKinds[number]): string {
    return `/dev/shm/${this.names[segmentKinds.indexOf(kind)]}`;
  }

  [Symbol.dispose](): void {
    for (const name of this.names) Deno.removeSync(`/dev/shm/${name}`);
  }
}

Deno.test({
  name: "SharedMemory reads and writes i-PI's segments in its units and layout",
  ignore,
  fn() {
    using segments = new Segments();
    segments.write("h", cells.flat());
    segments.write("pos", positions.flat());
    const memory = new SharedMemory(segments.names, atomCount, batchSize);
    const frames = [emptyFrame(atomCount), emptyFrame(atomCount)];
    memory.readFrames(frames);
    assert.deepEqual([...frames[0]!.cell], [10, 0, 0, 1, 10, 0, 2, 3, 10].map((x) => bohr * x));
    assert.deepEqual([...frames[1]!.positions], positions[1]!.map((x) => bohr * x));
    const result = {
      energy: 2 * hartree,
      forces: Float64Array.of(1, 2, 3, 4, 5, 6).map((x) => x * hartreePerBohr),
      virial: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9).map((x) => x * hartree),
    };
    memory.writeResults([result]);
    memory.close();
    const symmetric = [1, 3, 5, 3, 5, 7, 5, 7, 9];
    assert.deepEqual(segments.read("pot"), [2, 2]);
    assert.deepEqual(segments.read("force"), [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]);
    assert.deepEqual(segments.read("vir"), [...symmetric, ...symmetric]);
  },
});

Deno.test({
  name: "SharedMemory opens nothing but plain files of the expected name and size",
  ignore,
  fn() {
    for (const name of ["../tmp/x_pos", "/etc/passwd", "", "ipi_shm_1_2_h", "ipi_shm_1/2_pos", "ipi_shm_\n_pos"]) {
      using segments = new Segments();
      const names = [name, ...segments.names.slice(1)];
      assert.throws(
        () => new SharedMemory(names, atomCount, batchSize),
        /^ProtocolError: Expected a shared-memory segm/,
      );
    }
    using small = new Segments({ vir: 8 * batchSize * 9 - 1 });
    assert.throws(() => new SharedMemory(small.names, atomCount, batchSize), /Expected 144 bytes .* found 143 bytes/);
    using linked = new Segments();
    Deno.removeSync(linked.path("pot"));
    Deno.symlinkSync(linked.path("vir"), linked.path("pot"));
    assert.throws(() => new SharedMemory(linked.names, atomCount, batchSize), /found no plain file/);
    const missing = segmentKinds.map((kind) => `ipi_shm_0_nothing_${kind}`);
    assert.throws(() => new SharedMemory(missing, atomCount, batchSize), ProtocolError);
  },
});

Deno.test({
  name: "runDriver serves a batch through shared memory: results first, then FORCEREADY with the extras",
  ignore,
  async fn() {
    using segments = new Segments();
    await using host = FakeHost.listen();
    const evaluate = (frames: readonly Frame[]) =>
      frames.map(({ positions }) => ({
        energy: positions[0]! / bohr * hartree,
        forces: positions.map((x) => x / bohr * hartreePerBohr),
        virial: new Float64Array(9),
        extras: { n: 1 },
      }));
    const driver = runDriver({ to: host.to, atomCount, evaluate, shm: true });
    const connection = await host.accept();
    await connection.send(header("STATUS"));
    await connection.receiveHeader();
    await connection.send(init(0, `  batch_size:${batchSize}`));
    const names = join(...segments.names.map((name) => join(int32(name.length), text(name))));
    for (let step = 0; step < 3; step++) {
      segments.write("h", cells.flat());
      segments.write("pos", positions.flat().map((x) => x + step));
      await connection.send(header("POSDATA"), int32(atomCount), step === 0 ? names : int32(), header("GETFORCE"));
      assert.equal(await connection.receiveHeader(), "FORCEREADY  ");
      assert.deepEqual(segments.read("pot").map(Math.round), [1 + step, 7 + step]);
      assert.deepEqual(segments.read("force").map(Math.round), positions.flat().map((x) => x + step));
      assert.deepEqual([await connection.receiveExtras(), await connection.receiveExtras()], ['{"n":1}', '{"n":1}']);
    }
    await connection.send(header("EXIT"));
    assert.equal((await driver.closed).ended, "exit");
  },
});
