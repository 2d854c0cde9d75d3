import type { Exchange } from "./exchange.ts";
import type { ReferenceEngine } from "./reference_engine.ts";
import { places, type TeamControl } from "./team_control.ts";

/**
 * Computes structures of a batch that no other thread has taken until there are none. Those that cannot be computed are
 * left without a result: whoever wants it finds the same error.
 */
export function takeStructures(
  engine: Pick<ReferenceEngine, "evaluate">,
  { words }: TeamControl,
  exchange: Exchange,
  structures: number,
): void {
  for (;;) {
    const s = Atomics.add(words, places.next, 1);
    if (s >= structures) return;
    try {
      exchange.put(s, engine.evaluate(exchange.structure(s)));
    } catch {
      continue;
    }
  }
}
