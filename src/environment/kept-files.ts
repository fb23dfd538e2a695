// What a locked environment is made of stays in the store as long as its lock file names it: archives drop files, and a
// collection that took them would make a lock worthless. One path of the store for each environment lists its files and its
// root and refers to them, and a root of ours keeps that path; whoever exports or copies it has all that the lock needs.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { canonicalJson } from "#base/canonical-json.ts";
import { hexDigestOf } from "#base/digest.ts";
import { writeFileAtomically } from "#base/files.ts";
import { isObject } from "#base/strict-json.ts";
import { utf8 } from "#base/bytes.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { isLockedKey } from "./environment.ts";

/** Beside each link is a file of this form. */
interface Kept {
  /** The folder of the pipeline, and under which key its lock file has the environment. */
  root: string;
  key: string;
  paths: StorePath[];
}

const SUFFIX = ".json";

/**
 * Keeps the paths while the lock file in `root` has the key; what was kept for that key before is let go.
 * @param folder where the links are
 */
export async function keepLocked(
  store: Store,
  folder: string,
  { name, ...kept }: Kept & { name: string },
): Promise<void> {
  const { root, key, paths } = kept;
  const link = join(folder, `${name}-${hexDigestOf(canonicalJson({ root, key })).slice(0, 8)}`);
  const content = canonicalJson(kept);
  if (existsSync(link) && readText(`${link}${SUFFIX}`) === content) return;
  mkdirSync(folder, { recursive: true });
  const list = await store.addText(`${name}-locked`, utf8(paths.map((path) => `${path}\n`).join("")), paths);
  writeFileAtomically(`${link}${SUFFIX}`, content);
  await store.addRoot(link, list.path);
}

/** Lets go what no lock file names any more. A lock file that can't be read keeps all that it kept. */
export async function letGoUnlocked(store: Store, folder: string): Promise<void> {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of names.filter((each) => each.endsWith(SUFFIX))) {
    const file = join(folder, name);
    const kept = keptIn(file);
    if (kept !== undefined && isLocked(kept)) continue;
    await store.removeRoot(join(dirname(file), basename(file, SUFFIX)));
    rmSync(file);
  }
}

function isLocked({ root, key }: Pick<Kept, "root" | "key">): boolean {
  try {
    return isLockedKey(root, key);
  } catch {
    return true;
  }
}

function keptIn(file: string): Pick<Kept, "root" | "key"> | undefined {
  try {
    const value: unknown = JSON.parse(readText(file) ?? "");
    if (!isObject(value) || typeof value["root"] !== "string" || typeof value["key"] !== "string")
      return undefined;
    return { root: value["root"], key: value["key"] };
  } catch {
    return undefined;
  }
}

function readText(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
