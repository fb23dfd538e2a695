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
  return withCodes(`${lined(value)}\n`);
}

function lined(value: Readonly<Record<string, unknown>> | readonly unknown[]): string {
  if (Array.isArray(value))
    return value.length === 0 ? "[]" : `[\n${value.map(canonicalJson).join(",\n")}\n]`;
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(
      ([name, member]) =>
        `${JSON.stringify(name)}:${Array.isArray(member) ? lined(member) : canonicalJson(member)}`,
    );
  return `{\n${members.join(",\n")}\n}`;
}

function write(value: unknown, at: string, newline: string, indent: string): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") {
    if (!value.isWellFormed()) refuse("a string with a lone surrogate", at);
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) refuse(String(value), at);
    return JSON.stringify(value);
  }
  const colon = newline === "" ? ":" : ": ";
  const inner = newline + indent;
  if (Array.isArray(value)) {
    const items = value.map((item, index) => write(item, `${at}[${index}]`, newline && inner, indent));
    return items.length === 0 ? "[]" : `[${inner}${items.join(`,${inner}`)}${newline}]`;
  }
  if (typeof value !== "object" || !isPlain(value)) return refuse(describe(value), at);
  const keys = Object.keys(value).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const fields = keys.map((key) => {
    const field = (value as Record<string, unknown>)[key];
    return `${JSON.stringify(key)}${colon}${write(field, `${at}.${key}`, newline && inner, indent)}`;
  });
  return fields.length === 0 ? "{}" : `{${inner}${fields.join(`,${inner}`)}${newline}}`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describe(value: unknown): string {
  return typeof value === "object" ? `a ${value?.constructor.name}` : typeof value;
}

function refuse(value: string, at: string): never {
  throw pipeliteError("JSON_NOT_CANONICAL", { value, at });
}
