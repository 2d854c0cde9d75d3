import { largestAtomicNumber } from "./elements.ts";

/** How charge and unpaired electrons are asked for; options win over what a file says. */
export interface ElectronOptions {
  /** Total charge, e. */
  readonly charge?: number | undefined;
  /** Number of unpaired electrons. */
  readonly unpaired?: number | undefined;
  /** Spin multiplicity, unpaired electrons + 1. */
  readonly multiplicity?: number | undefined;
}

/** Total charge and number of unpaired electrons. */
export interface Electrons {
  /** Total charge, e. */
  readonly charge: number;
  /** Number of unpaired electrons. */
  readonly unpaired: number;
}

/** Keys of a file that say how many electrons there are or how they are paired. */
export const electronKeys: readonly string[] = ["charge", "unpaired", "magmom", "multiplicity", "spin"];

/**
 * Total charge and unpaired electrons from a frame's keys and from options, 0 where neither says anything.
 *
 * The keys, in any case, are `charge`, and `unpaired`, `magmom` (the published code's name for the same) or
 * `multiplicity`. A bare `spin` is refused, since files use it for the spin quantum number S, for 2S and for 2S + 1.
 *
 * @param keys A frame's `info`; only the keys above are looked at.
 * @param options Win over the keys, which are then not looked at.
 * @throws RangeError when a value is not a number, when two ways of saying the same disagree, and for a bare `spin`.
 */
export function electronsOf(keys: ReadonlyMap<string, unknown>, options: ElectronOptions = {}): Electrons {
  const asked = chargeAndPairing(new Map(Object.entries(options).map(([name, value]) => [`--${name}`, value])), "--");
  const found = new Map<string, unknown>();
  for (const [key, value] of keys) {
    const name = key.toLowerCase();
    if (!electronKeys.includes(name)) continue;
    if (name === "charge" ? asked.charge !== undefined : asked.unpaired !== undefined) continue;
    if (found.has(name) && found.get(name) !== value) {
      throw new RangeError(`Expected one value of ${name} but found ${show(found.get(name))} and ${show(value)}`);
    }
    found.set(name, value);
  }
  const told = chargeAndPairing(found, "");
  if (found.has("spin") && told.unpaired === undefined) {
    throw new RangeError(
      "Expected unpaired or multiplicity but found a bare spin key, which is ambiguous (S, 2S or 2S+1); " +
        "rename the key, or give --unpaired or --multiplicity",
    );
  }
  return { charge: asked.charge ?? told.charge ?? 0, unpaired: asked.unpaired ?? told.unpaired ?? 0 };
}

/**
 * Checks that a structure can have this charge and this many unpaired electrons: whole numbers, ΣZ − charge electrons, at
 * least as many as are unpaired and of the same parity.
 *
 * @param numbers Atomic numbers `[N]`.
 * @throws RangeError naming the numbers, the nearest possible value, and `--no-electron-check`.
 */
export function checkElectrons(numbers: ArrayLike<number>, { charge, unpaired }: Electrons): void {
  let protons = 0;
  for (let i = 0; i < numbers.length; i++) protons += numbers[i]!;
  const electrons = protons - charge;
  const anyway = "or --no-electron-check to compute it anyway";
  if (!Number.isInteger(charge)) {
    throw new RangeError(
      `Expected a whole total charge but found ${charge}; use --charge ${Math.round(charge)}, ${anyway}`,
    );
  }
  if (electrons < 0) {
    throw new RangeError(
      `Expected a charge of at most the ${protons} protons but found ${charge}; use --charge ${protons}, ${anyway}`,
    );
  }
  if (!(Number.isInteger(unpaired) && unpaired >= 0)) {
    const nearest = possible(Math.max(0, Math.round(unpaired) || 0), electrons)[0];
    throw new RangeError(
      `Expected a whole number of unpaired electrons, 0 or more, but found ${unpaired}; use --unpaired ${nearest}, ${anyway}`,
    );
  }
  if (unpaired <= electrons && (electrons - unpaired) % 2 === 0) return;
  const parity = electrons % 2 === 0 ? "an even" : "an odd";
  throw new RangeError(
    `Expected ${parity} number of unpaired electrons, at most ${electrons}, for ${electrons} electrons ` +
      `(${protons} protons, charge ${charge}) but found ${unpaired}; ` +
      `use --unpaired ${possible(unpaired, electrons).join(" or ")}, another --charge, ${anyway}`,
  );
}

/** The possible numbers of unpaired electrons nearest to one that is asked for, the lower one first. */
function possible(unpaired: number, electrons: number): number[] {
  if (unpaired >= electrons) return [electrons];
  if ((electrons - unpaired) % 2 === 0) return [unpaired];
  return [unpaired - 1, unpaired + 1].filter((count) => count >= 0);
}

/** Charge and unpaired electrons, where given; the keys start with a prefix that error messages keep. */
function chargeAndPairing(given: ReadonlyMap<string, unknown>, prefix: string): Partial<Electrons> {
  const charge = numberAt(given, `${prefix}charge`);
  if (charge !== undefined && !(Math.abs(charge) <= largestAtomicNumber * 1e6)) {
    throw new RangeError(`Expected a finite total charge but found ${prefix}charge ${charge}`);
  }
  let unpaired: number | undefined;
  let source = "";
  for (const name of ["unpaired", "magmom", "multiplicity"]) {
    const value = numberAt(given, `${prefix}${name}`);
    if (value === undefined) continue;
    const count = name === "multiplicity" ? value - 1 : value;
    if (!(count >= 0 && count < Infinity)) {
      const least = name === "multiplicity" ? 1 : 0;
      throw new RangeError(`Expected ${prefix}${name} to be ${least} or more but found ${value}`);
    }
    if (unpaired !== undefined && unpaired !== count) {
      throw new RangeError(
        `Expected ${prefix}${source} and ${prefix}${name} to agree but found ${unpaired} and ${count} unpaired ` +
          `electrons; give only one of them`,
      );
    }
    unpaired = count;
    source = name;
  }
  return { ...(charge === undefined ? {} : { charge }), ...(unpaired === undefined ? {} : { unpaired }) };
}

function numberAt(given: ReadonlyMap<string, unknown>, key: string): number | undefined {
  const value = given.get(key);
  if (value === undefined || typeof value === "number") return value;
  throw new RangeError(`Expected a number for ${key} but found ${show(value)}`);
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 40);
}
