/** A structure outside what a model was trained on, where that is not allowed. The message is one line. */
export class DomainError extends RangeError {
  /** Always `"DomainError"`. */
  override readonly name = "DomainError";
  /** In which ways it is outside: what was found, and what the model was trained on. */
  readonly reasons: readonly string[];

  /**
   * Makes the error.
   *
   * @param model What the model is called.
   * @param reasons In which ways; one or more.
   */
  constructor(model: string, reasons: readonly string[]) {
    super(
      `Expected structures like those that ${model} was trained on but found ${reasons.join("; ")}: ` +
        "use a model for them, or leave out --strict to compute them anyway",
    );
    this.reasons = reasons;
  }
}
