/** Energy of water along one of its bonds; an argument may name another model file than the built-in one. */
import { builtInModel, createCalculator, createStructure, loadModel } from "../../../mod.ts";

const model = await loadModel(Deno.args[0] ?? builtInModel());
await using calculator = await createCalculator(model);

const distances = Array.from({ length: 11 }, (_, k) => 0.8 + 0.05 * k);
const structures = distances.map((distance) =>
  createStructure({
    symbols: ["O", "H", "H"],
    positions: [[0, 0, 0], [distance, 0, 0], [-0.2399, 0.9272, 0]],
  })
);
const results = await calculator.compute(structures, ["charges"]);

console.log("O-H / Å   energy / eV   force / eV/Å   charge of H / e");
results.forEach(({ energy, forces, charges }, k) => {
  const numbers = [distances[k]!.toFixed(2), energy.toFixed(3), forces[3]!.toFixed(2), charges![1]!.toFixed(2)];
  console.log(
    `${numbers[0]!.padStart(7)}${numbers[1]!.padStart(14)}${numbers[2]!.padStart(15)}${numbers[3]!.padStart(18)}`,
  );
});
