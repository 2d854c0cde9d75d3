import { bytesPerElement, decodeElements, encodeElements } from "./element_bytes.ts";
import { writeHyperparameters } from "./hyperparameter_dictionary.ts";
import { makeModel } from "./make_model.ts";
import type { Model, Tensor } from "./model.ts";
import { ModelFileError, shown } from "./model_file_error.ts";

/** Length of the number in front of the header. */
const prefixLength = 8;

/** Longest header read, bytes; that of the published model has 47 kB. */
const longestHeader = 2 ** 22;

/** Most dimensions of a tensor; the published ones have up to three. */
const mostDimensions = 8;

/**
 * Key of the header's text entries, and among them the one with the hyperparameters, JSON in a string, and the one that
 * says which library the tensors are meant for.
 */
const metadataKey = "__metadata__";
const hyperparametersKey = "hyperparameters";
const formatKey = "format";

const dtypes: ReadonlyMap<string, Tensor["dtype"]> = new Map([["F32", "float32"], ["F64", "float64"], [
  "I64",
  "int64",
]]);

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Whether the bytes begin like safetensors: a header's length and an opening brace. A file of another kind is told
 * from it by that brace alone.
 */
export function isSafetensors(bytes: Uint8Array): boolean {
  return bytes[prefixLength] === "{".charCodeAt(0);
}

/**
 * Reads a model from safetensors: the length of a JSON header (8 bytes, little-endian), the header, and the tensors'
 * values side by side. `__metadata__.hyperparameters` in the header is JSON with the keys of a published checkpoint; the
 * other texts of `__metadata__` are kept. F32, F64 and I64 are taken; values are copied.
 *
 * @param bytes The file.
 * @param name What the model is to be called.
 * @throws {ModelFileError} naming tensor and offset, where the header is no such header, tensors overlap, leave holes
 * or run past the end, or a hyperparameter is missing or senseless.
 */
export function readSafetensors(bytes: Uint8Array, name: string): Model {
  const { header, dataStart } = readHeader(bytes);
  const { dictionary, texts } = readMetadata(header[metadataKey]);
  const extents: TensorExtent[] = [];
  for (const [tensor, description] of Object.entries(header)) {
    if (tensor !== metadataKey) extents.push(readExtent(tensor, description, dataStart));
  }
  refuseGaps(extents, dataStart, bytes.length);
  const tensors = new Map<string, Tensor>();
  for (const { tensor, dtype, shape, start, stop } of extents) {
    const data = decodeElements(bytes.subarray(start, stop), dtype, { tensor, offset: start });
    tensors.set(tensor, { shape, dtype, data });
  }
  return makeModel(name, dictionary, tensors, texts);
}

/**
 * Writes a model as {@linkcode readSafetensors} reads it: every value in the type it was stored in, names and their
 * order kept, hyperparameters, extras and texts in `__metadata__`. Numbers of 8 bytes come first, so that all are aligned.
 */
export function writeSafetensors(model: Model): Uint8Array<ArrayBuffer> {
  const wide = [...model.tensors].filter(([, tensor]) => bytesPerElement[tensor.dtype] === 8);
  const narrow = [...model.tensors].filter(([, tensor]) => bytesPerElement[tensor.dtype] === 4);
  const starts = new Map<string, number>();
  let length = 0;
  for (const [name, tensor] of [...wide, ...narrow]) {
    starts.set(name, length);
    length += tensor.data.length * bytesPerElement[tensor.dtype];
  }
  const header = new TextEncoder().encode(formatHeader(model, starts));
  const dataStart = prefixLength + header.length;
  const bytes = new Uint8Array(dataStart + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, prefixLength);
  for (const [name, tensor] of model.tensors) {
    bytes.set(encodeElements(tensor.data, tensor.dtype), dataStart + starts.get(name)!);
  }
  return bytes;
}

interface TensorExtent {
  readonly tensor: string;
  readonly dtype: Tensor["dtype"];
  readonly shape: readonly number[];
  /** Where its bytes start and stop, counted from the start of the file. */
  readonly start: number;
  readonly stop: number;
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < prefixLength) {
    throw new ModelFileError(`Expected the header's length in ${prefixLength} bytes but found ${bytes.length} bytes`, {
      offset: bytes.length,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const room = Math.min(bytes.length - prefixLength, longestHeader);
  if (length > room) {
    throw new ModelFileError(`Expected a header of at most ${room} bytes but found the length ${length}`, {
      offset: 0,
    });
  }
  const dataStart = prefixLength + Number(length);
  let header: unknown;
  try {
    header = JSON.parse(utf8.decode(bytes.subarray(prefixLength, dataStart)));
  } catch (error) {
    throw new ModelFileError(`Expected a header in JSON but found ${reason(error)}`, { offset: prefixLength });
  }
  if (!isObject(header)) {
    throw new ModelFileError("Expected an object as JSON header but found something else", { offset: prefixLength });
  }
  return { header, dataStart };
}

function readMetadata(metadata: unknown): { dictionary: Map<string, unknown>; texts: Map<string, string> } {
  const texts = new Map(isObject(metadata) ? Object.entries(metadata) : []);
  const text = texts.get(hyperparametersKey);
  if (typeof text !== "string") {
    throw new ModelFileError(
      `Expected the hyperparameters as text in ${metadataKey}.${hyperparametersKey} of the header but found none: ` +
        "this is no model that `convert` wrote",
      { offset: prefixLength },
    );
  }
  let dictionary: unknown;
  try {
    dictionary = JSON.parse(text);
  } catch (error) {
    throw new ModelFileError(`Expected the hyperparameters in JSON but found ${reason(error)}`, {
      offset: prefixLength,
    });
  }
  if (!isObject(dictionary)) {
    throw new ModelFileError("Expected an object with the hyperparameters but found something else", {
      offset: prefixLength,
    });
  }
  texts.delete(hyperparametersKey);
  texts.delete(formatKey);
  refuseOthersThanText(texts);
  return { dictionary: new Map(Object.entries(dictionary)), texts };
}

function refuseOthersThanText(texts: Map<string, unknown>): asserts texts is Map<string, string> {
  for (const [key, value] of texts) {
    if (typeof value === "string") continue;
    throw new ModelFileError(
      `Expected text as ${shown(key)} in ${metadataKey} of the header but found something else`,
      {
        offset: prefixLength,
      },
    );
  }
}

function readExtent(tensor: string, description: unknown, dataStart: number): TensorExtent {
  const { dtype: code, shape, data_offsets: offsets } = isObject(description) ? description : {};
  const dtype = typeof code === "string" ? dtypes.get(code) : undefined;
  if (dtype === undefined) {
    throw new ModelFileError(
      `Expected the dtype ${[...dtypes.keys()].join(", ")} but found ${shown(String(code))}`,
      { tensor },
    );
  }
  if (!isCounts(shape) || shape.length > mostDimensions || !isCounts(offsets) || offsets.length !== 2) {
    throw new ModelFileError(
      `Expected a shape of up to ${mostDimensions} extents and two data_offsets, all whole numbers, but found others`,
      { tensor },
    );
  }
  const [start, stop] = [dataStart + offsets[0]!, dataStart + offsets[1]!];
  const length = shape.reduce((product, extent) => product * extent, bytesPerElement[dtype]);
  if (stop - start !== length) {
    throw new ModelFileError(
      `Expected ${length} bytes for shape [${shape.join(", ")}] of ${dtype} but found ${stop - start}`,
      { tensor, offset: start },
    );
  }
  return { tensor, dtype, shape, start, stop };
}

/** The tensors must fill the rest of the file, each where the one before it ends. */
function refuseGaps(extents: readonly TensorExtent[], dataStart: number, fileLength: number): void {
  let position = dataStart;
  for (const { tensor, start, stop } of [...extents].sort((a, b) => a.start - b.start || a.stop - b.stop)) {
    if (start !== position) {
      const found = start < position ? "overlapping the one before it" : `after a hole of ${start - position} bytes`;
      throw new ModelFileError(`Expected the tensor to start at offset ${position} but found it ${found}`, {
        tensor,
        offset: start,
      });
    }
    if (stop > fileLength) {
      throw new ModelFileError(`Expected the tensor to end inside the file but found the file's end at ${fileLength}`, {
        tensor,
        offset: start,
      });
    }
    position = stop;
  }
  if (position !== fileLength) {
    throw new ModelFileError(
      `Expected the file to end with its last tensor but found ${fileLength - position} bytes more`,
      {
        offset: position,
      },
    );
  }
}

function formatHeader(model: Model, starts: ReadonlyMap<string, number>): string {
  const codes = new Map([...dtypes].map(([code, dtype]) => [dtype, code]));
  const hyperparameters = JSON.stringify(Object.fromEntries(writeHyperparameters(model)));
  const texts = { ...Object.fromEntries(model.metadata), [formatKey]: "pt", [hyperparametersKey]: hyperparameters };
  const entries: [string, unknown][] = [[metadataKey, texts]];
  for (const [name, { shape, dtype, data }] of model.tensors) {
    const start = starts.get(name)!;
    const stop = start + data.length * bytesPerElement[dtype];
    entries.push([name, { dtype: codes.get(dtype), shape, data_offsets: [start, stop] }]);
  }
  const text = JSON.stringify(Object.fromEntries(entries));
  const length = new TextEncoder().encode(text).length;
  return text + " ".repeat((8 - (length % 8)) % 8);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function reason(error: unknown): string {
  return shown(error instanceof Error ? error.message : String(error));
}
