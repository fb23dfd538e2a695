// `pipelite.lock.json` beside a pipeline: what the world outside said once, pinned. Sections of it belong to who writes
// them: answers of models, what environments are made of. It is replaced whole, so no reader sees half of it.
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { prettyJson } from "#base/canonical-json.ts";
import { readNamedFile, writeFileAtomically } from "#base/files.ts";
import { pipeliteError } from "./errors.ts";

export interface LockDocument {
  version: 1;
  [section: string]: unknown;
}

export function lockFileOf(root: string): string {
  return join(root, "pipelite.lock.json");
}

/** @throws PipeliteError LOCK_FILE_INVALID */
export function readLockFile(root: string): LockDocument {
  const file = lockFileOf(root);
  if (!existsSync(file)) return { version: 1 };
  try {
    const lock = parseStrictJson(readNamedFile(file));
    if (!isObject(lock)) throw new Error("it is no object");
    if (lock.version !== 1) throw new Error(`its version is ${String(lock.version)}`);
    return lock as LockDocument;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw pipeliteError("LOCK_FILE_INVALID", { file, problem }, error);
  }
}

/** Members of one section, each under its key. */
export function lockSection(root: string, section: string): Readonly<Record<string, unknown>> {
  const found = readLockFile(root)[section] ?? {};
  if (isObject(found)) return found;
  throw pipeliteError("LOCK_FILE_INVALID", {
    file: lockFileOf(root),
    problem: `its ${section} are no object`,
  });
}

/** Replaces one section; the others stay as they are. */
export function writeLockSection(
  root: string,
  section: string,
  members: Readonly<Record<string, unknown>>,
): void {
  const content = prettyJson({ ...readLockFile(root), [section]: members });
  writeFileAtomically(lockFileOf(root), content, { flush: true });
}
