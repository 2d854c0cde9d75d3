import assert from "node:assert/strict";
import { randomStructure } from "../../tests/fixtures/random_structure.ts";
import { covalentRadius } from "../structure/covalent_radii.ts";
import { createStructure } from "../structure/create_structure.ts";
import { createRandom } from "../structure/random.ts";
import type { Structure } from "../structure/structure.ts";
import { type Approach, ClosestApproach } from "./closest_approach.ts";

const skewed = [3.1, 0, 0, 0.9, 3.4, 0, -0.6, 0.8, 3.7];

/** Every pair and image there is, to two cells away; what is too close, of each pair of elements the closest. */
function bruteForce({ numbers, positions, cell }: Structure, limitOf: (a: number, b: number) => number): Approach[] {
  const found = new Map<string, Approach>();
  const range = cell === null ? [0] : [-2, -1, 0, 1, 2];
  for (let first = 0; first < numbers.length; first++) {
    for (let second = first; second < numbers.length; second++) {
      for (const a of range) {
        for (const b of range) {
          for (const c of range) {
            if (first === second && a === 0 && b === 0 && c === 0) continue;
            const vector = [0, 1, 2].map((k) =>
              positions[3 * second + k]! - positions[3 * first + k]! +
              (cell === null ? 0 : a * cell[k]! + b * cell[3 + k]! + c * cell[6 + k]!)
            );
            const [distance, limit] = [Math.hypot(...vector), limitOf(numbers[first]!, numbers[second]!)];
            const pair = [numbers[first]!, numbers[second]!].sort((i, j) => i - j).join();
            if (distance < limit && distance < (found.get(pair)?.distance ?? Infinity)) {
              found.set(pair, { first, second, distance, limit });
            }
          }
        }
      }
    }
  }
  return [...found.values()];
}

/** Distances by the pair of atoms, which an image may stand for either way round. */
function byPair(approaches: readonly Approach[]): [string, string][] {
  return approaches.map(({ first, second, distance }): [string, string] => [
    [first, second].sort((i, j) => i - j).join(),
    distance.toFixed(9),
  ]).sort();
}

Deno.test("ClosestApproach finds of each pair of elements the closest atoms below the limit, in clusters and cells", () => {
  const closest = { pairs: [{ elements: [1, 8] as const, distance: 1.3 }], covalent: 1.1 };
  const approach = new ClosestApproach(closest, [1, 6, 8]);
  const limitOf = (a: number, b: number) =>
    [a, b].includes(7) ? 0 : a * b === 8 ? 1.3 : 1.1 * (covalentRadius(a) + covalentRadius(b));
  const random = createRandom(3);
  let total = 0;
  for (const cell of [undefined, skewed]) {
    for (let step = 0; step < 40; step++) {
      const numbers = [8, 1, 1, 6, 7, 6, 8, 1].slice(0, 2 + step % 7);
      const structure = randomStructure(random, { numbers, size: 2.6, ...(cell && { cell }) });
      const found = approach.find(structure, 0);
      total += found.length;
      assert.deepEqual(byPair(found), byPair(bruteForce(structure, limitOf)));
      for (const { first, second, limit } of found) {
        const expected = limitOf(structure.numbers[first]!, structure.numbers[second]!);
        assert.ok(Math.abs(limit - expected) < 1e-14 * expected);
      }
    }
  }
  assert.ok(total > 50, `${total}`);
});

Deno.test("ClosestApproach misses nothing while atoms move, with the pairs of an earlier step", () => {
  const approach = new ClosestApproach({ pairs: [], covalent: 1 }, null);
  const limitOf = (a: number, b: number) => covalentRadius(a) + covalentRadius(b);
  const random = createRandom(5);
  for (const cell of [undefined, skewed]) {
    const structure = randomStructure(random, { numbers: [8, 1, 1, 6, 7, 17], size: 3.2, ...(cell && { cell }) });
    for (let step = 0; step < 300; step++) {
      for (let k = 0; k < structure.positions.length; k++) structure.positions[k]! += 0.1 * (random() - 0.5);
      if (structure.cell !== null) structure.cell[0]! += 0.01 * (random() - 0.5);
      assert.deepEqual(byPair(approach.find(structure, 0)), byPair(bruteForce(structure, limitOf)), `step ${step}`);
    }
  }
});

Deno.test("ClosestApproach looks at each of many structures, and finds nothing where there are no limits", () => {
  const close = createStructure({ symbols: ["H", "H"], positions: [[0, 0, 0], [0.3, 0, 0]] });
  const apart = createStructure({ symbols: ["H", "H"], positions: [[0, 0, 0], [0.8, 0, 0]] });
  const approach = new ClosestApproach({ pairs: [{ elements: [1, 1], distance: 0.5 }], covalent: null }, null);
  for (const place of [0, 1, 255, 256, 5000]) {
    assert.deepEqual(approach.find(close, place), [{ first: 0, second: 1, distance: 0.3, limit: 0.5 }]);
    assert.deepEqual(approach.find(apart, place), []);
  }
  const others = new ClosestApproach({ pairs: [{ elements: [1, 1], distance: 0.5 }], covalent: null }, [6, 8]);
  assert.deepEqual(others.find(close, 0), []);
});
