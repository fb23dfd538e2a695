// JSON whose bytes depend on its value alone: keys in UTF-8 byte order, no white space or a fixed indent, no value that
// JSON would change silently (undefined, NaN, Infinity, lone surrogates, class instances).
import { pipeliteError } from "./base-errors.ts";
import { withCodes } from "./shown-json.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Compact canonical JSON: for hashing and for derivation environments. */
export function canonicalJson(value: unknown): string {
  return write(value, "$", "", "");
}

/** Canonical JSON with an indent of two and a final newline. */
export function prettyJson(value: unknown): string {
  return `${write(value, "$", "\n", "  ")}\n`;
}

/** The same for files of ours that people read: what is not seen, or turns a line around, is written by its code. */
export function documentJson(value: unknown): string {
  return withCodes(prettyJson(value));
}

/** As `documentJson`, with a line for each member, and for each item of a list: small, and still to be read and compared. */
export function linedJson(value: Readonly<Record<string, unknown>> | readonly unknown[]): string {
  return [...linesOfJson(value)].join("");
}

const BLOCK = 256 * 1024;

/** The same in blocks of text: the whole of it may be too much to be held in memory. */
export function linesOfJson(
  value: Readonly<Record<string, unknown>> | readonly unknown[],
): Generator<string, undefined> {
  return inBlocks(lined(value));
}

/** What `documentJson` gives of an object, in blocks of text. */
export function blocksOfJson(value: Readonly<Record<string, unknown>>): Generator<string, undefined> {
  return inBlocks(pretty(value));
}

function* inBlocks(all: Iterable<string>): Generator<string, undefined> {
  let pieces: string[] = [];
  let size = 0;
  for (const piece of all) {
    pieces.push(piece);
    size += piece.length;
    if (size < BLOCK) continue;
    yield withCodes(pieces.join(""));
    [pieces, size] = [[], 0];
  }
  pieces.push("\n");
  yield withCodes(pieces.join(""));
}

/** Long lists are members of the whole: their items are pieces. */
function* pretty(value: Readonly<Record<string, unknown>>): Generator<string, undefined> {
  const [inner, items] = ["\n  ", "\n    "];
  let before = "{";
  for (const key of sortedKeys(value)) {
    const member = value[key];
    yield `${before}${inner}${JSON.stringify(key)}: `;
    if (Array.isArray(member) && member.length > 0) {
      for (const [index, item] of member.entries())
        yield `${index === 0 ? "[" : ","}${items}${write(item, `$.${key}[${index}]`, items, "  ")}`;
      yield `${inner}]`;
    } else yield write(member, `$.${key}`, inner, "  ");
    before = ",";
  }
  yield before === "{" ? "{}" : "\n}";
}

function* lined(value: Readonly<Record<string, unknown>> | readonly unknown[]): Generator<string, undefined> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield `${index === 0 ? "[\n" : ",\n"}${canonicalJson(item)}`;
    yield value.length === 0 ? "[]" : "\n]";
    return;
  }
  const members = value as Readonly<Record<string, unknown>>;
  yield "{\n";
  let before = "";
  for (const name of sortedKeys(members)) {
    const member = members[name];
    if (member === undefined) continue;
    yield `${before}${JSON.stringify(name)}:`;
    if (Array.isArray(member)) yield* lined(member);
    else yield canonicalJson(member);
    before = ",\n";
  }
  yield "\n}";
}

function write(value: unknown, at: string, newline: string, indent: string): string {
  const text = scalar(value);
  if (text !== undefined) return text;
  const inner = newline + indent;
  if (Array.isArray(value)) {
    const items = value.map(
      (item, index) => scalar(item) ?? write(item, `${at}[${index}]`, newline && inner, indent),
    );
    return items.length === 0 ? "[]" : `[${inner}${items.join(`,${inner}`)}${newline}]`;
  }
  if (typeof value !== "object" || value === null || !isPlain(value)) return refuse(describe(value), at);
  const colon = newline === "" ? ":" : ": ";
  const fields = sortedKeys(value).map((key) => {
    const field = (value as Record<string, unknown>)[key];
    const written = scalar(field) ?? write(field, `${at}.${key}`, newline && inner, indent);
    return `${JSON.stringify(key)}${colon}${written}`;
  });
  return fields.length === 0 ? "{}" : `{${inner}${fields.join(`,${inner}`)}${newline}}`;
}

/** What holds no other value; undefined for what does, and for what JSON would change. */
function scalar(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? JSON.stringify(value) : undefined;
    case "number":
      return Number.isFinite(value) ? JSON.stringify(value) : undefined;
    case "boolean":
      return String(value);
    default:
      return value === null ? "null" : undefined;
  }
}

/** UTF-16 orders texts as UTF-8 does, but for these. */
const ORDERED_OTHERWISE = /[\ud800-\uffff]/;

function sortedKeys(value: object): string[] {
  const keys = Object.keys(value).toSorted();
  return keys.some((key) => ORDERED_OTHERWISE.test(key))
    ? keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    : keys;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describe(value: unknown): string {
  if (typeof value === "string") return "a string with a lone surrogate";
  if (typeof value === "number") return String(value);
  return typeof value === "object" ? `a ${value?.constructor.name}` : typeof value;
}

function refuse(value: string, at: string): never {
  throw pipeliteError("JSON_NOT_CANONICAL", { value, at });
}
