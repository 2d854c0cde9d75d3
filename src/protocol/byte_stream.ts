/** The part of `Deno.Conn` that connections are served with. */
export interface ByteStream {
  /** Reads into `space`; resolves with how many bytes, `null` at the end. */
  read(space: Uint8Array): Promise<number | null>;
  /** Writes some of `bytes`; resolves with how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends this side's bytes; the other side's may still come. */
  closeWrite(): Promise<void>;
  /** Closes both ways. */
  close(): void;
}
