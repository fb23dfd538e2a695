// Text set to rhythm. The 8/8 bar has feet of 3 + 3 + 2 quavers, stressed at their first; a line gives one to
// three syllables to a foot, and the number of syllables fixes the rhythm.
import { syllablesOf } from "./numeral.ts";

export interface Syllable {
  text: string;
  /** Where in its word it stands, in MusicXML's terms. */
  place: "single" | "begin" | "middle" | "end";
  /** Quavers from the bar line: 0..7. */
  onset: number;
  /** True for the syllables that name the verse's prime. */
  namesPrime: boolean;
}

export interface Line {
  /** As read: "Forty-six of them, no more." */
  text: string;
  syllables: Syllable[];
}

/** First quaver and length of each foot of a bar. */
const FEET = [
  { start: 0, quavers: 3 },
  { start: 3, quavers: 3 },
  { start: 6, quavers: 2 },
];
export const BAR_QUAVERS = 8;
export const FOOT_STARTS: readonly number[] = FEET.map(({ start }) => start);

// Within a foot of three, two syllables are long and short.
const ONSETS: Record<number, readonly (readonly number[])[]> = {
  2: [[0], [0, 1]],
  3: [[0], [0, 2], [0, 1, 2]],
};

// Marks, private to this file, around the name of the prime.
const NAME_START = "\ue000";
const NAME_END = "\ue001";

/** Fills the `{holes}` of a line; numbers become words. Throws RangeError on an unknown hole. */
export function fillLine(template: string, holes: Readonly<Record<string, number | string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = holes[name];
    if (value === undefined) throw new RangeError(`Cannot fill {${name}} of "${template}": no such value`);
    const words = typeof value === "number" ? syllablesOf(value) : value;
    return name === "prime" ? `${NAME_START}${words}${NAME_END}` : words;
  });
}

/**
 * Sets a filled line to the quavers of a bar. A line of two feet holds its last syllable to the end of the
 * bar.
 * Throws RangeError when a foot has more syllables than it can carry.
 */
export function setLine(filled: string): Line {
  const feet = filled.split("|");
  if (feet.length < 2 || feet.length > FEET.length) {
    throw new RangeError(
      `Cannot set "${plain(filled)}": a bar has two or three feet, the line has ${feet.length}`,
    );
  }
  const syllables: Syllable[] = [];
  let inName = false;
  let continues = false;
  for (const [index, footText] of feet.entries()) {
    const foot = FEET[index];
    const parts = footText.match(/[^\s·]+[·\s]*/gu)?.flatMap(splitHyphens) ?? [];
    const onsets = foot && ONSETS[foot.quavers]?.[parts.length - 1];
    if (foot === undefined || onsets === undefined) {
      throw new RangeError(
        `Cannot set "${plain(filled)}": its foot "${plain(footText)}" has ${parts.length} syllables`,
      );
    }
    for (const [position, part] of parts.entries()) {
      if (part.includes(NAME_START)) inName = true;
      const last = index === feet.length - 1 && position === parts.length - 1;
      const goesOn = !last && /[·-]\s*$/u.test(part.replaceAll(/[\ue000\ue001]/gu, ""));
      syllables.push({
        text: part.replaceAll(/[\ue000\ue001·\s]|-$/gu, ""),
        place: continues ? (goesOn ? "middle" : "end") : goesOn ? "begin" : "single",
        onset: foot.start + (onsets[position] ?? 0),
        namesPrime: inName,
      });
      if (part.includes(NAME_END)) inName = false;
      continues = goesOn;
    }
  }
  const text = plain(filled);
  const first = syllables[0];
  if (first !== undefined) first.text = capitalise(first.text);
  return { text: capitalise(text), syllables };
}

function splitHyphens(part: string): string[] {
  return part.match(/[^-]+-?/gu) ?? [];
}

function plain(marked: string): string {
  return marked
    .replaceAll(/[\ue000\ue001·|]/gu, "")
    .replaceAll(/\s+/gu, " ")
    .trim();
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
