// How notes are written: chord tones by their place in the chord (the seventh of C7 is B flat, not A sharp),
// others in the sharps of the key, or in flats where the chord has flats.
import type { Chord, SpelledNote } from "./harmony.ts";
import { pitchClass } from "./pitch.ts";

const NATURALS = [0, 2, 4, 5, 7, 9, 11];
const LETTERS = ["C", "D", "E", "F", "G", "A", "B"];
/** Letter of each pitch class spelled with sharps. */
const SHARP_LETTERS = [0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 5, 6];

/**
 * The note spelled with this letter; but white keys are always written natural, which is easier to read at
 * sight.
 */
function withLetter(note: number, letter: number): SpelledNote {
  const natural = NATURALS.indexOf(pitchClass(note));
  if (natural !== -1) return { note, letter: natural, alter: 0 };
  const alter = pitchClass(note - (NATURALS[letter] ?? 0) + 6) - 6;
  return { note, letter, alter };
}

/**
 * Letter of the chord's root: with sharps, but flats where the root's chord would need double sharps or E
 * sharps.
 */
function rootLetter({ root, quality }: Chord): number {
  const sharp = SHARP_LETTERS[root] ?? 0;
  const alters = (letter: number): number =>
    Math.max(
      ...quality.tones.map(({ semitones, letters }) =>
        Math.abs(withLetter(root + semitones, (letter + letters) % 7).alter),
      ),
    );
  const flat = (sharp + 1) % 7;
  const isNatural = NATURALS[sharp] === root;
  return !isNatural && alters(flat) < alters(sharp) ? flat : sharp;
}

export function spellNote(note: number, chord: Chord): SpelledNote {
  const tone = chord.quality.tones.find(({ semitones }) => pitchClass(chord.root + semitones - note) === 0);
  const root = rootLetter(chord);
  if (tone !== undefined) return withLetter(note, (root + tone.letters) % 7);
  const sharp = withLetter(note, SHARP_LETTERS[pitchClass(note)] ?? 0);
  return sharp.alter > 0 && hasFlats(chord, root) ? withLetter(note, (sharp.letter + 1) % 7) : sharp;
}

function hasFlats(chord: Chord, root: number): boolean {
  return chord.quality.tones.some(
    ({ semitones, letters }) => withLetter(chord.root + semitones, (root + letters) % 7).alter < 0,
  );
}

export function spellRoot(chord: Chord): SpelledNote {
  return withLetter(chord.root, rootLetter(chord));
}

export function letterName({ letter }: SpelledNote): string {
  return LETTERS[letter] ?? "";
}

/** Octave in scientific notation, of the letter rather than the key: B#3 is the C4 key. */
export function octaveOf({ note, alter }: SpelledNote): number {
  return Math.floor((note - alter) / 12) - 1;
}

const ACCIDENTALS: Record<number, string> = { [-2]: "bb", [-1]: "b", 0: "", 1: "#", 2: "##" };

/** "C#4" of a spelled note. */
export function spelledName(spelled: SpelledNote): string {
  return `${letterName(spelled)}${ACCIDENTALS[spelled.alter] ?? ""}${octaveOf(spelled)}`;
}

/** "Cmaj7", "Bbm", "A7(b9)". */
export function chordName(chord: Chord): string {
  const root = spellRoot(chord);
  const added = chord.quality.degrees
    .map(({ value, alter }) => `(${ACCIDENTALS[alter] || "add"}${value})`)
    .join("");
  return `${letterName(root)}${ACCIDENTALS[root.alter] ?? ""}${chord.quality.symbol}${added}`;
}
