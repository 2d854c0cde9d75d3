/**
 * What the host sent, or what was to be sent to it, is not what the i-PI protocol or this driver allows.
 * The message is one line: what was expected, what was found, and what to do.
 */
export class ProtocolError extends Error {
  /** Always `"ProtocolError"`. */
  override readonly name = "ProtocolError";
}
