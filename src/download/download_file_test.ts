import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { Random } from "../../tests/fixtures/random.ts";
import { downloadFile, type DownloadOptions } from "./download_file.ts";
import { type FakeAnswer, FakeFileServer, goodAnswer, type SeenRequest } from "./fake_file_server.ts";
import { InterruptedError, WrongFileError } from "./fetch_rest.ts";

const random = new Random(11);
const file = Uint8Array.from({ length: 300_000 }, () => random.integer(256));
const size = file.length;
const sha256 = createHash("sha256").update(file).digest("hex");
const half = size / 2;

/** Runs with a server and a folder; gives the options that download its file there. */
async function withServer(
  answer: (request: SeenRequest, count: number) => FakeAnswer | Promise<FakeAnswer>,
  body: (options: DownloadOptions, server: FakeFileServer, notices: string[]) => Promise<void>,
) {
  await using server = new FakeFileServer(answer);
  const folder = await Deno.makeTempDir({ prefix: "spookynet-download-" });
  const notices: string[] = [];
  try {
    const path = join(folder, "new", "model.pth");
    const onNotice = (line: string) => void notices.push(line);
    await body({ url: server.url, path, size, sha256, patience: 5000, pause: 0, onNotice }, server, notices);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Puts bytes where an earlier download left them. */
async function leave(path: string, bytes: Uint8Array) {
  await Deno.mkdir(join(path, ".."), { recursive: true });
  await Deno.writeFile(`${path}.part`, bytes);
}

/** The names in the folder of the download, of which the file must be right if it is there. */
async function left(path: string): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(join(path, "..")), ({ name }) => name)).sort();
  if (names.includes("model.pth")) deepEqual(await Deno.readFile(path), file);
  return names;
}

function ok(length: number | string, body: Uint8Array, ...headers: string[]): FakeAnswer {
  return { head: ["HTTP/1.1 200 OK", `content-length: ${length}`, ...headers], body };
}

Deno.test("downloadFile() downloads a whole file, once, and tells how far it is", async () => {
  await withServer((request) => goodAnswer(file, request), async (options, server) => {
    const progress: number[] = [];
    equal(await downloadFile({ ...options, onProgress: (received) => void progress.push(received) }), true);
    deepEqual(await left(options.path), ["model.pth"]);
    equal(progress.at(-1), size);
    deepEqual(progress, progress.toSorted((a, b) => a - b));
    equal(await downloadFile(options), false);
    deepEqual(server.requests, [{ path: "/", range: null }]);
  });
});

Deno.test("downloadFile() asks for the rest of what an earlier download left", async () => {
  await withServer((request) => goodAnswer(file, request), async (options, server) => {
    await leave(options.path, file.subarray(0, half));
    await downloadFile(options);
    deepEqual(await left(options.path), ["model.pth"]);
    deepEqual(server.requests, [{ path: "/", range: `bytes=${half}-` }]);
  });
});

Deno.test("downloadFile() begins again with a server that ignores Range", async () => {
  await withServer(() => goodAnswer(file, { path: "/", range: null }), async (options, server) => {
    await leave(options.path, file.subarray(0, half));
    await downloadFile(options);
    deepEqual(await left(options.path), ["model.pth"]);
    deepEqual(server.requests, [{ path: "/", range: `bytes=${half}-` }]);
  });
});

Deno.test("downloadFile() needs no server for a file that an earlier download left whole", async () => {
  await withServer((request) => goodAnswer(file, request), async (options, server) => {
    await leave(options.path, file);
    equal(await downloadFile(options), true);
    deepEqual(await left(options.path), ["model.pth"]);
    deepEqual(server.requests, []);
  });
});

Deno.test("downloadFile() begins again, once, where an earlier download left other bytes, or too many", async () => {
  for (const rubbish of [file.subarray(1, half), new Uint8Array(size), new Uint8Array(size + 1)]) {
    await withServer((request) => goodAnswer(file, request), async (options, server, notices) => {
      await leave(options.path, rubbish);
      await downloadFile(options);
      deepEqual(await left(options.path), ["model.pth"]);
      equal(server.requests.at(-1)!.range, null);
      deepEqual(notices, ["what an earlier download left is no part of the file: beginning again"]);
    });
  }
});

Deno.test("downloadFile() replaces a file that is not the one", async () => {
  await withServer((request) => goodAnswer(file, request), async (options) => {
    await leave(options.path, new Uint8Array(0));
    await Deno.writeFile(options.path, file.with(7, file[7]! ^ 1));
    await downloadFile(options);
    deepEqual(await left(options.path), ["model.pth"]);
  });
});

Deno.test("downloadFile() refuses wrong bytes and keeps nothing of them", async () => {
  const wrong = file.with(half, file[half]! ^ 1);
  await withServer((request) => goodAnswer(wrong, request), async (options, server) => {
    await rejects(downloadFile(options), (error) => {
      match((error as Error).message, new RegExp(`SHA-256 ${sha256} but found [0-9a-f]{64}$`));
      return error instanceof WrongFileError;
    });
    deepEqual(await left(options.path), []);
    equal(server.requests.length, 1);
  });
});

Deno.test("downloadFile() refuses a file of another size before it reads it", async () => {
  for (const length of [size - 1, size + 1, 2 ** 50]) {
    await withServer(() => ok(length, new Uint8Array(10)), async (options) => {
      await rejects(
        downloadFile(options),
        new RegExp(`Expected ${size} bytes but the server says that it has ${length}`),
      );
      deepEqual(await left(options.path), []);
    });
  }
  const other = (request: SeenRequest) => goodAnswer(file.subarray(0, size - 1), request);
  await withServer(other, async (options) => {
    await leave(options.path, file.subarray(0, half));
    await rejects(
      downloadFile(options),
      new RegExp(`Expected ${size} bytes but the server says that it has ${size - 1}`),
    );
    deepEqual(await left(options.path), ["model.pth.part"]);
  });
});

Deno.test("downloadFile() goes on where a connection was cut, as long as each brings something", async () => {
  const piece = 70_000;
  await withServer((request) => {
    const answer = goodAnswer(file, request);
    return { ...answer, body: answer.body!.subarray(0, piece) };
  }, async (options, server, notices) => {
    await downloadFile(options);
    deepEqual(await left(options.path), ["model.pth"]);
    deepEqual(
      server.requests.map(({ range }) => range),
      [null, "bytes=70000-", "bytes=140000-", "bytes=210000-", "bytes=280000-"],
    );
    equal(notices.length, 4);
    match(notices[0]!, /^\w.*: going on after 70000 of 300000 bytes$/);
  });
});

Deno.test("downloadFile() gives up where a connection brings nothing, and keeps what has come for the next call", async () => {
  await withServer((request, count) => {
    const answer = goodAnswer(file, request);
    return count === 0 ? { ...answer, body: answer.body!.subarray(0, half) } : { head: answer.head };
  }, async (options, server) => {
    await rejects(downloadFile(options), InterruptedError);
    equal(server.requests.length, 2);
    deepEqual(await left(options.path), ["model.pth.part"]);
    deepEqual(await Deno.readFile(`${options.path}.part`), file.subarray(0, half));
  });
});

Deno.test("downloadFile() notices a server that lies about the length, or says none", async () => {
  const chunks = (bytes: Uint8Array) => ({
    head: ["HTTP/1.1 200 OK", "transfer-encoding: chunked"],
    body: joined(encode(`${bytes.length.toString(16)}\r\n`), bytes, encode("\r\n0\r\n\r\n")),
  });
  const untilEnd = (body: Uint8Array) => ({ head: ["HTTP/1.1 200 OK"], body });
  for (const answer of [chunks, untilEnd]) {
    await withServer(() => answer(file), async (options) => {
      await downloadFile(options);
      deepEqual(await left(options.path), ["model.pth"]);
    });
    const longer = joined(file.subarray(0, 100_000), file);
    await withServer(() => answer(longer), async (options) => {
      await rejects(downloadFile(options), new RegExp(`Expected ${size} bytes but the server sends more`));
      deepEqual((await left(options.path)).filter((name) => name === "model.pth"), []);
    });
    await withServer(
      (_, count) => answer(count === 0 ? file.subarray(0, half) : new Uint8Array(0)),
      async (options) => {
        await rejects(downloadFile(options), InterruptedError);
        deepEqual(await left(options.path), ["model.pth.part"]);
      },
    );
  }
  // Says that it has the right length, and sends more: what is beyond is not read.
  await withServer(() => ok(size, joined(file, Uint8Array.of(1, 2, 3))), async (options) => {
    await downloadFile(options);
    deepEqual(await left(options.path), ["model.pth"]);
  });
});

Deno.test("downloadFile() notices a server that sends another part than it was asked for", async () => {
  const elsewhere = (request: SeenRequest) => goodAnswer(file, { ...request, range: "bytes=5-" });
  await withServer(elsewhere, async (options) => {
    await leave(options.path, file.subarray(0, half));
    await rejects(downloadFile(options), new RegExp(`Expected the bytes from ${half} on but found bytes 5-`));
    deepEqual(await Deno.readFile(`${options.path}.part`), file.subarray(0, half));
  });
});

Deno.test("downloadFile() follows redirects, and says what a server answers that has no such file", async () => {
  await withServer(
    (request) => request.path === "/" ? { head: ["HTTP/1.1 302 Found", "location: /b"] } : goodAnswer(file, request),
    async (options, server) => {
      await leave(options.path, file.subarray(0, half));
      await downloadFile(options);
      deepEqual(await left(options.path), ["model.pth"]);
      deepEqual(server.requests.at(-1), { path: "/b", range: `bytes=${half}-` });
    },
  );
  for (
    const [head, expected, kind] of [
      ["404 Not Found", /Expected a file but the server answered 404 Not Found/, WrongFileError],
      ["416 Range Not Satisfiable", /answered 416 Range Not Satisfiable/, WrongFileError],
      ["503 Service Unavailable", /the server answered 503 Service Unavailable: try again later/, InterruptedError],
    ] as const
  ) {
    await withServer(() => ({ head: [`HTTP/1.1 ${head}`, "content-length: 0"] }), async (options) => {
      await rejects(downloadFile(options), (error) => error instanceof kind && expected.test(error.message));
    });
  }
});

Deno.test("downloadFile() gives up on a server that says nothing, before its answer and in the midst of it", async () => {
  for (const said of [null, file.subarray(0, half)]) {
    const silence = Promise.withResolvers<void>();
    await withServer(async (request, count) => {
      if (said === null) await silence.promise;
      const body = count === 0 && said !== null ? said : new Uint8Array(0);
      return { ...goodAnswer(file, request), body, hold: silence.promise };
    }, async (options) => {
      await rejects(
        downloadFile({ ...options, patience: 200, onNotice: () => silence.resolve() }),
        (error) => error instanceof InterruptedError,
      ).finally(() => silence.resolve());
      deepEqual(await left(options.path), said === null ? [] : ["model.pth.part"]);
    });
  }
});

Deno.test("downloadFile() says so where there is no server", async () => {
  const server = new FakeFileServer(() => ok(0, file));
  const url = server.url;
  await server[Symbol.asyncDispose]();
  await withServer(() => ok(0, file), async (options) => {
    await rejects(
      downloadFile({ ...options, url }),
      (error) => error instanceof InterruptedError && /refused/i.test(error.message) && !/http:/.test(error.message),
    );
  });
});

Deno.test("downloadFile() lets one of several at once download, and the others wait", async () => {
  await withServer((request) => goodAnswer(file, request), async (options, server, notices) => {
    const did = await Promise.all([1, 2, 3].map(() => downloadFile(options)));
    deepEqual(did.toSorted(), [false, false, true]);
    deepEqual(await left(options.path), ["model.pth"]);
    equal(server.requests.length, 1);
    match(notices[0]!, /^waiting for another download into .*new$/);
  });
});

Deno.test("downloadFile() says where it cannot write, and what to do", async () => {
  await withServer((request) => goodAnswer(file, request), async (options) => {
    const folder = join(options.path, "..");
    await Deno.writeTextFile(folder, "in the way");
    await rejects(
      downloadFile(options),
      /Expected to write into .*new but cannot .*: make room there, or choose another/,
    );
    await Deno.remove(folder);
    await Deno.mkdir(`${options.path}.part`, { recursive: true });
    await rejects(downloadFile(options), /Expected to write into .*new but cannot/);
  });
});

/** A file system of 100 kB, where there may be one. */
async function smallFileSystem(folder: string): Promise<boolean> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const mount = new Deno.Command("mount", {
    args: ["-t", "tmpfs", "-o", "size=100k", "tmpfs", folder],
    stderr: "null",
  });
  return (await mount.output().catch(() => null))?.success === true;
}

Deno.test("downloadFile() says that the disk is full, and goes on when there is room", async () => {
  const folder = await Deno.makeTempDir({ prefix: "spookynet-full-" });
  const isSmall = await smallFileSystem(folder);
  try {
    await withServer((request) => goodAnswer(file, request), async (options, server) => {
      const path = join(folder, "model.pth");
      // Where nobody may mount, a device that is always full stands for the disk.
      if (!isSmall) await Deno.symlink("/dev/full", `${path}.part`);
      await rejects(
        downloadFile({ ...options, path }),
        /Expected to write into .* but cannot \(No space left on device .*\): make room there, or choose another folder/,
      );
      equal(await Deno.stat(path).catch(() => null), null);
      if (!isSmall) return;
      await new Deno.Command("mount", { args: ["-o", "remount,size=1m", folder] }).output();
      await downloadFile({ ...options, path });
      deepEqual(await left(path), ["model.pth"]);
      match(server.requests.at(-1)!.range!, /^bytes=[1-9]\d*-$/);
    });
  } finally {
    if (isSmall) await new Deno.Command("umount", { args: [folder] }).output();
    await Deno.remove(folder, { recursive: true });
  }
});

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
