// The piano: a bass note and a close chord, moving as little as possible, in four textures that grow denser
// as the walk gets louder. All strokes follow the feet of the bar, 3 + 3 + 2 quavers.
import type { Chord } from "./harmony.ts";
import { chordClasses } from "./harmony.ts";
import { pitchClass } from "./pitch.ts";
import { BARS_PER_STEP } from "./score.ts";

export interface Stroke {
  notes: readonly number[];
  onset: number;
  quavers: number;
}

type Rhythm = readonly (readonly [onset: number, quavers: number])[];
const WHOLE: Rhythm = [[0, 8]];
const LONG: Rhythm = [[0, 3], [3, 5]]; // oxfmt-ignore
const FEET: Rhythm = [[0, 3], [3, 3], [6, 2]]; // oxfmt-ignore
const QUAVERS: Rhythm = [0, 1, 2, 3, 4, 5, 6, 7].map((onset) => [onset, 1]);

interface Texture {
  right: Rhythm;
  left: Rhythm;
  /** The right hand breaks the chord into single notes. */
  broken: boolean;
  /** The bass is doubled an octave lower. */
  octaves: boolean;
}

const TEXTURES: readonly Texture[] = [
  { right: WHOLE, left: WHOLE, broken: false, octaves: false },
  { right: LONG, left: WHOLE, broken: false, octaves: false },
  { right: FEET, left: LONG, broken: false, octaves: false },
  { right: QUAVERS, left: FEET, broken: true, octaves: true },
];
const CLOSING: Texture = { right: WHOLE, left: WHOLE, broken: false, octaves: true };

// Order of the chord's notes, from the lowest, in a broken bar.
const BREAKING = [0, 1, 2, 0, 1, 2, 1, 2];
const BASS_LOW = 40;
const BASS_LOW_OCTAVES = 45;
const RIGHT_CENTRE = 64;
const RIGHT_LOW = 55;

/** Strokes of both hands, bar by bar. */
export function accompany(chords: readonly Chord[]): { right: Stroke[]; left: Stroke[] }[] {
  let before: readonly number[] = [RIGHT_CENTRE];
  return chords.map((chord, index) => {
    const step = Math.floor(index / BARS_PER_STEP);
    const level = Math.floor((step * BARS_PER_STEP * TEXTURES.length) / chords.length);
    const texture = index === chords.length - 1 ? CLOSING : (TEXTURES[level] ?? CLOSING);
    const voicing = voiceChord(chord, before);
    before = voicing;
    const low = texture.octaves ? BASS_LOW_OCTAVES : BASS_LOW;
    const bass = low + pitchClass(chord.root - low);
    const basses = texture.octaves ? [bass - 12, bass] : [bass];
    return {
      right: texture.right.map(([onset, quavers]) => ({
        notes: texture.broken ? [breakChord(voicing, onset)] : voicing,
        onset,
        quavers,
      })),
      left: texture.left.map(([onset, quavers]) => ({ notes: basses, onset, quavers })),
    };
  });
}

function breakChord(voicing: readonly number[], onset: number): number {
  const top = voicing.slice(-3);
  return top[(BREAKING[onset] ?? 0) % top.length] ?? RIGHT_CENTRE;
}

/** The close voicing whose middle is nearest to that of the chord before and to the centre of the hand. */
function voiceChord(chord: Chord, before: readonly number[]): number[] {
  const classes = new Set(chordClasses(chord));
  if (classes.size > 4) classes.delete(chord.root);
  const voicings = Array.from({ length: 12 }, (_, step) => RIGHT_LOW + step)
    .filter((note) => classes.has(pitchClass(note)))
    .map((lowest) => closePosition(lowest, classes));
  const cost = (notes: readonly number[]): number =>
    Math.abs(middleTwice(notes) - middleTwice(before)) * 2 + Math.abs(middleTwice(notes) - 2 * RIGHT_CENTRE);
  return voicings.toSorted((a, b) => cost(a) - cost(b))[0] ?? [];
}

function closePosition(lowest: number, classes: ReadonlySet<number>): number[] {
  const notes: number[] = [];
  for (let note = lowest; note < lowest + 12; note++) if (classes.has(pitchClass(note))) notes.push(note);
  if (classes.size < 3) notes.push(lowest + 12);
  return notes;
}

function middleTwice(notes: readonly number[]): number {
  return (notes[0] ?? 0) + (notes.at(-1) ?? 0);
}
