// npm packages as they are installed, for stages some of whose packages read files beside their own code (binaries,
// WebAssembly, data, workers): these can't be bundled. They are taken with all that they depend on, each where it lies, so
// that they find each other as they do on disk.
import { existsSync, realpathSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { readNamedText } from "#base/files.ts";
import type { Include } from "#store/scan.ts";

/** Code that knows where it lies, or loads what only running it tells: it must stay in its package. */
const PLACED =
  /\b(__dirname|__filename|createRequire)\b|\bimport\.meta\b|\brequire\.resolve\b|(?<![.\w$])(require|import)\(\s*(?!["')])|\bnew Worker\(/;

export async function mustStayInPackage(file: string): Promise<boolean> {
  if (file.endsWith(".node")) return true;
  const text = readNamedText(file);
  const at = text.search(PLACED);
  if (at < 0) return false;
  if (isCode(text.slice(0, at))) return true;
  // Comments speak of such things, too.
  const { transform } = await import("esbuild");
  const options = {
    minifyWhitespace: true,
    legalComments: "none",
    logLevel: "silent",
    loader: "jsx",
  } as const;
  const bare = await transform(text, options).catch(() => undefined);
  return bare === undefined || PLACED.test(bare.code);
}

/** Whether what follows is certainly code: before it there is no comment, template or expression, and each text has its end. */
function isCode(before: string): boolean {
  const READ_MAX = 4096;
  if (before.length > READ_MAX || /<!--|-->/.test(before)) return false;
  return /^(?:[^"'`/\\]|"[^"'`/\\\n]*"|'[^"'`/\\\n]*')*$/.test(before);
}

export function isInPackage(path: string): boolean {
  return path.includes("/node_modules/");
}

/** `@img/colour` of `@img/colour/lib/x.js`; undefined for what names no package. */
export function packageName(specifier: string): string | undefined {
  return /^(?:@[^/\s]+\/)?[^./\s@][^/\s]*/.exec(specifier)?.[0];
}

interface Found {
  /** Where Node finds it. */
  at: string;
  /** Where it is. */
  real: string;
}

/** A package as Node finds it from a folder: in node_modules there or above. */
function findPackage(name: string, folder: string): Found | undefined {
  for (let above = folder; ; above = dirname(above)) {
    const at = join(above, "node_modules", name);
    if (!above.endsWith("/node_modules") && existsSync(join(at, "package.json")))
      return { at, real: realpathSync(at) };
    if (above === dirname(above)) return undefined;
  }
}

export function isInstalled(name: string, folder: string): boolean {
  return findPackage(name, folder) !== undefined;
}

export interface Packages {
  /** The folder that all of them lie below. */
  base: string;
  include: Include;
  /** Whether a file is of one of them. */
  contains: (file: string) => boolean;
  /** Where each of them is. */
  folders: ReadonlySet<string>;
}

/** A name in a package that is asked for while the stage runs, and the folder of the module that asks. */
export type Asked = readonly [name: string, folder: string];

/**
 * Packages and all that they depend on.
 * @param files of packages that must stay as they are
 * @returns undefined when there are none
 */
export function packagesOf(files: Iterable<string>, asked: Iterable<Asked>): Packages | undefined {
  const found = new Map<string, Found>();
  const visit = (one: Found | undefined): void => {
    if (one === undefined || found.has(one.at)) return;
    found.set(one.at, one);
    for (const dependency of dependenciesOf(one.real)) visit(findPackage(dependency, one.real));
  };
  for (const folder of new Set([...files].map(folderOf))) visit({ at: folder, real: folder });
  for (const [name, folder] of asked) visit(findPackage(name, folder));
  const all = [...found.values()];
  if (all.length === 0) return undefined;
  const base = commonFolder(all.flatMap(({ at, real }) => [holderOf(at), holderOf(real)]));
  const folders = new Set(all.map(({ real }) => real));
  return {
    base,
    include: includeOf(base, all),
    folders,
    contains: (file) => isInPackage(file) && folders.has(folderOf(file)),
  };
}

/** The folder of the package that a file is of. */
export function folderOf(file: string): string {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? dirname(file);
}

/** The folder that has the outermost node_modules of a path; the path itself where it has none. */
function holderOf(path: string): string {
  const at = path.indexOf("/node_modules/");
  return at < 0 ? path : path.slice(0, at);
}

function dependenciesOf(folder: string): string[] {
  const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(
    readNamedText(join(folder, "package.json")),
  ) as Record<string, Record<string, string> | undefined>;
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
}

function commonFolder(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split("/"));
  const differs = first.findIndex((part, index) => others.some((other) => other[index] !== part));
  return first.slice(0, differs < 0 ? first.length : differs).join("/") || "/";
}

function includeOf(base: string, all: readonly Found[]): Include {
  const folders = new Set(all.map(({ real }) => relative(base, real)));
  const links = new Set(all.flatMap(({ at, real }) => (at === real ? [] : [relative(base, at)])));
  const above = new Set<string>();
  for (const path of [...folders, ...links])
    for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) above.add(folder);
  return (name, isFolder) => {
    if (links.has(name) || folders.has(name) || (isFolder && above.has(name))) return true;
    // What lies in a package, other packages within it apart.
    for (let folder = dirname(name); folder !== "."; folder = dirname(folder)) {
      if (folders.has(folder)) return !`/${name.slice(folder.length)}`.includes("/node_modules");
    }
    return false;
  };
}
