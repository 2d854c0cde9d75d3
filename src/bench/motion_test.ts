import assert from "node:assert/strict";
import { NeighbourList } from "../structure/neighbour_list.ts";
import { Motion } from "./motion.ts";
import { waterCluster, zundelCation } from "./structures.ts";

Deno.test("Motion moves every copy in its own way, the same in every run, and leaves the structure alone", () => {
  const before = zundelCation.positions.slice();
  const [one, other] = [new Motion(zundelCation, 2), new Motion(zundelCation, 2)];
  for (let step = 0; step < 3; step++) {
    one.step();
    other.step();
  }
  assert.deepEqual(one.structures, other.structures);
  assert.notDeepEqual(one.structures[0]!.positions, one.structures[1]!.positions);
  assert.deepEqual(zundelCation.positions, before);
});

Deno.test("Motion stays within 0.12 Å of the structure", () => {
  const motion = new Motion(zundelCation, 1);
  for (let step = 0; step < 100; step++) {
    motion.step();
    const moved = motion.structures[0]!.positions.map((x, k) => x - zundelCation.positions[k]!);
    for (let i = 0; i < moved.length; i += 3) assert.ok(Math.hypot(...moved.subarray(i, i + 3)) <= 0.12 + 1e-12);
  }
});

Deno.test("Motion has neighbour lists rebuilt now and then, as a simulation does", () => {
  const motion = new Motion(waterCluster(63), 1);
  const list = new NeighbourList(5.3, 0.4);
  let rebuilt = 0;
  for (let step = 0; step < 200; step++) {
    motion.step();
    if (list.update(motion.structures[0]!).rebuilt) rebuilt++;
  }
  assert.ok(rebuilt >= 5 && rebuilt <= 40, `${rebuilt} of 200`);
});
