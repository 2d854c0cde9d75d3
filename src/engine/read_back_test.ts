import assert from "node:assert/strict";
import { deviceTest } from "../../tests/device_test_case.ts";
import { openDevice } from "./device.ts";
import { ReadBack, StagingBuffer } from "./read_back.ts";

/** Sends an array to the device and submits its copy to a staging buffer. */
class Echo {
  readonly staging: StagingBuffer;
  #device: GPUDevice;
  #buffer: GPUBuffer;

  constructor(device: GPUDevice, length: number) {
    this.#device = device;
    this.staging = new StagingBuffer(device, 4 * length);
    this.#buffer = device.createBuffer({
      size: 4 * length,
      usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
  }

  submit(data: Float32Array<ArrayBuffer>): void {
    this.#device.queue.writeBuffer(this.#buffer, 0, data);
    const encoder = this.#device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#buffer, 0, this.staging.buffer, 0, data.byteLength);
    this.#device.queue.submit([encoder.finish()]);
  }
}

/** A device for one test. */
async function withDevice(run: (device: GPUDevice) => Promise<void>): Promise<void> {
  const { device } = await openDevice("software");
  try {
    await run(device);
  } finally {
    // forgotten promises settle before their buffers go
    await new Promise((resolve) => setTimeout(resolve, 30));
    device.destroy();
  }
}

function pattern(length: number, turn: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, at) => Math.sin(1 + at + 1000 * turn));
}

deviceTest("ReadBack.create finds that this runtime reads back at once", () =>
  withDevice(async (device) => {
    const { mode } = await ReadBack.create(device);
    assert.equal(mode, "synchronous");
  }));

deviceTest(
  "ReadBack gives the same whether it awaits or not, from a buffer it has read before",
  () =>
    withDevice(async (device) => {
      const echo = new Echo(device, 1000);
      for (const [turn, mode] of (["awaited", "synchronous", "synchronous", "awaited"] as const).entries()) {
        const readBack = await ReadBack.create(device, mode);
        const sent = pattern(1000, turn), received = new Float32Array(1000);
        echo.submit(sent);
        await readBack.read(echo.staging, received);
        assert.deepEqual(received, sent);
      }
    }),
);

deviceTest(
  "ReadBack.readSync reads every one of many submits in a row, none of them awaited",
  () =>
    withDevice(async (device) => {
      const readBack = await ReadBack.create(device, "synchronous");
      const echo = new Echo(device, 64);
      const received = new Float32Array(64);
      for (let turn = 0; turn < 700; turn++) {
        const sent = pattern(64, turn);
        echo.submit(sent);
        readBack.readSync(echo.staging, received);
        assert.deepEqual(received, sent);
      }
    }),
);

deviceTest("ReadBack.read gives the event loop a turn now and then", () =>
  withDevice(async (device) => {
    const readBack = await ReadBack.create(device, "synchronous");
    const echo = new Echo(device, 4);
    const received = new Float32Array(4);
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    for (let turn = 0; turn < 1100; turn++) {
      echo.submit(pattern(4, turn));
      await readBack.read(echo.staging, received);
    }
    clearInterval(timer);
    assert.ok(turns >= 2);
  }));

deviceTest("ReadBack reads no more than the target holds", () =>
  withDevice(async (device) => {
    const readBack = await ReadBack.create(device, "synchronous");
    const echo = new Echo(device, 16);
    const sent = pattern(16, 1), received = new Float32Array(8);
    echo.submit(sent);
    readBack.readSync(echo.staging, received.subarray(0, 4));
    assert.deepEqual([...received], [...sent.subarray(0, 4), 0, 0, 0, 0]);
  }));

deviceTest("ReadBack.readSync says so where results must be awaited", () =>
  withDevice(async (device) => {
    const readBack = await ReadBack.create(device, "awaited");
    assert.throws(() => readBack.readSync(new StagingBuffer(device, 16), new Float32Array(4)), /asynchronous call/);
  }));
