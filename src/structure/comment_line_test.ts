import assert from "node:assert/strict";
import { parseCommentLine, parseLogical, parseReal } from "./comment_line.ts";

function parsed(line: string): Record<string, unknown> {
  return Object.fromEntries(parseCommentLine(line));
}

Deno.test("parseReal reads the specification's numbers and nothing else", () => {
  const numbers = { "1": 1, "-2.": -2, "+.5": 0.5, "1e3": 1000, "1.5D-2": 0.015, "2d0": 2, "007": 7, "1e-400": 0 };
  for (const [word, value] of Object.entries(numbers)) assert.equal(parseReal(word), value);
  for (const word of ["", ".", "e5", "1e", "0x10", "nan", "inf", "Infinity", "1_000", "1e400", "1 2", "--1"]) {
    assert.equal(parseReal(word), null, word);
  }
  assert.equal(parseReal("1".repeat(1_000_000) + "x"), null);
});

Deno.test("parseLogical reads the specification's words and not their like", () => {
  assert.deepEqual(["T", "true", "True", "TRUE"].map(parseLogical), [true, true, true, true]);
  assert.deepEqual(["F", "false", "False", "FALSE"].map(parseLogical), [false, false, false, false]);
  assert.deepEqual(["t", "tRUE", "1", ""].map(parseLogical), [null, null, null, null]);
});

Deno.test("parseCommentLine reads every kind of value", () => {
  const line = String.raw`i=3 r = -1.5e2 flag no=F s=PBE0/def2-SVP q="a \"b\" \\ c\nd" 'key with blanks'=1 ` +
    String.raw`v="1 2 3.5" w={4 5} x=[6, 7] y=["p q", r] one="8" ones=[8] m=[[1,2],[3, 4]] l="T F T" t={a b c} ` +
    String.raw`smiles=C=C(O)C mix=[1, a] names=[[1, a], [T, b]] empty="" none=[] u="8 x" single='9 10' d=1.5D+1`;
  assert.deepEqual(parsed(line), {
    i: 3,
    r: -150,
    flag: true,
    no: false,
    s: "PBE0/def2-SVP",
    q: 'a "b" \\ c\nd',
    "key with blanks": 1,
    v: [1, 2, 3.5],
    w: [4, 5],
    x: [6, 7],
    y: ["p q", "r"],
    one: 8,
    ones: [8],
    m: [[1, 2], [3, 4]],
    l: [true, false, true],
    t: ["a", "b", "c"],
    smiles: "C=C(O)C",
    mix: ["1", "a"],
    names: [["1", "a"], ["T", "b"]],
    empty: "",
    none: [],
    u: "8 x",
    single: [9, 10],
    d: 15,
  });
  assert.deepEqual(parsed("  "), {});
  assert.deepEqual(parsed("__proto__=1 constructor=2")["constructor"], 2);
});

Deno.test("parseCommentLine says what is wrong and where", () => {
  const wrong: [string, RegExp][] = [
    ['a="b', /closing " for the one opened at column 3/],
    ["a={1 2", /closing } for the one opened at column 3/],
    ["a=[1, [2]", /closing \] for the one opened at column 3/],
    ["a=[[1,2],[3]]", /rows of 2 elements but found 1 at column 10/],
    ["a=[1, [2]]", /rows or elements but found both/],
    ["a=[[[1]]]", /two levels of brackets/],
    ["a=[b=c]", /an element but found "=" at column 5/],
    ["a=1 b=", /a value after = at column 7/],
    ["=3", /a key but found "=" at column 1/],
    ["a=1 , b", /a key but found "," at column 5/],
    ["a=1 b=2 a=1", /each key once but found a again at column 9/],
    ['a="b\\', /closing "/],
  ];
  for (const [line, pattern] of wrong) {
    assert.throws(() => parseCommentLine(line), (error: Error) => {
      assert.match(error.message, pattern);
      return error instanceof SyntaxError;
    });
  }
});

Deno.test("parseCommentLine takes deep or endless brackets without running out of stack or time", () => {
  assert.throws(() => parseCommentLine("a=" + "[".repeat(100000)), SyntaxError);
  const long = parseCommentLine(`a=[${"1,".repeat(100000)}]`).get("a");
  assert.equal((long as number[]).length, 100000);
});
