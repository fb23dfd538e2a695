// JSON that others wrote, as values that can be judged: a number is a number, and there is one zero.

/**
 * Parses JSON. A number that 64 bits can't hold (`1e400`) is refused, since it would be infinite and pass any lower limit;
 * `-0` is 0, since a record, which is canonical JSON, has no other.
 * @throws SyntaxError of what is no JSON; RangeError of a number that is too large.
 */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (_, part: unknown) => {
    if (typeof part !== "number") return part;
    if (!Number.isFinite(part)) throw new RangeError("a number is too large");
    return part + 0;
  });
}
