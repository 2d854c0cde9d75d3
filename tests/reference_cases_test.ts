import { buildNetwork } from "../src/model/build_network.ts";
import { loadModel } from "../src/model/load_model.ts";
import { ReferenceEngine } from "../src/reference/reference_engine.ts";
import { compileKernels } from "../src/reference/simd_operations.ts";
import type { Property } from "../src/structure/result.ts";
import { assertClose } from "./fixtures/central_differences.ts";
import { loadCases } from "./reference_cases.ts";

/** What the reference engine promises, relative to the largest element of each quantity. */
const tolerance = 1e-9;

/** Below this (eV, e, Å³, …) relative deviations say nothing: rounding of numbers around 1 is what remains. */
const scale = 1e-3;

const engines = new Map<string, ReferenceEngine>();

const implementations = [["plain", null], ["SIMD", compileKernels()!]] as const;

for (
  const [{ name, checkpoint, structure, ewald, expected }, [kind, kernels]] of (await loadCases()).flatMap((one) =>
    implementations.map((implementation) => [one, implementation] as const)
  )
) {
  if (ewald) continue;
  Deno.test(`ReferenceEngine gives the published code's results for ${name} (${kind} operations)`, async () => {
    const key = `${checkpoint} ${kind}`;
    const engine = engines.get(key) ?? new ReferenceEngine(buildNetwork(await loadModel(checkpoint)), { kernels });
    engines.set(key, engine);
    const hasDispersion = expected.c6.some((c6) => c6 !== 0);
    const result = engine.compute(
      structure,
      new Set<Property>([
        ...["virial", "charges", "dipole", "energies"] as const,
        ...(hasDispersion ? ["polarizabilities", "c6"] as const : []),
        ...(expected.hessian === null ? [] : ["hessian"] as const),
      ]),
    );
    assertClose(Float64Array.of(result.energy), [expected.energy], tolerance, { name: "energy" });
    for (const quantity of ["forces", "virial", "charges", "dipole"] as const) {
      assertClose(result[quantity]!, expected[quantity], tolerance, { name: quantity, scale });
    }
    for (const term of ["nn", "repulsion", "electrostatics", "dispersion"] as const) {
      assertClose(result.energies![term], expected.energies[term], tolerance, { name: `${term} energies`, scale });
    }
    if (hasDispersion) {
      assertClose(result.polarizabilities!, expected.polarizabilities, tolerance, { name: "polarizabilities" });
      assertClose(result.c6!, expected.c6, tolerance, { name: "c6" });
    }
    if (expected.hessian !== null) assertClose(result.hessian!, expected.hessian, 1e-5, { name: "hessian" });
  });
}
