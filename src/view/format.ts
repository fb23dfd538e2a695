// How text becomes short words on a terminal: hashes, lists, and text cut to a width.

const { stripVTControlCharacters } = process.getBuiltinModule("node:util");

/** The first figures of a hash, without its algorithm: enough to tell two apart by eye. */
export function shortHash(hash: string): string {
  return hash.replace(/^\w+[:-]/, "").slice(0, 12);
}

interface ListForm {
  /** Items beyond this are counted. */
  limit?: number;
  word?: "and" | "or";
}

/** Items as a sentence has them: `a`, `a and b`, `a, b and c`; beyond a limit: `a, b and 4 more`. */
export function formatList(
  items: readonly string[],
  { limit = Number.POSITIVE_INFINITY, word = "and" }: ListForm = {},
): string {
  const rest = items.length - Math.min(items.length, limit);
  const parts = rest > 0 ? [...items.slice(0, limit), `${rest} more`] : items;
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} ${word} ${parts.at(-1)}`;
}

const PLAIN = /^[\u0020-\u007e]*$/;

/**
 * A line that a program printed, made safe to show: escape sequences and characters that move the cursor or turn the
 * reading order are removed, tabs become spaces, and of a progress line rewritten with CR only the last state is kept.
 */
export function cleanLine(line: string): string {
  if (PLAIN.test(line)) return line;
  const visible = stripVTControlCharacters(line.replace(/[\r\n]+$/, ""));
  const last = visible.slice(visible.lastIndexOf("\r") + 1);
  return last
    .replaceAll("\t", "    ")
    .replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029\u200b\u2060\ufeff]/gu, "");
}

/** What a file, a stage or a program is called, in words of ours: no line of its own, either. */
export function oneLine(text: string): string {
  return cleanLine(text.replaceAll(/[\r\n]+/g, " "));
}

/** Words of several lines that may hold what a file, a stage or a program is called: nothing in them moves the cursor. */
export function cleanLines(text: string): string {
  return text.split("\n").map(cleanLine).join("\n");
}

/** Made when it is needed, as every pattern of Unicode's properties here: that takes a millisecond. */
let doubleWidth: RegExp | undefined;
const DOUBLE_WIDTH =
  "^[\\p{Emoji_Presentation}\\u1100-\\u115f\\u2e80-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff" +
  "\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6\\u{20000}-\\u{3fffd}]$";

/** Columns that text without escape sequences takes on a terminal. */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (/^[\p{M}\p{Cf}]$/u.test(character)) return 0;
  doubleWidth ??= new RegExp(DOUBLE_WIDTH, "u");
  return doubleWidth.test(character) ? 2 : 1;
}

/** The longest start of a text that takes at most `width` columns, without white space at its end where it was cut. */
export function cutToWidth(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const character of text) {
    used += characterWidth(character);
    if (used > width) break;
    kept += character;
  }
  return kept.trimEnd();
}

export function padToWidth(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}
