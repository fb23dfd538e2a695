// JSON whose bytes depend on its value alone: keys in UTF-8 byte order, no white space or a fixed indent, no value that
// JSON would change silently (undefined, NaN, Infinity, lone surrogates, class instances).
import { pipeliteError } from "./json-errors.ts";
import { withCodes } from "./shown-json.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Compact canonical JSON: for hashing and for derivation environments. */
export function canonicalJson(value: unknown): string {
  return write(value, "");
}

/** Canonical JSON with an indent of two and a final newline. */
export function prettyJson(value: unknown): string {
  return `${write(value, "  ")}\n`;
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

/** The same in blocks of text: the whole of it may be too much to be held in memory. A member may be an iterator in place of a list. */
export function linesOfJson(
  value: Readonly<Record<string, unknown>> | readonly unknown[],
): Generator<string, undefined> {
  return inBlocks(lined(value));
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

function* lined(
  value: Readonly<Record<string, unknown>> | readonly unknown[] | IteratorObject<unknown>,
): Generator<string, undefined> {
  if (isList(value)) {
    let before = "[\n";
    for (const item of value) {
      yield before + canonicalJson(item);
      before = ",\n";
    }
    yield before === "[\n" ? "[]" : "\n]";
    return;
  }
  yield "{\n";
  let before = "";
  for (const name of sortedKeys(value)) {
    const member = value[name];
    if (member === undefined) continue;
    yield `${before}${JSON.stringify(name)}:`;
    if (isList(member)) yield* lined(member);
    else yield canonicalJson(member);
    before = ",\n";
  }
  yield "\n}";
}

function isList(value: unknown): value is readonly unknown[] | IteratorObject<unknown> {
  return Array.isArray(value) || value instanceof Iterator;
}

/** What is in order needs nothing but the engine's own JSON. */
function write(value: unknown, indent: string): string {
  const sorted = ordered(value);
  if (sorted !== UNFIT) return JSON.stringify(sorted, undefined, indent);
  return inOrder(value, "$", indent === "" ? "" : "\n", indent);
}

/** What the engine's own JSON would change or refuse, or would not write in this order. */
const UNFIT = Symbol("unfit");

/** The value with its members in the order of their names: itself where they are, which most of what is written is. */
function ordered(value: unknown): unknown {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? value : UNFIT;
    case "number":
      return Number.isFinite(value) ? value : UNFIT;
    case "boolean":
      return value;
    case "object":
      if (value === null) return value;
      if (Array.isArray(value)) return orderedItems(value);
      return isPlain(value) ? orderedMembers(value as Record<string, unknown>) : UNFIT;
    default:
      return UNFIT;
  }
}

function orderedItems(items: readonly unknown[]): unknown {
  let copy: unknown[] | undefined;
  // A hole is an item that `map` would pass over.
  for (let index = 0; index < items.length; index += 1) {
    const item = ordered(items[index]);
    if (item === UNFIT) return UNFIT;
    if (copy === undefined && item !== items[index]) copy = items.slice(0, index);
    copy?.push(item);
  }
  return copy ?? items;
}

function orderedMembers(members: Record<string, unknown>): unknown {
  const names = Object.keys(members);
  const isSame = areKnown(names) || areInOrder(names);
  if (!isSame) {
    if (!names.every(isSortable)) return UNFIT;
    names.sort();
  }
  let copy: Record<string, unknown> | undefined = isSame ? undefined : {};
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] ?? "";
    const before = members[name];
    const member = ordered(before);
    if (member === UNFIT) return UNFIT;
    if (copy === undefined && member !== before) {
      copy = {};
      for (const other of names.slice(0, index)) copy[other] = members[other];
    }
    if (copy !== undefined) copy[name] = member;
  }
  return copy ?? members;
}

/** Names that stood in order before, by how many they are: objects with the same ones come in rows. */
const KNOWN: (readonly string[] | undefined)[] = [];
const KNOWN_MAX = 64;

function areKnown(names: readonly string[]): boolean {
  const known = KNOWN[names.length];
  if (known === undefined) return false;
  for (let index = 0; index < names.length; index += 1) if (names[index] !== known[index]) return false;
  return true;
}

function areInOrder(names: readonly string[]): boolean {
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] ?? "";
    if (!isSortable(name) || (names[index - 1] ?? "") > name) return false;
  }
  if (names.length < KNOWN_MAX) KNOWN[names.length] = names;
  return true;
}

/** Whether an object keeps a name where it is put, and UTF-16 orders it as UTF-8 does. Most objects have a few of the same names. */
function isSortable(name: string): boolean {
  const known = SORTABLE.get(name);
  if (known !== undefined) return known;
  const isSuch = !/^\d|[\ud800-\uffff]/.test(name) && name !== "__proto__";
  if (SORTABLE.size < NAMES_MAX) SORTABLE.set(name, isSuch);
  return isSuch;
}

function inOrder(value: unknown, at: string, newline: string, indent: string): string {
  const text = scalar(value);
  if (text !== undefined) return text;
  const inner = newline === "" ? "" : newline + indent;
  let written = "";
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      written += `${index === 0 ? "" : ","}${inner}${scalar(item) ?? inOrder(item, `${at}[${index}]`, inner, indent)}`;
    return value.length === 0 ? "[]" : `[${written}${newline}]`;
  }
  if (typeof value !== "object" || value === null || !isPlain(value)) return refuse(describe(value), at);
  const colon = newline === "" ? ":" : ": ";
  for (const key of sortedKeys(value)) {
    const field = (value as Record<string, unknown>)[key];
    const content = scalar(field) ?? inOrder(field, `${at}.${key}`, inner, indent);
    written += `${written === "" ? "" : ","}${inner}${nameOf(key)}${colon}${content}`;
  }
  return written === "" ? "{}" : `{${written}${newline}}`;
}

/** Most objects have one of a few names for each member. */
const NAMES = new Map<string, string>();
const SORTABLE = new Map<string, boolean>();
const NAMES_MAX = 1000;

function nameOf(key: string): string {
  const known = NAMES.get(key);
  if (known !== undefined) return known;
  const name = JSON.stringify(key);
  if (NAMES.size < NAMES_MAX) NAMES.set(key, name);
  return name;
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
  const keys = Object.keys(value);
  if (keys.some((key) => ORDERED_OTHERWISE.test(key)))
    return keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return keys.every((key, index) => index === 0 || (keys[index - 1] ?? "") <= key) ? keys : keys.toSorted();
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
