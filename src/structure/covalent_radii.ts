import { largestAtomicNumber } from "./elements.ts";

/**
 * Single-bond covalent radii, pm, for Z = 1 to 118: P. Pyykkö, M. Atsumi, Molecular Single-Bond Covalent Radii for Elements
 * 1-118, Chem. Eur. J. 15, 186 (2009), table 2.
 */
const radii: readonly number[] = [
  ...[32, 46],
  ...[133, 102, 85, 75, 71, 63, 64, 67],
  ...[155, 139, 126, 116, 111, 103, 99, 96],
  ...[196, 171, 148, 136, 134, 122, 119, 116, 111, 110, 112, 118, 124, 121, 121, 116, 114, 117],
  ...[210, 185, 163, 154, 147, 138, 128, 125, 125, 120, 128, 136, 142, 140, 140, 136, 133, 131],
  ...[232, 196, 180, 163, 176, 174, 173, 172, 168, 169, 168, 167, 166, 165, 164, 170],
  ...[162, 152, 146, 137, 131, 129, 122, 123, 124, 133, 144, 144, 151, 145, 147, 142],
  ...[223, 201, 186, 175, 169, 170, 171, 172, 166, 166, 168, 168, 165, 167, 173, 176],
  ...[161, 157, 149, 143, 141, 134, 129, 128, 121, 122, 136, 143, 162, 175, 165, 157],
];

/**
 * Single-bond covalent radius of an element, Å.
 *
 * @param atomicNumber 1 to 118.
 * @throws RangeError for any other number.
 */
export function covalentRadius(atomicNumber: number): number {
  const radius = radii[atomicNumber - 1];
  if (radius === undefined) {
    throw new RangeError(`Expected an atomic number from 1 to ${largestAtomicNumber} but found ${atomicNumber}`);
  }
  return radius / 100;
}
