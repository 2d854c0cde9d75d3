/** A host that can be told from the text of its INIT. */
export type HostName = "i-PI" | "ASE" | "CP2K" | "Rootstock";

/** What a host says in INIT, before the first positions. */
export interface Initialisation {
  /** The number of the request that follows: i-PI's bead, when it runs a single system; 0 from ASE. */
  readonly requestId: number;
  /** The text as sent. */
  readonly text: string;
  /** Which host wrote it, as far as the text tells. */
  readonly host: HostName | undefined;
  /** i-PI's `<parameters>`, in order; empty for other hosts. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Structures in every POSDATA, from i-PI's `batch_size`; 1 when it announces none. */
  readonly batchSize: number;
}

/**
 * Reads the text of an INIT.
 *
 * i-PI writes one blank and then `key : value , ` for each of its `<parameters>`, and last ` batch_size:N` when it will
 * send N structures at a time. ASE sends one NUL, CP2K "Initializing", Rootstock a JSON object.
 */
export function readInitialisation(requestId: number, text: string): Initialisation {
  const host = guessHost(text);
  const parameters = host === "i-PI" ? readParameters(text) : new Map<string, string>();
  const announced = parameters.get("batch_size") ?? "";
  const batchSize = /^[1-9]\d{0,8}$/.test(announced) ? Number(announced) : 1;
  return { requestId, text, host, parameters, batchSize };
}

function guessHost(text: string): HostName | undefined {
  if (text.startsWith(" ")) return "i-PI";
  if (text.startsWith("\0")) return "ASE";
  if (text.startsWith("{")) return "Rootstock";
  if (text.startsWith("Initializing")) return "CP2K";
  return undefined;
}

function readParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const entry of text.split(",")) {
    const colon = entry.indexOf(":");
    if (colon > 0) parameters.set(entry.slice(0, colon).trim(), entry.slice(colon + 1).trim());
  }
  return parameters;
}
