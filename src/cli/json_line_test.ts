import { deepEqual, equal, throws } from "node:assert/strict";
import type { Result } from "../structure/result.ts";
import { formatJsonLine } from "./json_line.ts";

const result: Result = {
  energy: 0.1 + 0.2,
  forces: Float64Array.of(1, 2, 3, 4, 5, 6),
  virial: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9),
  charges: Float64Array.of(0.25, -0.25),
  energies: {
    nn: Float64Array.of(1, 2),
    repulsion: Float64Array.of(3, 4),
    electrostatics: Float64Array.of(5, 6),
    dispersion: Float64Array.of(7, 8),
  },
  hessian: new Float64Array(36).fill(1),
};

Deno.test("formatJsonLine() writes what was asked for, in rows, with all digits", () => {
  const line = formatJsonLine(result, ["energy", "forces", "charges", "energies", "hessian", "stress"]);
  equal(line.endsWith("}\n"), true);
  deepEqual(JSON.parse(line), {
    energy: 0.30000000000000004,
    forces: [[1, 2, 3], [4, 5, 6]],
    charges: [0.25, -0.25],
    energies: { nn: [1, 2], repulsion: [3, 4], electrostatics: [5, 6], dispersion: [7, 8] },
    hessian: new Array(6).fill([1, 1, 1, 1, 1, 1]),
    stress: null,
  });
});

Deno.test("formatJsonLine() refuses numbers that JSON has no word for", () => {
  throws(
    () => formatJsonLine({ ...result, energy: NaN }, ["energy"]),
    /Expected finite results to write but found NaN/,
  );
});

Deno.test("formatJsonLine() says that a structure is outside the model's domain even where nobody asked", () => {
  const domain = ["charge 2, trained on 0"];
  deepEqual(JSON.parse(formatJsonLine({ ...result, domain }, ["charges"])), { charges: [0.25, -0.25], domain });
  deepEqual(JSON.parse(formatJsonLine({ ...result, domain }, ["domain"])), { domain });
  deepEqual(JSON.parse(formatJsonLine({ ...result, domain: [] }, ["domain"])), { domain: [] });
  deepEqual(JSON.parse(formatJsonLine({ ...result, domain: [] }, ["charges"])), { charges: [0.25, -0.25] });
});
