import assert from "node:assert/strict";
import { kernelSources } from "../../kernels/mod.ts";
import { expandTemplate } from "./template.ts";

Deno.test("expandTemplate leaves plain text as it is", () => {
  const text = "//: no directive\nlet x = 1.0; // $x {y}\n";
  assert.equal(expandTemplate(text, {}), text);
});

Deno.test("expandTemplate repeats the lines of a loop with its number in their place", () => {
  const text = "a\n//:for i in 0..COUNT\n  var sum${i} = x[${i}];\n//:end\nb";
  assert.equal(expandTemplate(text, { COUNT: 2 }), "a\n  var sum0 = x[0];\n  var sum1 = x[1];\nb");
  assert.equal(expandTemplate(text.replace("COUNT", "1"), {}), "a\n  var sum0 = x[0];\nb");
});

Deno.test("expandTemplate nests loops and conditions", () => {
  const text = [
    "//:for r in 0..2",
    "//:for c in 0..KINDS",
    "m${r}_${c}",
    "//:end",
    "//:if KINDS == 2",
    "two ${r}",
    "//:end",
    "//:if KINDS == 3",
    "three ${r}",
    "//:end",
    "//:if KINDS != 3",
    "not three ${r}",
    "//:end",
    "//:end",
  ].join("\n");
  assert.equal(expandTemplate(text, { KINDS: 2 }), "m0_0\nm0_1\ntwo 0\nnot three 0\nm1_0\nm1_1\ntwo 1\nnot three 1");
  assert.equal(expandTemplate(text, { KINDS: 3 }).match(/^three/gm)?.length, 2);
});

Deno.test("expandTemplate refuses what it cannot make sense of, and says in which line", () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["//:for i in 0..2\nx", /Expected a \/\/:end for the directive in line 1/],
    ["//:if A == 1\nx", /Expected a \/\/:end for the directive in line 1/],
    ["x\n//:end", /Expected a \/\/:for or \/\/:if before the \/\/:end in line 2/],
    ["x ${nobody}", /Expected a known name but found nobody in line 1/],
    ["//:for i in 0..NOBODY\n//:end", /Expected a known name but found NOBODY in line 1/],
    ["//:for i in 0..HALF\n//:end", /Expected a whole number for HALF in line 1/],
    ["//:for i in 0..0\nx\n//:end", /Expected at least one turn of the loop in line 1/],
  ];
  for (const [text, message] of refused) {
    assert.throws(() => expandTemplate(text, { A: 1, HALF: 0.5 }), { name: "SyntaxError", message });
  }
});

Deno.test("expandTemplate leaves no directive in any kernel, for either kind of d functions", () => {
  for (const source of Object.values(kernelSources)) {
    for (const D_FUNCTIONS of [5, 6]) {
      const sizes = { FEATURES4: 3, LAYER_BLOCK: 2 };
      for (const SUM_SLICES of [1, 16]) {
        const tile = { TILE_ROWS: 4, TILE_COLUMNS: 1, CLUSTER_ATOMS: 3, PRODUCT_ATOMS: 4, SUM_TILE: 2, SUM_SLICES };
        const text = expandTemplate(source.parts.join("\n"), { D_FUNCTIONS, ...tile, ...sizes });
        assert.doesNotMatch(text, /\/\/:|\$\{/);
      }
    }
  }
});
