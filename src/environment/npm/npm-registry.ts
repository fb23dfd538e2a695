// Archives of npm packages: from npm's own cache on this machine, else from its registry. Where that is, is configuration.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { npmCacheOf, type Variables } from "#base/environment.ts";
import { bytesOfFile } from "#base/files.ts";
import { hex } from "#base/bytes.ts";
import { Arrived, downloadOnce, withRetries } from "#base/web.ts";
import { reasonOf } from "#environment/download.ts";
import { pipeliteError } from "#environment/errors.ts";
import type { Mirrors } from "#environment/mirrors.ts";
import type { LockedArchive } from "#environment/step.ts";

export interface RegistryAccess {
  mirrors: Mirrors;
  env: Variables;
  signal: AbortSignal;
}

const ARCHIVE_BYTES_MAX = 2 ** 30;
/** What npm asks where nobody says otherwise. */
const DEFAULT = "https://registry.npmjs.org";

/** Writes an archive to `target`. @throws PipeliteError NPM_PACKAGE_UNAVAILABLE, FILE_HASH_DIFFERS */
export async function getArchive(
  { name, sha512, from }: LockedArchive,
  target: string,
  access: RegistryAccess,
): Promise<void> {
  const cached = fromCache(sha512, access.env);
  if (cached !== undefined) return writeFileSync(target, cached);
  const { signal } = access;
  let last: unknown = new Error("no registry is named");
  for (const registry of registriesFor(from.package, access)) {
    const base = from.package.slice(from.package.indexOf("/") + 1);
    const url = `${registry.replace(/\/+$/, "")}/${from.package}/-/${base}-${from.version}.tgz`;
    try {
      const arrived = new Arrived();
      await withRetries(signal, () =>
        downloadOnce(url, { file: target, most: ARCHIVE_BYTES_MAX, signal, arrived }),
      );
    } catch (error) {
      if (signal.aborted) throw error;
      last = error;
      continue;
    }
    const got = hex(createHash("sha512").update(readFileSync(target)).digest());
    if (got === sha512) return;
    throw pipeliteError("FILE_HASH_DIFFERS", { file: name, archive: "of npm", wanted: sha512, got });
  }
  throw pipeliteError("NPM_PACKAGE_UNAVAILABLE", { file: name, problem: reasonOf(last) });
}

/** What npm keeps under the integrity, if it is that. */
function fromCache(sha512: string, env: Variables): Uint8Array | undefined {
  const cache = npmCacheOf(env);
  if (cache === undefined) return undefined;
  const parts = [sha512.slice(0, 2), sha512.slice(2, 4), sha512.slice(4)];
  const bytes = bytesOfFile(join(cache, "_cacache/content-v2/sha512", ...parts));
  return bytes && hex(createHash("sha512").update(bytes).digest()) === sha512 ? bytes : undefined;
}

/** Those of PIPELITE_MIRRORS (`npm=URL`), else npm's own: that of the scope, of its variable, of its file. */
function registriesFor(name: string, { mirrors, env }: RegistryAccess): readonly string[] {
  const own = mirrors.of("npm");
  if (own.length > 0) return own;
  const file = env["npm_config_userconfig"] ?? (env["HOME"] && join(env["HOME"], ".npmrc"));
  const text = file !== undefined && existsSync(file) ? readFileSync(file, "utf8") : "";
  const setting = (key: string): string | undefined =>
    text
      .split(/\r?\n/)
      .map((line) => /^\s*([^=\s]+)\s*=\s*(\S+)/.exec(line))
      .findLast((found) => found?.[1] === key)?.[2];
  const scope = /^@[^/]+/.exec(name)?.[0];
  const given =
    (scope && setting(`${scope}:registry`)) ?? env["npm_config_registry"] ?? setting("registry") ?? DEFAULT;
  return URL.canParse(given) ? [given] : [];
}
