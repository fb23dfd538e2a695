// The items of a list that a stage wrote, and what each is called by. Pure: a run, the sandbox and an audit must see the same.
import { hexDigestOf } from "#base/digest.ts";
import { messageOf, parseJudgedJson } from "#base/strict-json.ts";

export interface Item {
  value: unknown;
  /** What it is called by, as it stands in the list; its position where it has nothing of that kind. */
  key: string;
  /** The same as a part of names and as the name of a file. */
  name: string;
}

/** Properties that an item is called by, where every item has it and nothing else was asked for. */
const KEYS = ["key", "id", "name"];
const NAME_LENGTH_MAX = 40;

/**
 * The items of a JSON document that is a list.
 * @param property that an item is called by
 * @throws SyntaxError, RangeError, TypeError that say what is wrong with the document
 */
export function itemsOf(document: Uint8Array, property: string | null): Item[] {
  const list = parse(document);
  if (!Array.isArray(list)) throw new TypeError(`it is ${kindOf(list)}, not a list`);
  const keys = keysOf(list, property);
  const positions = new Map<string, number>();
  for (const [position, key] of keys.entries()) {
    const other = positions.get(key);
    if (other !== undefined)
      throw new TypeError(`its items ${other} and ${position} are both called ${JSON.stringify(key)}`);
    positions.set(key, position);
  }
  const names = namesOf(keys);
  return list.map((value, index) => ({ value, key: keys[index] ?? "", name: names[index] ?? "" }));
}

function parse(document: Uint8Array): unknown {
  try {
    return parseJudgedJson(document);
  } catch (error) {
    throw new SyntaxError(`it is no JSON: ${messageOf(error)}`, { cause: error });
  }
}

function keysOf(list: readonly unknown[], property: string | null): string[] {
  if (property !== null) {
    return list.map((item, position) => {
      const key = keyIn(item, property);
      if (key === undefined)
        throw new TypeError(`its item ${position} has no text or number as its '${property}'`);
      return key;
    });
  }
  if (list.every(isKey)) return list.map(String);
  const found = KEYS.find((name) => list.every((item) => keyIn(item, name) !== undefined));
  return list.map((item, position) => (found === undefined ? String(position) : (keyIn(item, found) ?? "")));
}

function keyIn(item: unknown, property: string): string | undefined {
  if (typeof item !== "object" || item === null || !Object.hasOwn(item, property)) return undefined;
  const value = (item as Record<string, unknown>)[property];
  return isKey(value) ? String(value) : undefined;
}

function isKey(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Where a name would not tell keys apart, a digest of the key does: a name does not hang on the order of the list. */
function namesOf(keys: readonly string[]): string[] {
  const plain = keys.map((key) => key.replaceAll(/[^0-9a-zA-Z+._?=-]+/g, "-").replace(/^\.+/, ""));
  const counts = new Map<string, number>();
  for (const name of plain) counts.set(name, (counts.get(name) ?? 0) + 1);
  const isClear = (name: string, key: string): boolean =>
    name !== "" &&
    name !== "__proto__" &&
    name.length <= NAME_LENGTH_MAX &&
    (name === key || counts.get(name) === 1);
  const nameWith = (digits: number) => (key: string, index: number) => {
    const name = plain[index] ?? "";
    if (isClear(name, key)) return name;
    return [name.slice(0, NAME_LENGTH_MAX - 7), hexDigestOf(key).slice(0, digits)].filter(Boolean).join("-");
  };
  const short = keys.map(nameWith(DIGITS));
  const once = Map.groupBy(short, (name) => name);
  // Of some thousands of keys two have the same first digits, and a key may be just what another would be called.
  return short.map((name, index) =>
    once.get(name)?.length === 1 ? name : nameWith(DIGITS_MANY)(keys[index] ?? "", index),
  );
}

const DIGITS = 6;
/** More than a key that is a name as it stands may have. */
const DIGITS_MANY = NAME_LENGTH_MAX + 4;
