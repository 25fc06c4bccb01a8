/**
 * Finds the word that was probably meant: at most a third of its letters differ, or one begins with
 * the other.
 *
 * Returns undefined when none is near.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestCost = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const begins = word.length > 2 && (candidate.startsWith(word) || word.startsWith(candidate));
    const cost = begins ? 0.5 : distance(word.toLowerCase(), candidate.toLowerCase());
    if (cost < bestCost) {
      best = candidate;
      bestCost = cost;
    }
  }
  return best;
}

/** Letters to insert, drop or replace to turn one word into the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
