import assert from "node:assert/strict";
import { readInitialisation } from "./init_text.ts";

Deno.test("readInitialisation tells hosts by their text", () => {
  assert.equal(readInitialisation(0, " ").host, "i-PI");
  assert.equal(readInitialisation(0, " foo : 1.5 , name : water , ").host, "i-PI");
  assert.equal(readInitialisation(0, "\0").host, "ASE");
  assert.equal(readInitialisation(1, "Initializing").host, "CP2K");
  assert.equal(readInitialisation(0, '{"numbers":[8,1,1],"pbc":[true,true,true]}').host, "Rootstock");
  assert.equal(readInitialisation(0, "").host, undefined);
});

Deno.test("readInitialisation reads i-PI's parameters and batch size as i-PI writes them", () => {
  const { parameters, batchSize, requestId } = readInitialisation(3, " m : 1 , url : a:b , , batch_size:3");
  assert.deepEqual([...parameters], [["m", "1"], ["url", "a:b"], ["batch_size", "3"]]);
  assert.equal(batchSize, 3);
  assert.equal(requestId, 3);
  assert.equal(readInitialisation(0, "  batch_size:16").batchSize, 16);
});

Deno.test("readInitialisation takes a batch size from i-PI only, and only a number for one", () => {
  assert.equal(readInitialisation(0, "\0, batch_size:4").batchSize, 1);
  for (const size of ["0", "-1", "1e9", "x", "", "99999999999"]) {
    assert.equal(readInitialisation(0, ` batch_size:${size}`).batchSize, 1, size);
  }
});
