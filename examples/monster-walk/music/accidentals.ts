// Which accidentals a reader needs: those that differ from the key signature or from what stood before in the
// bar, and a reminder where the bar before had another form of the same note.
import type { SpelledNote } from "./harmony.ts";
import { octaveOf } from "./spelling.ts";

// Letters (0 = C .. 6 = B) in the order in which keys take sharps; flats go backwards.
const SHARP_ORDER = [3, 0, 4, 1, 5, 2, 6];
const NAMES: Record<number, string> = {
  [-2]: "flat-flat",
  [-1]: "flat",
  0: "natural",
  1: "sharp",
  2: "double-sharp",
};

/** One staff's memory; tell it of each bar and each note in the order of time. */
export interface AccidentalMemory {
  startBar(): void;
  /** MusicXML's name of the accidental to print, or undefined for none. */
  accidentalFor(note: SpelledNote): string | undefined;
}

/** @param sharps of the key signature; negative for flats. */
export function rememberAccidentals(sharps: number): AccidentalMemory {
  let before = new Map<string, number>();
  let now = new Map<string, number>();
  return {
    startBar() {
      before = now;
      now = new Map();
    },
    accidentalFor(note) {
      const key = `${note.letter}/${octaveOf(note)}`;
      const inKey = keyAlter(note.letter, sharps);
      const standing = now.get(key);
      now.set(key, note.alter);
      const asExpected = standing === undefined ? note.alter === inKey : note.alter === standing;
      const needsReminder = standing === undefined && (before.get(key) ?? inKey) !== note.alter;
      return asExpected && !needsReminder ? undefined : NAMES[note.alter];
    },
  };
}

function keyAlter(letter: number, sharps: number): number {
  const place = SHARP_ORDER.indexOf(letter);
  if (sharps >= 0) return place < sharps ? 1 : 0;
  return SHARP_ORDER.length - 1 - place < -sharps ? -1 : 0;
}
