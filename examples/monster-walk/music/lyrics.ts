// The composer's words as a sheet to read: the steps of the walk with their digits, and under each the verses
// of its primes, with the two lines (or four) that the score sets.
import { formatCents, formatHertz, noteName } from "./pitch.ts";
import type { Bar, PrimeTone, Song } from "./score.ts";

/** Markdown. Verses are headed "Verse N", as the rules of verify-song.ts want them. */
export function writeLyrics(song: Song): string {
  const parts = [
    `# ${song.title}`,
    "Words by rule: a deterministic composer wrote them around measured tones; no model took part. " +
      "The walk goes through twice: each verse has the lines of the first singing and, indented, those of the " +
      "second.",
  ];
  for (const [index, step] of song.steps.entries()) {
    const bars = song.bars.filter((bar) => bar.step === index);
    parts.push(`## Step ${index + 1}: ${step.digits}`, `*Without ${listWords(step.removed.map(String))}.*`);
    for (const prime of new Set(bars.map((bar) => bar.prime))) {
      parts.push(
        writeVerse(
          song.primes.indexOf(prime) + 1,
          prime,
          bars.filter((bar) => bar.prime === prime),
        ),
      );
    }
  }
  return `${parts.join("\n\n")}\n`;
}

function writeVerse(number: number, prime: PrimeTone, bars: readonly Bar[]): string {
  const { note, centTenths } = prime.pitch;
  const nearest = `${noteName(note)} ${formatCents(centTenths)} cents`;
  const measured = `${prime.prime}^${prime.exponent} \u00b7 ${formatHertz(prime.milliHertz)} Hz measured, ${nearest}`;
  // Two trailing spaces are Markdown's line break.
  const first = bars.map((bar) => `${bar.lines[0]}  `);
  const second = bars.map((bar) => `\u2003${bar.lines[1]}  `);
  const lines = [...first, ...second].join("\n").trimEnd();
  return `### Verse ${number}: ${prime.prime}\n\n> ${measured}\n\n${lines}`;
}

/** "2, 3 and 5". */
export function listWords(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
