import { dirname } from "node:path";

/** For how long another server that starts at the same moment is waited for, ms. */
const lockPatience = 2000;

/** A socket that listens, with its file. */
export interface SocketFile {
  /** Takes connections. */
  readonly listener: Deno.UnixListener;
  /** Removes the file, if it is still this socket's. */
  remove(): void;
}

/**
 * Listens on a socket file that only this user can use (mode 0600). A file that a server left behind, to which nobody
 * listens, is replaced.
 *
 * @throws {Error} When a server listens there already, when there is something that is no socket, or when the folder is
 * one where other users could replace the file.
 */
export async function listenOnSocketFile(path: string): Promise<SocketFile> {
  const folder = dirname(path);
  await makeFolder(folder);
  await checkFolder(folder);
  // Of servers that start at once, one after the other looks at the file.
  using lock = await lockFolder(folder);
  await removeStale(path);
  const mask = Deno.umask(0o177);
  try {
    const listener = Deno.listen({ transport: "unix", path });
    const { ino } = Deno.lstatSync(path);
    return { listener, remove: () => removeOwn(path, ino) };
  } finally {
    Deno.umask(mask);
    lock.unlockSync();
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) {
      throw new Error(`Expected to make the folder ${folder} for the socket but found: ${(error as Error).message}`);
    }
  }
}

async function checkFolder(folder: string): Promise<void> {
  const { isDirectory, uid, mode } = await Deno.stat(folder);
  if (!isDirectory) throw new Error(`Expected a folder for the socket but found a file: ${folder}`);
  const isSticky = (mode! & 0o1000) !== 0;
  const othersWrite = (mode! & 0o002) !== 0 && !isSticky;
  if (othersWrite || (uid !== Deno.uid() && !(uid === 0 && isSticky))) {
    throw new Error(
      `Expected the socket in a folder of your own that others cannot write to but found ${folder}, ` +
        `which belongs to user ${uid} with mode ${(mode! & 0o7777).toString(8)}: use unix:NAME, or another folder`,
    );
  }
}

async function lockFolder(folder: string): Promise<Deno.FsFile> {
  const lock = await Deno.open(folder);
  const deadline = performance.now() + lockPatience;
  while (!(await lock.tryLock(true))) {
    if (performance.now() > deadline) {
      lock.close();
      throw new Error(
        `Expected to lock the folder ${folder} but found it locked: another server starts there, try again`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return lock;
}

async function removeStale(path: string): Promise<void> {
  const found = await Deno.lstat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  });
  if (found === null) return;
  if (!found.isSocket) {
    throw new Error(`Expected a socket, or nothing, at ${path} but found something else: choose another address`);
  }
  if (await isAlive(path)) {
    throw new Error(
      `Expected nobody to listen on ${path} but found a server: use that one, end it, or choose another address`,
    );
  }
  await Deno.remove(path);
}

async function isAlive(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.NotFound) return false;
    // Its queue is full: somebody is there.
    if (error instanceof Deno.errors.WouldBlock) return true;
    throw error;
  }
}

function removeOwn(path: string, ino: number | null): void {
  try {
    if (Deno.lstatSync(path).ino === ino) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
