// The chords. A bar may use only the notes of the primes met so far, and its chord must hold the note of its
// own prime, so the harmony grows from one note to the full gamut as the walk goes on. Of all chord sequences
// that do, the cheapest is taken: plain chords, roots falling by fifths, common notes, and an ending
// on dominant and tonic. The tonic is the note of the first prime, the dominant that of the second.
import { pitchClass } from "./pitch.ts";

export interface ChordQuality {
  /** As printed behind the root, without added tones: "", "m", "7". */
  symbol: string;
  /** MusicXML's kind. */
  kind: string;
  /** Tones above the root: semitones, and letters of the alphabet. */
  tones: readonly { semitones: number; letters: number }[];
  /** Tones that MusicXML's kind lacks, by degree of the scale. */
  degrees: readonly { value: number; alter: number }[];
  /** How much the composer would rather not. */
  cost: number;
}

export interface Chord {
  /** Pitch class of the root, 0 = C. */
  root: number;
  quality: ChordQuality;
}

/** A note with its spelling: letter (0 = C .. 6 = B) and alteration in semitones. */
export interface SpelledNote {
  note: number;
  letter: number;
  alter: number;
}

type Degree = readonly [semitones: number, letters: number];
const THIRD: Degree = [4, 2];
const MINOR_THIRD: Degree = [3, 2];
const FIFTH: Degree = [7, 4];
const FLAT_FIFTH: Degree = [6, 4];
const SHARP_FIFTH: Degree = [8, 4];
const SEVENTH: Degree = [10, 6];
const MAJOR_SEVENTH: Degree = [11, 6];

function quality(
  symbol: string,
  kind: string,
  cost: number,
  degrees: readonly Degree[],
  added: ChordQuality["degrees"] = [],
): ChordQuality {
  const above = degrees.map(([semitones, letters]) => ({ semitones, letters }));
  return { symbol, kind, cost, tones: [{ semitones: 0, letters: 0 }, ...above], degrees: added };
}

export const QUALITIES: readonly ChordQuality[] = [
  quality("5", "power", 3, [FIFTH]),
  quality("", "major", 0, [THIRD, FIFTH]),
  quality("m", "minor", 0, [MINOR_THIRD, FIFTH]),
  quality("7", "dominant", 0, [THIRD, FIFTH, SEVENTH]),
  quality("maj7", "major-seventh", 1, [THIRD, FIFTH, MAJOR_SEVENTH]),
  quality("m7", "minor-seventh", 1, [MINOR_THIRD, FIFTH, SEVENTH]),
  quality("", "major", 1, [THIRD, FIFTH, [2, 1]], [{ value: 9, alter: 0 }]),
  quality("dim", "diminished", 4, [MINOR_THIRD, FLAT_FIFTH]),
  quality("m7b5", "half-diminished", 3, [MINOR_THIRD, FLAT_FIFTH, SEVENTH]),
  quality("+", "augmented", 3, [THIRD, SHARP_FIFTH]),
  quality("+7", "augmented-seventh", 3, [THIRD, SHARP_FIFTH, SEVENTH]),
  quality("7", "dominant", 3, [THIRD, FIFTH, SEVENTH, [1, 1]], [{ value: 9, alter: -1 }]),
  quality("7", "dominant", 3, [THIRD, SEVENTH, [6, 3]], [{ value: 11, alter: 1 }]),
];

/** Where nothing but the bare first note is known. */
const UNISON = quality(" ped.", "pedal", 20, []);

export function chordClasses({ root, quality: { tones } }: Chord): number[] {
  return tones.map(({ semitones }) => pitchClass(root + semitones));
}

/** What one bar asks of its chord. */
export interface BarNeed {
  /** Pitch classes of the primes met so far. */
  pool: ReadonlySet<number>;
  /** Pitch class of the bar's prime. */
  own: number;
}

/** The cheapest chord sequence (Viterbi). */
export function harmonise(bars: readonly BarNeed[], tonic: number, dominant: number): Chord[] {
  const columns = bars.map((need) => candidates(need));
  type Path = { cost: number; chords: Chord[] };
  let paths: Path[] = [{ cost: 0, chords: [] }];
  for (const [index, column] of columns.entries()) {
    const left = bars.length - 1 - index;
    paths = column.map((chord) => {
      const distance = ROOT_DISTANCE[pitchClass(chord.root - tonic)] ?? 0;
      const fixed = chord.quality.cost + distance + endingCost(chord, left, tonic, dominant);
      let best: Path | undefined;
      for (const path of paths) {
        const last = path.chords.at(-1);
        const cost = path.cost + fixed + (last === undefined ? 0 : motionCost(last, chord));
        if (best === undefined || cost < best.cost) best = { cost, chords: path.chords };
      }
      if (best === undefined) throw new RangeError(`Cannot harmonise bar ${index}: no chord before it`);
      return { cost: best.cost, chords: [...best.chords, chord] };
    });
  }
  const [first] = paths.toSorted((a, b) => a.cost - b.cost);
  return first?.chords ?? [];
}

function candidates({ pool, own }: BarNeed): Chord[] {
  const found: Chord[] = [];
  for (const root of pool) {
    for (const chordQuality of [...QUALITIES, UNISON]) {
      const chord: Chord = { root, quality: chordQuality };
      const classes = chordClasses(chord);
      if (classes.includes(own) && classes.every((tone) => pool.has(tone))) found.push(chord);
    }
  }
  return found;
}

const WRONG_ENDING = 40;

function endingCost(chord: Chord, left: number, tonic: number, dominant: number): number {
  const major = chord.quality.tones.some(({ semitones }) => semitones === 4);
  const seventh = chord.quality.tones.some(({ semitones }) => semitones >= 10);
  if (left === 0) return chord.root === tonic && major && !seventh ? 0 : WRONG_ENDING;
  if (left <= 2) return chord.root === dominant && major ? 0 : WRONG_ENDING / left;
  return 0;
}

// Cost of a root 0..11 semitones above the tonic: those of the key are free, those of its minor twin nearly
// so.
const ROOT_DISTANCE = [0, 4, 1, 1, 0, 1, 4, 0, 1, 0, 2, 3];

// Cost of moving the root up by 0..11 semitones.
const ROOT_MOTION = [3, 2, 3, 2, 1, 0, 5, 1, 2, 2, 3, 2];

function motionCost(from: Chord, to: Chord): number {
  const same = from.root === to.root && from.quality === to.quality;
  const before = new Set(chordClasses(from));
  const common = chordClasses(to).filter((tone) => before.has(tone)).length;
  const strange = common === 0 ? 3 : common === 1 ? 1 : 0;
  return (same ? 1 : 0) + (ROOT_MOTION[pitchClass(to.root - from.root)] ?? 0) + strange;
}
