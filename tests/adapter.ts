import { DeviceError, openDevice } from "../src/engine/device.ts";
import { skipping } from "./skipping.ts";

/**
 * Whether the software driver, on which the kernels are tested, is there; where it is not, says so.
 *
 * @throws Error where it is missing although `CI` is `true`.
 */
export async function hasAdapter(): Promise<boolean> {
  try {
    (await openDevice("software")).device.destroy();
    return true;
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    if (Deno.env.get("CI") === "true") throw error;
    skipping("the kernels", error.message);
    return false;
  }
}
