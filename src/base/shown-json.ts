// JSON that people look at as well: in a terminal, in a file that they open. What JSON leaves as it is, and a terminal acts
// on or does not show (control characters above ASCII, marks that turn a line around), is written by its code, which is
// the same value.

const UNSEEN = /[\p{Cf}\u007f-\u009f\u2028\u2029]/gu;

/** As `JSON.stringify`, with nothing in it that is not seen. */
export function shownJson(
  value: unknown,
  indent?: number,
  replacer?: (name: string, part: unknown) => unknown,
): string {
  return withCodes(JSON.stringify(value, replacer, indent));
}

/** A document of JSON that has the same value, with nothing in it that is not seen. */
export function withCodes(json: string): string {
  return json.replaceAll(UNSEEN, codesOf);
}

/** One escape for each unit of UTF-16: beyond 16 bits JSON has two. */
function codesOf(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");
}
