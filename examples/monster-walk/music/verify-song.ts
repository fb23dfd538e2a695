// What lyrics must be to count, whoever wrote them: fifteen verses, of which each names its own prime, with the required
// words and digits. An error message, an empty or a cut-off answer is none of that and is refused with the reason.
import type { Facts } from "../mathematics/facts.ts";
import { numbersIn } from "./numeral.ts";

export interface SongRules {
  /** The primes in order: one verse each. */
  primes: readonly number[];
  /** Words that the verses must hold, in any case and with any ending: "walk" is found in "walking". */
  requiredWords: readonly string[];
  /** Groups of digits that the text must show, as digits. */
  requiredDigits: readonly string[];
}

export interface SongCheck {
  id: string;
  passed: boolean;
  /** What was found, or what is missing. */
  detail: string;
}

export interface SongVerdict {
  status: "verified" | "rejected";
  checks: SongCheck[];
}

const ANSWER = "answer";
const CHARACTERS_MAX = 100_000;

/** The rules for lyrics of this walk: what a model is asked for is what its answer is checked against. */
export function songRules({ powers, walk }: Facts): SongRules {
  return {
    primes: powers.map(({ prime }) => prime),
    requiredWords: ["Monster", "walk"],
    requiredDigits: walk.groups.map(({ digits }) => digits),
  };
}

/** Judges lyrics: Markdown or plain text with a heading line "Verse N" before each verse. */
export function judgeSong(lyrics: string, rules: SongRules): SongVerdict {
  const wanted = rules.primes.length;
  const verses = splitVerses(lyrics);
  const checks: SongCheck[] = [check(ANSWER, describeNonAnswer(lyrics, verses.length), "a text with verses")];
  const numbers = verses.map(({ number }) => number);
  const misnumbered = numbers.findIndex((number, index) => number !== index + 1);
  checks.push(
    check(
      "verse-count",
      verses.length === wanted ? null : `found ${verses.length} of ${wanted} verses`,
      `${wanted} verses`,
    ),
    check(
      "verse-order",
      misnumbered === -1 ? null : `verse ${misnumbered + 1} has the heading "Verse ${numbers[misnumbered]}"`,
      "verses are numbered from 1",
    ),
  );
  const missing = rules.primes.filter(
    (prime, index) => !numbersIn(verses[index]?.text ?? "").includes(prime),
  );
  const verseOf = (prime: number): string => `verse ${rules.primes.indexOf(prime) + 1}`;
  checks.push(
    check(
      "every-prime",
      missing.length === 0
        ? null
        : `not named in their verses: ${missing.map((prime) => `${prime} (${verseOf(prime)})`).join(", ")}`,
      `${wanted} primes, each named in its verse`,
    ),
    check(
      "required-words",
      describeMissing(rules.requiredWords, verses.map(({ text }) => text).join("\n")),
      rules.requiredWords.join(", "),
    ),
    check(
      "digit-groups",
      describeMissingDigits(rules.requiredDigits, lyrics),
      rules.requiredDigits.join(" "),
    ),
    check("ending", describeCutOff(verses), "the last line is a finished sentence"),
  );
  return { status: checks.every(({ passed }) => passed) ? "verified" : "rejected", checks };
}

/** The verdict on lyrics that pass; throws Error that says what is wrong with any others. */
export function verifySong(lyrics: string, rules: SongRules): SongVerdict {
  const verdict = judgeSong(lyrics, rules);
  if (verdict.status === "verified") return verdict;
  const failed = verdict.checks.filter(({ passed }) => !passed);
  // What is no answer at all fails everything else too: that would only hide the reason.
  const told = failed[0]?.id === ANSWER ? failed.slice(0, 1) : failed;
  throw new Error(`Cannot accept the lyrics: ${told.map(({ id, detail }) => `${id}: ${detail}`).join("; ")}`);
}

function check(id: string, problem: string | null, found: string): SongCheck {
  return { id, passed: problem === null, detail: problem ?? found };
}

const QUOTED_CHARACTERS = 120;

function describeNonAnswer(lyrics: string, verses: number): string | null {
  const text = lyrics.trim();
  if (text === "") return "the text is empty";
  if (text.length > CHARACTERS_MAX)
    return `the text has ${text.length} characters, more than ${CHARACTERS_MAX}`;
  if (text.includes("\0") || text.includes("\ufffd")) return "the text is not valid UTF-8";
  return verses > 0 ? null : `the text has no verse: ${JSON.stringify(text.slice(0, QUOTED_CHARACTERS))}`;
}

interface Verse {
  number: number;
  text: string;
}

const VERSE_HEADING = /^[#*_\s]*verse\s+(\d+)\b/iu;

/**
 * The verses: each from its heading to the next heading of any kind. Quoted lines (">") are notes, not words
 * of the song.
 */
export function splitVerses(lyrics: string): Verse[] {
  const verses: Verse[] = [];
  let lines: string[] | undefined;
  const close = (): void => {
    const verse = verses.at(-1);
    if (verse !== undefined && lines !== undefined) verse.text = lines.join("\n").trim();
    lines = undefined;
  };
  for (const line of lyrics.split(/\r?\n/u)) {
    const heading = VERSE_HEADING.exec(line);
    if (heading !== null) {
      close();
      verses.push({ number: Number(heading[1]), text: "" });
      lines = [];
    } else if (/^\s*#/u.test(line)) close();
    else if (!/^\s*>/u.test(line)) lines?.push(line);
  }
  close();
  return verses;
}

function describeMissing(words: readonly string[], text: string): string | null {
  const lower = text.toLowerCase();
  const missing = words.filter(
    (word) => !new RegExp(`\\b${RegExp.escape(word.toLowerCase())}`, "u").test(lower),
  );
  return missing.length === 0 ? null : `missing in the verses: ${missing.join(", ")}`;
}

function describeMissingDigits(groups: readonly string[], text: string): string | null {
  const missing = groups.filter(
    (digits) => !new RegExp(`(?<!\\d)${RegExp.escape(digits)}(?!\\d)`, "u").test(text),
  );
  return missing.length === 0 ? null : `missing groups of digits: ${missing.join(" ")}`;
}

function describeCutOff(verses: readonly Verse[]): string | null {
  const last = verses.at(-1)?.text.split("\n").at(-1)?.trim() ?? "";
  return /[.!?\u2026]["'\u201d\u2019)*_]*$/u.test(last)
    ? null
    : `the text is cut off: it ends with ${JSON.stringify(last.slice(-40))}`;
}
