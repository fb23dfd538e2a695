// What npm's package-lock.json (version 2 or 3) says is to be installed on this machine, without what is for development only:
// archives with their SHA-512, each in its place. Format: npm documentation, "package-lock.json".
import { resolve } from "node:path";
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import { readNamedFile } from "#base/files.ts";
import { pipeliteError } from "#environment/errors.ts";
import type { LockedArchive } from "#environment/step.ts";
import { npmArchiveName } from "#package/npm.ts";

export interface InstalledPackage {
  /** `node_modules/sharp`, `node_modules/a/node_modules/b` */
  place: string;
  archive: LockedArchive;
}

const NAME = "(?:@[a-z0-9~-][a-z0-9._~-]*/)?[a-zA-Z0-9~_-][a-zA-Z0-9._~-]*";
const PLACE = new RegExp(`^node_modules/${NAME}(?:/node_modules/${NAME})*$`);
const VERSION = /^\d+\.\d+\.\d+[0-9A-Za-z.+-]*$/;

/** @throws PipeliteError PACKAGE_LOCK_INVALID */
export function packagesOfLock(root: string, lock: string): InstalledPackage[] {
  let bytes: Uint8Array;
  try {
    bytes = readNamedFile(resolve(root, lock));
  } catch (error) {
    throw pipeliteError("PACKAGE_LOCK_INVALID", { file: lock, problem: problemOf(error) }, error);
  }
  return parsePackageLock(bytes, lock);
}

function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** In the order of their places. @param lock what to call it @throws PipeliteError PACKAGE_LOCK_INVALID */
export function parsePackageLock(bytes: Uint8Array, lock: string): InstalledPackage[] {
  const invalid = (problem: string, cause?: unknown) =>
    pipeliteError("PACKAGE_LOCK_INVALID", { file: lock, problem }, cause);
  let content: unknown;
  try {
    content = parseStrictJson(bytes);
  } catch (error) {
    throw invalid(problemOf(error), error);
  }
  const packages = isObject(content) ? content["packages"] : undefined;
  if (!isObject(packages)) throw invalid("it has no `packages`: npm 7 or later writes them");
  const installed: InstalledPackage[] = [];
  for (const [place, entry] of Object.entries(packages)) {
    // The project itself, and folders of it.
    if (!place.startsWith("node_modules/") && !place.includes("/node_modules/")) continue;
    if (!isObject(entry) || !PLACE.test(place)) throw invalid(`its '${place}' is malformed`);
    if (entry["dev"] === true || entry["devOptional"] === true || entry["inBundle"] === true) continue;
    if (!isForHere(entry)) {
      if (entry["optional"] === true) continue;
      throw invalid(
        `'${place}' is not for this machine (${["os", "cpu", "libc"].map((key) => `${key} ${JSON.stringify(entry[key] ?? "any")}`).join(", ")})`,
      );
    }
    installed.push({ place, archive: archiveOf(place, entry, invalid) });
  }
  if (installed.length === 0) throw invalid("it has no package to install");
  return installed.toSorted((a, b) => (a.place < b.place ? -1 : 1));
}

/** The packages that modules beside the lock find by their names. */
export function namesIn(packages: readonly InstalledPackage[]): string[] {
  return packages.flatMap(({ place }) => {
    const name = place.slice("node_modules/".length);
    return name.includes("/node_modules/") ? [] : [name];
  });
}

function archiveOf(
  place: string,
  { name: alias, version, integrity, link }: Readonly<Record<string, unknown>>,
  invalid: (problem: string) => Error,
): LockedArchive {
  if (link === true)
    throw invalid(`'${place}' is a link to a folder: publish it, or bundle it with the stage`);
  const name = alias ?? place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
  if (typeof name !== "string" || !new RegExp(`^${NAME}$`).test(name))
    throw invalid(`'${place}' has a name that is none`);
  if (typeof version !== "string" || !VERSION.test(version))
    throw invalid(`'${place}' is of no version: packages of a registry only are installed`);
  const digest =
    typeof integrity === "string"
      ? /(?:^|\s)sha512-([0-9a-zA-Z+/]{86}==)(?:\s|$)/.exec(integrity)?.[1]
      : undefined;
  if (digest === undefined) throw invalid(`'${place}' has no integrity of SHA-512`);
  return {
    name: npmArchiveName(name, version),
    sha512: Buffer.from(digest, "base64").toString("hex"),
    size: 0,
    from: { kind: "npm", package: name, version },
  };
}

/** `os`, `cpu` and `libc` as npm takes them: a list of what it is for, or, with `!`, is not for. */
function isForHere(entry: Readonly<Record<string, unknown>>): boolean {
  const here = { os: "linux", cpu: process.arch, libc: "glibc" };
  return Object.entries(here).every(([key, value]) => {
    const given = entry[key];
    const list = typeof given === "string" ? [given] : Array.isArray(given) ? given : [];
    if (list.length === 0 || list.includes("any")) return true;
    if (list.includes(`!${value}`)) return false;
    return list.includes(value) || list.every((each) => String(each).startsWith("!"));
  });
}
