// Words that a person may have meant: those a slip or two away from what was typed, and no others.
import { smallest } from "./extremes.ts";

/**
 * The known words nearest to `word`, all at the same distance; none when even the nearest is another word. A distance of
 * one is a letter too many, too few, wrong, or two letters swapped; up to a third of the word may differ.
 */
export function nearWords(word: string, known: Iterable<string>): string[] {
  const limit = Math.max(1, Math.floor(word.length / 3));
  const measured = [...known].map((each) => ({ each, distance: distanceOf(word, each) }));
  const nearest = smallest(measured.map(({ distance }) => distance));
  if (nearest > limit) return [];
  return measured.filter(({ distance }) => distance === nearest).map(({ each }) => each);
}

/** What to say of a word that is not known: those it may have been meant for, or else all there are. */
export function suggestionFor(word: string, known: readonly string[]): string {
  const near = nearWords(word, known);
  if (near.length > 0) return `Did you mean ${near.join(" or ")}?`;
  if (known.length < 2) return `There is ${known[0] ?? "none"}`;
  return `There are ${known.join(", ")}`;
}

/** Optimal string alignment: edits and swaps of neighbours, in three rows of the table. */
function distanceOf(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const isSame = from[i - 1] === to[j - 1];
      const edits = [(last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (isSame ? 0 : 1)];
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (isSwap) edits.push((beforeLast[j - 2] ?? 0) + 1);
      row.push(smallest(edits));
    }
    [beforeLast, last] = [last, row];
  }
  return last[to.length] ?? 0;
}
