/**
 * Assembles src/reference/simd_dense.wat and writes the bytes, as text, to simd_dense_wasm.ts beside it:
 * `deno task wasm`. The tests assemble it again and compare.
 */
import wabt from "npm:wabt@1.0.39";

const folder = new URL("../src/reference/", import.meta.url);

/** The assembled bytes of simd_dense.wat, base64. */
export async function assemble(): Promise<string> {
  const text = await Deno.readTextFile(new URL("simd_dense.wat", folder));
  const { parseWat } = await wabt();
  const module = parseWat("simd_dense.wat", text, { simd: true, relaxed_simd: true });
  const { buffer } = module.toBinary({});
  module.destroy();
  return buffer.toBase64();
}

if (import.meta.main) {
  const lines = (await assemble()).match(/.{1,100}/g)!.map((line) => `  "${line}"`);
  await Deno.writeTextFile(
    new URL("simd_dense_wasm.ts", folder),
    `/** simd_dense.wat, assembled by tools/build_wasm.ts; base64. */\nexport const simdDenseWasm =\n${
      lines.join(" +\n")
    };\n`,
  );
}
