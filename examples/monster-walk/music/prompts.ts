// The prompts: what a writer, a musician or a painter, man or machine, is told about the walk. Every number
// in them comes from the proof or was measured in the recording.
import { listWords } from "./lyrics.ts";
import { sharePrimes } from "./form.ts";
import { wordsOf } from "./numeral.ts";
import { formatCents, formatHertz, noteName } from "./pitch.ts";
import type { PrimeTone, WalkStep } from "./score.ts";
import { BARS_PER_STEP, CROTCHETS_PER_MINUTE } from "./score.ts";
import { BAR_QUAVERS } from "./prosody.ts";
import type { SongRules } from "./verify-song.ts";

export interface PromptMatter {
  /** The order of the group, in decimal. */
  order: string;
  primes: readonly PrimeTone[];
  steps: readonly WalkStep[];
  rules: SongRules;
  /** Standard errors of the measured frequencies in hertz, by prime. */
  standardErrorsHz: ReadonlyMap<number, number>;
}

function factorise(primes: readonly PrimeTone[]): string {
  return primes
    .map(({ prime, exponent }) => (exponent === 1 ? String(prime) : `${prime}^${exponent}`))
    .join(" * ");
}

function toneLine({ prime, exponent, milliHertz, pitch }: PrimeTone): string {
  const note = `${noteName(pitch.note)} ${formatCents(pitch.centTenths)} cents`;
  return `${prime}^${exponent}: ${formatHertz(milliHertz)} Hz (${note})`;
}

function stepLine({ digits, removed }: WalkStep, index: number): string {
  return `step ${index + 1}: without ${listWords(removed.map(String))} it begins ${digits}`;
}

function introduce({ order, primes }: PromptMatter): string {
  return (
    `The Monster is the largest of the sporadic finite simple groups. It has ${order} elements: ${factorise(primes)}, ` +
    `the powers of ${primes.length} primes.`
  );
}

function walkText({ steps }: PromptMatter): string {
  return [
    "The walk: divide the order by some of these whole prime powers, and the quotient begins with the next digits of " +
      "the order itself.",
    ...steps.map(stepLine),
  ].join("\n");
}

/** What a writer of lyrics is asked for; `rules` is what the answer will be checked against. */
export function writeTextPrompt(matter: PromptMatter): string {
  const { primes, steps, rules } = matter;
  const count = primes.length;
  const homes = sharePrimes(count, steps.length);
  const verses = primes.map(({ prime, exponent }, index) => {
    const step = homes.findIndex((home) => home.includes(index));
    const digits = homes[step]?.[0] === index ? `, with the digits ${steps[step]?.digits}` : "";
    return `Verse ${index + 1}: ${prime} (${wordsOf(prime)}), ${exponent} time${exponent === 1 ? "" : "s"}${digits}`;
  });
  return `${[
    "Write the lyrics of a song, The Monster Walk.",
    introduce(matter),
    `Each prime is a tone; these frequencies were measured in the recording:\n${primes.map(toneLine).join("\n")}`,
    walkText(matter),
    `Write exactly ${count} verses of four short rhyming lines, to be sung at a walking pace:\n${verses.join("\n")}`,
    [
      "Rules, which a program will check:",
      `- Before each verse a line of its own: "## Verse 1" to "## Verse ${count}".`,
      "- Each verse names its prime, in digits or in words.",
      `- The verses hold the words ${listWords(rules.requiredWords)}.`,
      `- The text shows each of these, as digits: ${listWords(rules.requiredDigits)}.`,
      "- The last line ends with a full stop. Write nothing before the first verse or after the last.",
    ].join("\n"),
  ].join("\n\n")}\n`;
}

export function writeMusicPrompt(matter: PromptMatter): string {
  const { primes, steps } = matter;
  const bars = steps.length * BARS_PER_STEP;
  const seconds = (bars * BAR_QUAVERS * 60) / (2 * CROTCHETS_PER_MINUTE);
  return `${[
    `Compose ${seconds} seconds of music, The Monster Walk: ` +
      `${bars} bars of ${BAR_QUAVERS}/8 (3+3+2), crotchet = ${CROTCHETS_PER_MINUTE}.`,
    introduce(matter),
    "Its tones are the primes' own, measured in the recording; keep their tuning and move them by whole " +
      `octaves only:\n${primes.map(toneLine).join("\n")}`,
    `${steps.length} steps of ${BARS_PER_STEP} bars, from pianissimo to fortissimo. A prime enters once and ` +
      "stays in the harmony; " +
      `${primes[0]?.prime} is the ground, ${primes.at(-1)?.prime} the highest tone and the goal.`,
    walkText(matter),
  ].join("\n\n")}\n`;
}

export function writeVisionPrompt(matter: PromptMatter): string {
  const { primes, steps } = matter;
  const tones = primes.map(({ prime, milliHertz }) => `${prime} at ${formatHertz(milliHertz)} Hz`);
  return `${[
    "Paint The Monster Walk: one figure walking along a number.",
    introduce(matter),
    `A path of ${steps.length} stepping stones leads from left to right; they bear ` +
      `${listWords(steps.map(({ digits }) => digits))}. Above it hang ${primes.length} strings of light, the lowest ` +
      "broad and slow, the highest fine and quick, at heights in proportion to the logarithm of their measured " +
      `frequencies: ${listWords(tones)}. At each stone some strings go dark:`,
    steps.map(stepLine).join("\n"),
    "Night blue to pale yellow, quiet, exact. No text but the digits.",
  ].join("\n\n")}\n`;
}

/** What everybody who makes the song refers to: a table of tones and one of steps. */
export function writeReference(matter: PromptMatter): string {
  const { primes, steps, standardErrorsHz } = matter;
  const tones = primes.map(({ prime, exponent, milliHertz, pitch }) =>
    row([
      String(prime),
      String(exponent),
      formatHertz(milliHertz),
      (standardErrorsHz.get(prime) ?? Number.NaN).toExponential(1),
      noteName(pitch.note),
      formatCents(pitch.centTenths),
    ]),
  );
  const homes = sharePrimes(primes.length, steps.length);
  const walk = steps.map(({ digits, removed }, index) =>
    row([
      String(index + 1),
      digits,
      listWords(removed.map(String)),
      listWords((homes[index] ?? []).map((home) => String(primes[home]?.prime))),
    ]),
  );
  return `${[
    "# The Monster Walk: reference",
    introduce(matter),
    `${steps.length * BARS_PER_STEP} bars of ${BAR_QUAVERS}/8, crotchet = ${CROTCHETS_PER_MINUTE}, ${BARS_PER_STEP} bars a step.`,
    "## Tones, measured in the recording of the chord",
    [
      row(["prime", "exponent", "Hz", "standard error (Hz)", "nearest note", "deviation (cents)"]),
      row(["---:", "---:", "---:", "---:", "---", "---:"]),
      ...tones,
    ].join("\n"),
    "## Steps",
    [row(["step", "digits", "without", "sung there"]), row(["---:", "---:", "---", "---"]), ...walk].join(
      "\n",
    ),
  ].join("\n\n")}\n`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

const SEED = 0;
const SYSTEM =
  "You write singable English lyrics. You follow the rules of the request exactly and answer with the lyrics alone.";

/** The body of an OpenAI-compatible chat completion, but for the model's name. */
export function writeRequest(matter: PromptMatter) {
  return {
    messages: [
      { role: "system", content: SYSTEM },
      { role: "user", content: writeTextPrompt(matter) },
    ],
    temperature: 0,
    seed: SEED,
  };
}
