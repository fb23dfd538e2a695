// Stat signatures of the files that something was made from.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "#base/errors.ts";
import { isDirectory, statSignature } from "#base/files.ts";

/** Whether all of these files still have the signature they had. */
export function areUnchanged(made: Readonly<Record<string, string>>): boolean {
  return Object.entries(made).every(([path, signature]) => stampOf(path) === signature);
}

export function signatures(paths: Iterable<string>): Record<string, string> {
  return Object.fromEntries([...paths].map((path) => [path, stampOf(path)]));
}

/** Empty where there is nothing, or nothing that can be looked at: below a file, or in a folder of somebody else. */
function stampOf(path: string): string {
  try {
    return statSignature(path) ?? "";
  } catch (error) {
    if (!UNSEEN.test(systemErrorCode(error) ?? "")) throw error;
    return "";
  }
}

const UNSEEN = /^(ENOTDIR|EACCES|ELOOP|ENAMETOOLONG)$/;

/** File times come from a clock that ticks every few milliseconds. */
const CLOCK_TICK_MS = 20;

/**
 * Whether none of these files had changed when reading began: one that is written while it is read may have been read
 * half, or may change once more within the same tick of the clock and look the same. What was made from it is right, but
 * must not be remembered.
 * @param beganMs time since the epoch
 */
export function areSettled(made: Readonly<Record<string, string>>, beganMs: number): boolean {
  const limitNs = BigInt(Math.trunc(beganMs - CLOCK_TICK_MS)) * 1_000_000n;
  return Object.values(made).every((signature) => {
    const changedNs = signature.slice(signature.lastIndexOf(":") + 1);
    return changedNs === "" || BigInt(changedNs) < limitNs;
  });
}

/** Waits once where one of these files was written a moment ago: what is made from them then may be remembered. */
export async function settled(paths: Iterable<string>): Promise<void> {
  if (areSettled(signatures(paths), Date.now())) return;
  await new Promise((resolve) => setTimeout(resolve, CLOCK_TICK_MS + 1));
}

/** A file, or a folder with every folder and file in it; a folder's signature changes with the names in it. */
export function entriesBelow(path: string, include: (name: string, isFolder: boolean) => boolean): string[] {
  if (!isDirectory(path)) return [path];
  const entries = [path];
  const walk = (folder: string, prefix: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const name = `${prefix}${entry.name}`;
      if (!include(name, entry.isDirectory())) continue;
      entries.push(join(folder, entry.name));
      if (entry.isDirectory()) walk(join(folder, entry.name), `${name}/`);
    }
  };
  walk(path, "");
  return entries;
}
