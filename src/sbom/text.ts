// Words that strangers wrote, made fit for a document: one line, nothing that is not seen, not too long.

/** What a terminal acts on, what turns a line around, and what is not seen at all. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** @returns undefined for what is no text, or an empty one */
export function cleanText(value: unknown, most: number): string | undefined {
  if (typeof value !== "string") return undefined;
  const text = value
    .slice(0, 4 * most)
    .toWellFormed()
    .replaceAll(UNSEEN, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  if (text === "") return undefined;
  return text.length > most ? `${text.slice(0, most - 1).toWellFormed()}…` : text;
}
