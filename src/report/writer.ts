// Which code wrote the documents of a run: they are a function of their input and of this code, so only the same code writes them
// again byte for byte.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { OWN_FOLDER } from "#base/own-code.ts";
import { VERSION } from "#base/version.ts";

let known: string | undefined;

/** The version, and the first digits of a digest over Pipelite's own code: `0.1.0+5f2c90d1a7b3`. */
export function documentWriter(): string {
  if (known !== undefined) return known;
  const files = readdirSync(OWN_FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.d)\.(ts|c?js|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  known = `${VERSION}+${hash.digest("hex").slice(0, 12)}`;
  return known;
}
