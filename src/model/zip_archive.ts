import { crc32 } from "./crc32.ts";
import { ModelFileError, shown } from "./model_file_error.ts";

/** One file of an archive. */
export interface ZipEntry {
  /** Path inside the archive. */
  readonly name: string;
  /** Where the content starts, counted from the start of the archive. */
  readonly offset: number;
  /** The content: a view into the archive's bytes, nothing is copied. */
  readonly bytes: Uint8Array;
}

const end = { signature: 0x06054b50, size: 22, longestComment: 0xffff };
const end64Locator = { signature: 0x07064b50, size: 20 };
const end64 = { signature: 0x06064b50, size: 56 };
const central = { signature: 0x02014b50, size: 46 };
const local = { signature: 0x04034b50, size: 30 };

/** Extra field with the 64-bit sizes. */
const zip64ExtraId = 1;
const encryptedFlag = 1;
const storedMethod = 0;

/** Whether the bytes begin like a zip archive. */
export function isZipArchive(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && viewOf(bytes).getUint32(0, true) === local.signature;
}

/**
 * Reads the entries of a zip archive (PKWARE APPNOTE 6.3, the part that `torch.save` writes: stored entries, with or
 * without zip64 records). Contents are views into `bytes`.
 *
 * Every entry must lie between the file's start and the central directory, none may overlap another, names are
 * unique, the local header must repeat the central one's name, and the CRC-32 must fit. Compressed, encrypted and
 * split archives are refused.
 *
 * @throws {ModelFileError} with the offset, for anything else.
 */
export function readZipArchive(bytes: Uint8Array): Map<string, ZipEntry> {
  const directory = findDirectory(bytes);
  const headers = readDirectory(bytes, directory);
  const contents = headers.map((header) => locateContent(bytes, header, directory.offset));
  refuseOverlaps(contents);
  const entries = new Map<string, ZipEntry>();
  for (const { header, start, stop } of contents) {
    const content = bytes.subarray(start, stop);
    const sum = crc32(content);
    if (sum !== header.crc) {
      throw new ModelFileError(
        `Expected zip entry ${shown(header.name)} to have CRC-32 ${hex(header.crc)} but found ${
          hex(sum)
        }: the file is damaged`,
        { offset: start },
      );
    }
    entries.set(header.name, { name: header.name, offset: start, bytes: content });
  }
  return entries;
}

interface Directory {
  readonly offset: number;
  readonly size: number;
  readonly count: number;
}

interface CentralHeader {
  readonly name: string;
  readonly crc: number;
  readonly size: number;
  readonly localOffset: number;
}

interface Content {
  readonly header: CentralHeader;
  readonly start: number;
  readonly stop: number;
}

function findDirectory(bytes: Uint8Array): Directory {
  const view = viewOf(bytes);
  const position = findEnd(bytes, view);
  if (view.getUint16(position + 4, true) !== 0 || view.getUint16(position + 6, true) !== 0) {
    throw new ModelFileError("Expected a zip archive in one part but found one split over several disks", {
      offset: position,
    });
  }
  let directory = {
    count: view.getUint16(position + 10, true),
    size: view.getUint32(position + 12, true),
    offset: view.getUint32(position + 16, true),
  };
  let limit = position;
  if (directory.count === 0xffff || directory.size === 0xffffffff || directory.offset === 0xffffffff) {
    limit = findEnd64(view, position);
    directory = {
      count: readUint64(view, limit + 32),
      size: readUint64(view, limit + 40),
      offset: readUint64(view, limit + 48),
    };
  }
  if (directory.offset + directory.size > limit) {
    throw new ModelFileError(
      `Expected the zip directory to end before offset ${limit} but found it at ${directory.offset} with ` +
        `${directory.size} bytes`,
      { offset: position },
    );
  }
  if (directory.count * central.size > directory.size) {
    throw new ModelFileError(
      `Expected room for ${directory.count} entries in the zip directory but found ${directory.size} bytes`,
      { offset: directory.offset },
    );
  }
  return directory;
}

function findEnd(bytes: Uint8Array, view: DataView): number {
  const last = bytes.length - end.size;
  for (let position = last; position >= Math.max(0, last - end.longestComment); position--) {
    if (view.getUint32(position, true) !== end.signature) continue;
    if (position + end.size + view.getUint16(position + 20, true) === bytes.length) return position;
  }
  throw new ModelFileError(
    "Expected a zip archive's end record but found none: the file is cut short or has bytes behind its end",
    { offset: bytes.length },
  );
}

function findEnd64(view: DataView, endPosition: number): number {
  const locator = endPosition - end64Locator.size;
  if (locator < 0 || view.getUint32(locator, true) !== end64Locator.signature) {
    throw new ModelFileError("Expected a zip64 locator before the zip archive's end record but found none", {
      offset: Math.max(0, locator),
    });
  }
  const position = readUint64(view, locator + 8);
  if (position + end64.size > locator || view.getUint32(position, true) !== end64.signature) {
    throw new ModelFileError(`Expected a zip64 end record at offset ${position} but found none`, {
      offset: locator + 8,
    });
  }
  return position;
}

function readDirectory(bytes: Uint8Array, directory: Directory): CentralHeader[] {
  const view = viewOf(bytes);
  const limit = directory.offset + directory.size;
  const names = new Set<string>();
  const headers: CentralHeader[] = [];
  let position = directory.offset;
  for (let index = 0; index < directory.count; index++) {
    if (position + central.size > limit || view.getUint32(position, true) !== central.signature) {
      throw new ModelFileError(`Expected entry ${index} of ${directory.count} in the zip directory but found none`, {
        offset: position,
      });
    }
    const nameStart = position + central.size;
    const extraStart = nameStart + view.getUint16(position + 28, true);
    const extraStop = extraStart + view.getUint16(position + 30, true);
    const next = extraStop + view.getUint16(position + 32, true);
    if (next > limit) {
      throw new ModelFileError("Expected a zip directory entry inside the directory but found one running past it", {
        offset: position,
      });
    }
    const header = readCentralHeader(view, position, readName(bytes, nameStart, extraStart), extraStart, extraStop);
    if (names.has(header.name)) {
      throw new ModelFileError(`Expected zip entries of different names but found ${shown(header.name)} twice`, {
        offset: position,
      });
    }
    names.add(header.name);
    headers.push(header);
    position = next;
  }
  if (position !== limit) {
    throw new ModelFileError(
      `Expected the zip directory to end after ${directory.count} entries but found ${limit - position} bytes more`,
      { offset: position },
    );
  }
  return headers;
}

function readCentralHeader(
  view: DataView,
  position: number,
  name: string,
  extraStart: number,
  extraStop: number,
): CentralHeader {
  const flags = view.getUint16(position + 8, true);
  const method = view.getUint16(position + 10, true);
  if ((flags & encryptedFlag) !== 0 || method !== storedMethod) {
    const found = (flags & encryptedFlag) !== 0 ? "an encrypted one" : `compression method ${method}`;
    throw new ModelFileError(
      `Expected stored zip entries, as torch.save writes them, but found ${found} for ${shown(name)}`,
      { offset: position },
    );
  }
  const crc = view.getUint32(position + 16, true);
  const short = [
    view.getUint32(position + 24, true),
    view.getUint32(position + 20, true),
    view.getUint32(position + 42, true),
  ];
  const [size, storedSize, localOffset] = widen(view, short, extraStart, extraStop) as [number, number, number];
  if (size !== storedSize) {
    throw new ModelFileError(
      `Expected zip entry ${shown(name)} to be stored in ${size} bytes but found ${storedSize}`,
      { offset: position },
    );
  }
  return { name, crc, size, localOffset };
}

/** The fields with those replaced that say "see the zip64 extra field", which holds just these, in the same order. */
function widen(view: DataView, fields: readonly number[], extraStart: number, extraStop: number): number[] {
  if (!fields.includes(0xffffffff)) return [...fields];
  let position = extraStart;
  while (position + 4 <= extraStop) {
    const id = view.getUint16(position, true);
    const stop = position + 4 + view.getUint16(position + 2, true);
    if (stop > extraStop) break;
    if (id === zip64ExtraId) {
      let next = position + 4;
      return fields.map((field) => {
        if (field !== 0xffffffff) return field;
        if (next + 8 > stop) {
          throw new ModelFileError("Expected 64-bit sizes in a zip64 extra field but found it too short", {
            offset: position,
          });
        }
        next += 8;
        return readUint64(view, next - 8);
      });
    }
    position = stop;
  }
  throw new ModelFileError("Expected a zip64 extra field with the sizes of a zip entry but found none", {
    offset: extraStart,
  });
}

/** Where an entry's content lies, according to its local header, which must agree with the central one on the name. */
function locateContent(bytes: Uint8Array, header: CentralHeader, limit: number): Content {
  const view = viewOf(bytes);
  const position = header.localOffset;
  if (position + local.size > limit || view.getUint32(position, true) !== local.signature) {
    throw new ModelFileError(`Expected the header of zip entry ${shown(header.name)} but found something else`, {
      offset: position,
    });
  }
  const nameStart = position + local.size;
  const nameStop = nameStart + view.getUint16(position + 26, true);
  const start = nameStop + view.getUint16(position + 28, true);
  const stop = start + header.size;
  if (stop > limit) {
    throw new ModelFileError(
      `Expected zip entry ${shown(header.name)} to end before offset ${limit} but found it to end at ${stop}`,
      { offset: position },
    );
  }
  const name = readName(bytes, nameStart, nameStop);
  if (name !== header.name) {
    throw new ModelFileError(
      `Expected the zip entry's own name to be ${shown(header.name)} as in the directory but found ${shown(name)}`,
      { offset: position },
    );
  }
  return { header, start, stop };
}

function refuseOverlaps(contents: readonly Content[]): void {
  const sorted = [...contents].sort((a, b) => a.header.localOffset - b.header.localOffset);
  for (let index = 1; index < sorted.length; index++) {
    const [before, after] = [sorted[index - 1]!, sorted[index]!];
    if (after.header.localOffset < before.stop) {
      throw new ModelFileError(
        `Expected zip entries side by side but found ${shown(before.header.name)} and ${
          shown(after.header.name)
        } overlapping`,
        { offset: after.header.localOffset },
      );
    }
  }
}

function readName(bytes: Uint8Array, start: number, stop: number): string {
  return new TextDecoder().decode(bytes.subarray(start, stop));
}

/** A 64-bit size or offset; beyond 2⁵³ it is rounded, which every check against the file's length still refuses. */
function readUint64(view: DataView, position: number): number {
  return view.getUint32(position + 4, true) * 2 ** 32 + view.getUint32(position, true);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
