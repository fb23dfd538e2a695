// Small notes for the next process under `<home>/pipelite/memo`, found again by a text that says what they are about.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomically } from "#base/files.ts";

/** Keeps a value of JSON for the next process that asks with the same words. */
export function remember(home: string, kind: string, key: string, value: unknown): void {
  writeFileAtomically(fileOf(home, kind, key), JSON.stringify({ key, value }));
}

/** What was remembered last under this key; undefined where nothing was or it can't be read. */
export function recall(home: string, kind: string, key: string): unknown {
  try {
    const note = JSON.parse(readFileSync(fileOf(home, kind, key), "utf8")) as { key: string; value: unknown };
    return note.key === key ? note.value : undefined;
  } catch {
    return undefined;
  }
}

/** The key is in the file, so that two keys in one place cost a note and no more: FNV-1a in two lanes is enough. */
function fileOf(home: string, kind: string, key: string): string {
  let [low, high] = [0x811c9dc5, 0xc9dc5118];
  for (let at = 0; at < key.length; at += 1) {
    low = Math.imul(low ^ key.charCodeAt(at), 0x01000193);
    high = Math.imul(high ^ key.charCodeAt(key.length - 1 - at), 0x01000193);
  }
  const digits = [low, high].map((lane) => (lane >>> 0).toString(16).padStart(8, "0"));
  return join(home, "pipelite", "memo", kind, `${digits.join("")}.json`);
}
