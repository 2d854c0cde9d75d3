/**
 * Finds the name that was probably meant.
 *
 * @param word What was typed.
 * @param names What there is.
 * @returns The name with the fewest edits (insertions, deletions, substitutions) from the word, none where one is
 * the other's beginning; `null` where even that one needs more than a third of the word's letters changed.
 */
export function nearest(word: string, names: readonly string[]): string | null {
  let best: string | null = null;
  let fewest = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    const edits = isBeginning(word, name) || isBeginning(name, word) ? 0 : editDistance(word, name);
    if (edits < fewest) {
      fewest = edits;
      best = name;
    }
  }
  return best;
}

function isBeginning(word: string, name: string): boolean {
  return word.length > 1 && name.startsWith(word);
}

/** Levenshtein distance, one row of the table at a time. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
