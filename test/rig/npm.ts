// Packages of npm for tests: archives as npm packs them, what a lock says of them, and npm's cache with them.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { writeTar } from "./tar.ts";

export function npmArchive(manifest: object, files: Readonly<Record<string, string>> = {}): Buffer {
  const members = Object.entries({ "package.json": JSON.stringify(manifest), ...files });
  return gzipSync(writeTar(members.map(([name, content]) => ({ name: `package/${name}`, content }))));
}

/** The integrity in a lock. */
export function integrityOf(bytes: Uint8Array): string {
  return `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
}

/** Puts archives where npm looks for what it has fetched. */
export function writeNpmCache(cache: string, archives: Iterable<Uint8Array>): void {
  for (const bytes of archives) {
    const digest = createHash("sha512").update(bytes).digest("hex");
    const place = join(cache, "_cacache/content-v2/sha512", digest.slice(0, 2), digest.slice(2, 4));
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, digest.slice(4)), bytes);
  }
}
