import { hasAdapter } from "./adapter.ts";

const available = await hasAdapter();

/** Registers a test on the software Vulkan driver, ignored where there is none. */
export function deviceTest(name: string, run: (t: Deno.TestContext) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !available,
    // Reading back at once leaves promises behind that settle 10 ms later (src/engine/read_back.ts).
    sanitizeOps: false,
    sanitizeResources: false,
    fn: run,
  });
}
