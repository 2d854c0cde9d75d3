import { join } from "node:path";
import { downloadFile } from "../download/download_file.ts";
import { InterruptedError, WrongFileError } from "../download/fetch_rest.ts";
import { type KnownModel, urlOf } from "./known_models.ts";
import { cacheFolder, modelFolder } from "./model_folders.ts";
import { progressBar } from "./progress_bar.ts";
import { StatusLine } from "./status_line.ts";

/** A model in the cache. */
export interface Pulled {
  /** Its file. */
  readonly path: string;
  /** Whether it had to be downloaded. */
  readonly isNew: boolean;
}

/**
 * Downloads a known model into the cache if it is not there, with a progress bar on standard error.
 *
 * @throws {Error} In one line that says what to do, where the model cannot be had, or is not what it should be.
 */
export async function pullModel(model: KnownModel): Promise<Pulled> {
  const { name, file, size, sha256 } = model;
  const url = urlOf(model);
  const path = join(cacheFolder(), file);
  const status = new StatusLine();
  const started = performance.now();
  let first: number | null = null;
  const onProgress = (received: number) => {
    first ??= received;
    const seconds = (performance.now() - started) / 1000;
    status.update(() => `${name}: ${progressBar(kilobytes(received), kilobytes(size), seconds, "kB")}`);
  };
  const onNotice = (line: string) => status.print(line);
  try {
    return { path, isNew: await downloadFile({ url, path, size, sha256, onProgress, onNotice }) };
  } catch (error) {
    if (error instanceof InterruptedError) throw unreachable(model, url, error);
    if (error instanceof WrongFileError) throw wrong(model, url, error);
    throw error;
  } finally {
    status.end();
  }
}

function kilobytes(bytes: number): number {
  return Math.round(bytes / 1000);
}

function unreachable({ name, file }: KnownModel, url: URL, { message }: Error): Error {
  return new Error(
    `Expected to download ${name} from ${url.host} but cannot (${message}): is this machine online, or does it need a proxy ` +
      `(HTTPS_PROXY)? What has come is kept; or fetch ${url} elsewhere, and put it into ${modelFolder()} as ${file}`,
  );
}

function wrong({ name }: KnownModel, url: URL, { message }: Error): Error {
  return new Error(
    `Expected the model ${name} at ${url} but found something else (${message}): if SPOOKYNET_MODELS_URL or a proxy decides ` +
      "what is there, look at them",
  );
}
