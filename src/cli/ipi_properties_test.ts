import { deepEqual, throws } from "node:assert/strict";
import { parseIpiProperties } from "./ipi_properties.ts";

const head = `# column   1     --> step : The current simulation time step.
# column   2     --> conserved{electronvolt} : The value of the conserved energy quantity per bead.
`;

Deno.test("parseIpiProperties() reads columns by name, up to the last complete line", () => {
  const columns = parseIpiProperties(`${head}  0.00000000e+00    -1.5e+01\n  1.00000000e+00    -1.6e+01\n  2.0`);
  deepEqual([...columns], [["step", [0, 1]], ["conserved", [-15, -16]]]);
});

Deno.test("parseIpiProperties() refuses a line with other than the columns' numbers", () => {
  throws(() => parseIpiProperties(`${head}1 2 3\n`), /Expected 2 numbers in line 3/);
  throws(() => parseIpiProperties(`${head}1 x\n`), /Expected 2 numbers/);
});
