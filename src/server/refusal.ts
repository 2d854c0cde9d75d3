import { type ErrorCode, errorCodes } from "./wire.ts";

/** Codes after which a connection cannot go on. */
const fatalCodes: readonly ErrorCode[] = [
  errorCodes.malformed,
  errorCodes.version,
  errorCodes.token,
  errorCodes.closing,
];

/** Why a request is not answered: what becomes an ERROR. The message is one line. */
export class Refusal extends Error {
  /** Always `"Refusal"`. */
  override readonly name = "Refusal";
  /** The ERROR's code. */
  readonly code: ErrorCode;
  /** Whether the connection ends with it. */
  readonly closes: boolean;

  /** @param closes Whether the connection ends; by default as the code demands. */
  constructor(code: ErrorCode, message: string, closes: boolean = fatalCodes.includes(code)) {
    super(message.replaceAll(/\s*\n\s*/g, " "));
    this.code = code;
    this.closes = closes;
  }
}
