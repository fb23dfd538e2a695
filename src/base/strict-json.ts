// JSON from a file that anybody may have written. Two readers of one document must see one value: bytes that are not
// UTF-8, a member that stands twice in one object, and `__proto__` as a name are refused (RFC 8259, section 4, leaves the
// meaning of a repeated name open). So is what is nested deeper than those who go through it can follow.

/** The value of a JSON document. @throws SyntaxError that says what is wrong */
export function parseStrictJson(document: Uint8Array | string): unknown {
  return parse(document);
}

/**
 * The same for values that are judged: a number that 64 bits can't hold (`1e400`) is refused, since it would be infinite and
 * pass any lower limit; `-0` is 0, since a record, which is canonical JSON, has no other.
 * @throws SyntaxError; RangeError of a number that is too large
 */
export function parseJudgedJson(document: Uint8Array | string): unknown {
  return parse(document, (_, part: unknown) => {
    if (typeof part !== "number") return part;
    if (!Number.isFinite(part)) throw new RangeError("a number is too large");
    return part + 0;
  });
}

function parse(document: Uint8Array | string, reviver?: (name: string, part: unknown) => unknown): unknown {
  const text = typeof document === "string" ? document : decode(document);
  refuseDepth(text);
  const value: unknown = JSON.parse(text, reviver);
  const name = findRefusedName(text);
  if (name !== undefined) throw new SyntaxError(`the name ${JSON.stringify(name)} ${reasonOf(name)}`);
  return value;
}

/** Objects and lists within one another: a record has ten. */
const DEPTH_MAX = 500;

function refuseDepth(text: string): void {
  if (text.length <= DEPTH_MAX) return;
  let [depth, isInString] = [0, false];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isInString) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) isInString = false;
    } else if (code === QUOTE) isInString = true;
    else if (code === CLOSE_OBJECT || code === CLOSE_LIST) depth -= 1;
    else if ((code === OPEN_OBJECT || code === OPEN_LIST) && (depth += 1) > DEPTH_MAX) {
      const line = text.slice(0, at).split("\n").length;
      throw new SyntaxError(`it is nested more than ${DEPTH_MAX} deep in line ${line}`);
    }
  }
}

/** An object of JSON, with members of any form. */
export type Members = Readonly<Record<string, unknown>>;

/** An object of JSON, and not a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands at the end of these names; undefined where one of them is no member of an object's own. */
export function memberAt(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>(
    (at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined),
    value,
  );
}

/** What a parser said of a document. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SyntaxError("it is not UTF-8");
  }
}

function reasonOf(name: string): string {
  return name === "__proto__" ? "can't be a name" : "stands twice in one object";
}

/** @param text well-formed JSON: a string before a colon is then a name */
function findRefusedName(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case OPEN_OBJECT:
        open.push(new Set());
        break;
      case OPEN_LIST:
        open.push(undefined);
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        open.pop();
        break;
      case QUOTE: {
        const end = endOfString(text, at);
        const names = open.at(-1);
        if (names !== undefined && isColonAfter(text, end)) {
          const raw = text.slice(at, end + 1);
          const name = raw.includes("\\") ? (JSON.parse(raw) as string) : raw.slice(1, -1);
          if (names.has(name) || name === "__proto__") return name;
          names.add(name);
        }
        at = end;
        break;
      }
      default:
    }
  }
  return undefined;
}

const [QUOTE, OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x22, 0x7b, 0x7d, 0x5b, 0x5d];
const [BACKSLASH, COLON, SPACE] = [0x5c, 0x3a, 0x20];

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
}

/** White space of JSON is the space and three characters below it. */
function isColonAfter(text: string, end: number): boolean {
  let at = end + 1;
  while (text.charCodeAt(at) <= SPACE) at += 1;
  return text.charCodeAt(at) === COLON;
}
