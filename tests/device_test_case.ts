import { DeviceError, openDevice } from "../src/engine/device.ts";

const inCI = Deno.env.get("CI") === "true";

/** Why there is no software Vulkan driver; `null` where there is one. */
const missing = await reasonForNoDevice();

async function reasonForNoDevice(): Promise<string | null> {
  try {
    (await openDevice("software")).device.destroy();
    return null;
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    console.warn(`Tests of the WebGPU engine are skipped: ${error.message}`);
    return error.message;
  }
}

/** Registers a test on the software Vulkan driver: ignored, with a message, where there is none, but failed there in CI. */
export function deviceTest(name: string, run: () => Promise<void>): void {
  Deno.test({
    name,
    ignore: missing !== null && !inCI,
    // Reading back at once leaves promises behind that settle 10 ms later (src/engine/read_back.ts).
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      if (missing !== null) throw new Error(`Expected a software Vulkan driver in CI: ${missing}`);
      await run();
    },
  });
}
