import { ModelFileError, shown } from "./model_file_error.ts";
import { opcodeNames } from "./pickle_opcodes.ts";

/** A Python dict with string keys. */
export class PickleDictionary {
  /** Its items in the order they were set. */
  readonly items: Map<string, unknown> = new Map();
  /** Whether it is an `OrderedDict`, whose attributes a BUILD may set; they are dropped. */
  readonly ordered: boolean;

  /** Makes an empty dictionary. */
  constructor(ordered: boolean) {
    this.ordered = ordered;
  }
}

/** A global name that the pickle may refer to. */
export class PickleGlobal {
  /** Module and name, joined by a dot. */
  readonly name: string;
  /** What calling it gives; `null` for a name that is only handed on, such as a storage type. */
  readonly call: ((parameters: readonly unknown[], offset: number) => unknown) | null;

  /** Names a global and says what calling it gives. */
  constructor(name: string, call: PickleGlobal["call"]) {
    this.name = name;
    this.call = call;
  }
}

/** What a pickle may refer to outside itself. */
export interface PickleSurroundings {
  /** The only global names allowed, by module and name joined by a dot. */
  readonly globals: ReadonlyMap<string, PickleGlobal>;
  /** The object that a persistent identifier stands for. */
  readonly persistent: (identifier: unknown, offset: number) => unknown;
}

/**
 * Reads a pickle of plain data (protocols 2 to 5): null, booleans, numbers, strings, tuples (arrays here),
 * dictionaries with string keys ({@linkcode PickleDictionary}), and the globals and persistent objects it is given.
 *
 * It interprets the few instructions that `torch.save` needs for such data; any other instruction and any other
 * global is refused by name, and nothing from the pickle is ever executed. Memory stays proportional to the
 * pickle's length, and nothing recurses.
 *
 * @throws {ModelFileError} with the offset inside the pickle.
 */
export function readPickle(bytes: Uint8Array, surroundings: PickleSurroundings): unknown {
  if (bytes.length > largestPickle) {
    throw new ModelFileError(`Expected a pickle of at most ${largestPickle} bytes but found ${bytes.length}`);
  }
  return new PickleMachine(bytes, surroundings).run();
}

/** Largest pickle read, bytes; that of the published model has 100 kB, most of it names. */
const largestPickle = 2 ** 22;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class PickleMachine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #surroundings: PickleSurroundings;
  readonly #stack: unknown[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  /** Where the next byte is read. */
  #position = 0;
  /** Where the current instruction stands. */
  #instruction = 0;

  constructor(bytes: Uint8Array, surroundings: PickleSurroundings) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#surroundings = surroundings;
  }

  run(): unknown {
    this.#readProtocol();
    for (;;) {
      this.#instruction = this.#position;
      const opcode = this.#view.getUint8(this.#advance(1));
      if (opcodeNames.get(opcode) === "STOP") return this.#finish();
      this.#execute(opcode);
    }
  }

  #readProtocol(): void {
    const found = this.#bytes[0] === 0x80 ? this.#bytes[1] : undefined;
    if (found === undefined || found < 2 || found > 5) {
      throw this.#error(`Expected a pickle of protocol 2 to 5 but found ${found ?? "none"}`);
    }
    this.#position = 2;
  }

  #finish(): unknown {
    const result = this.#pop();
    if (this.#stack.length > 0 || this.#marks.length > 0) {
      throw this.#error("Expected one object in the pickle but found others left over");
    }
    if (this.#position !== this.#bytes.length) {
      throw this.#error(
        `Expected the pickle to end with its STOP but found ${this.#bytes.length - this.#position} bytes more`,
      );
    }
    return result;
  }

  #execute(opcode: number): void {
    const name = opcodeNames.get(opcode);
    switch (name) {
      case "FRAME":
        return this.#skipFrame();
      case "MARK":
        this.#marks.push(this.#stack.length);
        return;
      case "NONE":
        return this.#push(null);
      case "NEWTRUE":
        return this.#push(true);
      case "NEWFALSE":
        return this.#push(false);
      case "BININT":
        return this.#push(this.#view.getInt32(this.#advance(4), true));
      case "BININT1":
        return this.#push(this.#readUint8());
      case "BININT2":
        return this.#push(this.#view.getUint16(this.#advance(2), true));
      case "LONG1":
        return this.#push(this.#readLong(this.#readUint8()));
      case "BINFLOAT":
        return this.#push(this.#view.getFloat64(this.#advance(8), false));
      case "SHORT_BINUNICODE":
        return this.#push(this.#readText(this.#readUint8()));
      case "BINUNICODE":
        return this.#push(this.#readText(this.#readUint32()));
      case "BINUNICODE8":
        return this.#push(this.#readText(this.#readUint64()));
      case "EMPTY_TUPLE":
        return this.#push([]);
      case "TUPLE1":
        return this.#push(this.#popMany(1));
      case "TUPLE2":
        return this.#push(this.#popMany(2));
      case "TUPLE3":
        return this.#push(this.#popMany(3));
      case "TUPLE":
        return this.#push(this.#popToMark());
      case "EMPTY_DICT":
        return this.#push(new PickleDictionary(false));
      case "SETITEM":
        return this.#setItems(this.#popMany(2));
      case "SETITEMS":
        return this.#setItems(this.#popToMark());
      case "BINPUT":
        return this.#memorise(this.#readUint8());
      case "LONG_BINPUT":
        return this.#memorise(this.#readUint32());
      case "MEMOIZE":
        return this.#memorise(this.#memo.size);
      case "BINGET":
        return this.#recall(this.#readUint8());
      case "LONG_BINGET":
        return this.#recall(this.#readUint32());
      case "GLOBAL":
        return this.#pushGlobal(this.#readLine(), this.#readLine());
      case "STACK_GLOBAL":
        return this.#pushStackGlobal();
      case "BINPERSID":
        return this.#push(this.#surroundings.persistent(this.#pop(), this.#instruction));
      case "REDUCE":
        return this.#reduce();
      case "BUILD":
        return this.#build();
      default:
        throw this.#error(
          `Expected only the pickle instructions that plain tensors need but found ${
            name ?? `the unknown opcode 0x${opcode.toString(16)}`
          }; nothing of it was executed`,
        );
    }
  }

  #setItems(items: readonly unknown[]): void {
    const target = this.#top();
    if (!(target instanceof PickleDictionary)) {
      throw this.#error(`Expected a dictionary to put items into but found ${describe(target)}`);
    }
    if (items.length % 2 !== 0) throw this.#error("Expected a value for every key but found an odd number of objects");
    for (let index = 0; index < items.length; index += 2) {
      const key = items[index];
      if (typeof key !== "string") throw this.#error(`Expected a string as key but found ${describe(key)}`);
      if (target.items.has(key)) throw this.#error(`Expected every key once but found ${shown(key)} again`);
      target.items.set(key, items[index + 1]);
    }
  }

  #pushGlobal(module: string, name: string): void {
    const full = `${module}.${name}`;
    const global = this.#surroundings.globals.get(full);
    if (global === undefined) {
      throw this.#error(
        `Expected only what plain tensors need but found the global ${shown(full)}; nothing of it was executed`,
      );
    }
    this.#push(global);
  }

  #pushStackGlobal(): void {
    const [module, name] = this.#popMany(2);
    if (typeof module !== "string" || typeof name !== "string") {
      throw this.#error(`Expected the name of a global but found ${describe(module)} and ${describe(name)}`);
    }
    this.#pushGlobal(module, name);
  }

  #reduce(): void {
    const [callable, parameters] = this.#popMany(2);
    if (!(callable instanceof PickleGlobal) || callable.call === null) {
      throw this.#error(`Expected something to construct but found ${describe(callable)}`);
    }
    if (!Array.isArray(parameters)) {
      throw this.#error(`Expected a tuple of parameters for ${callable.name} but found ${describe(parameters)}`);
    }
    this.#push(callable.call(parameters, this.#instruction));
  }

  /** Attributes set on an OrderedDict (torch puts `_metadata` there) change nothing here and are dropped. */
  #build(): void {
    const state = this.#pop();
    const target = this.#top();
    if (!(target instanceof PickleDictionary) || !target.ordered || !(state instanceof PickleDictionary)) {
      throw this.#error(
        `Expected attributes for an OrderedDict but found ${describe(state)} for ${describe(target)}`,
      );
    }
  }

  #memorise(index: number): void {
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): void {
    if (!this.#memo.has(index)) throw this.#error(`Expected an object memorised as ${index} but found none`);
    this.#push(this.#memo.get(index));
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #pop(): unknown {
    return this.#popMany(1)[0];
  }

  #top(): unknown {
    this.#require(1);
    return this.#stack.at(-1);
  }

  #popMany(count: number): unknown[] {
    this.#require(count);
    return this.#stack.splice(this.#stack.length - count);
  }

  #popToMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.#error("Expected a MARK before this instruction but found none");
    return this.#stack.splice(mark);
  }

  /** Objects below the last MARK are not to be touched. */
  #require(count: number): void {
    const available = this.#stack.length - (this.#marks.at(-1) ?? 0);
    if (available < count) throw this.#error(`Expected ${count} objects on the stack but found ${available}`);
  }

  #readUint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  #readUint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  #readUint64(): number {
    const at = this.#advance(8);
    return this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  /** Two's complement, little-endian, any length; refused where a float64 cannot hold it exactly. */
  #readLong(length: number): number {
    const start = this.#advance(length);
    if (length > 8) throw this.#error(`Expected an integer below 2^53 but found one of ${length} bytes`);
    let value = 0n;
    for (let index = length - 1; index >= 0; index--) value = (value << 8n) | BigInt(this.#bytes[start + index]!);
    const signed = Number(BigInt.asIntN(8 * length, value));
    if (!Number.isSafeInteger(signed)) throw this.#error(`Expected an integer below 2^53 but found ${signed}`);
    return signed;
  }

  #readText(length: number): string {
    const start = this.#advance(length);
    try {
      return utf8.decode(this.#bytes.subarray(start, start + length));
    } catch {
      throw this.#error("Expected text in UTF-8 but found bytes that are not");
    }
  }

  #readLine(): string {
    const stop = this.#bytes.indexOf(0x0a, this.#position);
    if (stop < 0) throw this.#error("Expected a line of text but found the pickle's end");
    const text = this.#readText(stop - this.#position);
    this.#position = stop + 1;
    return text;
  }

  #skipFrame(): void {
    const length = this.#readUint64();
    if (this.#position + length > this.#bytes.length) {
      throw this.#error(`Expected a frame inside the pickle but found one of ${length} bytes`);
    }
  }

  /** Moves behind the next bytes and returns where they start. */
  #advance(count: number): number {
    const start = this.#position;
    if (start + count > this.#bytes.length) {
      throw this.#error(`Expected ${count} bytes more but found the pickle's end at ${this.#bytes.length}`);
    }
    this.#position = start + count;
    return start;
  }

  #error(message: string): ModelFileError {
    return new ModelFileError(`${message}, in the pickle`, { offset: this.#instruction });
  }
}

/** What kind of thing a value from a pickle is, in Python's words, for messages. */
export function describe(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "string") return `the string '${shown(value)}'`;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `a tuple of ${value.length}`;
  if (value instanceof PickleGlobal) return value.name;
  if (value instanceof PickleDictionary) return value.ordered ? "an OrderedDict" : "a dict";
  return "a tensor or storage";
}
