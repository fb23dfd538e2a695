// What the first bytes that differ look like. Rules over what stands around them, on both sides: a guess, beside what was
// measured by varying. Pure.
import type { Difference, Side } from "./compare.ts";
import { VARIED } from "./variations.ts";

export type Guess =
  | "archive-metadata"
  | "path"
  | "host-name"
  | "user"
  | "environment"
  | "locale"
  | "time-zone"
  | "kernel"
  | "process-id"
  | "timestamp"
  | "address"
  | "order"
  | "float-rounding"
  | "file-mode"
  | "random"
  | "number";

interface Sides {
  one: string;
  other: string;
  /** Where in these texts the first difference is. */
  at: number;
  isReordered: boolean;
}

/** @returns the likeliest first; none where no rule fits */
export function guess(difference: Difference): Guess[] {
  const { what, offset = 0, one, other } = difference;
  if (what === "executable") return ["file-mode"];
  if (what === "kind") return guessName(difference.file);
  if (what === "link") return guessText(one.target ?? "", other.target ?? "");
  const archive = archiveField(difference);
  if (archive) return ["archive-metadata"];
  return guessAround({
    one: textOf(one),
    other: textOf(other),
    at: offset - (one.around?.offset ?? 0),
    isReordered: difference.isReordered === true,
  });
}

function textOf({ around }: Side): string {
  return Buffer.from(around?.hex ?? "", "hex").toString("latin1");
}

/** A file that only one side has: its name tells. */
function guessName(file: string): Guess[] {
  const name = file.slice(file.lastIndexOf("/") + 1);
  if (TIMES.some((time) => time.test(name))) return ["timestamp"];
  return /[0-9a-f]{8,}|[A-Za-z0-9]{6,}/.test(name) ? ["random"] : [];
}

function guessText(one: string, other: string): Guess[] {
  const length = Math.min(one.length, other.length);
  let at = 0;
  while (at < length && one[at] === other[at]) at += 1;
  return guessAround({ one, other, at, isReordered: false });
}

/** What says the least is not said where something says more. */
function guessAround(sides: Sides): Guess[] {
  const fitting = (rules: typeof SPECIFIC) => rules.flatMap(([name, fits]) => (fits(sides) ? [name] : []));
  const specific = fitting(SPECIFIC);
  return specific.length > 0 ? specific : fitting(GENERAL).slice(0, 1);
}

const has =
  (...words: string[]) =>
  ({ one, other }: Sides): boolean =>
    words.some((word) => one.includes(word) !== other.includes(word));
/** Whether just one side has this at the place of the difference. */
const oneIs =
  (pattern: RegExp) =>
  ({ one, other, at }: Sides): boolean =>
    pattern.test(token(one, at)) !== pattern.test(token(other, at));
const bothAre =
  (pattern: RegExp) =>
  ({ one, other, at }: Sides): boolean =>
    pattern.test(token(one, at)) && pattern.test(token(other, at));

type Rule = readonly [Guess, (sides: Sides) => boolean];

const SPECIFIC: readonly Rule[] = [
  ["path", has(VARIED.buildFolder, VARIED.home)],
  [
    "host-name",
    ({ one, other }) => [one, other].some((text) => new RegExp(`(?<!-)\\b${VARIED.hostName}\\b`).test(text)),
  ],
  ["user", has(VARIED.user.name, String(VARIED.user.uid), String(VARIED.user.gid))],
  ["environment", has("PIPELITE_REBUILD", "LD_PRELOAD")],
  ["locale", (sides) => has("tr_TR", "tr-TR")(sides) || isDecimalComma(sides)],
  ["time-zone", (sides) => has(VARIED.zone)(sides) || isZone(sides)],
  ["kernel", oneIs(/^2\.6\.\d/)],
  ["process-id", oneIs(/^5[01]\d\d$/)],
  ["order", ({ isReordered }) => isReordered],
  ["timestamp", isTime],
  ["address", isAddress],
  ["float-rounding", isRounding],
];

const GENERAL: readonly Rule[] = [
  ["file-mode", bothAre(/^(0o?)?[0-7]{3}$|^1?00[0-7]{3}$/)],
  ["random", isRandom],
  ["number", bothAre(/^-?\d+(\.\d+)?$/)],
];

/** The run of characters around a place that make one number, word or name. */
function token(text: string, at: number, characters = /[\w.+-]/): string {
  let [from, to] = [at, at];
  while (from > 0 && characters.test(text[from - 1] ?? "")) from -= 1;
  while (to < text.length && characters.test(text[to] ?? "")) to += 1;
  return text.slice(from, to);
}

const TIMES = [
  /\b(19|20)\d\d-[01]\d-[0-3]\d/,
  /\b[0-2]?\d:[0-5]\d:[0-5]\d\b/,
  /\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? /,
  /\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d/,
];
/** Seconds of the years 2001 to 2100. */
const isEpoch = (seconds: number): boolean => seconds >= 978_307_200 && seconds < 4_102_444_800;

function isTime({ one, other, at }: Sides): boolean {
  const near = (text: string) => text.slice(Math.max(0, at - 24), at + 24);
  if (TIMES.some((time) => time.test(near(one)) && time.test(near(other)))) return true;
  const [a = 0, b = 0] = [token(one, at, /[\d.]/), token(other, at, /[\d.]/)].map(Number);
  if ([a, b].every((year) => Number.isInteger(year) && year >= 1970 && year < 2100)) return true;
  return [1, 1e3, 1e6, 1e9].some((unit) => isEpoch(a / unit) && isEpoch(b / unit));
}

/** As 64-bit processors have them for programs, in hexadecimal. */
function isAddress({ one, other, at }: Sides): boolean {
  const address = /^(0x)?(00)*[4-7][0-9a-f]{10,11}(-[0-9a-f]+)?$/;
  return address.test(token(one, at)) && address.test(token(other, at));
}

/** Two numbers with a point that are the same for most of their digits. */
function isRounding({ one, other, at }: Sides): boolean {
  const [a, b] = [token(one, at), token(other, at)];
  if (![a, b].every((text) => /^-?\d+\.\d+(e[+-]?\d+)?$/.test(text))) return false;
  const [x, y] = [Number(a), Number(b)];
  return x !== y && Math.abs(x - y) <= 1e-6 * Math.max(Math.abs(x), Math.abs(y));
}

/** As JavaScript, date(1) and mail write the offset of a zone. */
function isZone({ one, other }: Sides): boolean {
  const [a, b] = [one, other].map((text) => /(?:GMT|UTC|:\d\d )[+-]\d\d:?\d\d/.exec(text)?.[0].slice(-5));
  return a !== undefined && b !== undefined && a !== b;
}

function isDecimalComma({ one, other, at }: Sides): boolean {
  const near = [one, other].map((text) => text.slice(Math.max(0, at - 1), at + 2));
  return near.some((text) => /\d\.\d/.test(text)) && near.some((text) => /\d,\d/.test(text));
}

/** Hexadecimal digits, base64 or a name of a temporary file, both as long and with hardly a character in its place. */
function isRandom({ one, other, at }: Sides): boolean {
  const [a, b] = [token(one, at), token(other, at)];
  const isFigure = (text: string) => /^-?[\d.]+$/.test(text) && text.length < 16;
  if (a.length < 6 || Math.abs(a.length - b.length) > 4 || isFigure(a) || isFigure(b)) return false;
  let from = 0;
  while (from < a.length && a[from] === b[from]) from += 1;
  const rest = a.slice(from);
  const same = Array.from(rest, (character, index) => character === b[from + index]).filter(Boolean).length;
  // Names of six characters (mkdtemp) may begin with the same one.
  return rest.length >= 5 && same < rest.length / 2;
}

/** Whether it is in a field of an archive's header that says when, by whom or with which mode a file was packed. */
function archiveField({ one, other, offset = 0 }: Difference): boolean {
  return [one, other].every(({ around }) => {
    if (around === undefined) return false;
    const bytes = Buffer.from(around.hex, "hex");
    const at = offset - around.offset;
    const isGzip =
      around.offset === 0 && bytes[0] === 0x1f && bytes[1] === 0x8b && offset >= 4 && offset < 10;
    // Local and central header of a file in a zip: its time is 10 and 12 bytes behind the signature.
    const isZip = [
      [0x04034b50, 10],
      [0x02014b50, 12],
    ].some(([signature = 0, field = 0]) =>
      [0, 1, 2, 3].some((back) => {
        const start = at - field - back;
        return start >= 0 && start + 4 <= bytes.length && bytes.readUInt32LE(start) === signature;
      }),
    );
    return isGzip || isZip || isTarField(bytes, at);
  });
}

/** Mode, owner, size and time stand in octal digits, each with a NUL or a blank behind it (pax(1), ustar); NULs fill what is between. */
function isTarField(bytes: Buffer, at: number): boolean {
  const text = bytes.toString("latin1");
  if (!text.includes("\0")) return false;
  const from = Math.max(text.lastIndexOf("\0", at - 1), text.lastIndexOf(" ", at - 1)) + 1;
  const field = /^[0-7]{7,11}[\0 ]/.exec(text.slice(from));
  return field !== null && (text[from - 1] === "\0" || text[from - 1] === " ");
}
