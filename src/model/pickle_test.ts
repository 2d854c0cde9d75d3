import assert from "node:assert/strict";
import { assertRefused, assertRefusesEveryCut, assertSurvivesDamage } from "../../tests/fixtures/damage.ts";
import { Global, Ordered, Persistent, Reduce, writePickle } from "../../tests/fixtures/write_pickle.ts";
import { PickleDictionary, PickleGlobal, readPickle } from "./pickle.ts";

const surroundings = {
  globals: new Map(
    [
      new PickleGlobal("collections.OrderedDict", () => new PickleDictionary(true)),
      new PickleGlobal("some.kind", null),
    ].map((global) => [global.name, global]),
  ),
  persistent: (identifier: unknown) => ({ identifier }),
};

function read(bytes: Uint8Array): unknown {
  return readPickle(bytes, surroundings);
}

/** A pickle of protocol 2 written as text; characters up to U+00FF stand for bytes. */
function pickle(body: string): Uint8Array {
  return Uint8Array.from(`\x80\x02${body}`, (character) => character.charCodeAt(0));
}

const content = new Map<string, unknown>([
  ["state", new Ordered(new Map([["weight", new Persistent(["storage", 3])]]), new Map([["_metadata", new Map()]]))],
  ["numbers", [0, 255, 256, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 40, 5.291772105638412, -0.5]],
  ["flags", [true, false, null]],
  ["tuples", [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]],
  ["Å", "β"],
]);

Deno.test("readPickle reads plain data of protocols 2 and 4", () => {
  for (const protocol of [2, 4] as const) {
    const result = read(writePickle(content, protocol));
    assert.ok(result instanceof PickleDictionary && !result.ordered);
    assert.deepEqual([...result.items.keys()], [...content.keys()]);
    for (const key of ["numbers", "flags", "tuples", "Å"]) assert.deepEqual(result.items.get(key), content.get(key));
    const state = result.items.get("state");
    assert.ok(state instanceof PickleDictionary && state.ordered);
    assert.deepEqual([...state.items], [["weight", { identifier: ["storage", 3] }]]);
  }
});

Deno.test("readPickle remembers and recalls objects in all forms", () => {
  assert.deepEqual(read(pickle("X\x01\x00\x00\x00aq\x07h\x07\x86.")), ["a", "a"]);
  assert.deepEqual(read(pickle("K\x05r\x00\x01\x00\x00j\x00\x01\x00\x00\x86.")), [5, 5]);
  assert.deepEqual(read(pickle("K\x05\x94h\x00\x86.")), [5, 5]);
});

Deno.test("readPickle reads long integers as two's complement", () => {
  assert.equal(read(pickle("\x8a\x00.")), 0);
  assert.equal(read(pickle("\x8a\x01\xff.")), -1);
  assert.equal(read(pickle("\x8a\x07\xff\xff\xff\xff\xff\xff\x1f.")), Number.MAX_SAFE_INTEGER);
  assertRefused(
    () => read(pickle("\x8a\x07\x00\x00\x00\x00\x00\x00\x20.")),
    /integer below 2\^53 but found 9007199254740992/,
  );
  assertRefused(() => read(pickle(`\x8a\x09${"\x01".repeat(9)}.`)), /integer below 2\^53 but found one of 9 bytes/);
});

Deno.test("readPickle refuses code by the name it is called with and says where", () => {
  for (const protocol of [2, 4] as const) {
    const attack = writePickle(new Reduce(new Global("os", "system"), ["echo owned"]), protocol);
    const error = assertRefused(() => read(attack), /global os\.system; nothing of it was executed/);
    assert.equal(typeof error.offset, "number");
  }
  for (
    const [module, name] of [["builtins", "eval"], ["posix", "system"], ["torch", "load"], ["__builtin__", "getattr"]]
  ) {
    assertRefused(() => read(writePickle(new Global(module!, name!))), new RegExp(`global ${module}\\.${name}`));
  }
  assertRefused(() => read(writePickle(new Global("os\nx", "a".repeat(1000)))), /global os\.x;/);
  assertRefused(() => read(writePickle(new Global("o".repeat(1000), "a"), 2)), /global o{100}…; nothing/);
});

Deno.test("readPickle refuses other instructions by name and offset", () => {
  const refused: [string, string][] = [
    ["(S'echo'\nios\nsystem\n.", "STRING"],
    ["(ios\nsystem\n.", "INST"],
    ["(o.", "OBJ"],
    [")\x81.", "NEWOBJ"],
    ["].", "EMPTY_LIST"],
    ["N0.", "POP"],
    ["N2.", "DUP"],
    ["\x82\x01.", "EXT1"],
    ["\x97.", "NEXT_BUFFER"],
    ["C\x01a.", "SHORT_BINBYTES"],
    ["I1\n.", "INT"],
    ["\x80\x02N.", "PROTO"],
    ["\xff.", "the unknown opcode 0xff"],
  ];
  for (const [body, name] of refused) {
    assertRefused(() => read(pickle(body)), new RegExp(`found ${name};.*in the pickle \\(offset \\d+\\)`));
  }
});

Deno.test("readPickle refuses calling what is no constructor and changing what is no dictionary", () => {
  assertRefused(() => read(pickle("csome\nkind\n)R.")), /something to construct but found some\.kind/);
  assertRefused(() => read(pickle("K\x01)R.")), /something to construct but found 1/);
  assertRefused(() => read(pickle("ccollections\nOrderedDict\nNR.")), /tuple of parameters .* but found None/);
  assertRefused(() => read(pickle("}}b.")), /attributes for an OrderedDict but found a dict for a dict/);
  assertRefused(
    () => read(pickle("csome\nkind\n}b.")),
    /attributes for an OrderedDict but found a dict for some\.kind/,
  );
  assertRefused(
    () => read(pickle("ccollections\nOrderedDict\n)RK\x01b.")),
    /attributes for an OrderedDict but found 1/,
  );
  assertRefused(() => read(pickle("NX\x01\x00\x00\x00aK\x01s.")), /dictionary to put items into but found None/);
  assertRefused(() => read(pickle("}K\x01K\x01s.")), /string as key but found 1/);
  assertRefused(() => read(pickle("}(K\x01u.")), /value for every key/);
  assertRefused(() => read(pickle("}(X\x01\x00\x00\x00aNX\x01\x00\x00\x00aNu.")), /every key once but found a again/);
  assertRefused(() => read(pickle("K\x01K\x02\x93.")), /name of a global but found 1 and 2/);
});

Deno.test("readPickle refuses a stack, memo or frame that does not fit", () => {
  assertRefused(() => read(pickle(".")), /1 objects on the stack but found 0/);
  assertRefused(() => read(pickle("N\x86.")), /2 objects on the stack but found 1/);
  assertRefused(() => read(pickle("NN(\x86.")), /2 objects on the stack but found 0/);
  assertRefused(() => read(pickle("Nt.")), /MARK before this/);
  assertRefused(() => read(pickle("NN.")), /others left over/);
  assertRefused(() => read(pickle("(N.")), /others left over/);
  assertRefused(() => read(pickle("h\x09.")), /memorised as 9/);
  assertRefused(() => read(pickle("N.N")), /1 bytes more/);
  assertRefused(() => read(pickle(`\x95${"\xff".repeat(8)}N.`)), /frame inside the pickle/);
  assertRefused(() => read(pickle(`\x8d${"\xff".repeat(8)}N.`)), /bytes more but found the pickle's end/);
  assertRefused(() => read(pickle("X\xff\xff\xff\xffa.")), /4294967295 bytes more/);
  assertRefused(() => read(pickle("X\x01\x00\x00\x00\xff.")), /UTF-8/);
  assertRefused(() => read(Uint8Array.of(0x80, 6, 0x4e, 0x2e)), /protocol 2 to 5 but found 6/);
  assertRefused(() => read(new TextEncoder().encode("(dp0\n.")), /protocol 2 to 5 but found none/);
});

Deno.test("readPickle takes deep nesting without recursion", () => {
  const depth = 1_000_000;
  let value = read(pickle(`)${"\x85".repeat(depth)}.`));
  let found = 0;
  while (Array.isArray(value) && value.length === 1) {
    value = value[0];
    found++;
  }
  assert.equal(found, depth);
  assertRefused(() => read(pickle("(".repeat(depth))), /pickle's end/);
});

Deno.test("readPickle refuses a pickle that is too long before it looks at it", () => {
  assertRefused(() => read(pickle(`${")".repeat(2 ** 22)}.`)), /at most 4194304 bytes but found 4194307/);
});

Deno.test("readPickle refuses a pickle cut short at any byte", () => {
  assertRefusesEveryCut(read, writePickle(content, 2));
  assertRefusesEveryCut(read, writePickle(content, 4));
});

Deno.test("readPickle takes or refuses damaged pickles and never fails otherwise", () => {
  assertSurvivesDamage(read, writePickle(content, 2));
  assertSurvivesDamage(read, writePickle(content, 4));
});
