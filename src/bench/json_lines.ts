/** The values of a stream that has one a line, as JSON; for streams from the program's own processes, of any length. */
export async function* readJsonLines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<unknown> {
  let carry = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (carry + text).split("\n");
    carry = lines.pop()!;
    for (const line of lines) yield JSON.parse(line);
  }
}

/** A value as such a line. */
export function formatJsonLine(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}
