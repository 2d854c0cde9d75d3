/** Chemical symbols; the symbol of atomic number Z stands at index Z − 1. */
export const symbols: readonly string[] = [
  "H He",
  "Li Be B C N O F Ne",
  "Na Mg Al Si P S Cl Ar",
  "K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr",
  "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe",
  "Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn",
  "Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og",
].flatMap((period) => period.split(" "));

/** Largest atomic number there is a symbol for. */
export const largestAtomicNumber = 118;

/**
 * Standard atomic weights (IUPAC 2016, conventional values where an interval is given), Da, for Z = 1 to 103; the mass of
 * the longest-lived isotope where the element has no stable one.
 */
const weights: readonly number[] = [
  ...[1.008, 4.002602],
  ...[6.94, 9.0121831, 10.81, 12.011, 14.007, 15.999, 18.998403163, 20.1797],
  ...[22.98976928, 24.305, 26.9815385, 28.085, 30.973761998, 32.06, 35.45, 39.948],
  ...[39.0983, 40.078, 44.955908, 47.867, 50.9415, 51.9961, 54.938044, 55.845, 58.933194, 58.6934, 63.546, 65.38],
  ...[69.723, 72.63, 74.921595, 78.971, 79.904, 83.798],
  ...[85.4678, 87.62, 88.90584, 91.224, 92.90637, 95.95, 97.90721, 101.07, 102.9055, 106.42, 107.8682, 112.414],
  ...[114.818, 118.71, 121.76, 127.6, 126.90447, 131.293],
  ...[132.90545196, 137.327, 138.90547, 140.116, 140.90766, 144.242, 144.91276, 150.36, 151.964, 157.25, 158.92535],
  ...[162.5, 164.93033, 167.259, 168.93422, 173.054, 174.9668, 178.49, 180.94788, 183.84, 186.207, 190.23, 192.217],
  ...[195.084, 196.966569, 200.592, 204.38, 207.2, 208.9804, 208.98243, 209.98715, 222.01758],
  ...[223.01974, 226.02541, 227.02775, 232.0377, 231.03588, 238.02891, 237.04817, 244.06421, 243.06138, 247.07035],
  ...[247.07031, 251.07959, 252.083, 257.09511, 258.09843, 259.101, 262.11],
];

const numberOf: ReadonlyMap<string, number> = new Map([
  ...symbols.map((symbol, index) => [symbol, index + 1] as const),
  ["D", 1],
  ["T", 1],
]);

/**
 * Chemical symbol of an element.
 *
 * @param atomicNumber 1 to 118.
 * @throws RangeError for any other number.
 */
export function symbolOf(atomicNumber: number): string {
  const symbol = symbols[atomicNumber - 1];
  if (symbol === undefined) {
    throw new RangeError(`Expected an atomic number from 1 to ${largestAtomicNumber} but found ${atomicNumber}`);
  }
  return symbol;
}

/**
 * Standard atomic weight of an element, Da.
 *
 * @param atomicNumber 1 to 103.
 * @throws RangeError for any other number.
 */
export function atomicWeight(atomicNumber: number): number {
  const weight = weights[atomicNumber - 1];
  if (weight === undefined) {
    throw new RangeError(`Expected an atomic number from 1 to ${weights.length} but found ${atomicNumber}`);
  }
  return weight;
}

/**
 * Atomic number of an atom's label in a file: a symbol in any case (`O`, `cl`, `BR`), a hydrogen isotope (`D`, `T`), a
 * symbol followed by anything that does not start with a letter (`H2`, `O_1`, `C12`, `Na+`), or the number itself (`8`).
 * Two letters are one symbol where they can be: `CO` is cobalt, `CA` calcium.
 *
 * @throws RangeError naming the label when it is none of these.
 */
export function atomicNumber(label: string): number {
  if (/^\d{1,3}$/.test(label)) {
    const number = Number(label);
    if (number >= 1 && number <= largestAtomicNumber) return number;
  } else {
    const letters = /^([A-Za-z])([A-Za-z]?)(?![A-Za-z])/.exec(label);
    const number = letters && numberOf.get(letters[1]!.toUpperCase() + letters[2]!.toLowerCase());
    if (number) return number;
  }
  const shown = JSON.stringify(label.slice(0, 20));
  throw new RangeError(
    `Expected a chemical symbol, a label that starts with one, or an atomic number but found ${shown}`,
  );
}
