// Which packages of npm a bundle or a captured program is made of: nothing in the store says so, so it is noted when they are made.
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { bytesOfFile } from "#base/files.ts";
import { isObject } from "#base/strict-json.ts";
import manifest from "#manifest" with { type: "json" };
import { folderOf, isInPackage } from "./packages.ts";
import type { ProgramToCapture } from "./program.ts";

export interface BundledPackage {
  /** Where it is installed. */
  path: string;
  /** Its name, as the folder says. */
  folder: string;
  /** Members of its package.json that say what it is; null where there is none that can be read. */
  manifest: Readonly<Record<string, unknown>> | null;
}

interface Noted {
  npm: readonly BundledPackage[];
  /** The version of Node, where it is that. */
  node?: string;
}

const MEMBERS = ["name", "version", "license", "licenses", "author", "maintainers", "repository"];

/** Code of ours is in every bundle. */
const OWN: BundledPackage = {
  path: "",
  folder: manifest.name,
  manifest: { name: manifest.name, version: manifest.version, license: manifest.license },
};

/** What is noted of a bundle. */
export function packagesOfBundle(packages: readonly BundledPackage[]): Noted {
  return { npm: [...packages, OWN] };
}

/** The packages that these files are of; each once, by name. */
export function bundledPackages(files: readonly string[]): BundledPackage[] {
  const folders = [...new Set(files.map(folderOf))].toSorted();
  return folders.map((path) => {
    const folder = /\/node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1] ?? "";
    return { path, folder, manifest: manifestOf(path) };
  });
}

function manifestOf(folder: string): BundledPackage["manifest"] {
  try {
    const found: unknown = JSON.parse(bytesOfFile(join(folder, "package.json"))?.toString("utf8") ?? "null");
    if (!isObject(found)) return null;
    return Object.fromEntries(
      MEMBERS.flatMap((name) => (Object.hasOwn(found, name) ? [[name, found[name]]] : [])),
    );
  } catch {
    return null;
  }
}

/** Of a program that an npm package has, as the Node has that this runs on. */
export function packagesOfProgram({ executable }: ProgramToCapture): Noted {
  const real = realpathSync(executable);
  const isNode = real === realpathSync(process.execPath);
  return {
    npm: isInPackage(real) ? bundledPackages([real]) : [],
    ...(isNode && { node: process.versions.node }),
  };
}

/** Where things are installed is no part of it: two machines note the same. */
export function notePackages(
  notes: { remember(kind: string, key: string, value: unknown): void },
  path: string,
  { npm, ...more }: Noted,
): void {
  if (npm.length === 0 && more.node === undefined) return;
  notes.remember("contents", path, {
    ...more,
    npm: npm.map(({ folder, manifest }) => ({ folder, manifest })),
  });
}
