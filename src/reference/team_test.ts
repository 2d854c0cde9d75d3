import { deepEqual, equal } from "node:assert/strict";
import { share, soloTeam } from "./team.ts";

Deno.test("share splits every number of rows completely, in order, at whole blocks", () => {
  for (const size of [1, 2, 3, 7]) {
    for (const count of [0, 1, 3, 4, 5, 21, 64, 1001]) {
      let end = 0;
      for (let rank = 0; rank < size; rank++) {
        const { from, to } = share({ ...soloTeam, rank, size }, count);
        equal(from, end);
        equal(from === count || from % 4 === 0, true);
        end = to;
      }
      equal(end, count);
    }
  }
});

Deno.test("share gives all rows to a thread that works alone", () => {
  deepEqual(share(soloTeam, 10), { from: 0, to: 10 });
});
