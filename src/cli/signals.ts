/** The signals that ask a program to end, with their numbers. */
const endings = [["SIGINT", 2], ["SIGTERM", 15]] as const;

/** Lets work end in order when the user or the system ends the program; until it is disposed. */
export class EndSignals implements Disposable {
  #received: number | null = null;
  readonly #listeners: (readonly [Deno.Signal, () => void])[] = [];

  /** @param onSignal Called with every SIGINT and SIGTERM. */
  constructor(onSignal: () => void) {
    for (const [name, number] of endings) {
      const listener = () => {
        this.#received = number;
        onSignal();
      };
      Deno.addSignalListener(name, listener);
      this.#listeners.push([name, listener]);
    }
  }

  /** What the program has to exit with, as shells expect it: 128 and the signal's number; 0 when there was none. */
  get exitCode(): number {
    return this.#received === null ? 0 : 128 + this.#received;
  }

  [Symbol.dispose]() {
    for (const [name, listener] of this.#listeners) Deno.removeSignalListener(name, listener);
  }
}
