/**
 * Compiles kernels/cpu (AssemblyScript) and writes the bytes, as text, to src/reference/cpu_kernels_wasm.ts:
 * `deno task wasm`. The tests compile it again and compare.
 */
import { main as compile } from "npm:assemblyscript@0.28.20/asc";

const kernels = new URL("../kernels/cpu/", import.meta.url);
const target = new URL("../src/reference/cpu_kernels_wasm.ts", import.meta.url);

/** Most pages of 64 KiB that a 32-bit memory has; what imports the kernels' memory says the same. */
const mostPages = 65536;

/** Where the kernels' constants lie; not at 0, which stands for nothing. */
const constantsStart = 64;

/**
 * The compiled kernels, base64.
 *
 * @throws Error with the compiler's messages, warnings too.
 */
export async function compileKernels(): Promise<string> {
  let wasm: Uint8Array | null = null;
  const { error, stderr } = await compile([
    "mod.ts",
    ...["--outFile", "kernels.wasm"],
    "-O3",
    ...["--runtime", "stub"],
    "--noAssert",
    ...["--enable", "simd,relaxed-simd,threads"],
    ...["--memoryBase", `${constantsStart}`],
    ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", `${mostPages}`],
  ], {
    readFile: readKernel,
    writeFile: (_, contents) => void (wasm = contents as Uint8Array),
    listFiles: () => [],
  });
  const messages = stderr.toString();
  if (error !== null || wasm === null || messages !== "") {
    throw new Error(`Expected the kernels to compile but found: ${messages} ${error?.message ?? ""}`);
  }
  return (wasm as Uint8Array).toBase64();
}

function readKernel(name: string): string | null {
  try {
    return Deno.readTextFileSync(new URL(name, kernels));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

if (import.meta.main) {
  const lines = (await compileKernels()).match(/.{1,100}/g)!.map((line) => `  "${line}"`);
  await Deno.writeTextFile(
    target,
    `/** kernels/cpu, compiled by tools/build_wasm.ts; base64. */\nexport const cpuKernelsWasm =\n${
      lines.join(" +\n")
    };\n`,
  );
}
