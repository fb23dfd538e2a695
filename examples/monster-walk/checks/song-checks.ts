// Checks of the words: every prime of the order is named in the lyrics, as a numeral or in English.
import type { Check, Source } from "pipelite";
import type { Facts } from "../mathematics/facts.ts";
import { numbersIn } from "../music/numeral.ts";
import { attempt, judge } from "./verdict.ts";

const FILE = "monster_walk_lyrics.md";

export async function checkSong(song: Source, { powers }: Facts): Promise<Check[]> {
  const question = {
    id: "song.primes",
    statement: "The lyrics name every prime of the order",
    limit: powers.length,
    unit: "primes",
    evidence: `song/${FILE}`,
  };
  const check = await attempt(question, async () => {
    const named = new Set(numbersIn(await song.text(FILE)));
    const found = powers.filter(({ prime }) => named.has(prime)).length;
    return judge(question, found, found === powers.length);
  });
  return [check];
}
