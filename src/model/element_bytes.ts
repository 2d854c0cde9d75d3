import type { Tensor } from "./model.ts";
import { ModelFileError, type ModelFilePlace } from "./model_file_error.ts";

/** Bytes that one element takes in a file. */
export const bytesPerElement: Readonly<Record<Tensor["dtype"], number>> = { float32: 4, float64: 8, int64: 8 };

/**
 * Decodes little-endian numbers, float64 from here on. float32 values are exact in it; int64 values must be below 2⁵³.
 *
 * @param bytes A whole number of elements.
 * @param place Where the bytes stand, for the error's sake; its offset is that of the first byte.
 * @throws {ModelFileError} where an integer is too large.
 */
export function decodeElements(
  bytes: Uint8Array,
  dtype: Tensor["dtype"],
  place: ModelFilePlace & { offset: number },
): Float64Array {
  // Typed arrays begin at multiples of their elements' size, files' tensors anywhere. Deno's processors are little-endian.
  const { buffer } = bytes.slice();
  switch (dtype) {
    case "float32":
      return new Float64Array(new Float32Array(buffer));
    case "float64":
      return new Float64Array(buffer);
    case "int64": {
      const data = Float64Array.from(new BigInt64Array(buffer), Number);
      const i = data.findIndex((value) => !Number.isSafeInteger(value));
      if (i < 0) return data;
      throw new ModelFileError(`Expected integers below 2^53 but found ${data[i]}`, {
        ...place,
        offset: place.offset + 8 * i,
      });
    }
  }
}

/**
 * Encodes numbers as {@linkcode decodeElements} reads them. What was read from a file comes out as it was.
 *
 * @throws {RangeError} where a value has no exact place in that type.
 */
export function encodeElements(data: Float64Array, dtype: Tensor["dtype"]): Uint8Array {
  const bytes = new Uint8Array(data.length * bytesPerElement[dtype]);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    const exact = dtype === "float32" ? Math.fround(value) : dtype === "int64" ? Math.trunc(value) : value;
    if (!Object.is(exact, value)) {
      throw new RangeError(`Expected a value that ${dtype} holds exactly but found ${value}`);
    }
    if (dtype === "float32") view.setFloat32(4 * i, value, true);
    else if (dtype === "float64") view.setFloat64(8 * i, value, true);
    else view.setBigInt64(8 * i, BigInt(value), true);
  }
  return bytes;
}
