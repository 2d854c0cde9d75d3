import { bytesPerElement, decodeElements } from "./element_bytes.ts";
import type { Model, Tensor } from "./model.ts";
import { ModelFileError, shown } from "./model_file_error.ts";
import { makeModel } from "./make_model.ts";
import { describe, PickleDictionary, PickleGlobal, readPickle } from "./pickle.ts";
import { readZipArchive, type ZipEntry } from "./zip_archive.ts";

/** Most elements that all tensors may have together for each byte of the file; float32 storages used once need ¼. */
const mostElementsPerByte = 2;

/** Most dimensions of a tensor; the published ones have up to three. */
const mostDimensions = 8;

/**
 * Reads a checkpoint as `torch.save` writes it (PyTorch ≥ 1.6: a zip archive with a pickle and one raw little-endian
 * storage per tensor), without Python and without executing anything of it.
 *
 * Storages of float32, float64 and int64 are taken; they may be shared between tensors, and a tensor may be any
 * strided view of its storage. Values are copied.
 *
 * @param bytes The file.
 * @param name What the model is to be called.
 * @throws {ModelFileError} where the file is damaged, holds anything but such a checkpoint, or does not fit together.
 */
export function readTorchCheckpoint(bytes: Uint8Array, name: string): Model {
  const archive = readZipArchive(bytes);
  const root = findRoot(archive);
  refuseBigEndian(archive, root);
  const pickle = archive.get(`${root}data.pkl`)!;
  const storages = new StorageReader(archive, root);
  const content = readPickle(pickle.bytes, {
    globals: allowedGlobals,
    persistent: (identifier, offset) => storages.find(identifier, offset),
  });
  const { dictionary, state } = splitContent(content);
  return makeModel(name, dictionary, readTensors(state, mostElementsPerByte * bytes.length));
}

const storageTypes: ReadonlyMap<string, Tensor["dtype"]> = new Map([
  ["torch.FloatStorage", "float32"],
  ["torch.DoubleStorage", "float64"],
  ["torch.LongStorage", "int64"],
]);

const allowedGlobals: ReadonlyMap<string, PickleGlobal> = new Map(
  [
    new PickleGlobal("collections.OrderedDict", makeOrderedDictionary),
    new PickleGlobal("torch._utils._rebuild_tensor_v2", makeStridedTensor),
    new PickleGlobal("torch._utils._rebuild_parameter", unwrapParameter),
    ...[...storageTypes.keys()].map((name) => new PickleGlobal(name, null)),
  ].map((global) => [global.name, global]),
);

/** The numbers that tensors are views of. */
class Storage {
  readonly dtype: Tensor["dtype"];
  readonly entry: ZipEntry;
  /** Number of elements. */
  readonly length: number;
  #data: Float64Array | undefined;

  constructor(dtype: Tensor["dtype"], entry: ZipEntry) {
    this.dtype = dtype;
    this.entry = entry;
    this.length = entry.bytes.length / bytesPerElement[dtype];
  }

  /** The elements, decoded on first use. */
  get data(): Float64Array {
    this.#data ??= decodeElements(this.entry.bytes, this.dtype, { offset: this.entry.offset });
    return this.#data;
  }
}

/** A strided view of a storage, checked to lie inside it and not to repeat its elements. */
class StridedTensor {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** Number of elements. */
  readonly length: number;

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[], at: number) {
    const length = shape.reduce((product, extent) => product * extent, 1);
    const last = offset + shape.reduce((sum, extent, axis) => sum + (extent - 1) * strides[axis]!, 0);
    if (length > storage.length || (length > 0 && last >= storage.length)) {
      throw new ModelFileError(
        `Expected a tensor inside its storage of ${storage.length} elements (${shown(storage.entry.name)}) but found ` +
          `shape [${shape}] with strides [${strides}] from element ${offset}, in the pickle`,
        { offset: at },
      );
    }
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
    this.length = length;
  }

  /** Whether the elements stand one after the other in row-major order, as those of nearly all tensors do. */
  get isDense(): boolean {
    let stride = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      if (this.shape[axis] !== 1 && this.strides[axis] !== stride) return false;
      stride *= this.shape[axis]!;
    }
    return true;
  }
}

class StorageReader {
  readonly #archive: ReadonlyMap<string, ZipEntry>;
  readonly #root: string;
  /** Each storage once, however many tensors refer to it. */
  readonly #found = new Map<string, Storage>();

  constructor(archive: ReadonlyMap<string, ZipEntry>, root: string) {
    this.#archive = archive;
    this.#root = root;
  }

  /** The storage that ('storage', type, key, location, length) stands for; its location (`cpu`, `cuda:0`) does not matter. */
  find(identifier: unknown, offset: number): Storage {
    const [tag, global, key, location, length] = Array.isArray(identifier) ? identifier : [];
    const dtype = global instanceof PickleGlobal ? storageTypes.get(global.name) : undefined;
    if (tag !== "storage" || dtype === undefined || typeof key !== "string" || typeof location !== "string") {
      throw new ModelFileError(
        `Expected ('storage', type, key, location, length) as a storage's identifier but found ${
          describe(identifier)
        }, in the pickle`,
        { offset },
      );
    }
    const entry = this.#archive.get(`${this.#root}data/${key}`);
    if (entry === undefined) {
      throw new ModelFileError(
        `Expected an archive entry for the storage ${shown(key)} but found none, in the pickle`,
        { offset },
      );
    }
    if (typeof length !== "number" || length * bytesPerElement[dtype] !== entry.bytes.length) {
      throw new ModelFileError(
        `Expected ${describe(length)} ${dtype} numbers in ${shown(entry.name)} but found ` +
          `${entry.bytes.length} bytes`,
        { offset: entry.offset },
      );
    }
    const identity = `${dtype} ${key}`;
    const storage = this.#found.get(identity) ?? new Storage(dtype, entry);
    this.#found.set(identity, storage);
    return storage;
  }
}

function makeOrderedDictionary(parameters: readonly unknown[], offset: number): PickleDictionary {
  if (parameters.length > 0) {
    throw new ModelFileError("Expected an empty OrderedDict to start with but found parameters, in the pickle", {
      offset,
    });
  }
  return new PickleDictionary(true);
}

/** `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, backward_hooks, metadata)`. */
function makeStridedTensor(parameters: readonly unknown[], at: number): StridedTensor {
  const [storage, offset, shape, strides] = parameters;
  const fits = storage instanceof Storage && isCount(offset) && isExtents(shape) && isExtents(strides) &&
    shape.length === strides.length;
  if (!fits) {
    throw new ModelFileError(
      `Expected a storage, an offset, a shape and strides of up to ${mostDimensions} whole numbers each for a ` +
        `tensor but found (${parameters.slice(0, 4).map(describe).join(", ")}), in the pickle`,
      { offset: at },
    );
  }
  return new StridedTensor(storage, offset, shape, strides, at);
}

/** `_rebuild_parameter(tensor, requires_grad, backward_hooks)`. */
function unwrapParameter(parameters: readonly unknown[], offset: number): StridedTensor {
  const tensor = parameters[0];
  if (!(tensor instanceof StridedTensor)) {
    throw new ModelFileError(
      `Expected a tensor as parameter but found ${describe(tensor)}, in the pickle`,
      { offset },
    );
  }
  return tensor;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** The length comes first: a pickle may refer to one long tuple many times. */
function isExtents(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= mostDimensions && value.every(isCount);
}

/** The archive's folder, whatever it is called: the one with `data.pkl` in it. */
function findRoot(archive: ReadonlyMap<string, ZipEntry>): string {
  const pickles = [...archive.keys()].filter((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    throw new ModelFileError(
      `Expected one data.pkl in the archive, as torch.save writes it, but found ${pickles.length}`,
    );
  }
  return pickles[0]!.slice(0, -"data.pkl".length);
}

function refuseBigEndian(archive: ReadonlyMap<string, ZipEntry>, root: string): void {
  const marker = archive.get(`${root}byteorder`);
  if (marker === undefined) return;
  const order = new TextDecoder().decode(marker.bytes);
  if (order !== "little") {
    throw new ModelFileError(`Expected storages in little-endian byte order but found '${shown(order)}'`, {
      offset: marker.offset,
    });
  }
}

/** The hyperparameters and the tensors of what SpookyNet's own code saves. */
function splitContent(content: unknown): { dictionary: Map<string, unknown>; state: PickleDictionary } {
  const state = content instanceof PickleDictionary ? content.items.get("state_dict") : undefined;
  if (!(content instanceof PickleDictionary) || !(state instanceof PickleDictionary)) {
    const found = content instanceof PickleDictionary
      ? `one with the keys ${[...content.items.keys()].slice(0, 5).map((key) => shown(key)).join(", ")}`
      : describe(content);
    throw new ModelFileError(
      `Expected a dict with 'state_dict' and hyperparameters, as SpookyNet saves it, but found ${found}`,
    );
  }
  const dictionary = new Map(content.items);
  dictionary.delete("state_dict");
  return { dictionary, state };
}

function readTensors(state: PickleDictionary, mostElements: number): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  let elements = 0;
  for (const [name, value] of state.items) {
    if (!(value instanceof StridedTensor)) {
      throw new ModelFileError(`Expected only tensors in the state_dict but found ${describe(value)}`, {
        tensor: name,
      });
    }
    elements += value.length;
    if (elements > mostElements) {
      throw new ModelFileError(`Expected at most ${mostElements} elements in all tensors of this file but found more`, {
        tensor: name,
      });
    }
    tensors.set(name, { shape: value.shape, dtype: value.storage.dtype, data: copyElements(value) });
  }
  return tensors;
}

/** The elements of a view in row-major order. */
function copyElements(tensor: StridedTensor): Float64Array {
  const { shape, strides } = tensor;
  const source = tensor.storage.data;
  if (tensor.isDense) return source.slice(tensor.offset, tensor.offset + tensor.length);
  const data = new Float64Array(tensor.length);
  const index = shape.map(() => 0);
  let position = tensor.offset;
  for (let element = 0; element < data.length; element++) {
    data[element] = source[position]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      position -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return data;
}
