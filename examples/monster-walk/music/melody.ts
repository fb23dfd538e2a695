// The tune. Every name of a prime is sung on the note of that prime; the notes between are the cheapest path
// (Viterbi) through the notes of the primes met so far: chord tones on stressed syllables, small steps, few
// repetitions, and a range that rises as the walk goes on. The topmost note is kept for the last prime.
import { pitchClass } from "./pitch.ts";

/** What is known of a syllable before it has a note. */
export interface MelodySlot {
  /** Classes of the primes met so far. */
  pool: ReadonlySet<number>;
  chord: ReadonlySet<number>;
  /** Class of the prime that this syllable names, or undefined. */
  named: number | undefined;
  stressed: boolean;
  endsLine: boolean;
  endsSong: boolean;
  /** True in the bars of the last prime. */
  isSummit: boolean;
  /** How far the song has gone: 0..1. */
  progress: number;
}

export interface Range {
  /** Lowest note, the top of all but the last prime, and the last prime's own. */
  low: number;
  high: number;
  summit: number;
}

type Path = { cost: number; repeats: number; previous: Path | undefined; note: number; interval: number };

/** One note for each slot. Throws RangeError when a slot has no possible note. */
export function singNotes(slots: readonly MelodySlot[], range: Range): number[] {
  let paths: Path[] = [];
  for (const [index, slot] of slots.entries()) {
    const next: Path[] = [];
    for (const note of notesFor(slot, range)) {
      const fixed = noteCost(note, slot, range);
      if (index === 0) {
        next.push({ cost: fixed, repeats: 0, previous: undefined, note, interval: 0 });
        continue;
      }
      const byInterval = new Map<string, Path>();
      for (const path of paths) {
        const made = extend(path, note, slot, fixed);
        const key = `${made.interval}/${made.repeats}`;
        const known = byInterval.get(key);
        if (known === undefined || made.cost < known.cost) byInterval.set(key, made);
      }
      next.push(...byInterval.values());
    }
    if (next.length === 0) throw new RangeError(`Cannot find a note for syllable ${index + 1}`);
    paths = next;
  }
  const notes: number[] = [];
  let best = paths.reduce<Path | undefined>(
    (a, b) => (a === undefined || b.cost < a.cost ? b : a),
    undefined,
  );
  for (; best !== undefined; best = best.previous) notes.push(best.note);
  return notes.toReversed();
}

function notesFor(slot: MelodySlot, { low, high, summit }: Range): number[] {
  const notes: number[] = [];
  for (let note = low; note <= (slot.isSummit ? summit : high); note++) {
    const wanted =
      slot.named === undefined ? slot.pool.has(pitchClass(note)) : pitchClass(note) === slot.named;
    if (wanted && !(slot.isSummit && slot.named !== undefined && note !== summit)) notes.push(note);
  }
  return notes;
}

const UNENDED = 100;
const CHROMATIC_COST = 3;

function noteCost(note: number, slot: MelodySlot, { low, high }: Range): number {
  const target = low + 3 + Math.round((high - low - 5) * slot.progress);
  const height = Math.floor(Math.abs(note - target) / 3);
  if (slot.endsSong && pitchClass(note - low) !== 0) return UNENDED;
  const inChord = slot.chord.has(pitchClass(note));
  if (slot.named !== undefined) return height;
  if (inChord) return height;
  const chromatic = SCALE.has(pitchClass(note - low)) ? 0 : CHROMATIC_COST;
  return height + chromatic + (slot.endsLine ? 12 : slot.stressed ? 7 : 2);
}

// The major scale, in semitones above the tonic, which is the lowest note of the range.
const SCALE = new Set([0, 2, 4, 5, 7, 9, 11]);

// Cost of a melodic interval of 0..12 semitones.
const INTERVAL_COST = [2, 1, 0, 1, 1, 2, 7, 3, 6, 6, 12, 12, 16];
const REPEAT_COST = 3;
const REPEATS_COUNTED = 2;

function extend(path: Path, note: number, slot: MelodySlot, fixed: number): Path {
  const interval = note - path.note;
  const size = Math.abs(interval);
  const repeats = interval === 0 ? path.repeats + 1 : 0;
  const insideName = slot.named !== undefined && interval === 0;
  let cost = path.cost + fixed + (INTERVAL_COST[size] ?? 30);
  if (insideName) cost -= INTERVAL_COST[0] ?? 0;
  else cost += REPEAT_COST * Math.min(repeats, REPEATS_COUNTED);
  // A leap is answered by a step back or a smaller move; two leaps the same way are hard to sing.
  const leaptBefore = Math.abs(path.interval) >= 5;
  if (leaptBefore && size >= 3 && Math.sign(interval) === Math.sign(path.interval)) cost += 6;
  // Going to and fro between two notes is dull.
  const returned = path.previous?.note === note && path.previous?.previous?.note === path.note;
  if (returned && interval !== 0) cost += 4;
  return { cost, repeats: Math.min(repeats, REPEATS_COUNTED), previous: path, note, interval };
}
