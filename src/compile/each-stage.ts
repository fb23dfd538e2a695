// The code of an `each`: a folder with one link for each item of the list, to what was made for it. It reads the list itself
// and fails unless it is given exactly one for each of its items, so that no run can leave one out.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "#base/canonical-json.ts";
import type { Reader, StageContext } from "#author/files.ts";
import { itemsOf } from "./items.ts";
import { LIST_FILE, type ListEntry } from "./list-file.ts";

type AnyReader = Reader<Readonly<Record<string, unknown>>>;

interface Inputs {
  /** The list. */
  list: AnyReader;
  /** The property that an item is called by, where one was asked for. */
  key: string | null;
  /** What was made for each item. */
  parts: AnyReader[];
  /** What the items are called by, in the same order. */
  names: string[];
  /** Of those, the ones whose part is a list itself. */
  lists: string[];
}

export default async function each(
  { list, key, parts, names, lists }: Inputs,
  { out }: StageContext,
): Promise<void> {
  const items = itemsOf(await list.bytes(), key);
  const [wanted, given] = [items.map(({ name }) => name), names].map((all) => canonicalJson(all));
  if (wanted !== given || parts.length !== names.length)
    throw new Error(`the list has the items ${wanted}, and this was made for ${given}`);
  mkdirSync(out);
  for (const [index, { path }] of parts.entries())
    symlinkSync(`../${belowStore(path)}`, join(out, names[index] ?? ""));
  const nested = new Set(lists);
  const entries = names.map((name): ListEntry => (nested.has(name) ? { name, isList: true } : { name }));
  writeFileSync(join(out, LIST_FILE), canonicalJson(entries));
}

/** Relative, so that a link leads to the right place in a store that is not at /nix/store as well. */
function belowStore(path: string): string {
  const folder = "/nix/store/";
  return path.slice((path.startsWith(folder) ? 0 : path.lastIndexOf(folder)) + folder.length);
}
