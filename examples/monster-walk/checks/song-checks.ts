// Checks of the words: every prime of the order is named in the lyrics, as a numeral or in English.
import type { Source } from "pipelite";
import type { Facts } from "../mathematics/facts.ts";
import type { Check } from "./verdict.ts";
import { attempt, judge } from "./verdict.ts";

const FILE = "monster_walk_lyrics.md";

const UNITS = (
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen " +
  "eighteen nineteen"
).split(" ");
const TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");

export async function checkSong(song: Source, { powers }: Facts): Promise<Check[]> {
  const question = {
    id: "song.primes",
    statement: "The lyrics name every prime of the order",
    limit: powers.length,
    unit: "primes",
    evidence: `song/${FILE}`,
  };
  const check = await attempt(question, async () => {
    const lyrics = (await song.text(FILE)).toLowerCase();
    const named = powers.filter(({ prime }) => names(lyrics, prime)).length;
    return judge(question, named, named === powers.length);
  });
  return [check];
}

/** True when the text has the number as a word of its own: not the 7 of 47 or of "seventy-one". */
export function names(text: string, value: number): boolean {
  const pattern = `(?<![\\w^-])(?:${value}|${englishOf(value).replace("-", "[- ]")})(?!\\w|-\\w)`;
  return new RegExp(pattern).test(text);
}

/** English numeral of 0..99. */
export function englishOf(value: number): string {
  if (!Number.isInteger(value) || value < 0 || value > 99) throw new RangeError(`No numeral for ${value}`);
  if (value < UNITS.length) return UNITS[value] ?? "";
  const tens = TENS[Math.floor(value / 10) - 2] ?? "";
  return value % 10 === 0 ? tens : `${tens}-${UNITS[value % 10] ?? ""}`;
}
